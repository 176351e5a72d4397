//! `cargo xtask check`: what every change has to pass, in the order in which failures are cheapest to see.

use crate::Task;
use crate::cargo::cargo;
use std::time::Instant;

pub(crate) const TASK: Task = Task {
    name: "check",
    about: "everything a change has to pass; stops at the first failure; --full adds what needs more than Rust",
    run,
};

fn run(arguments: &[String]) -> Result<(), String> {
    let more = match arguments {
        [] => &[],
        [flag] if flag == "--full" => FULL,
        _ => return Err("usage: cargo xtask check [--full]".to_owned()),
    };
    // Many tests wait, for another process or for a time limit.
    let threads = std::thread::available_parallelism().map_or(8, |cores| cores.get().max(8)).to_string();
    let started = Instant::now();
    let mut unchecked = Vec::new();
    run_steps(STEPS.iter().chain(more), |step| {
        println!("== {}", step.name);
        let started = Instant::now();
        let mut command = cargo();
        command.env("RUST_TEST_THREADS", &threads).envs(step.environment.iter().copied());
        let status = command.args(step.arguments).status();
        println!("-- {}: {} s", step.name, started.elapsed().as_secs());
        let status = status.map_err(|error| format!("cargo could not be started: {error}"))?;
        let skipped = status.code() == Some(crate::UNCHECKED.into());
        unchecked.extend(skipped.then_some(step.name));
        Ok(skipped || status.success())
    })?;
    println!("== all checks passed in {} s", started.elapsed().as_secs());
    if !unchecked.is_empty() {
        println!("== NOT CHECKED, for reasons that stand above: {}", unchecked.join(", "));
    }
    Ok(())
}

/// One cargo command.
struct Step {
    name: &'static str,
    environment: &'static [(&'static str, &'static str)],
    arguments: &'static [&'static str],
}

const STEPS: &[Step] = &[
    Step { name: "format", environment: &[], arguments: &["fmt", "--all", "--check"] },
    Step { name: "generated files", environment: &[], arguments: &["xtask", "codegen", "--check"] },
    Step { name: "layering", environment: &[], arguments: &["xtask", "layering"] },
    Step { name: "weights", environment: &[], arguments: &["xtask", "weights"] },
    Step { name: "foreign types in the API", environment: &[], arguments: &["xtask", "foreign"] },
    Step {
        name: "clippy",
        environment: &[],
        arguments: &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
    },
    Step {
        name: "without an HTTP client",
        environment: &[],
        arguments: &[
            "clippy",
            "-p",
            "crm-transport",
            "-p",
            "crm-projects",
            "-p",
            "crm-history",
            "-p",
            "crm-directory",
            "--no-default-features",
            "--",
            "-D",
            "warnings",
        ],
    },
    Step {
        // Not all features: with the system's TLS each of some hundred clients reads the system's certificates.
        name: "tests",
        environment: &[],
        arguments: &[
            "test",
            "--workspace",
            "--features",
            "crm/directory,crm/gzip,crm/metrics,crm/sandbox,crm/testing",
        ],
    },
    Step { name: "counts", environment: &[], arguments: &["xtask", "bench", "--gate"] },
    Step {
        name: "docs",
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        arguments: &["doc", "--workspace", "--all-features", "--no-deps"],
    },
    Step { name: "programs of users", environment: &[], arguments: &["xtask", "consumers"] },
];

/// What `--full` adds: it takes long, needs a network, or tools beside those of Rust.
const FULL: &[Step] = &[
    Step { name: "combinations of features", environment: &[], arguments: &["xtask", "features"] },
    Step {
        name: "tests with the system's TLS",
        environment: &[],
        arguments: &["test", "-p", "crm", "-p", "crm-transport", "--all-features", "--test", "features"],
    },
    Step {
        // The little that is different without one is in `tests/consumer-history`.
        name: "tests without an HTTP client",
        environment: &[],
        arguments: &[
            "test",
            "-p",
            "crm-transport",
            "-p",
            "crm-projects",
            "-p",
            "crm-history",
            "--no-default-features",
            "--lib",
            "--test",
            "it",
        ],
    },
    Step { name: "docs/openapi, by a public validator", environment: &[], arguments: &["xtask", "openapi"] },
    Step { name: "what comes from outside", environment: &[], arguments: &["xtask", "deny"] },
    Step { name: "the guide as a book", environment: &[], arguments: &["xtask", "book"] },
    Step {
        // A workspace of its own, for its dependencies take long to build.
        name: "the guide's Parquet and SQLite",
        environment: &[],
        arguments: &[
            "test",
            "--manifest-path",
            "docs/guide/stores/Cargo.toml",
            "--target-dir",
            "target/stores",
        ],
    },
    Step {
        // 20 seeded runs over each store. In each, processes are killed for 20 seconds, and then the rest is delivered.
        name: "an outbox whose processes are killed",
        environment: &[
            ("CRM_OUTBOX_TEST_COUNT", "10000"),
            ("CRM_OUTBOX_TEST_KILLS", "20"),
            ("CRM_OUTBOX_TEST_RUNS", "20"),
        ],
        arguments: &["test", "--release", "-p", "crm-outbox", "--test", "it", "killed"],
    },
    Step { name: "Singer targets and Parquet", environment: &[], arguments: &["xtask", "pipelines"] },
    Step { name: "the public API", environment: &[], arguments: &["xtask", "api"] },
    Step { name: "semantic versions", environment: &[], arguments: &["xtask", "semver"] },
    Step { name: "the pages of crm report", environment: &[], arguments: &["xtask", "report"] },
    Step { name: "installing", environment: &[], arguments: &["xtask", "install"] },
    Step { name: "packages", environment: &[], arguments: &["xtask", "package"] },
    Step { name: "the oldest Rust", environment: &[], arguments: &["xtask", "msrv"] },
];

/// `passes` runs a step and says whether it passed.
fn run_steps<'a>(
    steps: impl IntoIterator<Item = &'a Step>,
    mut passes: impl FnMut(&Step) -> Result<bool, String>,
) -> Result<(), String> {
    for step in steps {
        if !passes(step)? {
            return Err(format!("check failed: {}. Repeat it with: {}", step.name, command_line(step)));
        }
    }
    Ok(())
}

fn command_line(step: &Step) -> String {
    let mut line = String::new();
    for (name, value) in step.environment {
        line += &format!("{name}=\"{value}\" ");
    }
    line + "cargo " + &step.arguments.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_runs_while_all_pass() {
        let mut ran = Vec::new();
        run_steps(STEPS, |step| {
            ran.push(step.name);
            Ok(true)
        })
        .unwrap();
        assert_eq!(ran, STEPS.iter().map(|step| step.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_failure_stops_the_check_and_says_how_to_repeat_it() {
        let mut ran = Vec::new();
        let message = run_steps(STEPS, |step| {
            ran.push(step.name);
            Ok(step.name != "layering")
        })
        .unwrap_err();
        assert_eq!(ran, ["format", "generated files", "layering"]);
        assert_eq!(message, "check failed: layering. Repeat it with: cargo xtask layering");
    }

    #[test]
    fn an_option_that_is_not_known_is_refused_before_anything_runs() {
        let message = run(&["--ful".to_owned()]).unwrap_err();
        assert_eq!(message, "usage: cargo xtask check [--full]");
    }

    #[test]
    fn the_command_to_repeat_carries_its_environment() {
        let docs = STEPS.iter().find(|step| step.name == "docs").unwrap();
        assert_eq!(
            command_line(docs),
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --all-features --no-deps"
        );
    }
}
