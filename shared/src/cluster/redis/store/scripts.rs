//! The Lua scripts of the store. Each is sent once and then called by its hash.

use redis::Script;

/// The steps of the store.
pub(super) struct Scripts {
    pub(super) create: Script,
    pub(super) commit: Script,
    pub(super) claim: Script,
    pub(super) put_plan: Script,
    pub(super) report: Script,
    pub(super) checkpoint: Script,
    pub(super) finish_unit: Script,
    pub(super) put_off: Script,
    pub(super) settle: Script,
    pub(super) take_due: Script,
    pub(super) acknowledge_due: Script,
    pub(super) emit_lost: Script,
    pub(super) lease: Script,
    pub(super) release: Script,
    pub(super) remove: Script,
    pub(super) trim: Script,
    pub(super) changed_files: Script,
    pub(super) ready: Script,
    pub(super) settings_put: Script,
    pub(super) statistics: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            create: script!("create"),
            commit: script!("commit"),
            claim: script!("claim"),
            put_plan: script!("put_plan"),
            report: script!("report"),
            checkpoint: script!("checkpoint"),
            finish_unit: script!("finish_unit"),
            put_off: script!("put_off"),
            settle: script!("settle"),
            take_due: script!("take_due"),
            acknowledge_due: script!("acknowledge_due"),
            emit_lost: script!("emit_lost"),
            lease: script!("lease"),
            release: script!("release"),
            remove: script!("remove"),
            trim: script!("trim"),
            changed_files: script!("changed_files"),
            ready: script!("ready"),
            settings_put: script!("settings_put"),
            statistics: script!("statistics"),
        }
    }
}
