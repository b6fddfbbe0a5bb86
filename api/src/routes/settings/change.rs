//! The body of a change of the settings.

use std::fmt::Display;
use std::str::FromStr;

use hfd_shared::control::{Set, SettingsChange};
use poem_openapi::Object;
use poem_openapi::types::MaybeUndefined;
use secrecy::SecretString;

use crate::body::{Faults, Fields, FromFields};

/// What to change. What is absent stays; `null` goes back to what the server was started with.
#[derive(Object)]
#[oai(rename = "SettingsChange", rename_all = "camelCase")]
pub(super) struct SettingsBody {
    /// The Hub's token for all processes, stored encrypted; an empty one is taken for `null`. The masked token changes
    /// nothing.
    #[oai(write_only)]
    token: MaybeUndefined<String>,
    /// Connections for each large file, or each batch of small ones, 1 to 64.
    #[oai(validator(minimum(value = "1"), maximum(value = "64")))]
    connections: MaybeUndefined<u64>,
    /// Jobs that run at a time, 1 to 256.
    #[oai(validator(minimum(value = "1"), maximum(value = "256")))]
    max_active: MaybeUndefined<u64>,
    /// Files of at least this size are fetched in parts: a number with a unit, such as `32MiB`.
    multipart_threshold: MaybeUndefined<String>,
    /// How content is checked before it is published: `none`, `size` or `sha256`.
    verify: MaybeUndefined<String>,
    /// How often a connection that fails without progress is tried again, until its file is given up, 0 to 20.
    #[oai(validator(maximum(value = "20")))]
    retries: MaybeUndefined<u64>,
    /// Bytes a second that all processes together receive at most: a number with a unit, such as `100MiB`, at least `64KiB`;
    /// `0` for no limit.
    max_bytes_per_second: MaybeUndefined<String>,
}

const LOCKED: &str = "cannot be changed over the API";

impl FromFields for SettingsBody {
    fn from_fields(fields: &mut Fields) -> Self {
        for folder in ["cacheDir", "modelsDir", "datasetsDir"] {
            fields.refuse(folder, LOCKED);
        }
        fields.refuse("endpoint", "cannot be changed over the API; it is set by the flag --endpoint");
        let number = "a whole number or null";
        let text = "a string or null";
        Self {
            token: fields.nullable("token", text),
            connections: fields.nullable("connections", number),
            max_active: fields.nullable("maxActive", number),
            multipart_threshold: fields.nullable("multipartThreshold", text),
            verify: fields.nullable("verify", text),
            retries: fields.nullable("retries", number),
            max_bytes_per_second: fields.nullable("maxBytesPerSecond", text),
        }
    }
}

impl SettingsBody {
    /// The change that it means; what is beyond the limits is a fault.
    pub(super) fn into_change(self, faults: &mut Faults) -> SettingsChange {
        SettingsChange {
            token: match self.token {
                MaybeUndefined::Undefined => Set::Keep,
                MaybeUndefined::Null => Set::Configured,
                MaybeUndefined::Value(token) => Set::To(SecretString::from(token)),
            },
            connections: checked("connections", self.connections, faults),
            max_active: checked("maxActive", self.max_active, faults),
            multipart_threshold: parsed("multipartThreshold", self.multipart_threshold, faults),
            verify: parsed("verify", self.verify, faults),
            retries: checked("retries", self.retries, faults),
            max_bytes_per_second: parsed("maxBytesPerSecond", self.max_bytes_per_second, faults),
        }
    }
}

fn checked<T: TryFrom<u64, Error: Display>>(name: &str, given: MaybeUndefined<u64>, faults: &mut Faults) -> Set<T> {
    set(name, given, T::try_from, faults)
}

fn parsed<T: FromStr<Err: Display>>(name: &str, given: MaybeUndefined<String>, faults: &mut Faults) -> Set<T> {
    set(name, given, |text| text.parse(), faults)
}

fn set<G, T, E: Display>(
    name: &str,
    given: MaybeUndefined<G>,
    read: impl FnOnce(G) -> Result<T, E>,
    faults: &mut Faults,
) -> Set<T> {
    match given {
        MaybeUndefined::Undefined => Set::Keep,
        MaybeUndefined::Null => Set::Configured,
        MaybeUndefined::Value(given) => match read(given) {
            Ok(value) => Set::To(value),
            Err(error) => {
                faults.add(name, error);
                Set::Keep
            }
        },
    }
}
