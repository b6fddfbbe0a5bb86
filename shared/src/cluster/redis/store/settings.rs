//! The settings that all processes share.

use redis::pipe;

use super::{RedisStore, rows};
use crate::ports::{SettingsCommitted, StoreError, StoredSettings};

/// See [`JobStore::settings`](crate::ports::JobStore::settings).
pub(super) async fn read(store: &RedisStore) -> Result<StoredSettings, StoreError> {
    let mut commands = pipe();
    commands.cmd("GET").arg(store.client.key("settings"));
    let (json,): (Option<String>,) = store.client.query(&commands).await?;
    json.map_or_else(|| Ok(StoredSettings::default()), |json| rows::decode(&json, || "the settings".to_owned()))
}

/// See [`JobStore::put_settings`](crate::ports::JobStore::put_settings).
pub(super) async fn put(store: &RedisStore, settings: StoredSettings) -> Result<SettingsCommitted, StoreError> {
    let from = settings.version;
    let settings = StoredSettings { version: from + 1, ..settings };
    let json = rows::encode(&settings)?;
    let put: u8 = store.client.run(&store.scripts.settings_put, |script| _ = script.arg(from).arg(&json)).await?;
    match put {
        1 => Ok(SettingsCommitted::Applied(settings)),
        0 => Ok(SettingsCommitted::Conflict),
        _ => Err(rows::unknown("the settings".to_owned(), &put)),
    }
}
