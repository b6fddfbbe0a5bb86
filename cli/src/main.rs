//! `hfdownloader`: the service in one process (`serve`), one download without a server (`download`).

mod args;
mod configuration;
mod download;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use hfd_shared::process;

use args::{Cli, Command};

fn main() -> ExitCode {
    process::main(run)
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => Box::pin(serve::run(args)).await,
        Command::Download(args) => download::run(args).await,
        Command::Openapi => print(&hfd_api::openapi_yaml()?),
        Command::Configuration => print(&configuration::markdown()?),
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever closes the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
