//! The recordings and the code agree with `docs/openapi/salesman-directory.v3.yaml`.

use std::collections::BTreeSet;

use crm_directory::operations::catalog;
use serde_json::{Value, json};

use crate::support::recordings;

fn source() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi/salesman-directory.v3.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn schema(source: &Value, place: &Value) -> jsonschema::Validator {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [place],
        "components": source["components"],
    });
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_recorded_answer_is_as_the_source_says() {
    let source = source();
    let mut checked = 0;
    for (name, recording) in recordings() {
        let path = recording["request"]["path"].as_str().unwrap();
        let operation = &source["paths"][path]["post"];
        let body = serde_json::from_str::<Value>(recording["response"]["body"].as_str().unwrap());
        // A guide, an action that does not exist, or the HTML of a PHP error.
        let (false, Ok(body)) = (operation.is_null(), body) else { continue };
        // Fields that do not exist were asked for.
        if name.ends_with("unknown-field") || name.ends_with("field-not-enabled") {
            continue;
        }
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let errors: Vec<String> =
            schema(&source, answer).iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        checked += 1;
    }
    assert!(checked >= 110, "only {checked} recordings were looked at");
}

#[test]
fn every_recorded_request_and_every_example_is_as_the_source_says() {
    let source = source();
    for (path, item) in source["paths"].as_object().unwrap() {
        let operation = &item["post"];
        let request = &operation["requestBody"]["content"]["application/json"];
        assert!(
            schema(&source, &request["schema"]).is_valid(&request["examples"]["observed"]["value"]),
            "{path}"
        );
        let answer = &operation["responses"]["200"]["content"]["application/json"];
        for example in answer["examples"].as_object().unwrap().values() {
            let errors: Vec<String> = schema(&source, &answer["schema"])
                .iter_errors(&example["value"])
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{path}: {errors:#?}");
        }
    }
}

#[test]
fn the_catalog_has_every_operation_of_the_source() {
    let source = source();
    let described: BTreeSet<&str> = source["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|item| item["post"]["operationId"].as_str().unwrap())
        .collect();
    let known: BTreeSet<&str> = catalog::ALL.iter().map(|(info, _)| info.id).collect();
    assert_eq!(known, described);
}
