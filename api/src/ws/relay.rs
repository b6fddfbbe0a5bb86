//! The one task a process that follows the jobs for all its WebSocket clients.
//!
//! It hears doorbells, reads what changed and broadcasts it, each job at most four times a second and its last state
//! always. Clients join through it, so that many who come at once cost one reading. While there are no clients it does
//! nothing. Doorbells may be lost: every few seconds all jobs are compared with what was sent.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hfd_shared::job::{FileState, JobId, Snapshot};
use hfd_shared::ports::{Heard, Page, StoreError, Subscription};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::message::{Mark, end_event};
use super::size::{self, MAX_FILES, MAX_MESSAGE_BYTES};
use crate::state::ApiState;
use crate::view::JobView;

/// The time between two updates of a job.
const UPDATE_EVERY: Duration = Duration::from_millis(250);

/// How often all jobs are compared with what was sent.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// How long a job that could not be read waits for the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Updates that a client may be behind before it gets all jobs anew.
const BACKLOG: usize = 64;

/// Clients that may wait to be let in.
const MAX_JOINING: usize = 1024;

/// Once so many files were read for `init`, no more would fit: a file takes 90 bytes at least.
const MAX_INIT_FILES: usize = MAX_MESSAGE_BYTES / 90;

/// Further off than any deadline.
const NEVER: Duration = Duration::from_hours(1);

/// A change of a job, ready to be sent.
pub(super) struct Update {
    /// The job.
    pub(super) job: JobId,
    /// How new it is.
    pub(super) mark: Mark,
    /// The `job_update`.
    pub(super) text: String,
    /// The `event`, when the job has ended since the update before.
    pub(super) end: Option<String>,
}

/// What clients are to hear.
#[derive(Clone)]
pub(super) enum News {
    /// A job has changed.
    Changed(Arc<Update>),
    /// Jobs are gone, as those of a store that was emptied: everybody needs all jobs anew.
    Gone,
}

/// All jobs at one moment.
pub(super) struct Init {
    /// The `init`.
    pub(super) text: String,
    /// How new each job in it is, including those that did not fit.
    pub(super) known: HashMap<JobId, Mark>,
}

/// What a client follows: all jobs at one moment, and every change after it.
pub(super) struct Joined {
    /// All jobs.
    pub(super) init: Arc<Init>,
    /// Changes; those from before `init` may be among them.
    pub(super) news: broadcast::Receiver<News>,
}

/// The way to the relay.
#[derive(Clone)]
pub(super) struct Relay {
    joins: mpsc::Sender<oneshot::Sender<Arc<Init>>>,
    news: broadcast::Sender<News>,
}

impl Relay {
    /// Starts the task; it ends with the token.
    pub(super) fn start(state: Arc<ApiState>, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let (joins, joining) = mpsc::channel(MAX_JOINING);
        let (news, _) = broadcast::channel(BACKLOG);
        let follower = Follower { state, news: news.clone(), idle: true, sent: HashMap::new(), due: HashMap::new() };
        tasks.spawn(async move { stop.run_until_cancelled(follower.run(joining)).await });
        Self { joins, news }
    }

    /// Lets a client in; none when the jobs cannot be read.
    pub(super) async fn join(&self) -> Option<Joined> {
        // The ear before the snapshot: a change in between is then heard, not lost.
        let news = self.news.subscribe();
        let (reply, init) = oneshot::channel();
        self.joins.send(reply).await.ok()?;
        Some(Joined { init: init.await.ok()?, news })
    }
}

/// What was sent of a job, and when.
struct Sent {
    mark: Mark,
    at: Option<Instant>,
}

/// The task.
struct Follower {
    state: Arc<ApiState>,
    news: broadcast::Sender<News>,
    /// There are no clients, and nothing is remembered.
    idle: bool,
    sent: HashMap<JobId, Sent>,
    /// Jobs that have to be sent, and when they may.
    due: HashMap<JobId, Instant>,
}

impl Follower {
    async fn run(mut self, mut joining: mpsc::Receiver<oneshot::Sender<Arc<Init>>>) {
        let mut doorbells = Some(self.state.bus.subscribe().await);
        let mut sweep = sweep();
        loop {
            let next_due = self.due.values().min().copied().unwrap_or_else(|| Instant::now() + NEVER);
            tokio::select! {
                heard = hear(&mut doorbells) => match heard {
                    Some(Heard::Changed(job)) => self.changed(job),
                    Some(Heard::Resync) => self.compare().await,
                    None => doorbells = None,
                },
                Some(first) = joining.recv() => {
                    let mut joins = vec![first];
                    while let Ok(join) = joining.try_recv() {
                        joins.push(join);
                    }
                    self.answer(joins).await;
                }
                () = sleep_until(next_due) => self.send_due().await,
                _ = sweep.tick() => {
                    if doorbells.is_none() {
                        doorbells = Some(self.state.bus.subscribe().await);
                    }
                    self.sweep().await;
                }
            }
        }
    }

    /// Notes that a job is to be sent as soon as it may.
    fn changed(&mut self, job: JobId) {
        if self.idle {
            return;
        }
        let now = Instant::now();
        let last = self.sent.get(&job).and_then(|sent| sent.at);
        let at = last.map_or(now, |last| now.max(last + UPDATE_EVERY));
        self.due.entry(job).or_insert(at);
    }

    async fn sweep(&mut self) {
        if self.news.receiver_count() == 0 {
            self.idle = true;
            self.sent.clear();
            self.due.clear();
        } else {
            self.compare().await;
        }
    }

