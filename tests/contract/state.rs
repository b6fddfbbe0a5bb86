//! Brings about what a row takes as given, and clears it away.

use hfd_tests::api::{Api, Download, Status};

use crate::table::row::Given;

/// Brings it about; the job that the row names `{id}`.
pub(crate) async fn bring_about(api: &Api, given: Given) -> anyhow::Result<Option<String>> {
    let running = async || {
        let job = api.start(&Download::model("acme/slow")).await?;
        api.moving(&job.id, 1).await?;
        Ok::<_, anyhow::Error>(job.id)
    };
    Ok(Some(match given {
        Given::Nothing => return Ok(None),
        Given::Queued => {
            running().await?;
            api.start(&Download::model("acme/model")).await?.id
        }
        Given::Running => running().await?,
        Given::Paused => {
            let id = running().await?;
            api.pause(&id).await?;
            id
        }
        Given::Completed => {
            let job = api.start(&Download::model("acme/model")).await?;
            api.completed(&job.id).await?.id
        }
        Given::Failed => {
            let job = api.start(&Download::model("acme/none")).await?;
            api.failed(&job.id).await?.id
        }
        Given::Cancelled => {
            let id = running().await?;
            api.cancel(&id).await?;
            id
        }
    }))
}

/// Ends what is live, so that the next row finds nobody at work.
pub(crate) async fn clear(api: &Api) -> anyhow::Result<()> {
    for job in api.jobs().await? {
        if !job.status.is_end() && api.cancel(&job.id).await.is_err() {
            // It has ended by itself meanwhile.
            let job = api.job(&job.id).await?;
            anyhow::ensure!(matches!(job.status, Status::Completed | Status::Failed), "{job:?} cannot be cancelled");
        }
    }
    Ok(())
}
