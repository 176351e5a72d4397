//! The fixtures are whole: each parses, and every operation is documented once.
#![allow(clippy::unwrap_used, reason = "clippy takes only the #[test] functions of this file for tests")]

use serde_json::Value;
use std::path::{Path, PathBuf};

const OPERATIONS: [&str; 16] = [
    "history.add",
    "history.add_list",
    "history.delete",
    "history.fields",
    "history.info",
    "history.list",
    "history.tips",
    "projects.action_info",
    "projects.actions",
    "projects.checklists",
    "projects.filter",
    "projects.goods",
    "projects.info",
    "projects.list",
    "projects.payments",
    "projects.steps",
];

/// The JSON files of a folder of fixtures, in the order of their names.
fn fixtures(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let parse = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, value)
    };
    paths.into_iter().map(parse).collect()
}

#[test]
fn every_operation_has_one_documented_fixture_named_after_it() {
    let mut found = Vec::new();
    for (path, fixture) in fixtures("salesman/documented").into_iter().chain(fixtures("solos/documented")) {
        let operation = fixture["operation"].as_str().unwrap().to_owned();
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{operation}.json"));
        found.push(operation);
    }
    assert_eq!(found, OPERATIONS);
}

#[test]
fn every_documented_fixture_has_the_same_shape() {
    for (path, fixture) in fixtures("salesman/documented").into_iter().chain(fixtures("solos/documented")) {
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut top = keys(&fixture);
        let mut request = keys(&fixture["request"]);
        top.sort();
        request.sort();
        assert_eq!(top, ["answer", "errors", "operation", "request"], "{}", path.display());
        assert_eq!(request, ["body", "headers", "method", "path", "query"], "{}", path.display());
        assert!(fixture["errors"].as_array().unwrap().iter().all(|error| error["code"].is_u64()));
    }
}

#[test]
fn every_capture_is_a_request_with_its_answer() {
    let captures = fixtures("salesman/captures");
    assert_eq!(captures.len(), 34);
    for (path, capture) in captures {
        if path.ends_with("content-transformations.json") {
            assert!(!capture["cases"].as_array().unwrap().is_empty());
        } else {
            assert!(capture["request"]["path"].is_string(), "{}", path.display());
            assert!(capture["response"]["body"].is_string(), "{}", path.display());
        }
        assert_eq!(capture.get("note"), None, "{}", path.display());
    }
}
