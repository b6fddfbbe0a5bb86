//! The queue on `RabbitMQ` keeps the contract of its port.
#![expect(clippy::unwrap_used, reason = "a rig that cannot be made fails its case")]

use std::sync::Arc;

use hfd_shared::cluster::RabbitQueue;
use hfd_shared::job::JobId;
use hfd_shared::ports::contract::QueueRig;
use hfd_tests::services::shared_rabbit;

mod rabbit_queue {
    use super::*;

    async fn make() -> QueueRig {
        let url = shared_rabbit().await.unwrap().url().parse().unwrap();
        let prefix = format!("hfd-{}", JobId::random().unwrap()).parse().unwrap();
        QueueRig::new(Arc::new(RabbitQueue::new(&url, &prefix)), ())
    }

    hfd_shared::task_queue_contract!(make);
}
