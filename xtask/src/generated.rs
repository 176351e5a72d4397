//! Files that are made in memory, compared with those of the workspace, and written or reported.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use similar::TextDiff;

/// Files by their paths in the workspace.
pub(crate) type Files = BTreeMap<String, String>;

/// A file that differs from what is generated.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) found: String,
    /// `None` for a file that should not be there.
    pub(crate) wanted: Option<String>,
}

/// Compares the files. In `folders` every file is generated, and any other file there is a change too.
pub(crate) fn changes(root: &Path, files: &Files, folders: &[&str]) -> Result<Vec<Change>, String> {
    let mut changes = Vec::new();
    for (path, wanted) in files {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        if found != *wanted {
            changes.push(Change { path: path.clone(), found, wanted: Some(wanted.clone()) });
        }
    }
    for folder in folders {
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

/// Writes what differs.
pub(crate) fn write(root: &Path, changes: &[Change]) -> Result<(), String> {
    for change in changes {
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
    Ok(())
}

/// Prints what differs. Fails if anything does, and `advice` says what to do.
pub(crate) fn report(changes: &[Change], advice: &str) -> Result<(), String> {
    if changes.is_empty() {
        return Ok(());
    }
    for change in changes {
        let wanted = change.wanted.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(change.found.as_str(), wanted);
        print!("{}", diff.unified_diff().header(&change.path, "as generated"));
    }
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    Err(format!("Not up to date: {}\n{advice}", paths.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_that_differs_is_named_with_what_to_do() {
        let change = |path: &str, wanted: Option<&str>| Change {
            path: path.to_owned(),
            found: "old\n".to_owned(),
            wanted: wanted.map(str::to_owned),
        };
        assert_eq!(report(&[], "Generate."), Ok(()));
        let message = report(&[change("a.rs", Some("new\n")), change("left/over.md", None)], "Generate.");
        assert_eq!(message, Err("Not up to date: a.rs, left/over.md\nGenerate.".to_owned()));
    }

    #[test]
    fn a_file_that_changed_came_or_went_is_a_change() {
        let folder = std::env::temp_dir().join(format!("crm-generated-{}", std::process::id()));
        fs::create_dir_all(folder.join("api")).unwrap();
        for (name, text) in [("same", "a"), ("changed", "a"), ("gone", "a")] {
            fs::write(folder.join("api").join(name), text).unwrap();
        }
        let files = [("api/same", "a"), ("api/changed", "b"), ("api/new", "a")];
        let files: Files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        let found = changes(&folder, &files, &["api"]).unwrap();
        let paths: Vec<&str> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["api/changed", "api/new", "api/gone"]);
        write(&folder, &found).unwrap();
        assert_eq!(changes(&folder, &files, &["api"]).unwrap(), []);
        fs::remove_dir_all(folder).unwrap();
    }
}
