//! The committed specification is the one of the code.

use std::path::Path;

use hfd_api::{openapi_json, openapi_yaml};
use hfd_tests::python::Python;
use hfd_tests::sandbox::Sandbox;
use serde_json::{Value, json};

#[test]
fn the_committed_specification_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/openapi.yaml");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == openapi_yaml().unwrap(),
        "openapi/openapi.yaml is stale; run: cargo run -p hfdownloader -- openapi > openapi/openapi.yaml"
    );
}

fn document() -> Value {
    serde_json::from_str(&openapi_json().unwrap()).unwrap()
}

/// All operations, each with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &'_ Value)| {
        let methods = methods.as_object().unwrap();
        methods.keys().map(|method| (path.clone(), method.clone())).collect::<Vec<_>>()
    };
    let names = paths.iter().flat_map(of_path);
    names.map(|(path, method)| (format!("{method} {path}"), &document["paths"][&path][&method])).collect()
}

fn has_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// The schema that a reference leads to, or the schema itself.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(reference) = schema["$ref"].as_str() else { return schema };
    document.pointer(reference.trim_start_matches('#')).unwrap()
}

#[test]
fn each_operation_is_described_grouped_and_guarded() {
    let document = document();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(document["servers"], json!([]), "paths are relative to where the API is served");
    for scheme in ["basic", "bearer"] {
        assert_eq!(document["components"]["securitySchemes"][scheme]["scheme"], scheme);
    }
    for (name, operation) in operations(&document) {
        for part in ["operationId", "summary", "description"] {
            assert!(has_text(&operation[part]), "{name} has no {part}");
        }
        assert!(tags.contains(&&operation["tags"][0]), "{name} is in no group; add its path to document/tags.rs");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(has_text(&parameter["description"]), "{name}: {} is not described", parameter["name"]);
        }
        let schemes = operation["security"].as_array().map_or(0, Vec::len);
        assert_eq!(schemes, if name.ends_with('z') { 0 } else { 3 }, "{name}");
    }
}

#[test]
fn each_operation_names_its_errors_and_has_examples() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let mut wanted = vec!["500", "504"];
        if !name.ends_with('z') {
            wanted.extend(["400", "401", "403", "414"]);
        }
        if operation["requestBody"].is_object() {
            wanted.extend(["408", "413"]);
        }
        if name.contains("{id}") {
            wanted.push("404");
        }
        for status in wanted {
            assert!(responses.contains_key(status), "{name} does not name {status}");
        }
        for (status, response) in responses {
            assert!(has_text(&response["description"]), "{name} {status}");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{name} {status}");
            let schema = &response["content"]["application/json"]["schema"];
            if status.starts_with(['4', '5']) && name != "get /readyz" {
                assert_eq!(schema["$ref"], "#/components/schemas/Error", "{name} {status}");
            }
        }
        let bodies = responses.values().chain([&operation["requestBody"]]);
        for schema in bodies.map(|body| &body["content"]["application/json"]["schema"]).filter(|it| it.is_object()) {
            let schema = resolve(&document, schema);
            let choices = schema["anyOf"].as_array().into_iter().chain(schema["oneOf"].as_array()).flatten();
            let choices: Vec<_> = choices.map(|choice| resolve(&document, choice)).collect();
            let is_shown = |schema: &Value| schema["example"].is_object() || schema["properties"].is_null();
            let is_shown = if choices.is_empty() { is_shown(schema) } else { choices.into_iter().all(is_shown) };
            assert!(is_shown, "{name}: {} has no example; add one to document/examples.rs", schema["title"]);
        }
    }
}

#[test]
fn each_schema_and_each_of_its_fields_is_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(has_text(&schema["description"]), "{name}");
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(has_text(&property["description"]), "{name}.{field} is not described");
            if property["type"] == "integer" {
                assert_eq!(property["format"], "int64", "{name}.{field}: generators know int64");
            }
            let is_body = schema["additionalProperties"] == false;
            if property["nullable"] == true && !is_body {
                let required = schema["required"].as_array().unwrap();
                assert!(required.contains(&json!(field)), "{name}.{field} is always there");
            }
        }
    }
}

/// Checks the document by OpenAPI's own schema, and each example by the schema that it is of.
#[tokio::test]
async fn the_document_and_its_examples_are_valid() {
    let sandbox = Sandbox::new().unwrap();
    let python = Python::new(&sandbox, "http://127.0.0.1:9").unwrap();
    let path = sandbox.path().join("openapi.json");
    std::fs::write(&path, openapi_json().unwrap()).unwrap();
    let result = python.run(&sandbox, "openapi.py", &[path.to_str().unwrap()]).await.unwrap();
    assert_eq!(result["problems"], json!([]));
    assert!(result["examples"].as_u64().unwrap() > 10, "{result}");
}
