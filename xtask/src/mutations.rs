//! `cargo xtask simulate --mutations`: breaks each rule of the engine, the outbox and the mirror once, and the simulation must find it.

use std::fs;

use crate::cargo::{ROOT, cargo};

/// A rule of the engine that can be broken.
#[derive(Debug, PartialEq, Eq)]
struct Mutation<'a> {
    name: &'a str,
    /// Whether the list says that the simulation finds it.
    is_found: bool,
}

/// A list of rules, and where the code is that can break them.
struct List {
    /// Below `simulation`.
    file: &'static str,
    /// How the simulation is asked to run what they are about.
    option: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares the lists with the code"))]
    folders: &'static [&'static str],
}

const LISTS: &[List] = &[
    List { file: "mutations.txt", option: "", folders: &["crates/crm-history/src/engine"] },
    List {
        file: "outbox_mutations.txt",
        option: "--outbox",
        folders: &["crates/crm-outbox/src/delivery", "crates/crm-outbox/src/store"],
    },
    List {
        file: "mirror_mutations.txt",
        option: "--mirror",
        folders: &["crates/crm-mirror/src", "crates/crm-mirror/src/run", "crates/crm-mirror/src/store"],
    },
];

/// Runs the simulation without a mutation, which must find nothing, and with each of them. `build` is for cargo.
pub(crate) fn run(build: &[String]) -> Result<(), String> {
    let mut lost = Vec::new();
    for list in LISTS {
        lost.extend(run_list(list, build)?);
    }
    if lost.is_empty() {
        return Ok(());
    }
    Err(format!("The simulation does not find these broken rules: {}", lost.join(", ")))
}

/// Returns the rules that the simulation should find broken, and does not.
fn run_list(list: &List, build: &[String]) -> Result<Vec<String>, String> {
    if finds(None, list, build)? {
        return Err(format!(
            "The simulation fails without a mutation. Fix that first: cargo xtask simulate {}",
            list.option
        ));
    }
    let mut lost = Vec::new();
    for mutation in parse(&read_list(list)?)? {
        let is_found = finds(Some(mutation.name), list, build)?;
        let result = match (is_found, mutation.is_found) {
            (true, true) => "found",
            (true, false) => "found, and listed as missing",
            (false, true) => "NOT FOUND",
            (false, false) => "not found, as listed",
        };
        println!("{:<44} {result}", mutation.name);
        if mutation.is_found && !is_found {
            lost.push(mutation.name.to_owned());
        }
    }
    Ok(lost)
}

/// Returns whether a seed fails while this rule is broken.
fn finds(mutation: Option<&str>, list: &List, build: &[String]) -> Result<bool, String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "simulation", "--features", "mutations"]).args(build);
    command.args(["--", "--seeds", SEEDS, "--failures", "1"]).env_remove("CRM_MUTATION");
    command.args((!list.option.is_empty()).then_some(list.option));
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

fn read_list(list: &List) -> Result<String, String> {
    let path = format!("{ROOT}/simulation/{}", list.file);
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
    fn the_lists_name_every_rule_that_can_be_broken_and_no_other() {
        for list in LISTS {
            let text = read_list(list).unwrap();
            let listed: BTreeSet<String> =
                parse(&text).unwrap().iter().map(|mutation| mutation.name.to_owned()).collect();
            let mut breakable = BTreeSet::new();
            for folder in list.folders {
                for file in fs::read_dir(format!("{ROOT}/{folder}")).unwrap() {
                    let path = file.unwrap().path();
                    if path.is_file() {
                        let source = fs::read_to_string(path).unwrap();
                        let calls = source.split("breaks(\"").skip(1);
                        breakable.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                    }
                }
            }
            assert_eq!(listed, breakable, "{}", list.file);
        }
    }

    #[test]
    fn a_line_is_a_name_and_a_rule_and_may_say_that_it_is_not_found() {
        let list = "# a comment\n\na-b: a rule\nmissing c: a rule: the reason\n";
        let found = |name, is_found| Mutation { name, is_found };
        assert_eq!(parse(list).unwrap(), [found("a-b", true), found("c", false)]);
        assert!(parse("no rule\n").is_err());
    }
}
