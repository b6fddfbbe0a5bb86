//! Creating, changing and claiming; leases.

use std::time::Duration;

use super::{RedisStore, millis, rows};
use crate::job::{Effect, Job, JobId};
use crate::ports::{
    BlobKey, Change, Claim, Claimed, Committed, Condition, Creation, Holder, LAPSE_REMEMBERED, Leased, StoreError,
    Verdict,
};

/// See [`JobStore::create`](crate::ports::JobStore::create).
pub(super) async fn create(store: &RedisStore, job: Job) -> Result<Creation, StoreError> {
    let json = rows::encode(&job)?;
    for _ in 0..MAX_RACES {
        let create = store.client.run(&store.scripts.create, |script| {
            script.arg(job.id.to_string()).arg(&json);
            script.arg(job.trace.map(|trace| trace.to_string()).unwrap_or_default());
            add_facts(script, &job);
        });
        let answer: String = create.await?;
        let obstacle = match (answer.as_str(), Obstacle::read(&answer)?) {
            (_, Some(obstacle)) => obstacle,
            ("created", None) => return Ok(Creation::Created(job)),
            _ => return Err(rows::unknown(job.id.to_string(), &answer)),
        };
        // It may be forgotten by now: then nothing stands in the way any more.
        if let Some(other) = super::reading::job(&store.client, obstacle.job()).await? {
            return Ok(match obstacle {
                Obstacle::Duplicate(_) => Creation::Duplicate(other),
                Obstacle::Blocked(_) => Creation::Blocked(other),
            });
        }
    }
    Err(StoreError::Unavailable(format!("jobs like {} come and go all the time", job.id)))
}

/// Live jobs do not vanish again and again between two looks.
const MAX_RACES: usize = 5;

/// What keeps a job from becoming live.
enum Obstacle {
    Duplicate(JobId),
    Blocked(JobId),
}

impl Obstacle {
    /// Reads it out of a script's answer, if there is one in it.
    fn read(answer: &str) -> Result<Option<Self>, StoreError> {
        let Some((kind, id)) = answer.split_once(' ') else { return Ok(None) };
        let id = id.parse().map_err(|error| rows::corrupt("live jobs".to_owned(), error))?;
        match kind {
            "duplicate" => Ok(Some(Self::Duplicate(id))),
            "blocked" => Ok(Some(Self::Blocked(id))),
            _ => Err(rows::unknown("live jobs".to_owned(), &answer)),
        }
    }

    fn job(&self) -> JobId {
        match self {
            Self::Duplicate(id) | Self::Blocked(id) => *id,
        }
    }
}

/// What the scripts have to know of a job beside its text; the function `facts` reads it.
fn add_facts(script: &mut redis::ScriptInvocation<'_>, job: &Job) {
    script.arg(job.status.as_str()).arg(job.version.0).arg(job.epoch.0);
    script.arg(job.request.fingerprint()).arg(job.request.repo.to_string());
    script.arg(u8::from(job.request.work.is_exclusive())).arg(job.turn()).arg(job.ended_ms());
}

/// Which task is meant, and who has it.
pub(super) fn add_claimed(script: &mut redis::ScriptInvocation<'_>, claimed: &Claimed) {
    script.arg(claimed.task.to_string()).arg(claimed.holder.to_string());
}

/// See [`JobStore::commit`](crate::ports::JobStore::commit).
pub(super) async fn commit(store: &RedisStore, change: Change) -> Result<Committed, StoreError> {
    let Change { mut job, effects, condition } = change;
    let expected = job.version;
    job.version = expected.next();
    let json = rows::encode(&job)?;
    let unique = unique_name()?;
    let (name, first, second) = match &condition {
        Condition::Always => ("always", String::new(), String::new()),
        Condition::Room { max_active } => ("room", max_active.to_string(), String::new()),
        Condition::Held(claimed) => ("held", claimed.task.to_string(), claimed.holder.to_string()),
    };
    let commit = store.client.run(&store.scripts.commit, |script| {
        script.arg(job.id.to_string()).arg(expected.0).arg(&json);
        script.arg(job.commit.map(|commit| commit.to_string()).unwrap_or_default());
        script.arg(name).arg(&first).arg(&second).arg(&unique);
        add_facts(script, &job);
        for Effect::Enqueue(task) in &effects {
            script.arg(task.to_string());
        }
    });
    let answer: String = commit.await?;
    match (answer.as_str(), Obstacle::read(&answer)?) {
        (_, Some(Obstacle::Duplicate(other))) => Ok(Committed::Duplicate(other)),
        (_, Some(Obstacle::Blocked(other))) => Ok(Committed::Blocked(other)),
        ("applied", _) => Ok(Committed::Applied(Box::new(job))),
        ("unmet", _) => Ok(Committed::Unmet),
        ("conflict", _) => Ok(Committed::Conflict),
        _ => Err(rows::unknown(job.id.to_string(), &answer)),
    }
}