    /// Finds the changes whose doorbell was not heard.
    async fn compare(&mut self) {
        if self.idle {
            return;
        }
        match self.state.store.snapshots().await {
            Ok(snapshots) => self.note(&snapshots),
            Err(error) => warn!(%error, "jobs not compared"),
        }
    }

    fn note(&mut self, snapshots: &[Snapshot]) {
        let present: HashSet<JobId> = snapshots.iter().map(|snapshot| snapshot.job.id).collect();
        let gone: Vec<JobId> = self.sent.keys().filter(|job| !present.contains(job)).copied().collect();
        // A store that was restored from an older copy of itself shows what was before.
        let back = snapshots.iter().filter(|snapshot| self.is_older(snapshot)).map(|snapshot| snapshot.job.id);
        let back: Vec<JobId> = back.collect();
        self.forget(&[gone, back].concat());
        for snapshot in snapshots {
            if self.is_news(snapshot) {
                self.changed(snapshot.job.id);
            }
        }
    }

    /// Lets all clients have the jobs anew, for there is no message that a job is gone.
    fn forget(&mut self, gone: &[JobId]) {
        if gone.iter().filter_map(|job| self.sent.remove(job)).count() > 0 {
            // Fails only when the last client has gone.
            let _ = self.news.send(News::Gone);
        }
    }

    fn is_older(&self, snapshot: &Snapshot) -> bool {
        self.sent.get(&snapshot.job.id).is_some_and(|sent| Mark::of(snapshot).order < sent.mark.order)
    }

    fn is_news(&self, snapshot: &Snapshot) -> bool {
        self.sent.get(&snapshot.job.id).is_none_or(|sent| Mark::of(snapshot).order > sent.mark.order)
    }

    async fn send_due(&mut self) {
        let now = Instant::now();
        let due: Vec<JobId> = self.due.extract_if(|_, at| *at <= now).map(|(job, _)| job).collect();
        for job in due {
            if let Err(error) = self.send(job).await {
                warn!(%job, %error, "job not read");
                self.due.insert(job, Instant::now() + RETRY_AFTER);
            }
        }
    }

    async fn send(&mut self, job: JobId) -> Result<(), StoreError> {
        let Some(snapshot) = self.state.store.snapshot(job).await? else {
            self.forget(&[job]);
            return Ok(());
        };
        if !self.is_news(&snapshot) {
            return Ok(());
        }
        let files = self.files(job).await?;
        let view = JobView::new(&snapshot, files, &self.state.config.cache_dir);
        let mark = Mark::of(&snapshot);
        let is_end = mark.is_new_end(self.sent.get(&job).map(|sent| &sent.mark));
        let end = if is_end { end_event(&view) } else { None };
        self.sent.insert(job, Sent { mark, at: Some(Instant::now()) });
        let text = size::job_update(view, MAX_MESSAGE_BYTES);
        // Fails only when the last client has gone.
        let _ = self.news.send(News::Changed(Arc::new(Update { job, mark, text, end })));
        Ok(())
    }

    /// Gives all jobs to those who join; without an answer they are turned away.
    async fn answer(&mut self, joins: Vec<oneshot::Sender<Arc<Init>>>) {
        let snapshots = match self.state.store.snapshots().await {
            Ok(snapshots) => snapshots,
            Err(error) => return warn!(%error, "jobs not read for those who join"),
        };
        if self.idle {
            // Nobody else follows: what those who join now get is what was sent.
            self.idle = false;
            let sent = |snapshot: &Snapshot| (snapshot.job.id, Sent { mark: Mark::of(snapshot), at: None });
            self.sent = snapshots.iter().map(sent).collect();
        } else {
            self.note(&snapshots);
        }
        match self.init(&snapshots).await {
            Ok(init) => {
                let init = Arc::new(init);
                for join in joins {
                    // Fails only when the client has gone.
                    let _ = join.send(Arc::clone(&init));
                }
            }
            Err(error) => warn!(%error, "files not read for those who join"),
        }
    }

    async fn init(&self, snapshots: &[Snapshot]) -> Result<Init, StoreError> {
        let mut views: Vec<Option<JobView>> = vec![None; snapshots.len()];
        let mut read = 0;
        // Live jobs first: theirs are the files that are still there when it gets tight.
        for terminal in [false, true] {
            let of_kind = |(_, snapshot): &(usize, &Snapshot)| snapshot.job.status.is_terminal() == terminal;
            for (index, snapshot) in snapshots.iter().enumerate().filter(of_kind) {
                let files = if read < MAX_INIT_FILES { self.files(snapshot.job.id).await? } else { Vec::new() };
                read += files.len();
                views[index] = Some(JobView::new(snapshot, files, &self.state.config.cache_dir));
            }
        }
        let text = size::init(views.into_iter().flatten().collect(), MAX_MESSAGE_BYTES);
        let known = snapshots.iter().map(|snapshot| (snapshot.job.id, Mark::of(snapshot))).collect();
        Ok(Init { text, known })
    }

    async fn files(&self, job: JobId) -> Result<Vec<FileState>, StoreError> {
        let files = self.state.store.files(job, Page::ALL).await?;
        Ok(size::cap_files(files, MAX_FILES, |file| file.status.into()))
    }
}

/// Waits for the next doorbell; for ever without a bus.
async fn hear(doorbells: &mut Option<Box<dyn Subscription>>) -> Option<Heard> {
    match doorbells {
        Some(doorbells) => doorbells.next().await,
        None => std::future::pending().await,
    }
}

fn sweep() -> Interval {
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    sweep
}
