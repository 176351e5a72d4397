//! `cargo xtask api`: the public API of every crate, line by line, is the one that was reviewed in `docs/api`.

use crate::Task;
use crate::cargo::ROOT;
use crate::rustdoc;
use public_api::Builder;
use similar::TextDiff;
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
    let mut found = BTreeMap::new();
    for name in rustdoc::libraries(root)? {
        found.insert(name.clone(), listing(&json.join(rustdoc::file(&name)))?);
    }
    let accepted = listings()?;
    let differing = differing(&accepted, &found);
    if differing.is_empty() {
        println!("{} public items of {} crates, as in {FOLDER}", lines(&found), found.len());
        return Ok(());
    }
    if accept {
        return write(&differing, &found);
    }
    for name in &differing {
        let [before, after] = [&accepted, &found].map(|texts| texts.get(*name).map_or("", String::as_str));
        let diff = TextDiff::from_lines(before, after);
        print!("{}", diff.unified_diff().context_radius(0).header(&path(name), "the sources"));
    }
    Err(format!(
        "The public API is not the one of {FOLDER}: {}.\nIf it is meant, run `cargo xtask api --accept`, review the \
         difference as the user of these crates would, and tell of it in CHANGELOG.md.",
        differing.join(", ")
    ))
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

/// The crates whose listings are not the same, those that are on one side only among them.
fn differing<'a>(
    accepted: &'a BTreeMap<String, String>,
    found: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let mut names: Vec<&str> = accepted.keys().chain(found.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| accepted.get(*name) != found.get(*name));
    names
}

fn write(differing: &[&str], found: &BTreeMap<String, String>) -> Result<(), String> {
    for name in differing {
        let path = path(name);
        let file = Path::new(ROOT).join(&path);
        let done = match found.get(*name) {
            Some(text) => {
                file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text))
            }
            None => fs::remove_file(&file),
        };
        done.map_err(|error| format!("{path}: {error}"))?;
        println!("{} {path}", if found.contains_key(*name) { "wrote" } else { "removed" });
    }
    Ok(())
}

fn lines(listings: &BTreeMap<String, String>) -> usize {
    listings.values().map(|text| text.lines().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listings<const N: usize>(of: [(&str, &str); N]) -> BTreeMap<String, String> {
        of.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    #[test]
    fn a_crate_that_changed_came_or_went_differs() {
        let accepted = listings([("same", "pub fn a()\n"), ("changed", "pub fn a()\n"), ("gone", "x\n")]);
        let found = listings([("same", "pub fn a()\n"), ("changed", "pub fn b()\n"), ("new", "x\n")]);
        assert_eq!(differing(&accepted, &found), ["changed", "gone", "new"]);
    }

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
