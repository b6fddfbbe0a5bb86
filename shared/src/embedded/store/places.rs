//! The order of the waiting jobs: how many stand before each.

use redb::{Database, ReadableDatabase, ReadableTable};

use super::tables::WAITING;
use crate::ports::StoreError;

/// The places of the waiting jobs in their order. The file has them too, but cannot count them without reading them.
#[derive(Debug, Default, Clone)]
pub(super) struct Places(Vec<u64>);

impl Places {
    /// The places that the file has.
    pub(super) fn read(database: &Database) -> Result<Self, StoreError> {
        let mut places = Vec::new();
        for entry in database.begin_read()?.open_table(WAITING)?.iter()? {
            places.push(entry?.0.value());
        }
        Ok(Self(places))
    }

    /// Adds a place.
    pub(super) fn add(&mut self, place: u64) {
        if let Err(index) = self.0.binary_search(&place) {
            self.0.insert(index, place);
        }
    }

    /// Takes a place away.
    pub(super) fn remove(&mut self, place: u64) {
        if let Ok(index) = self.0.binary_search(&place) {
            self.0.remove(index);
        }
    }

    /// Which one in the order it is, from 1.
    pub(super) fn position(&self, place: u64) -> Option<u64> {
        self.0.binary_search(&place).ok().map(|index| index as u64 + 1)
    }
}
