//! The embedded adapters keep the contracts of their ports.
#![expect(clippy::unwrap_used, reason = "a rig that cannot be made fails its case")]

use std::sync::Arc;

use hfd_shared::embedded::{EmbeddedStore, LocalBandwidth, LocalBus, LocalLimiter, LocalRoster, MemoryQueue};
use hfd_shared::ports::contract::{BandwidthRig, BusRig, LimiterRig, QueueRig, RosterRig, StoreRig};

mod embedded_store_on_file {
    use super::*;

    async fn make() -> StoreRig {
        let bus = Arc::new(LocalBus::new());
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&folder.path().join("jobs.redb"), bus.clone()).unwrap();
        StoreRig::new(Arc::new(store), bus, folder)
    }

    hfd_shared::job_store_contract!(make);
}

mod embedded_store_in_memory {
    use super::*;

    async fn make() -> StoreRig {
        let bus = Arc::new(LocalBus::new());
        StoreRig::new(Arc::new(EmbeddedStore::in_memory(bus.clone()).unwrap()), bus, ())
    }

    hfd_shared::job_store_contract!(make);
}

mod embedded_queue {
    use super::*;

    async fn make() -> QueueRig {
        QueueRig::new(Arc::new(MemoryQueue::new()), ())
    }

    hfd_shared::task_queue_contract!(make);
}

mod embedded_bus {
    use super::*;

    async fn make() -> BusRig {
        BusRig::new(Arc::new(LocalBus::new()), ())
    }

    hfd_shared::event_bus_contract!(make);
}

mod embedded_limiter {
    use super::*;

    async fn make() -> LimiterRig {
        LimiterRig::new(Arc::new(LocalLimiter::new()), ())
    }

    hfd_shared::hub_limiter_contract!(make);
}

mod embedded_roster {
    use super::*;

    async fn make() -> RosterRig {
        RosterRig::new(Arc::new(LocalRoster::new()), ())
    }

    hfd_shared::roster_contract!(make);
}

mod embedded_bandwidth {
    use super::*;

    async fn make() -> BandwidthRig {
        BandwidthRig::new(Arc::new(LocalBandwidth::new()))
    }

    hfd_shared::bandwidth_contract!(make);
}
