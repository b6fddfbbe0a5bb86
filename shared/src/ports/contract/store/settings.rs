//! The settings that all processes share.

use std::sync::Arc;

use super::StoreRig;
use crate::ports::{SettingsCommitted, StoredSettings};
use crate::secret::SealedToken;
use crate::settings::{ByteSize, Overrides, Verify};

fn sealed(text: &str) -> SealedToken {
    serde_json::from_value(text.into()).unwrap()
}

async fn put(rig: &StoreRig, settings: StoredSettings) -> SettingsCommitted {
    rig.store.put_settings(settings).await.unwrap()
}

/// Each process goes by its configuration.
pub async fn at_first_nothing_is_set(rig: &StoreRig) {
    assert_eq!(rig.store.settings().await.unwrap(), StoredSettings::default());
}

/// Also when that is less than before.
pub async fn what_was_put_is_read(rig: &StoreRig) {
    let overrides = Overrides {
        connections: "16".parse().ok(),
        max_active: "256".parse().ok(),
        multipart_threshold: Some(ByteSize(32 << 20)),
        verify: Some(Verify::Size),
        retries: "0".parse().ok(),
        max_bytes_per_second: "20MiB".parse().ok(),
    };
    let first = (Some(sealed("v1:a")), overrides);
    let second = (Some(sealed("v1:b")), Overrides { connections: None, ..overrides });
    for (token, overrides) in [first, second, (None, Overrides::default())] {
        let before = rig.store.settings().await.unwrap();
        let SettingsCommitted::Applied(applied) =
            put(rig, StoredSettings { token: token.clone(), overrides, ..before.clone() }).await
        else {
            panic!("a conflict without another change");
        };
        assert_eq!(applied, StoredSettings { version: before.version + 1, token, overrides });
        assert_eq!(rig.store.settings().await.unwrap(), applied);
    }
}

/// It was made without knowledge of the other change.
pub async fn settings_of_an_old_version_are_a_conflict(rig: &StoreRig) {
    let first = StoredSettings { token: Some(sealed("v1:a")), ..StoredSettings::default() };
    assert!(matches!(put(rig, first).await, SettingsCommitted::Applied(_)));
    assert_eq!(put(rig, StoredSettings::default()).await, SettingsCommitted::Conflict);
    assert_eq!(put(rig, StoredSettings { version: 9, ..StoredSettings::default() }).await, SettingsCommitted::Conflict);
    assert_eq!(rig.store.settings().await.unwrap().token, Some(sealed("v1:a")));
}

/// Changes that race.
pub async fn of_many_settings_put_at_once_one_is_taken(rig: &StoreRig) {
    let changes = (0..16).map(|number| {
        let store = Arc::clone(&rig.store);
        let settings = StoredSettings { token: Some(sealed(&format!("v1:{number}"))), ..StoredSettings::default() };
        tokio::spawn(async move { store.put_settings(settings).await.unwrap() })
    });
    let mut taken = 0;
    for change in changes.collect::<Vec<_>>() {
        taken += usize::from(change.await.unwrap() != SettingsCommitted::Conflict);
    }
    assert_eq!(taken, 1);
    assert_eq!(rig.store.settings().await.unwrap().version, 1);
}
