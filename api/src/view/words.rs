//! The words of the API for what a job is and does.

use hfd_shared::job::{FileStatus, Priority, Status, TransferWay, WorkKind};
use hfd_shared::repo::RepoKind;
use hfd_shared::settings::Verify;
use poem_openapi::Enum;

/// Makes words of the API into ours, of which there are the same, and back.
macro_rules! same {
    ($view:ident = $own:ident { $($word:ident),* }) => {
        impl From<$own> for $view {
            fn from(own: $own) -> Self {
                match own {
                    $($own::$word => Self::$word),*
                }
            }
        }

        impl From<$view> for $own {
            fn from(view: $view) -> Self {
                match view {
                    $($view::$word => Self::$word),*
                }
            }
        }
    };
}

same!(StatusView = Status { Queued, Running, Paused, Completed, Failed, Cancelled });
same!(FileStatusView = FileStatus { Pending, Downloading, Complete, Failed });
same!(KindView = WorkKind { Download, Verify, Remove, Prune });
same!(PriorityView = Priority { Low, Normal, High });
same!(TransferView = TransferWay { Auto, Http, Xet });
same!(RepoTypeView = RepoKind { Model, Dataset });
same!(VerifyView = Verify { None, Size, Sha256 });

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "JobStatus", rename_all = "lowercase")]
pub(crate) enum StatusView {
    /// Waits for its turn.
    Queued,
    /// Somebody works at it, or did and goes on later.
    Running,
    /// Stopped by its user, goes on when resumed.
    Paused,
    /// All that it asks for is done.
    Completed,
    /// Ended by an error.
    Failed,
    /// Ended by its user.
    Cancelled,
}

/// How a job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "EndedStatus", rename_all = "lowercase")]
pub(crate) enum EndedStatusView {
    /// All that it asks for is done.
    Completed,
    /// By an error.
    Failed,
    /// By its user.
    Cancelled,
}

impl From<EndedStatusView> for Status {
    fn from(status: EndedStatusView) -> Self {
        match status {
            EndedStatusView::Completed => Self::Completed,
            EndedStatusView::Failed => Self::Failed,
            EndedStatusView::Cancelled => Self::Cancelled,
        }
    }
}

/// What a job does with its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "JobKind", rename_all = "lowercase")]
pub(crate) enum KindView {
    /// Brings files of the Hub into the cache.
    Download,
    /// Checks what the cache holds.
    Verify,
    /// Removes the repository or a revision from the cache.
    Remove,
    /// Removes what no revision in the cache needs.
    Prune,
}

/// Which of the waiting jobs runs first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Priority", rename_all = "lowercase")]
pub(crate) enum PriorityView {
    /// After all others.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before all others.
    High,
}

/// On which way the content of files comes. Xet is tried by workers that are built with it; where it does not answer, plain
/// HTTP goes on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Transfer", rename_all = "lowercase")]
pub(crate) enum TransferView {
    /// Over plain HTTP, but for files of more than 50 GB that the Hub keeps in Xet.
    #[default]
    Auto,
    /// Over plain HTTP.
    Http,
    /// Over Xet, where the Hub keeps a file there.
    Xet,
}

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "RepoType", rename_all = "lowercase")]
pub(crate) enum RepoTypeView {
    /// A model.
    Model,
    /// A dataset.
    Dataset,
}

/// Where a file of a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "FileStatus", rename_all = "lowercase")]
pub(crate) enum FileStatusView {
    /// Not begun.
    Pending,
    /// Bytes are arriving.
    Downloading,
    /// Whole, verified and in the cache.
    Complete,
    /// Given up; `error` says why.
    Failed,
}

/// How content is checked before it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Verification", rename_all = "lowercase")]
pub(crate) enum VerifyView {
    /// Only the length of each response.
    None,
    /// The size on disk.
    Size,
    /// The hash that the Hub gives.
    Sha256,
}
