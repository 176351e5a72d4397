//! `cargo xtask consumers`: programs that stand outside the workspace, as those of users do, build and run.

use crate::Task;
use crate::cargo::{ROOT, cargo, passes};
use crate::dependency_weights::crates_of;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

pub(crate) const TASK: Task = Task {
    name: "consumers",
    about: "builds and runs the programs of tests/consumer-*, as their users would",
    run,
};

struct Consumer {
    /// Its folder below `tests`.
    name: &'static str,
    /// Must not be compiled for it.
    without: &'static [&'static str],
}

const CONSUMERS: &[Consumer] = &[
    Consumer {
        name: "consumer-model",
        without: &["reqwest", "hyper", "rustls", "tokio", "http", "serde", "proc-macro2"],
    },
    // No procedural macro: they would be a quarter of its clean build. serde_core has all of serde but the macros.
    Consumer { name: "consumer-history", without: &["reqwest", "hyper", "rustls", "serde", "proc-macro2"] },
    Consumer { name: "consumer-crm", without: &[] },
];

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    for consumer in CONSUMERS {
        let folder = Path::new(ROOT).join("tests").join(consumer.name);
        // The versions of the workspace: they are downloaded already, and the same today and tomorrow. Cargo takes
        // out of the copy what is not needed.
        fs::copy(Path::new(ROOT).join("Cargo.lock"), folder.join("Cargo.lock"))
            .map_err(|error| format!("tests/{}: {error}", consumer.name))?;
        // No step of the workspace's sees them.
        passes(cargo().current_dir(&folder).args(["fmt", "--check"]))?;
        let crates = crates_of(&tree(&folder)?);
        if let Some(fault) = unwanted(consumer, &crates) {
            return Err(fault);
        }
        println!("{}, of {} crates:", consumer.name, crates.len());
        passes(
            cargo()
                .current_dir(&folder)
                .args(["run", "--quiet"])
                // The workspace's own folder, and the profile of `.cargo/config.toml`: most crates from outside are
                // compiled there already, the C code of the cryptography among them.
                .arg("--target-dir")
                .arg(Path::new(ROOT).join("target")),
        )
        .map_err(|message| {
            format!("tests/{} does not do what its author expects. {message}", consumer.name)
        })?;
    }
    Ok(())
}

fn tree(folder: &Path) -> Result<String, String> {
    let mut command = cargo();
    command.current_dir(folder).args(["--color=never", "tree", "-e", "normal", "--prefix", "none"]);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo tree` failed in {}", folder.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// `crates` as `serde v1.0.0`.
fn unwanted(consumer: &Consumer, crates: &BTreeSet<String>) -> Option<String> {
    let found = crates
        .iter()
        .find(|line| line.split_once(' ').is_some_and(|(name, _)| consumer.without.contains(&name)))?;
    Some(format!(
        "{} has to build without {found}. See where it comes from: cargo tree -i {} in tests/{0}",
        consumer.name,
        found.split(' ').next().unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_client_where_none_should_be_is_named() {
        let consumer = Consumer { name: "consumer-history", without: &["reqwest"] };
        let crates = ["http v1.5.0", "reqwest v0.13.5"].map(str::to_owned).into();
        let fault = unwanted(&consumer, &crates).unwrap();
        assert!(fault.contains("consumer-history has to build without reqwest v0.13.5"), "{fault}");
        assert!(fault.contains("cargo tree -i reqwest"), "{fault}");
        assert_eq!(unwanted(&consumer, &["http v1.5.0".to_owned()].into()), None);
    }

    #[test]
    fn every_consumer_is_run() {
        let folders = fs::read_dir(Path::new(ROOT).join("tests")).unwrap();
        let mut folders: Vec<String> = folders
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.starts_with("consumer-"))
            .collect();
        folders.sort();
        let mut run: Vec<&str> = CONSUMERS.iter().map(|consumer| consumer.name).collect();
        run.sort_unstable();
        assert_eq!(folders, run);
    }
}
