//! `hfdownloader`: the service in one process (`serve`), one download without a server (`download`).

mod args;
mod compose;
mod configuration;
mod download;
mod locations;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Builder;

use args::{Cli, Command};

/// Bad usage or configuration (`EX_USAGE` of `sysexits.h`).
const EXIT_USAGE: u8 = 64;

/// File operations that may be under way at a time, the hashers of all files among them.
const BLOCKING_THREADS: usize = 2048;

/// A file operation that hangs on a network volume must not keep the process from ending.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for_help = !error.use_stderr();
            return match error.print() {
                Ok(()) if asked_for_help => ExitCode::SUCCESS,
                _ => ExitCode::from(EXIT_USAGE),
            };
        }
    };
    execute(cli).unwrap_or_else(|error| {
        _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(if error.is::<args::UsageError>() { EXIT_USAGE } else { 1 })
    })
}

fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
    let ended = runtime.block_on(run(cli));
    runtime.shutdown_timeout(EXIT_PATIENCE);
    ended
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Download(args) => download::run(args).await,
        Command::Openapi => print(&hfd_api::openapi_yaml()),
        Command::Configuration => print(&configuration::markdown()?),
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
