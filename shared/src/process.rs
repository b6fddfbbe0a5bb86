//! What all programs do alike: read their flags, run, and end with the right exit code.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rustix::process::{Resource, Rlimit};
use rustls::crypto::aws_lc_rs;
use tokio::runtime::Builder;

use crate::causes::{causes, chain};
use crate::config::{UsageError, with_files};
use crate::settings::{Connections, Slots};

/// Bad usage or configuration (`EX_USAGE` of `sysexits.h`).
const EXIT_USAGE: u8 = 64;

/// File operations that may be under way at a time: the hashers of all files, one a connection of each slot, and as many others,
/// for hashers wait for writes.
const BLOCKING_THREADS: usize = 2 * Slots::MAX as usize * Connections::MAX as usize;

/// A file operation that hangs on a network volume must not keep the process from ending.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

/// Runs a program with its flags. Ends with 64 when they are wrong, with 1 when the program fails; both say why.
pub fn main<C, E>(run: impl AsyncFnOnce(C) -> Result<ExitCode, E>) -> ExitCode
where
    C: Parser,
    E: From<io::Error> + AsRef<dyn Error + Send + Sync>,
{
    let command = match with_files(C::command(), &|name| env::var_os(name)) {
        Ok(command) => command,
        // Whoever asks for help needs no secrets.
        Err(error) => match C::command().try_get_matches() {
            Err(help) if !help.use_stderr() => C::command(),
            _ => return failed(&error),
        },
    };
    let flags = match command.try_get_matches().and_then(|matches| C::from_arg_matches(&matches)) {
        Ok(flags) => flags,
        Err(error) => {
            let asked_for_help = !error.use_stderr();
            return match error.print() {
                Ok(()) if asked_for_help => ExitCode::SUCCESS,
                _ => ExitCode::from(EXIT_USAGE),
            };
        }
    };
    raise_open_files();
    // Each TLS client of ours would choose the same; an error says that one has done so already.
    _ = aws_lc_rs::default_provider().install_default();
    execute(run(flags)).unwrap_or_else(|error| failed(error.as_ref()))
}

/// The machine's name; in Kubernetes that of the pod.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Allows as many open files as the system lets this process have: connections, files under way and locks add up. Shells and
/// services begin with 1,024, for the sake of programs that use `select`.
fn raise_open_files() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    // Whoever may not raise it goes on with what there is.
    _ = rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

fn execute<E: From<io::Error>>(program: impl Future<Output = Result<ExitCode, E>>) -> Result<ExitCode, E> {
    let runtime = Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
    let ended = runtime.block_on(program);
    runtime.shutdown_timeout(EXIT_PATIENCE);
    ended
}

fn failed(error: &(dyn Error + Send + Sync + 'static)) -> ExitCode {
    _ = writeln!(io::stderr(), "error: {}", chain(error));
    let is_usage = causes(error).any(<dyn Error>::is::<UsageError>);
    if is_usage { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
}
