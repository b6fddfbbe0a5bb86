//! Makes the document as exact as the server: what poem-openapi has no words for, and what it says twice.

use serde_yaml::{Mapping, Value};

use super::patterns;

/// Where schemas that have a name stand.
const SCHEMAS: &str = "#/components/schemas/";

/// What every response carries.
const REQUEST_ID: &str = "X-Request-Id";

/// Polishes a document.
pub(crate) fn polish(document: &mut Value) {
    refer_plainly(document);
    patterns::add(document);
    if let Some(paths) = document.get_mut("paths") {
        name_requests(paths);
    }
    if let Some(Value::Mapping(components)) = document.get_mut("components") {
        let header = [
            ("description", "The name of the request in the log: the one that it came with, or a random one".into()),
            ("required", true.into()),
            ("schema", mapping([("type", "string".into())])),
        ];
        components.insert("headers".into(), mapping([(REQUEST_ID, mapping(header))]));
    }
    let mut bodies = Vec::new();
    find_bodies(document, &mut bodies);
    let Some(Value::Mapping(schemas)) = document["components"].get_mut("schemas") else { return };
    for (name, schema) in schemas {
        match schema {
            Value::Mapping(schema) if bodies.iter().any(|body| name == body.as_str()) => close(schema),
            Value::Mapping(schema) => require_nullable(schema),
            _ => {}
        }
    }
}

/// What may be `null` in an answer is always there.
fn require_nullable(schema: &mut Mapping) {
    let Some(Value::Mapping(properties)) = schema.get("properties") else { return };
    let is_nullable = |property: &Value| property.get("nullable") == Some(&Value::Bool(true));
    let nullable: Vec<_> =
        properties.iter().filter(|(_, property)| is_nullable(property)).map(|(name, _)| name.clone()).collect();
    if nullable.is_empty() {
        return;
    }
    let required = schema.entry("required".into()).or_insert_with(|| Value::Sequence(Vec::new()));
    if let Value::Sequence(required) = required {
        let missing: Vec<_> = nullable.into_iter().filter(|name| !required.contains(name)).collect();
        required.extend(missing);
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

fn mapping<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Mapping(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// Adds the header to each response of each operation.
fn name_requests(paths: &mut Value) {
    let Value::Mapping(paths) = paths else { return };
    for operation in paths.values_mut().filter_map(Value::as_mapping_mut).flat_map(|path| path.values_mut()) {
        let Some(Value::Mapping(responses)) = operation.get_mut("responses") else { continue };
        for response in responses.values_mut().filter_map(Value::as_mapping_mut) {
            let headers = response.entry("headers".into()).or_insert_with(|| mapping([]));
            if let Value::Mapping(headers) = headers {
                let header = mapping([("$ref", format!("#/components/headers/{REQUEST_ID}").into())]);
                headers.insert(REQUEST_ID.into(), header);
            }
        }
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
    fn bodies_are_closed_answers_are_whole_and_references_are_plain() {
        let mut document: Value = serde_yaml::from_str(
            r"
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
      responses: {'200': {description: x}}
components:
  schemas:
    A:
      required: [b]
      properties:
        b: {type: string}
        c: {type: string}
        d: {description: x, allOf: [{$ref: '#/components/schemas/D'}, {description: x}]}
    D: {type: string, enum: [x]}
    E: {properties: {f: {type: string, nullable: true}, g: {type: string}}}
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
        let response = &document["paths"]["/a"]["post"]["responses"]["200"];
        assert_eq!(response["headers"]["X-Request-Id"]["$ref"], "#/components/headers/X-Request-Id");
        let answer = &document["components"]["schemas"]["E"];
        assert_eq!(answer["required"].as_sequence().unwrap(), &["f"]);
    }
}
