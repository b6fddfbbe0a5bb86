//! What fails, and how it is mended.

use std::time::Duration;

use hfd_tests::cluster::Cluster;
use hfd_tests::fake_hub::{Effect, Fault as HubFault, Matcher};
use tokio::time::sleep;

use super::Dice;

/// A fault; each is mended before the next one strikes, or mends itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// `kill -9`, and a new process in its place.
    WorkerKilled,
    /// Stopped for longer than its lease, then woken.
    WorkerSleeps,
    /// SIGTERM, and a new process in its place.
    WorkerReplaced,
    /// `kill -9`, and a new process in its place.
    ApiKilled,
    /// `kill -9`, and started with its data.
    RedisDies,
    /// Stopped for a while.
    RedisHangs,
    /// `kill -9`, and started with its data.
    RabbitDies,
    /// Ended, and started without its data.
    RabbitWiped,
    /// The Hub resets connections.
    HubResets,
    /// The Hub answers 503.
    HubFails,
    /// The Hub wants to be left alone for a second.
    HubLimits,
    /// Nothing fails.
    Quiet,
}

/// Two tasks with two connections each, and a quarter of a part for each connection; a batch of small files comes again as a
/// whole.
const WORKER_BYTES: u64 = 4 * (4 << 20);

const ALL: [Fault; 12] = [
    Fault::WorkerKilled,
    Fault::WorkerSleeps,
    Fault::WorkerReplaced,
    Fault::ApiKilled,
    Fault::RedisDies,
    Fault::RedisHangs,
    Fault::RabbitDies,
    Fault::RabbitWiped,
    Fault::HubResets,
    Fault::HubFails,
    Fault::HubLimits,
    Fault::Quiet,
];

impl Fault {
    /// The next one.
    pub(super) fn throw(dice: &mut Dice) -> Self {
        ALL[dice.below(ALL.len())]
    }

    /// What it may let come twice: what its workers had not recorded, or had on the way.
    pub(super) fn cost_bytes(self) -> u64 {
        match self {
            Self::WorkerKilled | Self::WorkerSleeps => WORKER_BYTES,
            Self::RedisDies | Self::RedisHangs => 3 * WORKER_BYTES,
            Self::WorkerReplaced | Self::HubResets => 4 << 20,
            Self::ApiKilled | Self::RabbitDies | Self::RabbitWiped | Self::HubFails | Self::HubLimits | Self::Quiet => {
                0
            }
        }
    }

    /// Temporary files that it may leave, until they are old: each of a worker's two Plan, Finish and Clean tasks writes one at a
    /// time.
    pub(super) fn temporary_files(self) -> usize {
        if matches!(self, Self::WorkerKilled) { 2 } else { 0 }
    }

    /// Lets it happen to whatever the dice name.
    pub(super) async fn strike(self, cluster: &mut Cluster, dice: &mut Dice) -> anyhow::Result<()> {
        let worker = dice.below(cluster.workers.len());
        let api = dice.below(cluster.apis.len());
        let moment = Duration::from_millis(200 + u64::try_from(dice.below(2000))?);
        match self {
            Self::WorkerKilled => {
                cluster.workers[worker].kill_9().await?;
                sleep(moment).await;
                cluster.restart_worker(worker).await?;
            }
            Self::WorkerSleeps => {
                cluster.workers[worker].pause()?;
                sleep(Duration::from_secs(6) + moment).await;
                cluster.workers[worker].resume()?;
            }
            Self::WorkerReplaced => {
                cluster.workers[worker].terminate().await?;
                cluster.restart_worker(worker).await?;
            }
            Self::ApiKilled => {
                cluster.apis[api].kill_9().await?;
                sleep(moment).await;
                cluster.restart_api(api).await?;
            }
            // What it has written is in its file, though not on the disk yet: only the machine's end would lose it.
            Self::RedisDies => {
                cluster.redis.kill_9().await?;
                sleep(moment).await;
                cluster.redis.restart().await?;
            }
            Self::RedisHangs => {
                cluster.redis.pause()?;
                sleep(moment).await;
                cluster.redis.resume()?;
            }
            Self::RabbitDies => {
                cluster.own_rabbit()?.kill_9().await?;
                cluster.own_rabbit()?.restart().await?;
            }
            Self::RabbitWiped => cluster.own_rabbit()?.wipe().await?,
            Self::HubResets => inject(cluster, Effect::Reset, Matcher::data(), 4, 1 << 20),
            Self::HubFails => inject(cluster, Effect::Status { code: 503 }, Matcher::any(), 3, 0),
            Self::HubLimits => inject(cluster, Effect::RateLimited { reset_s: 1 }, Matcher::resolve(), 2, 0),
            Self::Quiet => sleep(2 * moment).await,
        }
        sleep(moment).await;
        Ok(())
    }
}

fn inject(cluster: &Cluster, effect: Effect, matcher: Matcher, times: u32, after_bytes: u64) {
    cluster.hub.inject(HubFault::new(effect).on(matcher).times(times).after_bytes(after_bytes));
}

/// Ends what has not ended by itself.
pub(super) async fn heal(cluster: &mut Cluster) -> anyhow::Result<()> {
    cluster.hub.clear_faults();
    for member in cluster.apis.iter().chain(&cluster.workers) {
        member.wait_ready(true).await?;
    }
    Ok(())
}
