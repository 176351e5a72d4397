//! `cargo xtask weights`: how many crates a user of ours has to build stays within limits.

use crate::Task;
use crate::cargo::cargo;
use std::collections::BTreeSet;
use std::process::Stdio;

pub(crate) const TASK: Task =
    Task { name: "weights", about: "how many crates each of ours brings along, against its limit", run };

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let mut too_heavy = Vec::new();
    for limit in LIMITS {
        let count = crates_of(&tree(limit)?).len();
        println!("{}: {count} crates, at most {}", limit.arguments.join(" "), limit.most);
        too_heavy.extend(excess(limit, count));
    }
    if too_heavy.is_empty() { Ok(()) } else { Err(too_heavy.join("\n")) }
}

struct Limit {
    /// The crate and its features, as arguments of `cargo tree -p`.
    arguments: &'static [&'static str],
    /// Itself included.
    most: usize,
}

const LIMITS: &[Limit] = &[
    Limit { arguments: &["crm-model"], most: 20 },
    Limit { arguments: &["crm-history", "--no-default-features"], most: 60 },
    Limit { arguments: &["crm"], most: 135 },
];

fn tree(limit: &Limit) -> Result<String, String> {
    let output = cargo()
        .args(["--color=never", "tree", "-e", "normal", "--prefix", "none", "-p"])
        .args(limit.arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("This failed: {}", tree_command(limit)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The crates in the output of `cargo tree --prefix none`, each once: `serde v1.0.0`.
pub(crate) fn crates_of(tree: &str) -> BTreeSet<String> {
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    crates.collect()
}

fn excess(limit: &Limit, count: usize) -> Option<String> {
    let over = count.checked_sub(limit.most).filter(|&over| over > 0)?;
    Some(format!(
        "{} is {over} over its limit of {} crates. See them with: {}",
        limit.arguments.join(" "),
        limit.most,
        tree_command(limit)
    ))
}

fn tree_command(limit: &Limit) -> String {
    format!("cargo tree -e normal -p {}", limit.arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once_and_each_version_of_it_for_itself() {
        let tree = "crm-model v0.1.0 (/somewhere/crm-model)\n\
                    serde v1.0.0\n\
                    serde_derive v1.0.0 (proc-macro)\n\
                    syn v2.0.0\n\
                    \n\
                    serde v1.0.0 (*)\n\
                    syn v1.0.0\n";
        assert_eq!(
            crates_of(tree).into_iter().collect::<Vec<_>>(),
            ["crm-model v0.1.0", "serde v1.0.0", "serde_derive v1.0.0", "syn v1.0.0", "syn v2.0.0"]
        );
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        let limit = Limit { arguments: &["crm"], most: 3 };
        assert_eq!(excess(&limit, 2), None);
        assert_eq!(excess(&limit, 3), None);
    }

    #[test]
    fn one_crate_too_many_says_by_how_much_and_how_to_see_them() {
        let limit = Limit { arguments: &["crm-history", "--no-default-features"], most: 3 };
        assert_eq!(
            excess(&limit, 5).unwrap(),
            "crm-history --no-default-features is 2 over its limit of 3 crates. \
             See them with: cargo tree -e normal -p crm-history --no-default-features"
        );
    }
}
