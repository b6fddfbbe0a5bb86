//! Who may see what.

use super::call::Call;
use super::catalog::Repo;
use super::config::HubConfig;
use super::refusal::Refusal;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Anonymous,
    /// A valid token; `gated` says whether gated repos are open to it.
    Known {
        gated: bool,
    },
}

impl Caller {
    /// Reads the `Authorization` header; a token nobody knows is refused wherever it is shown.
    pub(crate) fn identify(call: &Call, config: &HubConfig) -> Result<Self, Refusal> {
        let Some(header) = &call.authorization else { return Ok(Self::Anonymous) };
        match header.strip_prefix("Bearer ").map(str::trim) {
            Some(token) if token == config.token => Ok(Self::Known { gated: true }),
            Some(token) if token == config.token_without_gate => Ok(Self::Known { gated: false }),
            _ => Err(Refusal::BadToken),
        }
    }

    /// What an absent repo looks like.
    pub(crate) fn absent(self) -> Refusal {
        match self {
            Self::Anonymous => Refusal::Anonymous,
            Self::Known { .. } => Refusal::RepoNotFound,
        }
    }

    /// May this caller see the repo's info and listing?
    pub(crate) fn see(self, repo: &Repo) -> Result<(), Refusal> {
        if repo.meta.private && self == Self::Anonymous {
            return Err(self.absent());
        }
        if repo.meta.disabled { Err(Refusal::Disabled) } else { Ok(()) }
    }

    /// May this caller have the repo's files?
    pub(crate) fn read(self, repo: &Repo) -> Result<(), Refusal> {
        self.see(repo)?;
        if repo.meta.gated && self != (Self::Known { gated: true }) {
            let anonymous = self == Self::Anonymous;
            return Err(Refusal::Gated { repo: repo.key.id.clone(), anonymous });
        }
        Ok(())
    }
}
