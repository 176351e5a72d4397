//! `cargo xtask simulate --mutations`: breaks each rule of the engine once, and the simulation must find it.

use std::fs;

use crate::cargo::{ROOT, cargo};

/// A rule of the engine that can be broken.
#[derive(Debug, PartialEq, Eq)]
struct Mutation<'a> {
    name: &'a str,
    /// Whether the list says that the simulation finds it.
    is_found: bool,
}

/// Runs the simulation without a mutation, which must find nothing, and with each of them. `build` is for cargo.
pub(crate) fn run(build: &[String]) -> Result<(), String> {
    let list = read_list()?;
    if finds(None, build)? {
        return Err(
            "The simulation fails without a mutation. Fix that first: cargo xtask simulate".to_owned()
        );
    }
    let mut lost = Vec::new();
    for mutation in parse(&list)? {
        let is_found = finds(Some(mutation.name), build)?;
        let result = match (is_found, mutation.is_found) {
            (true, true) => "found",
            (true, false) => "found, and listed as missing",
            (false, true) => "NOT FOUND",
            (false, false) => "not found, as listed",
        };
        println!("{:<44} {result}", mutation.name);
        if mutation.is_found && !is_found {
            lost.push(mutation.name);
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    Err(format!("The simulation does not find these broken rules: {}", lost.join(", ")))
}

/// Returns whether a seed fails while this rule is broken.
fn finds(mutation: Option<&str>, build: &[String]) -> Result<bool, String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "simulation", "--features", "mutations"]).args(build);
    command.args(["--", "--seeds", SEEDS, "--failures", "1"]).env_remove("CRM_MUTATION");
    if let Some(name) = mutation {
        command.env("CRM_MUTATION", name);
    }
    let output = command.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Ok(false),
        Some(1) if printed.contains("seeds with a violation") => Ok(true),
        _ => Err(format!("The simulation did not run: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

fn read_list() -> Result<String, String> {
    let path = format!("{ROOT}/simulation/mutations.txt");
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
}

fn parse(list: &str) -> Result<Vec<Mutation<'_>>, String> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mutation = |line: &str| format!("simulation/mutations.txt: no name in {line:?}");
    lines
        .map(|line| {
            let (missing, rest) = line.strip_prefix("missing ").map_or((false, line), |rest| (true, rest));
            let (name, _) = rest.split_once(": ").ok_or_else(|| mutation(line))?;
            Ok(Mutation { name, is_found: !missing })
        })
        .collect()
}

const SEEDS: &str = "2000";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_names_every_rule_that_the_engine_can_break_and_no_other() {
        let list = read_list().unwrap();
        let listed: BTreeSet<String> =
            parse(&list).unwrap().iter().map(|mutation| mutation.name.to_owned()).collect();
        let mut breakable = BTreeSet::new();
        for file in fs::read_dir(format!("{ROOT}/crates/crm-history/src/engine")).unwrap() {
            let source = fs::read_to_string(file.unwrap().path()).unwrap();
            let calls = source.split("breaks(\"").skip(1);
            breakable.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        assert_eq!(listed, breakable);
    }

    #[test]
    fn a_line_is_a_name_and_a_rule_and_may_say_that_it_is_not_found() {
        let list = "# a comment\n\na-b: a rule\nmissing c: a rule: the reason\n";
        let found = |name, is_found| Mutation { name, is_found };
        assert_eq!(parse(list).unwrap(), [found("a-b", true), found("c", false)]);
        assert!(parse("no rule\n").is_err());
    }
}
