//! What a repo is, apart from its files: its kind, its folder, and the settings in its `hub.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// Name of the settings file in a repo's folder.
const META_FILE: &str = "hub.json";

/// What a revision's folder name may hold unescaped.
const FOLDER_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// The kinds of repos the fake Hub serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RepoKind {
    /// A model.
    #[serde(rename = "models")]
    Model,
    /// A dataset.
    #[serde(rename = "datasets")]
    Dataset,
}

impl RepoKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Model, Self::Dataset];

    /// The kind's name in folders and URLs.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }

    pub(crate) fn from_plural(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == name)
    }
}

impl fmt::Display for RepoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural())
    }
}

/// A repo's settings, read from `hub.json` in its folder; an absent file means the defaults.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepoMeta {
    /// Looks absent to whoever has no token.
    pub private: bool,
    /// Files are refused to tokens without access.
    pub gated: bool,
    /// The Hub has taken it offline.
    pub disabled: bool,
    /// Revisions that are tags; the others are branches, or by their name pull requests and conversions.
    pub tags: Vec<String>,
    /// Names under which files are listed instead of their name on disk, such as `../evil` for `evil`; listed → on disk.
    pub aliases: BTreeMap<String, String>,
    /// Files that are in Xet, too: path → Xet hash.
    pub xet: BTreeMap<String, String>,
    /// The server that has them; without one there is no access to Xet.
    pub xet_server: Option<String>,
    /// Seconds that access to it is good for; without a number an hour.
    pub xet_token_s: Option<u32>,
    /// Fields added to the repo info, such as `pipeline_tag`.
    pub info: serde_json::Map<String, serde_json::Value>,
}

impl RepoMeta {
    pub(crate) fn load(repo_folder: &Path) -> anyhow::Result<Self> {
        let path = repo_folder.join(META_FILE);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    pub(crate) fn save(&self, repo_folder: &Path) -> anyhow::Result<()> {
        let path = repo_folder.join(META_FILE);
        std::fs::write(&path, serde_json::to_vec_pretty(self)?).with_context(|| format!("writing {}", path.display()))
    }
}

/// The folder of a repo below the root.
pub(crate) fn repo_folder(root: &Path, kind: RepoKind, id: &str) -> PathBuf {
    root.join(kind.plural()).join(id.replacen('/', "--", 1))
}

/// The repo that a folder name stands for.
pub(crate) fn repo_id(folder_name: &str) -> String {
    folder_name.replacen("--", "/", 1)
}

/// The folder name of a revision.
pub(crate) fn revision_folder(revision: &str) -> String {
    utf8_percent_encode(revision, FOLDER_NAME).to_string()
}

/// The revision that a folder name stands for.
pub(crate) fn revision_name(folder_name: &str) -> String {
    percent_decode_str(folder_name).decode_utf8_lossy().into_owned()
}
