//! The table, a file a part of the API.

mod analyze;
mod cache;
mod downloads;
mod errors;
mod jobs;
mod service;
mod settings;
mod websocket;

use crate::table::row::Row;

/// A part of the table.
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
}

/// The whole table.
pub(crate) fn all() -> Vec<Section> {
    [
        ("Service", service::rows()),
        ("Downloads and plans", downloads::rows()),
        ("Jobs", jobs::rows()),
        ("Analyzer", analyze::rows()),
        ("Cache", cache::rows()),
        ("Settings", settings::rows()),
        ("WebSocket", websocket::rows()),
        ("Errors, CORS, authentication", errors::rows()),
    ]
    .map(|(title, rows)| Section { title, rows })
    .into()
}
