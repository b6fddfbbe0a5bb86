//! The flags as one command line.

use std::fs;

use clap::{CommandFactory, Parser};

use super::*;
use crate::backend::{Backend, BackendConfig};
use crate::settings::{JobSettings, TransferSettings};

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    cache: CacheArgs,
    #[command(flatten)]
    callback: CallbackArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    hub: HubArgs,
    #[command(flatten)]
    jobs: JobArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    log: LogArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    transfer: TransferArgs,
}

fn parse(flags: &[&str]) -> Result<Program, clap::Error> {
    Program::try_parse_from(["program"].iter().chain(flags))
}

fn usage_error(flags: &[&str], settle: impl FnOnce(&Program) -> Option<UsageError>) -> String {
    settle(&parse(flags).unwrap()).unwrap().to_string()
}

#[test]
fn the_flags_are_consistent_and_each_has_a_variable() {
    let command = Program::command();
    command.clone().debug_assert();
    for arg in command.get_arguments() {
        assert!(arg.get_env().is_some(), "{} has no variable", arg.get_id());
    }
}

#[test]
fn values_beyond_their_limits_are_refused() {
    for bad in [
        ["--connections", "0"],
        ["--connections", "65"],
        ["--max-active", "0"],
        ["--max-active", "257"],
        ["--lease-timeout", "0"],
        ["--lease-timeout", "301"],
        ["--keep-jobs", "100001"],
        ["--keep-for", "soon"],
        ["--prefix", "a{b}"],
        ["--prefix", ""],
        ["--retries", "21"],
        ["--verify", "md5"],
        ["--multipart-threshold", "lots"],
    ] {
        assert!(parse(&bad).is_err(), "{bad:?} must be refused");
    }
}

#[test]
fn the_defaults_of_the_flags_are_those_of_the_settings() {
    let program = parse(&[]).unwrap();
    assert_eq!(program.transfer.settings(), TransferSettings::default());
    assert_eq!(program.jobs.settings(), JobSettings::default());
}

#[test]
fn a_cluster_needs_a_store_and_a_broker_of_the_right_kind() {
    for (flags, said) in [
        (&[] as &[&str], "HFD_STATE"),
        (&["--state", " ", "--broker", "amqp://host"], "HFD_STATE"),
        (&["--state", "redis://host"], "HFD_BROKER"),
        (&["--state", "amqp://host", "--broker", "amqp://host"], "rediss://"),
        (&["--state", "redis://host", "--broker", "host:5672"], "amqps://"),
        (
            &["--state", "redis://host", "--broker", "amqp://host", "--state-sentinel-password", "hush"],
            "redis+sentinel://host:26379/master",
        ),
        (
            &["--state", "redis+sentinel://host/main", "--broker", "amqp://host", "--state-sentinel-user", "me"],
            "--state-sentinel-password",
        ),
    ] {
        let error = usage_error(flags, |program| program.cluster.config().err());
        assert!(error.contains(said), "{flags:?}: {error}");
    }
    for state in ["redis://host", "rediss://:p@host:1/0", "REDIS://host", "redis+sentinel://a:1,b:2/main"] {
        let cluster =
            parse(&["--state", state, "--broker", "amqps://user:p@host/v"]).unwrap().cluster.config().unwrap();
        assert_eq!(cluster.prefix.as_str(), "hfd");
    }
}

#[test]
fn no_secret_is_in_an_error_or_in_what_debug_shows() {
    let flags = [
        ["--state", "redis+sentinel://:hush@host/main"],
        ["--state-sentinel-password", "hush"],
        ["--broker", "amqp://user:hush@host"],
        ["--token", "hush"],
        ["--secret-key", "hush"],
        ["--callback-secret", "hush"],
        ["--auth-user", "user"],
        ["--auth-pass", "hush"],
        ["--api-token", "hush-hush-hush-hush"],
    ];
    let program = parse(&flags.concat()).unwrap();
    let cluster = program.cluster.config().unwrap();
    let shown = format!("{program:?} {cluster:?} {} {}", cluster.state, cluster.broker);
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("redis+sentinel://***@host/main") && shown.contains("host:5672"), "{shown}");
    let wrong = ["--state", "redos://:hush@host", "--broker", "amqp://host"];
    let error = usage_error(&wrong, |program| program.cluster.config().err());
    assert!(error.contains("redos://***@host") && !error.contains("hush"), "{error}");
}

