//! Names of workers.

use std::fmt;
use std::str::FromStr;

use crate::repo::{Invalid, serde_as_text};

const MAX_BYTES: usize = 80;
const HOST_MAX_BYTES: usize = 63;

/// The name of a worker process: unique among all that ever write to the cache, and safe as a part of a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerName(String);

impl WorkerName {
    /// The machine's name (in Kubernetes that of the pod) with something random behind it.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn random(host: &str) -> Result<Self, getrandom::Error> {
        let mut suffix = [0; 4];
        getrandom::fill(&mut suffix)?;
        let host: String = host.chars().filter(|&c| is_safe(c)).take(HOST_MAX_BYTES).collect();
        let host = host.trim_start_matches('.');
        let host = if host.is_empty() { "worker" } else { host };
        Ok(Self(format!("{host}-{}", hex::encode(suffix))))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

impl FromStr for WorkerName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = (1..=MAX_BYTES).contains(&text.len()) && !text.starts_with('.') && text.chars().all(is_safe);
        let expected = "letters, digits, dots, dashes and underscores, at most 80";
        if fits { Ok(Self(text.to_owned())) } else { Err(Invalid::new("worker name", text, expected)) }
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(WorkerName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_unique_and_safe_whatever_the_machine_is_called() {
        let name = WorkerName::random("pod-7.example").unwrap();
        assert!(name.as_str().starts_with("pod-7.example-"), "{name}");
        assert_ne!(name, WorkerName::random("pod-7.example").unwrap());
        for host in ["", "../..", "a/b#c", &"x".repeat(300)] {
            let name = WorkerName::random(host).unwrap();
            assert_eq!(name.as_str().parse(), Ok(name.clone()), "{host:?}");
        }
    }
}
