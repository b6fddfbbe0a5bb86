//! Query parameters that poem-openapi has no type for, and those that nobody knows.

use std::borrow::Cow;

use poem::http::Uri;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromParameter, ParseResult, Type};
use url::form_urlencoded;

use crate::error::ApiError;

/// Refuses a query with other parameters than these. poem-openapi skips what it does not know.
pub(crate) fn only(known: &[&str], uri: &Uri) -> Result<(), ApiError> {
    let mut names = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).map(|(name, _)| name);
    names.find(|name| !known.contains(&name.as_ref())).map_or(Ok(()), |unknown| {
        let details = format!("{unknown:?} is unknown; known are {}", known.join(", "));
        Err(ApiError::bad_request("Invalid parameter", details))
    })
}

/// Values that are given with commas between them, or with the parameter once for each. None when it is absent, which is
/// refused if it is required.
#[derive(Debug)]
pub(crate) struct List<T, const REQUIRED: bool = false>(pub(crate) Vec<T>);

impl<T: Type, const REQUIRED: bool> Type for List<T, REQUIRED> {
    const IS_REQUIRED: bool = REQUIRED;
    type RawValueType = Self;
    type RawElementValueType = T::RawValueType;

    fn name() -> Cow<'static, str> {
        Vec::<T>::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        let schema = Vec::<T>::schema_ref();
        if REQUIRED { schema.merge(MetaSchema { min_items: Some(1), ..MetaSchema::ANY }) } else { schema }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.0.iter().filter_map(T::as_raw_value))
    }
}

impl<T: ParseFromParameter, const REQUIRED: bool> ParseFromParameter for List<T, REQUIRED> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Self::parse_from_parameters([value])
    }

    fn parse_from_parameters<I: IntoIterator<Item = A>, A: AsRef<str>>(values: I) -> ParseResult<Self> {
        let mut list = Vec::new();
        for value in values {
            for part in value.as_ref().split(',').map(str::trim).filter(|part| !part.is_empty()) {
                list.push(T::parse_from_parameter(part).map_err(ParseError::propagate)?);
            }
        }
        if REQUIRED && list.is_empty() {
            return Err(ParseError::custom("at least one value is required"));
        }
        Ok(Self(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_in_one_value_or_in_many() {
        let parse = |values: &[&str]| List::<u8>::parse_from_parameters(values).map(|list| list.0).ok();
        assert_eq!(parse(&[]), Some(vec![]));
        assert_eq!(parse(&["1, 2", "3"]), Some(vec![1, 2, 3]));
        assert_eq!(parse(&["1,x"]), None);
        assert!(List::<u8, true>::parse_from_parameters([" ,"]).is_err());
    }
}
