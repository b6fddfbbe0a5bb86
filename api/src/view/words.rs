//! The words of the API for what a job is and does.

use hfd_shared::job::{Priority, Status, TransferWay, WorkKind};
use poem_openapi::Enum;

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

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Running => Self::Running,
            Status::Paused => Self::Paused,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl StatusView {
    /// Whether the job has ended.
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl From<StatusView> for Status {
    fn from(status: StatusView) -> Self {
        match status {
            StatusView::Queued => Self::Queued,
            StatusView::Running => Self::Running,
            StatusView::Paused => Self::Paused,
            StatusView::Completed => Self::Completed,
            StatusView::Failed => Self::Failed,
            StatusView::Cancelled => Self::Cancelled,
        }
    }
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

impl From<WorkKind> for KindView {
    fn from(kind: WorkKind) -> Self {
        match kind {
            WorkKind::Download => Self::Download,
            WorkKind::Verify => Self::Verify,
            WorkKind::Remove => Self::Remove,
            WorkKind::Prune => Self::Prune,
        }
    }
}

impl From<KindView> for WorkKind {
    fn from(kind: KindView) -> Self {
        match kind {
            KindView::Download => Self::Download,
            KindView::Verify => Self::Verify,
            KindView::Remove => Self::Remove,
            KindView::Prune => Self::Prune,
        }
    }
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

impl From<Priority> for PriorityView {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Normal => Self::Normal,
            Priority::High => Self::High,
        }
    }
}

impl From<PriorityView> for Priority {
    fn from(priority: PriorityView) -> Self {
        match priority {
            PriorityView::Low => Self::Low,
            PriorityView::Normal => Self::Normal,
            PriorityView::High => Self::High,
        }
    }
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

impl From<TransferWay> for TransferView {
    fn from(way: TransferWay) -> Self {
        match way {
            TransferWay::Auto => Self::Auto,
            TransferWay::Http => Self::Http,
            TransferWay::Xet => Self::Xet,
        }
    }
}

impl From<TransferView> for TransferWay {
    fn from(way: TransferView) -> Self {
        match way {
            TransferView::Auto => Self::Auto,
            TransferView::Http => Self::Http,
            TransferView::Xet => Self::Xet,
        }
    }
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
