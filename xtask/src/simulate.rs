//! `cargo xtask simulate`: whole jobs against a faulty server in virtual time, each from one seed.

use crate::cargo::cargo;
use crate::{Task, mutations};

pub(crate) const TASK: Task = Task {
    name: "simulate",
    about: "imports, or --exports, --mirror or --outbox, against a faulty server in virtual time: --seed N replays one, --seconds N runs as many as fit; \
            --release first for a long run; --mutations breaks each rule of the engine once",
    run,
};

fn run(arguments: &[String]) -> Result<(), String> {
    let (build, passed) = split(arguments);
    if let [only] = passed
        && only == "--mutations"
    {
        return mutations::run(build);
    }
    let status = cargo()
        .args(["run", "--quiet", "--package", "simulation"])
        .args(build)
        .arg("--")
        .args(passed)
        .status();
    let status = status.map_err(|error| format!("cargo could not be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("The simulation failed; what it found stands above.".to_owned())
    }
}

/// Separates what is for cargo from what is for the program.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    let builds = usize::from(arguments.first().is_some_and(|argument| argument == "--release"));
    arguments.split_at(builds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_release_is_for_cargo() {
        let arguments = ["--release", "--seed", "7"].map(str::to_owned);
        assert_eq!(split(&arguments), (&arguments[..1], &arguments[1..]));
        assert_eq!(split(&arguments[1..]), (&[][..], &arguments[1..]));
    }
}
