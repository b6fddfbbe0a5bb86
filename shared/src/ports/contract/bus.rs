//! What an [`EventBus`](crate::ports::EventBus) promises.

use super::{BusRig, MOMENT, PATIENCE};
use crate::job::JobId;
use crate::ports::{Heard, Subscription};

async fn hear(ear: &mut dyn Subscription) -> Heard {
    tokio::time::timeout(PATIENCE, ear.next()).await.unwrap().unwrap()
}

/// All of them, in the order of the ringing.
pub async fn every_subscriber_hears_a_doorbell(rig: &BusRig) {
    let mut ears = [rig.bus.subscribe().await, rig.bus.subscribe().await, rig.bus.subscribe().await];
    let jobs = [JobId::random().unwrap(), JobId::random().unwrap()];
    for job in jobs {
        rig.bus.ring(job).await;
    }
    for ear in &mut ears {
        for job in jobs {
            assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job));
        }
    }
}

/// Who subscribes reads the store afterwards anyway.
pub async fn nothing_from_before_the_subscription_is_heard(rig: &BusRig) {
    let mut early = rig.bus.subscribe().await;
    let (before, after) = (JobId::random().unwrap(), JobId::random().unwrap());
    rig.bus.ring(before).await;
    assert_eq!(hear(early.as_mut()).await, Heard::Changed(before));
    let mut late = rig.bus.subscribe().await;
    rig.bus.ring(after).await;
    assert_eq!(hear(late.as_mut()).await, Heard::Changed(after));
    assert!(tokio::time::timeout(MOMENT, late.next()).await.is_err());
}

/// Neither before the first has come nor after the last has gone.
pub async fn a_bell_without_subscribers_harms_nothing(rig: &BusRig) {
    let job = JobId::random().unwrap();
    rig.bus.ring(job).await;
    drop(rig.bus.subscribe().await);
    rig.bus.ring(job).await;
    let mut ear = rig.bus.subscribe().await;
    rig.bus.ring(job).await;
    assert_eq!(hear(ear.as_mut()).await, Heard::Changed(job));
}

/// A subscriber that does not keep up hears either every doorbell or that it missed some, and then goes on hearing.
pub async fn a_gap_is_heard_as_resync(rig: &BusRig) {
    let mut ear = rig.bus.subscribe().await;
    let (many, last) = (JobId::random().unwrap(), JobId::random().unwrap());
    for _ in 0..5000 {
        rig.bus.ring(many).await;
    }
    rig.bus.ring(last).await;
    let (mut changes, mut resyncs) = (0, 0);
    loop {
        match hear(ear.as_mut()).await {
            Heard::Changed(job) if job == last => break,
            Heard::Changed(_) => changes += 1,
            Heard::Resync => {
                // The last one may be among those that were missed.
                if resyncs == 0 {
                    rig.bus.ring(last).await;
                }
                resyncs += 1;
            }
        }
    }
    assert!(changes == 5000 || resyncs > 0, "{changes} changes, {resyncs} resyncs");
}
