//! `cargo xtask openapi`: the descriptions in `docs/openapi` are valid OpenAPI, says a validator that is not ours.
//!
//! It comes from Python's registry into a virtual environment below `target`, so that nothing else is touched.

use crate::Task;
use crate::cargo::{ROOT, passes};
use crate::codegen::{OUTBOX, SOURCES};
use std::path::Path;
use std::process::Command;

pub(crate) const TASK: Task =
    Task { name: "openapi", about: "asks a public validator about docs/openapi; needs Python 3", run };

/// Pinned, so that the answer does not change by itself.
const VALIDATOR: &str = "openapi-spec-validator==0.9.0";

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let environment = Path::new(ROOT).join("target").join(VALIDATOR.replace("==", "-"));
    let validator = environment.join("bin/openapi-spec-validator");
    if !validator.exists() {
        passes(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let pip = environment.join("bin/pip");
        passes(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", VALIDATOR]))?;
    }
    passes(Command::new(validator).args(SOURCES).arg(OUTBOX).current_dir(ROOT))
}
