//! Rustdoc's JSON of our libraries: what is public, as data. `api` and `semver` read it.
//!
//! The format of this JSON changes from one Rust to the next, so one Rust makes it, whichever runs the check: its
//! readers are pinned to the same. Stable Rust gives it out when it is told so by `RUSTC_BOOTSTRAP`.

use crate::cargo::{PROGRAM, ROOT, cargo, cargo_of, metadata_of, passes};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The Rust that makes the JSON. To raise it: raise public-api in Cargo.toml to the version that reads its
/// [`FORMAT`], cargo-semver-checks in `semver.rs` likewise, and run `cargo xtask api --accept`.
const RUST: &str = "1.95.0";
const FORMAT: u64 = 57;

/// For what users see.
pub(crate) const PUBLIC: &str = "";
/// For cargo-semver-checks: a private trait tells whether a public one is sealed.
pub(crate) const WITH_PRIVATE: &str = " --document-private-items --document-hidden-items";

/// The crates of the workspace that are libraries, and so have a public API.
pub(crate) fn libraries(workspace: &Path) -> Result<Vec<String>, String> {
    let metadata = metadata_of(workspace)?;
    let crates = metadata.workspace_root.join("crates");
    let packages = metadata.workspace_packages().into_iter();
    let mut names: Vec<String> = packages
        // Elsewhere are helpers of this workspace, with no users.
        .filter(|package| package.manifest_path.starts_with(&crates))
        .filter(|package| package.name.as_str() != PROGRAM)
        .filter(|package| package.targets.iter().any(cargo_metadata::Target::is_lib))
        .map(|package| package.name.to_string())
        .collect();
    names.sort();
    Ok(names)
}

/// Puts the JSON of each of [`libraries`], all features on, into a folder: `crm_model.json`.
pub(crate) fn json(workspace: &Path, flags: &str, into: &Path) -> Result<(), String> {
    // A target folder of its own: `RUSTC_BOOTSTRAP` makes some build scripts run again, and half the crates with them.
    let target = Path::new(ROOT).join("target/rustdoc-json");
    // What is older than this run must not pass for its result.
    for folder in [&target.join("doc"), into] {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
    }
    fs::create_dir_all(into).map_err(|error| format!("{}: {error}", into.display()))?;
    let libraries = libraries(workspace)?;
    let mut command = rust()?;
    command.current_dir(workspace).args([
        "doc",
        "--quiet",
        "--lib",
        "--all-features",
        "--no-deps",
        "--locked",
    ]);
    command.args(libraries.iter().flat_map(|name| ["--package", name])).arg("--target-dir").arg(&target);
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTDOCFLAGS", format!("-Z unstable-options --output-format json --cap-lints allow{flags}"));
    passes(&mut command)?;
    for name in libraries {
        let file = file(&name);
        let made = target.join("doc").join(&file);
        let text = fs::read_to_string(&made).map_err(|error| format!("{}: {error}", made.display()))?;
        check_format(&text)?;
        let wanted = into.join(file);
        fs::write(&wanted, text).map_err(|error| format!("{}: {error}", wanted.display()))?;
    }
    Ok(())
}

/// The name of a crate's JSON.
pub(crate) fn file(library: &str) -> String {
    format!("{}.json", library.replace('-', "_"))
}

/// The cargo of [`RUST`].
fn rust() -> Result<Command, String> {
    let version = Command::new("rustc").arg("--version").output();
    let here = version.is_ok_and(|output| output.stdout.starts_with(format!("rustc {RUST} ").as_bytes()));
    if here {
        return Ok(cargo());
    }
    cargo_of(RUST).map_err(|why| {
        format!(
            "{why}. The public API is read from rustdoc's JSON of this one Rust, because the format changes from one \
             to the next. Without it nothing is compared."
        )
    })
}

fn check_format(json: &str) -> Result<(), String> {
    let json: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    match json["format_version"].as_u64() {
        Some(FORMAT) => Ok(()),
        found => Err(format!(
            "Rust {RUST} wrote rustdoc JSON of format {found:?}, and format {FORMAT} is what is read here: the head of \
             xtask/src/rustdoc.rs tells how to raise both."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_cannot_be_read_is_told_and_not_guessed() {
        assert_eq!(check_format(r#"{"format_version":57}"#), Ok(()));
        let message = check_format(r#"{"format_version":58}"#).unwrap_err();
        assert!(message.contains("format Some(58), and format 57"), "{message}");
    }

    #[test]
    fn every_crate_but_the_chores_is_a_library() {
        let names = libraries(Path::new(ROOT)).unwrap();
        assert!(names.contains(&"crm-model".to_owned()), "{names:?}");
        assert!(!names.contains(&"xtask".to_owned()), "{names:?}");
    }
}
