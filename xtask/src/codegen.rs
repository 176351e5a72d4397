//! `cargo xtask codegen`: generates what would otherwise be written twice.
//!
//! [`blocking`] reads the async clients. [`source`] reads the descriptions in `docs/openapi`. Every other module makes one
//! kind of file from them. All files are made in memory. [`generated`] writes or compares them.

mod blocking;
mod error_pages;
mod fixtures;
mod readme;
mod reference;
mod rust;
mod source;
pub(crate) mod yaml_node;

use crate::Task;
use crate::cargo::ROOT;
use crate::generated::{self, Files};
use source::Api;
use std::fs;
use std::path::Path;
use yaml_node::Value;

pub(crate) const TASK: Task = Task {
    name: "codegen",
    about: "generates code, fixtures and reference; --check reports what differs",
    run,
};

/// The descriptions, by their paths in the workspace.
pub(crate) const SOURCES: [&str; 3] = [
    "docs/openapi/salesman-history.v3.yaml",
    "docs/openapi/salesman-directory.v3.yaml",
    "docs/openapi/solos-projects.v2.yaml",
];

/// Folders in which every file is generated. Any other file there is removed.
const FOLDERS: [&str; 6] = [
    "docs/guide/errors",
    "docs/guide/ru/errors",
    "docs/reference/en",
    "docs/reference/ru",
    "fixtures/salesman/documented",
    "fixtures/solos/documented",
];

/// The server of `crm outbox serve`.
pub(crate) const OUTBOX: &str = "docs/openapi/outbox.v1.yaml";

fn run(arguments: &[String]) -> Result<(), String> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask codegen [--check]".to_owned()),
    };
    let root = Path::new(ROOT);
    let files = generate(root)?;
    let changes = generated::changes(root, &files, &FOLDERS)?;
    if check {
        generated::report(&changes, "Change the source that each file names, and run: cargo xtask codegen")?;
    } else {
        generated::write(root, &changes)?;
    }
    println!("{} generated files, {} changed", files.len(), changes.len());
    Ok(())
}

/// Returns all generated files.
fn generate(root: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    let mut apis = Vec::new();
    for path in SOURCES {
        let text = fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        apis.push(Api::read(path, &text)?);
        files.insert(path.replace(".yaml", ".json"), as_json(path, &text)?);
    }
    // Only its JSON: no code is derived from it.
    let text = fs::read_to_string(root.join(OUTBOX)).map_err(|error| format!("{OUTBOX}: {error}"))?;
    files.insert(OUTBOX.replace(".yaml", ".json"), as_json(OUTBOX, &text)?);
    for api in &apis {
        files.extend(rust::files(api)?);
        files.extend(fixtures::files(api)?);
    }
    files.insert("crates/crm/tests/openapi_conformance/calls.rs".to_owned(), rust::calls(&apis)?);
    files.extend(reference::files(&apis)?);
    files.extend(error_pages::files(root)?);
    files.extend(readme::files(root, &apis)?);
    files.extend(blocking::files(root)?);
    Ok(files)
}

/// Returns a description as JSON, without the anchors of YAML. The program and the tests read it: only the generator reads YAML.
fn as_json(path: &str, yaml: &str) -> Result<String, String> {
    let value = Value::parse(yaml).map_err(|error| format!("{path}: {error}"))?;
    Ok(value.pretty()? + "\n")
}

#[cfg(test)]
mod tests;
