//! The table of all flags and variables, made from the command line's own definition.

use std::ffi::OsStr;
use std::fmt::{self, Write};

use clap::{Arg, Command, CommandFactory};
use hfd_shared::config::file_variable;

use crate::args::Cli;

const HEAD: &str = "# Configuration

Every flag of every program; a flag beats its environment variable, and that beats the default. What was set over the API, or on the
page, beats them all until it is set to `null` there ([api.md](api.md)). A secret may also be in a file, as containers mount it, whose path the
variable with `_FILE` behind its name holds. Of a flag that may be repeated the variable has all values, separated by commas.
This page is made from the code: `make docs`.
";

/// The page as Markdown.
///
/// # Errors
/// None: writing to a string cannot fail.
pub(crate) fn markdown() -> Result<String, fmt::Error> {
    let mut page = HEAD.to_owned();
    let program = Cli::command();
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        section(&mut page, &format!("{} {}", program.get_name(), command.get_name()), command)?;
    }
    for program in [hfd_api::Program::command(), hfd_worker::Program::command()] {
        section(&mut page, program.get_name(), &program)?;
    }
    Ok(page)
}

fn section(page: &mut String, name: &str, command: &Command) -> fmt::Result {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    writeln!(page, "\n## `{name}`\n\n{about}.")?;
    let mut args = command.get_arguments().filter(|arg| !arg.is_hide_set()).peekable();
    if args.peek().is_none() {
        return Ok(());
    }
    writeln!(page, "\n| flag | variable | default | meaning |\n|---|---|---|---|")?;
    for arg in args {
        let names = arg.get_env().map(OsStr::to_owned).into_iter().chain(file_variable(arg));
        let variable = names.map(|name| code(&name.to_string_lossy())).collect::<Vec<_>>().join(", ");
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
        writeln!(page, "| {} | {variable} | {} | {help} |", flag(arg), default(arg))?;
    }
    Ok(())
}

fn flag(arg: &Arg) -> String {
    match (arg.get_short(), arg.get_long()) {
        (Some(short), Some(long)) => format!("`-{short}`, `--{long}`"),
        (None, Some(long)) => format!("`--{long}`"),
        _ => format!("`{}`", arg.get_id().as_str().to_uppercase()),
    }
}

fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
    if arg.get_action().takes_values() { values.join(" ") } else { String::new() }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
