//! What redb's errors mean to whoever uses the store.

use crate::ports::StoreError;

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        use redb::Error::{
            Corrupted, RepairAborted, TableIsMultimap, TableTypeMismatch, TypeDefinitionChanged, UpgradeRequired,
        };
        match error {
            Corrupted(_)
            | RepairAborted
            | TableIsMultimap(_)
            | TableTypeMismatch { .. }
            | TypeDefinitionChanged { .. }
            | UpgradeRequired(_) => Self::Corrupt { at: "the embedded store".to_owned(), reason: error.to_string() },
            error => Self::Unavailable(error.to_string()),
        }
    }
}

macro_rules! through_the_general_error {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

through_the_general_error!(CommitError, DatabaseError, SetDurabilityError, StorageError, TableError, TransactionError);
