//! `cargo xtask codegen`: generates what would otherwise be written twice.
//!
//! [`blocking`] reads the async clients. [`source`] reads the descriptions in `docs/openapi`. Every other module makes one
//! kind of file from them. All files are made in memory. This module writes or compares them.

mod blocking;
mod error_pages;
mod fixtures;
mod readme;
mod reference;
mod rust;
mod source;
mod yaml_node;

use crate::Task;
use crate::cargo::ROOT;
use similar::TextDiff;
use source::Api;
use std::collections::BTreeMap;
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
const OUTBOX: &str = "docs/openapi/outbox.v1.yaml";

/// Files by their paths in the workspace.
type Files = BTreeMap<String, String>;

fn run(arguments: &[String]) -> Result<(), String> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("usage: cargo xtask codegen [--check]".to_owned()),
    };
    let root = Path::new(ROOT);
    let files = generate(root)?;
    let changes = changes(root, &files)?;
    if check {
        return report(&changes, files.len());
    }
    for change in &changes {
        let path = root.join(&change.path);
        let done = match &change.wanted {
            Some(text) => {
                path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text))
            }
            None => fs::remove_file(&path),
        };
        done.map_err(|error| format!("{}: {error}", change.path))?;
        println!("{} {}", if change.wanted.is_some() { "wrote" } else { "removed" }, change.path);
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

/// A file that differs from what is generated.
#[derive(Debug, PartialEq)]
struct Change {
    path: String,
    found: String,
    /// `None` for a file that should not be there.
    wanted: Option<String>,
}

fn changes(root: &Path, files: &Files) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    for (path, wanted) in files {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        if found != *wanted {
            changes.push(Change { path: path.clone(), found, wanted: Some(wanted.clone()) });
        }
    }
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let name = entry.map_err(|error| format!("{folder}: {error}"))?.file_name();
            let path = format!("{folder}/{}", name.to_string_lossy());
            if !files.contains_key(&path) {
                let found = fs::read_to_string(root.join(&path)).unwrap_or_default();
                changes.push(Change { path, found, wanted: None });
            }
        }
    }
    Ok(changes)
}

fn report(changes: &[Change], files: usize) -> Result<(), String> {
    if changes.is_empty() {
        println!("{files} generated files, all up to date");
        return Ok(());
    }
    for change in changes {
        let wanted = change.wanted.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(change.found.as_str(), wanted);
        print!("{}", diff.unified_diff().header(&change.path, "as generated"));
    }
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    Err(format!(
        "Not up to date: {}\nChange the source that each file names, and run: cargo xtask codegen",
        paths.join(", ")
    ))
}

#[cfg(test)]
mod tests;
