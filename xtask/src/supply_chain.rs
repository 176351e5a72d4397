//! `cargo xtask deny`: licences, versions, sources and advisories of every crate from outside, by `deny.toml`.

use crate::Task;
use crate::tools::Tool;

pub(crate) const TASK: Task = Task {
    name: "deny",
    about: "licences, doubled versions, sources and advisories of what comes from outside",
    run,
};

const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let passes = |arguments: &[&str]| {
        let status = CARGO_DENY.command()?.args(arguments).status();
        Ok::<_, String>(
            status.map_err(|error| format!("cargo-deny could not be started: {error}"))?.success(),
        )
    };
    if !passes(&["--all-features", "check", "licenses", "bans", "sources"])? {
        return Err("deny.toml does not allow this; what it allows, and why, is reviewed there.".to_owned());
    }
    // Without a network the other three are worth having all the same.
    if !passes(&["fetch", "db"])? {
        return Err(format!("{}the database of advisories cannot be reached.", crate::NOT_CHECKED));
    }
    if !passes(&["--all-features", "check", "advisories"])? {
        return Err(
            "A crate in use has an advisory: take a newer version, or say in deny.toml why not.".to_owned()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::cargo::{ROOT, metadata};

    /// The crates from outside that the manifests of the workspace name.
    fn used() -> BTreeSet<String> {
        let metadata = metadata().unwrap();
        let all = metadata.packages.iter().flat_map(|package| &package.dependencies);
        all.filter(|dependency| dependency.path.is_none()).map(|dependency| dependency.name.clone()).collect()
    }

    /// The first word of each line of a table whose lines have four filled columns.
    fn listed(table: &str) -> BTreeSet<String> {
        let lines = table.lines().filter(|line| line.starts_with('|')).skip(2);
        lines
            .map(|line| {
                let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                assert!(columns.len() >= 4 && columns.iter().all(|column| !column.is_empty()), "{line}");
                columns[0].split_whitespace().next().unwrap().to_owned()
            })
            .collect()
    }

    #[test]
    fn each_dependency_has_its_line_with_a_reason() {
        let table = std::fs::read_to_string(format!("{ROOT}/docs/decisions/dependencies.md")).unwrap();
        let (used, listed) = (used(), listed(&table));
        let missing: Vec<&String> = used.difference(&listed).collect();
        let left_over: Vec<&String> = listed.difference(&used).collect();
        let table = "docs/decisions/dependencies.md";
        assert!(missing.is_empty(), "say in {table} why {missing:?} are needed");
        assert!(left_over.is_empty(), "nothing uses {left_over:?} any more: take them out of {table}");
    }

    #[test]
    #[should_panic(expected = "| b | tests |")]
    fn a_line_without_a_reason_counts_as_none() {
        listed(
            "| crate | used by | why | checked |\n|---|---|---|---|\n| a | x | y | z |\n| b | tests |  | 1 |",
        );
    }
}
