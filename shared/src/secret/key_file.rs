//! A key that a single process keeps for itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{KEY_BYTES, SecretError, SecretKey};

/// Its owner reads and writes it, nobody else.
const MODE: u32 = 0o600;

/// Why a file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("cannot use the key file {path}: {source}; set HFD_SECRET_KEY instead, or make its folder writable")]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path}: {source}; remove it to get a new one, and set the Hub's token again")]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretError,
    },
    /// The operating system gave no random number.
    #[error("no random number for a key: {0}")]
    Random(#[from] getrandom::Error),
}

impl SecretKey {
    /// The key in a file, which is made when it is not there. For a process that is alone with the file's folder.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn kept_in(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = random_text()?;
                write_whole(path, &text).map_err(failed)?;
                text
            }
            Err(error) => return Err(failed(error)),
        };
        Self::parse(&SecretString::from(text)).map_err(|source| KeyFileError::NoKey { path: path.to_owned(), source })
    }
}

fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(bytes.as_mut())?;
    Ok(hex::encode(bytes.as_ref()))
}

/// Half a key would lose what was sealed with the whole one, so the file appears with all that is in it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&beside)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        fs::write(folder.path().join("secret.new"), "what a crash left").unwrap();
        let sealed = SecretKey::kept_in(&path).unwrap().seal(&"hf_token".into(), "a").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert!(SecretKey::kept_in(&path).unwrap().open(&sealed, "a").is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_no_key_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        fs::write(&path, "hush").unwrap();
        let error = SecretKey::kept_in(&path).unwrap_err().to_string();
        assert!(error.contains("secret.key") && !error.contains("hush"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "hush");
        let absent = SecretKey::kept_in(&folder.path().join("absent/secret.key")).unwrap_err();
        assert!(matches!(absent, KeyFileError::Io { .. }), "{absent}");
    }
}
