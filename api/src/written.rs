//! Answers that are written while their turn lasts, in pieces: of very many files no tree of values is built.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use serde_json::Value;

/// The JSON of a `T`.
#[derive(Debug)]
pub(crate) struct Written<T> {
    text: String,
    shape: PhantomData<fn() -> T>,
}

impl<T: ToJSON> Written<T> {
    /// All of it at once.
    pub(crate) fn new(whole: &T) -> Self {
        Self { text: whole.to_json_string(), shape: PhantomData }
    }

    /// With items that are written already, in place of those that one of its lists has.
    pub(crate) fn with_list(whole: &T, list: &str, items: impl IntoIterator<Item = String>) -> Self {
        let mut text = "[".to_owned();
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&item);
        }
        text.push(']');
        Self::with(whole, list, &text)
    }

    /// With a part that is written already, in place of what is in one of its fields.
    pub(crate) fn with_part<P>(whole: &T, field: &str, part: &Written<P>) -> Self {
        Self::with(whole, field, &part.text)
    }

    /// The same JSON, where one of several shapes is expected, of which this is one.
    pub(crate) fn among<U>(self) -> Written<U> {
        Written { text: self.text, shape: PhantomData }
    }

    fn with(whole: &T, field: &str, written: &str) -> Self {
        let Some(Value::Object(mut fields)) = whole.to_json() else { return Self::new(whole) };
        fields.remove(field);
        let rest = Value::Object(fields).to_string();
        let mut text = format!("{{{}:{written}", Value::from(field));
        if rest != "{}" {
            text.push(',');
        }
        text.push_str(&rest[1..]);
        Self { text, shape: PhantomData }
    }
}

impl<T: Type> Payload for Written<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type(Self::CONTENT_TYPE).body(self.text)
    }
}

impl<T: ToJSON> ApiResponse for Written<T> {
    fn meta() -> MetaResponses {
        Json::<T>::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::Object;

    use super::*;

    #[derive(Debug, Object)]
    struct Shelf {
        name: String,
        books: Vec<String>,
    }

    #[derive(Debug, Object)]
    struct Room {
        shelf: Shelf,
        number: u32,
    }

    #[derive(Debug, Object)]
    struct Bare {
        books: Vec<String>,
    }

    #[test]
    fn what_is_written_in_pieces_is_the_same_json() {
        let shelf = |books: &[&str]| Shelf {
            name: "},".to_owned(),
            books: books.iter().map(|book| (*book).to_owned()).collect(),
        };
        for books in [&[] as &[&str], &["a\"b"], &["a", "ä"]] {
            let items = books.iter().map(|book| (*book).to_owned().to_json_string());
            let written = Written::with_list(&shelf(&["old"]), "books", items);
            let read: Value = serde_json::from_str(&written.text).unwrap();
            assert_eq!(Some(read), shelf(books).to_json(), "{books:?}");
        }
        let part = Written::<Shelf>::with_list(&shelf(&[]), "books", ["1".to_owned()]);
        let whole = Written::with_part(&Room { shelf: shelf(&["old"]), number: 7 }, "shelf", &part);
        assert_eq!(whole.text, format!("{{\"shelf\":{},\"number\":7}}", part.text));
        let bare = Written::with_list(&Bare { books: Vec::new() }, "books", ["1".to_owned(), "2".to_owned()]);
        assert_eq!(bare.text, r#"{"books":[1,2]}"#);
    }
}
