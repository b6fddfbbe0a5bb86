//! Strict JSON request bodies.
//!
//! poem-openapi would take the number `1` for the text `"1"` and skip a field that it does not know, so that a typo such
//! as `filter` downloads everything. Here each field must have exactly its type, and each must be known.

use poem::{FromRequest as _, Request, RequestBody};
use poem_openapi::impl_apirequest_for_payload;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// An object that is read field by field.
pub(crate) trait FromFields: Type + Sized {
    /// Takes the fields that it knows.
    fn from_fields(fields: &mut Fields) -> Result<Self, ApiError>;
}

/// The fields of a JSON object that have not been taken yet.
pub(crate) struct Fields {
    rest: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    /// A text that must be there.
    pub(crate) fn required_text(&mut self, name: &'static str) -> Result<String, ApiError> {
        self.text(name)?.ok_or_else(|| invalid(format!("the field {name:?} is required")))
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        self.take(name, "a string")
    }

    /// A switch; off when absent.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, ApiError> {
        Ok(self.take(name, "true or false")?.unwrap_or_default())
    }

    /// A list of texts; empty when absent.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Vec<String>, ApiError> {
        Ok(self.take(name, "a list of strings")?.unwrap_or_default())
    }

    /// One of a few words.
    pub(crate) fn word<T: DeserializeOwned>(&mut self, name: &'static str, words: &str) -> Result<Option<T>, ApiError> {
        self.take(name, words)
    }

    /// Refuses a field that others have but this request cannot take.
    pub(crate) fn refuse(&mut self, name: &'static str, why: &str) -> Result<(), ApiError> {
        match self.rest.remove(name) {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(invalid(format!("unknown field {name:?}: {why}"))),
        }
    }

    /// `null` counts as absent: that is how some clients write a field that is not set.
    fn take<T: DeserializeOwned>(&mut self, name: &'static str, expected: &str) -> Result<Option<T>, ApiError> {
        self.known.push(name);
        let Some(value) = self.rest.remove(name) else { return Ok(None) };
        serde_json::from_value(value)
            .map_err(|error| invalid(format!("the field {name:?} must be {expected}: {error}")))
    }

    fn finish(self) -> Result<(), ApiError> {
        match self.rest.keys().next() {
            None => Ok(()),
            Some(name) => Err(invalid(format!("unknown field {name:?}; known are {}", self.known.join(", ")))),
        }
    }
}

fn invalid(details: String) -> ApiError {
    ApiError::bad_request("Invalid request body", details)
}

/// Reads an object from the bytes of a body.
fn parse<T: FromFields>(bytes: &[u8]) -> Result<T, ApiError> {
    let rest = match serde_json::from_slice(bytes) {
        Ok(Value::Object(rest)) => rest,
        Ok(_) => return Err(invalid("expected a JSON object".to_owned())),
        Err(error) => return Err(invalid(format!("no valid JSON: {error}"))),
    };
    let mut fields = Fields { rest, known: Vec::new() };
    let parsed = T::from_fields(&mut fields)?;
    fields.finish()?;
    Ok(parsed)
}

/// A JSON body that is read strictly.
pub(crate) struct Strict<T>(pub(crate) T);

impl<T: FromFields> Payload for Strict<T> {
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

impl<T: FromFields> ParsePayload for Strict<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = Vec::<u8>::from_request(request, body).await?;
        Ok(Self(parse(&bytes)?))
    }
}

impl_apirequest_for_payload!(Strict<T>, T: FromFields);
