//! Makes the document as exact as the server: what poem-openapi has no words for, and what it says twice.

use serde_yaml::{Mapping, Value};

use super::patterns;

/// Where schemas that have a name stand.
const SCHEMAS: &str = "#/components/schemas/";

/// Polishes a document.
pub(crate) fn polish(document: &mut Value) {
    refer_plainly(document);
    patterns::add(document);
    let mut bodies = Vec::new();
    find_bodies(document, &mut bodies);
    for name in bodies {
        if let Some(Value::Mapping(schema)) = document["components"]["schemas"].get_mut(&name) {
            close(schema);
        }
    }
}

/// A property that refers to a schema repeats its description in `allOf`, and generators of clients make a second type of
/// that: only the reference stays.
fn refer_plainly(value: &mut Value) {
    match value {
        Value::Mapping(fields) => {
            if let Some(Value::Sequence(parts)) = fields.get_mut("allOf")
                && parts.iter().any(|part| part.get("$ref").is_some())
            {
                parts.retain(|part| part.get("$ref").is_some());
            }
            fields.values_mut().for_each(refer_plainly);
        }
        Value::Sequence(items) => items.iter_mut().for_each(refer_plainly),
        _ => {}
    }
}

/// The names of the schemas of request bodies.
fn find_bodies(value: &Value, found: &mut Vec<String>) {
    let Value::Mapping(fields) = value else { return };
    if let Some(body) = fields.get("requestBody") {
        let name = body["content"]["application/json"]["schema"]["$ref"].as_str();
        found.extend(name.and_then(|name| name.strip_prefix(SCHEMAS)).map(str::to_owned));
    }
    fields.values().for_each(|field| find_bodies(field, found));
}

/// Bodies are read strictly: no field beside the known ones, and `null` for one that is not set.
fn close(schema: &mut Mapping) {
    let required: Vec<Value> = match schema.get("required") {
        Some(Value::Sequence(names)) => names.clone(),
        _ => Vec::new(),
    };
    if let Some(Value::Mapping(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            if let Value::Mapping(property) = property
                && !required.contains(name)
            {
                property.insert("nullable".into(), true.into());
            }
        }
    }
    schema.insert("additionalProperties".into(), false.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_closed_and_references_are_plain() {
        let mut document: Value = serde_yaml::from_str(
            r"
paths:
  /a: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}}}
components:
  schemas:
    A:
      required: [b]
      properties:
        b: {type: string}
        c: {type: string}
        d: {description: x, allOf: [{$ref: '#/components/schemas/D'}, {description: x}]}
    D: {type: string, enum: [x]}
",
        )
        .unwrap();
        polish(&mut document);
        let schema = &document["components"]["schemas"]["A"];
        assert_eq!(schema["additionalProperties"], Value::Bool(false));
        assert_eq!(schema["properties"]["b"].get("nullable"), None);
        assert_eq!(schema["properties"]["c"]["nullable"], Value::Bool(true));
        assert_eq!(schema["properties"]["d"]["allOf"].as_sequence().unwrap().len(), 1);
        assert_eq!(document["components"]["schemas"]["D"].get("additionalProperties"), None);
    }
}
