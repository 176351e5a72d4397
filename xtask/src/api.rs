//! `cargo xtask api`: the public API of every crate, line by line, is the one that was reviewed in `docs/api`.

use crate::Task;
use crate::cargo::ROOT;
use crate::generated::{self, Files};
use crate::rustdoc;
use public_api::Builder;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub(crate) const TASK: Task = Task {
    name: "api",
    about: "the public API of each crate is the one in docs/api; --accept writes it there, for review",
    run,
};

/// The folder of the listings, in that of the workspace.
pub(crate) const FOLDER: &str = "docs/api";

fn run(arguments: &[String]) -> Result<(), String> {
    let accept = match arguments {
        [] => false,
        [flag] if flag == "--accept" => true,
        _ => return Err("usage: cargo xtask api [--accept]".to_owned()),
    };
    let root = Path::new(ROOT);
    let json = root.join("target/rustdoc-json/public");
    rustdoc::json(root, rustdoc::PUBLIC, &json)?;
    let mut files = Files::new();
    for name in rustdoc::libraries(root)? {
        files.insert(path(&name), listing(&json.join(rustdoc::file(&name)))?);
    }
    let changes = generated::changes(root, &files, &[FOLDER])?;
    if accept {
        return generated::write(root, &changes);
    }
    let advice = "If it is meant, run `cargo xtask api --accept`, review the difference as the user of these crates \
                  would, and tell of it in CHANGELOG.md.";
    generated::report(&changes, advice)?;
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    println!("{lines} public items of {} crates, as in {FOLDER}", files.len());
    Ok(())
}

/// The listings that were accepted, by crate.
pub(crate) fn listings() -> Result<BTreeMap<String, String>, String> {
    let folder = Path::new(ROOT).join(FOLDER);
    let told = |error: std::io::Error| format!("{FOLDER}: {error}");
    let mut listings = BTreeMap::new();
    if !folder.exists() {
        return Ok(listings);
    }
    for file in fs::read_dir(folder).map_err(told)? {
        let path = file.map_err(told)?.path();
        if let (Some("txt"), Some(name)) =
            (path.extension().and_then(|extension| extension.to_str()), path.file_stem())
        {
            listings.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path).map_err(told)?);
        }
    }
    Ok(listings)
}

/// The path of a crate's listing, in the folder of the workspace.
pub(crate) fn path(name: &str) -> String {
    format!("{FOLDER}/{name}.txt")
}

/// One line for each public item. What every type has (`impl<T> Any for T`, `impl Send for T`) is left out:
/// `semver` tells when a type is no longer `Send`.
fn listing(json: &Path) -> Result<String, String> {
    let items = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true);
    let items = items.build().map_err(|error| format!("{}: {error}", json.display()))?;
    Ok(items.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_option_accepts_nothing() {
        assert_eq!(run(&["--acept".to_owned()]).unwrap_err(), "usage: cargo xtask api [--accept]");
    }

    #[test]
    fn every_library_has_a_listing() {
        let libraries = rustdoc::libraries(Path::new(ROOT)).unwrap();
        let listed: Vec<String> = super::listings().unwrap().into_keys().collect();
        assert_eq!(listed, libraries, "run: cargo xtask api --accept");
    }
}