/// See [`JobStore::claim`](crate::ports::JobStore::claim).
pub(super) async fn claim(store: &RedisStore, claimed: &Claimed, patience: Duration) -> Result<Claim, StoreError> {
    let answer: Vec<String> = store
        .client
        .run(&store.scripts.claim, |script| {
            add_claimed(script, claimed);
            script.arg(millis(patience));
        })
        .await?;
    match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["go", attempts, job, version, commit] => {
            let attempt = attempts.parse().map_err(|error| rows::corrupt(claimed.task.to_string(), error))?;
            Ok(Claim::Go { job: Box::new(rows::job(job, version, commit)?), attempt })
        }
        ["busy"] => Ok(Claim::Busy),
        ["void"] => Ok(Claim::Void),
        _ => Err(rows::unknown(claimed.task.to_string(), &answer)),
    }
}

/// See [`JobStore::put_off`](crate::ports::JobStore::put_off).
pub(super) async fn put_off(
    store: &RedisStore,
    claimed: &Claimed,
    delay: Duration,
    waiting: Option<String>,
) -> Result<Verdict, StoreError> {
    let waiting = waiting.unwrap_or_default();
    let put_off = store.client.run(&store.scripts.put_off, |script| {
        add_claimed(script, claimed);
        script.arg(millis(delay)).arg(&waiting);
    });
    put_off.await.and_then(verdict)
}

/// See [`JobStore::settle`](crate::ports::JobStore::settle).
pub(super) async fn settle(store: &RedisStore, claimed: &Claimed) -> Result<Verdict, StoreError> {
    let settled = store.client.run(&store.scripts.settle, |script| add_claimed(script, claimed));
    settled.await.and_then(verdict)
}

/// See [`JobStore::lease_blob`](crate::ports::JobStore::lease_blob).
pub(super) async fn lease_blob(
    store: &RedisStore,
    blob: &BlobKey,
    holder: &Holder,
    ttl: Duration,
) -> Result<Leased, StoreError> {
    let leased: String = store
        .client
        .run(&store.scripts.lease, |script| {
            script.arg(blob.to_string()).arg(holder.to_string()).arg(millis(ttl)).arg(millis(LAPSE_REMEMBERED));
        })
        .await?;
    match leased.as_str() {
        "taken" => Ok(Leased::Taken),
        "granted" => Ok(Leased::Granted { lapsed: false }),
        "lapsed" => Ok(Leased::Granted { lapsed: true }),
        _ => Err(rows::unknown(format!("the lease of {blob}"), &leased)),
    }
}

/// See [`JobStore::release_blob`](crate::ports::JobStore::release_blob).
pub(super) async fn release_blob(store: &RedisStore, blob: &BlobKey, holder: &Holder) -> Result<(), StoreError> {
    let release = &store.scripts.release;
    store.client.run(release, |script| _ = script.arg(blob.to_string()).arg(holder.to_string())).await
}

/// What a script's answer means: 1 to go on, 0 to stop.
pub(super) fn verdict(answer: u8) -> Result<Verdict, StoreError> {
    match answer {
        1 => Ok(Verdict::Go),
        0 => Ok(Verdict::Stop),
        _ => Err(rows::unknown("a step of a task".to_owned(), &answer)),
    }
}

/// A name that nobody else has.
pub(super) fn unique_name() -> Result<String, StoreError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Unavailable(format!("no random number: {error}")))?;
    Ok(hex::encode(bytes))
}
