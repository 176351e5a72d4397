//! `cargo xtask book`: the guide as a book, into `target/book`.

use std::path::Path;
use std::process::Command;

use crate::Task;
use crate::cargo::{ROOT, cargo};

pub(crate) const TASK: Task = Task {
    name: "book",
    about: "builds docs/guide into target/book, with mdBook, which it fetches once",
    run,
};

/// Other versions may lay the book out otherwise.
const VERSION: &str = "^0.5";

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let tools = Path::new(ROOT).join("target/tools");
    let mdbook = tools.join("bin").join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    if !mdbook.exists() {
        println!("cargo install mdbook --version {VERSION}");
        // Without its features: they serve and watch a book, and search it.
        let status = cargo()
            .args([
                "install",
                "mdbook",
                "--version",
                VERSION,
                "--locked",
                "--no-default-features",
                "--quiet",
                "--root",
            ])
            .arg(&tools)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return Err("mdBook is missing, and could not be installed.".to_owned());
        }
    }
    let status = Command::new(mdbook).arg("build").arg(Path::new(ROOT).join("docs/guide")).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("mdBook could not build docs/guide.".to_owned()),
        Err(error) => Err(format!("mdBook could not be started: {error}")),
    }
}
