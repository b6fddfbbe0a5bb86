//! What the JSON of an answer must look like: exactly these keys, each of its kind.

use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The kind of a JSON value.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Any value.
    Any,
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A whole number that is not negative.
    Count,
    /// `true` or `false`.
    Flag,
    /// A moment in UTC, without fractions of a second.
    Time,
    /// Just this value.
    Is(Value),
    /// `null`, or this.
    Nullable(Box<Shape>),
    /// A list of these.
    List(Box<Shape>),
    /// An object with just these fields.
    Object(Vec<Field>),
    /// A shape that the document describes once, under this name.
    Named(&'static str, fn() -> Shape),
}

/// A field of an object.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    name: &'static str,
    shape: Shape,
    is_required: bool,
}

/// An object with just these fields, all there.
pub(crate) fn object<const N: usize>(fields: [(&'static str, Shape); N]) -> Shape {
    Shape::Object(fields.into_iter().map(|(name, shape)| Field { name, shape, is_required: true }).collect())
}

/// A list of these.
pub(crate) fn list(of: Shape) -> Shape {
    Shape::List(Box::new(of))
}

/// `null`, or this.
pub(crate) fn nullable(shape: Shape) -> Shape {
    Shape::Nullable(Box::new(shape))
}

/// Just this value.
pub(crate) fn is(value: impl Into<Value>) -> Shape {
    Shape::Is(value.into())
}

impl Shape {
    /// The same object, with fields that may be missing.
    pub(crate) fn optional<const N: usize>(self, more: [(&'static str, Shape); N]) -> Self {
        let Self::Object(mut fields) = self else { return self };
        fields.extend(more.into_iter().map(|(name, shape)| Field { name, shape, is_required: false }));
        Self::Object(fields)
    }

    /// Everything in which a value differs, each with its place.
    pub(crate) fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.look(value, "", &mut faults);
        faults
    }

    fn look(&self, value: &Value, at: &str, faults: &mut Vec<String>) {
        match (self, value) {
            (Self::Named(_, shape), _) => shape().look(value, at, faults),
            (Self::Nullable(_), Value::Null) => {}
            (Self::Nullable(shape), _) => shape.look(value, at, faults),
            (Self::List(of), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    of.look(item, &format!("{at}/{index}"), faults);
                }
            }
            (Self::Object(fields), Value::Object(given)) => {
                for Field { name, shape, is_required } in fields {
                    match given.get(*name) {
                        Some(field) => shape.look(field, &format!("{at}/{name}"), faults),
                        None if *is_required => faults.push(format!("{at}/{name} is missing")),
                        None => {}
                    }
                }
                let unknown = given.keys().filter(|name| fields.iter().all(|field| field.name != *name));
                faults.extend(unknown.map(|name| format!("{at}/{name} is not in the contract")));
            }
            _ if self.holds(value) => {}
            _ => faults.push(format!("{at} must be {self}, but is {value:.200}")),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text => value.is_string(),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Count => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Time => value.as_str().is_some_and(is_time),
            Self::Is(wanted) => value == wanted,
            _ => false,
        }
    }
}

fn is_time(text: &str) -> bool {
    text.len() == "2024-01-15T10:30:00Z".len() && text.ends_with('Z') && OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any value"),
            Self::Text => f.write_str("text"),
            Self::Word(words) => f.write_str(&words.join(" | ")),
            Self::Count => f.write_str("count"),
            Self::Flag => f.write_str("true | false"),
            Self::Time => f.write_str("time"),
            Self::Is(value) => write!(f, "{value}"),
            Self::Nullable(shape) => write!(f, "{shape} | null"),
            Self::List(of) => write!(f, "[{of}, …]"),
            Self::Named(name, _) => f.write_str(name),
            Self::Object(fields) => {
                for (index, Field { name, shape, is_required }) in fields.iter().enumerate() {
                    let begin = if index == 0 { "{" } else { ", " };
                    let mark = if *is_required { "" } else { "?" };
                    write!(f, "{begin}{name}{mark}: {shape}")?;
                }
                f.write_str("}")
            }
        }
    }
}
