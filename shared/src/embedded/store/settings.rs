//! The settings that all processes share.

use redb::ReadableDatabase;

use super::core::Core;
use super::live::Mark;
use super::rows::{get, put as put_row};
use super::step::Step;
use super::tables::SETTINGS;
use crate::ports::{SettingsCommitted, StoreError, StoredSettings};

/// The key of the only row.
const KEY: &str = "";

/// See [`JobStore::settings`](crate::ports::JobStore::settings).
pub(super) fn read(core: &mut Core) -> Result<StoredSettings, StoreError> {
    let table = core.database()?.begin_read()?.open_table(SETTINGS)?;
    Ok(get(&table, "settings", KEY)?.unwrap_or_default())
}

/// See [`JobStore::put_settings`](crate::ports::JobStore::put_settings).
pub(super) fn put(step: &mut Step<'_>, settings: StoredSettings) -> Result<SettingsCommitted, StoreError> {
    let known: StoredSettings = get(&step.tables.settings, "settings", KEY)?.unwrap_or_default();
    if known.version != settings.version {
        return Ok(SettingsCommitted::Conflict);
    }
    let settings = StoredSettings { version: known.version + 1, ..settings };
    put_row(&mut step.tables.settings, KEY, &settings)?;
    step.mark(Mark::Silent);
    Ok(SettingsCommitted::Applied(settings))
}
