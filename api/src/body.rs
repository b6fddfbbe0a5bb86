//! Strict JSON request bodies, with all their faults told at once.
//!
//! poem-openapi would take the number `1` for the text `"1"` and skip a field that it does not know, so that a typo such
//! as `filter` downloads everything. Here each field must have exactly its type, and each must be known.

mod faults;

use poem::{FromRequest as _, Request, RequestBody};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{MaybeUndefined, Type};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ApiError;

pub(crate) use faults::Faults;

/// What a request with a body that cannot be read is answered.
const INVALID: &str = "Invalid request body";

/// An object that is read field by field.
pub(crate) trait FromFields: Type + Sized {
    /// Takes the fields that it knows. In place of one at fault stands a value that nobody uses.
    fn from_fields(fields: &mut Fields) -> Self;
}

/// The fields of a JSON object that have not been taken yet.
pub(crate) struct Fields {
    rest: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Faults,
}

impl Fields {
    /// A text that must be there.
    pub(crate) fn required_text(&mut self, name: &'static str) -> String {
        let is_absent = matches!(self.rest.get(name), None | Some(Value::Null));
        let text = self.text(name);
        if is_absent {
            self.faults.add(name, "is required");
        }
        text.unwrap_or_default()
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.take(name, "a string")
    }

    /// A switch; off when absent.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        self.take(name, "true or false").unwrap_or_default()
    }

    /// A list of texts; empty when absent.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        self.take(name, "a list of strings").unwrap_or_default()
    }

    /// A value for which `null` means something else than its absence.
    pub(crate) fn nullable<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        expected: &'static str,
    ) -> MaybeUndefined<T> {
        self.known.push(name);
        let Some(value) = self.rest.remove(name) else { return MaybeUndefined::Undefined };
        match serde_json::from_value(value) {
            Ok(Some(value)) => MaybeUndefined::Value(value),
            Ok(None) => MaybeUndefined::Null,
            Err(error) => {
                self.faults.add(name, format!("must be {expected}: {error}"));
                MaybeUndefined::Undefined
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: DeserializeOwned>(&mut self, name: &'static str, words: &'static str) -> Option<T> {
        self.take(name, words)
    }

    /// Refuses a field that others have but this request cannot take.
    pub(crate) fn refuse(&mut self, name: &'static str, why: &str) {
        if !matches!(self.rest.remove(name), None | Some(Value::Null)) {
            self.faults.add(name, why);
        }
    }

    /// Elsewhere `null` counts as absent: that is how some clients write a field that is not set.
    fn take<T: DeserializeOwned>(&mut self, name: &'static str, expected: &'static str) -> Option<T> {
        self.nullable(name, expected).take()
    }

    /// What is wrong with the fields, those that nobody knows included.
    fn finish(mut self) -> Faults {
        let known = self.known.join(", ");
        for name in self.rest.keys() {
            self.faults.add(name, format!("unknown field; known are {known}"));
        }
        self.faults
    }
}

/// Reads an object from the bytes of a body.
fn parse<T: FromFields>(bytes: &[u8]) -> Result<(T, Faults), ApiError> {
    let rest = match serde_json::from_slice(bytes) {
        Ok(Value::Object(rest)) => rest,
        Ok(_) => return Err(ApiError::bad_request(INVALID, "expected a JSON object")),
        Err(error) => return Err(ApiError::bad_request(INVALID, format!("no valid JSON: {error}"))),
    };
    let mut fields = Fields { rest, known: Vec::new(), faults: Faults::default() };
    let parsed = T::from_fields(&mut fields);
    Ok((parsed, fields.finish()))
}

/// A JSON body that is read strictly.
pub(crate) struct Strict<T>(pub(crate) T);

/// A JSON body with its faults, for who knows of more.
pub(crate) struct Examined<T>(pub(crate) T, pub(crate) Faults);

impl<T: FromFields> Strict<T> {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let (parsed, faults) = parse(bytes)?;
        faults.check(INVALID)?;
        Ok(Self(parsed))
    }
}

impl<T: FromFields> Examined<T> {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        parse(bytes).map(|(parsed, faults)| Self(parsed, faults))
    }
}

/// Makes a body of what reads itself from bytes.
macro_rules! json_body {
    ($body:ident) => {
        impl<T: FromFields> Payload for $body<T> {
            const CONTENT_TYPE: &'static str = "application/json";

            fn check_content_type(content_type: &str) -> bool {
                Json::<T>::check_content_type(content_type)
            }

            fn schema_ref() -> MetaSchemaRef {
                T::schema_ref()
            }

            fn register(registry: &mut Registry) {
                T::register(registry);
            }
        }

        impl<T: FromFields> ParsePayload for $body<T> {
            const IS_REQUIRED: bool = true;

            async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
                let bytes = Vec::<u8>::from_request(request, body).await?;
                Ok(Self::read(&bytes)?)
            }
        }

        impl_apirequest_for_payload!($body<T>, T: FromFields);
    };
}

json_body!(Strict);
json_body!(Examined);
