//! `cargo xtask install`: the commands of the guide's page on installing, as far as this machine can run them.

use std::path::Path;
use std::process::Command;

use crate::Task;
use crate::cargo::{PROGRAM, ROOT, cargo, passes};

pub(crate) const TASK: Task = Task {
    name: "install",
    about: "builds the static program and the one for Windows, and runs what runs here",
    run,
};

const STATIC: &str = "x86_64-unknown-linux-musl";
const WINDOWS: &str = "x86_64-pc-windows-gnu";

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let mut unchecked = Vec::new();
    units(&mut unchecked)?;
    for (target, compiler) in [(STATIC, "musl-gcc"), (WINDOWS, "x86_64-w64-mingw32-gcc")] {
        if !has_target(target) || !is_there(compiler) {
            unchecked.push(format!("{target} (rustup target add {target}, and {compiler})"));
            continue;
        }
        // Not the release profile: whether it can be built is what counts.
        passes(cargo().args(["build", "-p", PROGRAM, "--target", target]))?;
    }
    if has_target(STATIC) && is_there("musl-gcc") {
        let program = Path::new(ROOT).join("target").join(STATIC).join("debug/crm");
        passes(Command::new(&program).arg("--version"))?;
        let bytes = std::fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))?;
        if names_a_loader(&bytes) {
            return Err(format!("{} needs libraries.", program.display()));
        }
    }
    if unchecked.is_empty() {
        Ok(())
    } else {
        Err(format!("{}{}.", crate::NOT_CHECKED, unchecked.join("; ")))
    }
}

/// Returns whether a program (ELF, 64 bits, little endian) names what loads its libraries: a header of the type 3.
fn names_a_loader(program: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        let bytes = program.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (first, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).any(|at| number(first + at * size, 4) == 3)
}

/// Checks the units of systemd. That the program is not at its place yet is no fault of theirs.
fn units(unchecked: &mut Vec<String>) -> Result<(), String> {
    let units = ["crm-import.service", "crm-import.timer", "crm-outbox.service"]
        .map(|unit| format!("packaging/systemd/{unit}"));
    let mut command = Command::new("systemd-analyze");
    let Ok(output) = command.arg("verify").args(["--man=no"]).args(units).current_dir(ROOT).output() else {
        unchecked.push("the units of systemd (systemd-analyze)".to_owned());
        return Ok(());
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let faults: Vec<&str> = said.lines().filter(|line| !line.contains("/crm is not executable")).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn has_target(target: &str) -> bool {
    let output = Command::new("rustup").args(["target", "list", "--installed"]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).lines().any(|line| line == target))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::yaml_node::{Node, Value};

    #[test]
    #[cfg(all(target_os = "linux", target_pointer_width = "64", target_endian = "little"))]
    fn this_program_names_a_loader_and_an_empty_one_does_not() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(names_a_loader(&program));
        assert!(!names_a_loader(&[]));
    }

    /// Kubernetes refuses a `podFailurePolicy` without `restartPolicy: Never`, and one whose container does not exist.
    #[test]
    fn the_cron_job_never_retries_what_needs_a_person() {
        let path = Path::new(ROOT).join("packaging/kubernetes/cronjob.yaml");
        let document = Value::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
        let job = Node::root("cronjob.yaml", &document);
        assert_eq!(job.text_of("apiVersion").unwrap(), "batch/v1");
        assert_eq!(job.text_of("kind").unwrap(), "CronJob");
        let spec = job.get("spec").unwrap();
        assert_eq!(spec.text_of("concurrencyPolicy").unwrap(), "Forbid");
        let job = spec.get("jobTemplate").unwrap().get("spec").unwrap();
        let pod = job.get("template").unwrap().get("spec").unwrap();
        assert_eq!(pod.text_of("restartPolicy").unwrap(), "Never");
        let rule = &job.get("podFailurePolicy").unwrap().items("rules").unwrap()[0];
        assert_eq!(rule.text_of("action").unwrap(), "FailJob");
        let exits = rule.get("onExitCodes").unwrap();
        assert_eq!(exits.text_of("operator").unwrap(), "In");
        let container = &pod.items("containers").unwrap()[0];
        assert_eq!(exits.text_of("containerName"), container.text_of("name"));
        let codes = exits.items("values").unwrap();
        let codes: Vec<&Value> = codes.iter().map(Node::value).collect();
        let is_listed = |code: i64| codes.contains(&&Value::Integer(code));
        assert!([1, 64, 65, 77].into_iter().all(is_listed), "{codes:?}");
        assert!(!is_listed(75) && !is_listed(0), "75 means: run it again");
    }
}