#[test]
fn the_end_of_a_line_is_no_part_of_a_users_name() {
    let access = access(&["--auth-user", "ann\n", "--auth-pass", "x"]).unwrap();
    assert_eq!(access.basic.unwrap().user, "ann");
}

#[test]
fn a_user_or_password_that_cannot_be_given_is_refused() {
    for (user, password) in [("", "x"), ("a:b", "x"), ("a", "")] {
        let flags = ["--auth-user", user, "--auth-pass", password];
        assert!(refused(&flags).contains("--auth-user"));
    }
    for alone in [["--auth-user", "a"], ["--auth-pass", "x"]] {
        assert!(refused(&alone).contains("need each other"));
    }
    assert!(!access(&[]).unwrap().is_guarded());
}

fn access(flags: &[&str]) -> Result<Access, UsageError> {
    parse(flags).unwrap().listen.access.access()
}

fn refused(flags: &[&str]) -> String {
    access(flags).unwrap_err().to_string()
}

#[test]
fn tokens_come_from_flags_and_from_a_file_and_are_long_enough() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    fs::write(path, "third-token-0000\n\n  fourth-token-000  \n").unwrap();
    let flags = ["--api-token", "first-token-0000,second-token-000", "--api-token-file", path];
    assert_eq!(access(&flags).unwrap().tokens.len(), 4);
    assert!(access(&flags).unwrap().is_guarded());
    for short in ["hush", "hush-hush-hush-", "hush hush hush hush hush", "hüsh-hush-hush-hush"] {
        let error = refused(&["--api-token", short]);
        assert!(error.contains("16 printable") && !error.contains("hush"), "{error}");
    }
    assert!(!access(&["--api-token", " "]).unwrap().is_guarded(), "an empty variable counts as absent");
    fs::write(path, "\n").unwrap();
    assert!(refused(&["--api-token-file", path]).contains("holds no token"));
    assert!(refused(&["--api-token-file", "/nowhere/tokens"]).contains("/nowhere/tokens"));
}

#[test]
fn origins_and_hosts_are_checked_and_blank_ones_count_as_absent() {
    let flags = ["--cors-origin", "https://a.example,http://b.example:81", "--allowed-host", "c.example,[::5]"];
    let open = access(&flags).unwrap();
    assert_eq!((open.origins.len(), open.hosts.len()), (2, 4));
    assert!(access(&["--cors-origin", "", "--allowed-host", ""]).unwrap().origins.is_empty());
    for wrong in ["*", "null", "a.example", "https://a.example/", "ftp://a.example"] {
        assert!(refused(&["--cors-origin", wrong]).contains("--cors-origin"), "{wrong}");
    }
    for wrong in ["a.example:80", "https://a.example", "a b"] {
        assert!(refused(&["--allowed-host", wrong]).contains("--allowed-host"), "{wrong}");
    }
}

#[test]
fn an_endpoint_that_is_no_address_of_a_hub_is_refused() {
    for endpoint in ["huggingface.co", "ftp://x", "https://user:hush@x", "https://x?y"] {
        let client = |program: &Program| {
            let backend = Backend::open(&BackendConfig::Memory).unwrap();
            program.hub.client(TransferSettings::default(), 1, &backend, None).err()
        };
        let error = usage_error(&["--endpoint", endpoint], client);
        assert!(error.contains("endpoint") && !error.contains("hush"), "{error}");
    }
}
