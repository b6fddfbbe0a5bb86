//! Secrets by file: each secret variable `HFD_X` may be given as `HFD_X_FILE`, as containers mount them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use clap::{Arg, Command};

use super::UsageError;

/// Behind the name of a variable: the name of the one that holds the path of a file instead.
const SUFFIX: &str = "_FILE";

/// Reads an environment variable.
type Variable<'a> = &'a dyn Fn(&OsStr) -> Option<OsString>;

/// The variable that names a file with the value of this flag, when the flag is secret and no list.
pub fn file_variable(arg: &Arg) -> Option<OsString> {
    let is_secret = arg.is_hide_env_values_set() && arg.get_value_delimiter().is_none();
    let mut name = arg.get_env().filter(|_| is_secret)?.to_owned();
    name.push(SUFFIX);
    Some(name)
}

/// The command line with the secrets that files hold as defaults of their flags, without a newline at their end. A variable
/// that is empty is none, as Compose leaves those that nobody set.
///
/// # Errors
/// When a file cannot be read, or a secret is in the environment and in a file.
pub(crate) fn with_files(command: Command, variable: Variable<'_>) -> Result<Command, UsageError> {
    let mut failed = None;
    let mut with_file = |arg: Arg| match from_file(&arg, variable) {
        // Also an empty variable: clap would take that for the value.
        Ok(Some(secret)) => arg.env(None::<&str>).default_value(secret).hide_default_value(true),
        // An empty password is left to its flag, which refuses it: a service is not to be open by mistake.
        Ok(None) if !arg.is_hide_env_values_set() && is_blank(&arg, variable) => arg.env(None::<&str>),
        Ok(None) => arg,
        Err(error) => {
            failed = Some(error);
            arg
        }
    };
    let command = command.mut_args(&mut with_file).mut_subcommands(|sub| sub.mut_args(&mut with_file));
    failed.map_or(Ok(command), Err)
}

fn is_blank(arg: &Arg, variable: Variable<'_>) -> bool {
    arg.get_env().and_then(variable).is_some_and(|value| value.is_empty())
}

fn from_file(arg: &Arg, variable: Variable<'_>) -> Result<Option<String>, UsageError> {
    let set = |name: &OsStr| variable(name).filter(|value| !value.is_empty());
    let Some(name) = file_variable(arg) else { return Ok(None) };
    let Some(path) = set(&name) else { return Ok(None) };
    if let Some(plain) = arg.get_env().filter(|plain| set(plain).is_some()) {
        return Err(UsageError(format!("{} and {} are both set: unset one", plain.display(), name.display())));
    }
    let path = Path::new(&path);
    let text = fs::read_to_string(path)
        .map_err(|error| UsageError(format!("{}: cannot read {}: {error}", name.display(), path.display())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _, Parser};
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::config::{AccessArgs, HubArgs};

    #[derive(Debug, Parser)]
    struct Program {
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Sub {
        Run {
            #[command(flatten)]
            hub: HubArgs,
            #[command(flatten)]
            access: AccessArgs,
        },
    }

    fn parsed(flags: &[&str], variables: &[(&str, &str)]) -> Result<(HubArgs, AccessArgs), UsageError> {
        let variable =
            |name: &OsStr| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let command = with_files(Program::command(), &variable)?;
        let matches = command.try_get_matches_from(["program", "run"].iter().chain(flags)).unwrap();
        let Sub::Run { hub, access } = Program::from_arg_matches(&matches).unwrap().command;
        Ok((hub, access))
    }

    #[test]
    fn a_secret_comes_from_its_file_unless_a_flag_has_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let token = |flags: &[&str]| {
            let (hub, _) = parsed(flags, &[("HFD_TOKEN_FILE", path)]).unwrap();
            hub.token.unwrap().expose_secret().to_owned()
        };
        for (content, secret) in [("hf_abc\n", "hf_abc"), ("hf_abc", "hf_abc"), (" a b \r\n", " a b ")] {
            fs::write(path, content).unwrap();
            assert_eq!(token(&[]), secret);
        }
        assert_eq!(token(&["--token", "hf_flag"]), "hf_flag");
    }

    #[test]
    fn a_user_may_have_the_password_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "hush").unwrap();
        let path = file.path().to_str().unwrap();
        let (_, access) = parsed(&["--auth-user", "ann"], &[("HFD_AUTH_PASS_FILE", path)]).unwrap();
        assert_eq!(access.access().unwrap().basic.unwrap().password.expose_secret(), "hush");
    }

    #[test]
    fn a_file_that_cannot_be_read_or_a_second_source_is_an_error() {
        let error = parsed(&[], &[("HFD_TOKEN_FILE", "/nowhere/token")]).unwrap_err().to_string();
        assert!(error.contains("HFD_TOKEN_FILE") && error.contains("/nowhere/token"), "{error}");
        let both = [("HFD_TOKEN", "hush"), ("HFD_TOKEN_FILE", "/nowhere/token")];
        let error = parsed(&[], &both).unwrap_err().to_string();
        assert!(error.contains("HFD_TOKEN and HFD_TOKEN_FILE") && !error.contains("hush"), "{error}");
    }

    #[test]
    fn a_variable_that_is_a_flag_of_its_own_is_left_to_it() {
        let (_, access) = parsed(&[], &[("HFD_API_TOKEN_FILE", "/nowhere/tokens")]).unwrap();
        assert!(access.api_tokens.is_empty());
    }
}
