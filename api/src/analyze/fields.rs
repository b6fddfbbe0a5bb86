//! Reading JSON whose author may have written anything.

use serde_json::Value;

/// Whole numbers up to here are exact as a JSON float.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON value, read field by field. A field that is null or of another type than asked for counts as absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Value);

impl<'a> Fields<'a> {
    /// A field that is not null.
    pub(super) fn get(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A whole number that is not negative, also when written as `4096.0`.
    pub(super) fn number(self, key: &str) -> Option<u64> {
        whole(self.get(key)?)
    }

    /// The first of these fields that is a whole number.
    pub(super) fn first_number(self, keys: &[&str]) -> Option<u64> {
        keys.iter().find_map(|key| self.number(key))
    }

    /// A number.
    pub(super) fn real(self, key: &str) -> Option<f64> {
        self.get(key)?.as_f64()
    }

    /// A text.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// The same, owned; empty when absent.
    pub(super) fn text_or_empty(self, key: &str) -> String {
        self.text(key).unwrap_or_default().to_owned()
    }

    /// True or false.
    pub(super) fn flag(self, key: &str) -> Option<bool> {
        self.get(key)?.as_bool()
    }

    /// An object.
    pub(super) fn object(self, key: &str) -> Option<Fields<'a>> {
        self.get(key).filter(|value| value.is_object()).map(Fields)
    }

    /// The texts of a list, or a text alone.
    pub(super) fn texts(self, key: &str) -> Vec<&'a str> {
        match self.get(key) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// A whole number that is not negative.
pub(super) fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number in range"
    )]
    let from_real = |real: f64| (real.fract() == 0.0 && (0.0..=MAX_EXACT).contains(&real)).then_some(real as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(from_real))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_another_type_is_absent() {
        let value =
            json!({"n": 4096.0, "s": "x", "neg": -1, "huge": 1e30, "half": 0.5, "null": null, "list": ["a", 1]});
        let fields = Fields(&value);
        assert_eq!(fields.number("n"), Some(4096));
        for absent in ["s", "neg", "huge", "half", "null", "list", "missing"] {
            assert_eq!(fields.number(absent), None, "{absent}");
        }
        assert_eq!((fields.text("n"), fields.flag("n"), fields.texts("s")), (None, None, vec!["x"]));
        assert_eq!(fields.texts("list"), ["a"]);
        assert_eq!(Fields(&json!([1])).number("n"), None);
    }
}
