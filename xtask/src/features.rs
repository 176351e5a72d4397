//! `cargo xtask features`: the combinations of features that matter compile without a warning.

use crate::Task;
use crate::cargo::cargo;

pub(crate) const TASK: Task = Task {
    name: "features",
    about: "compiles each crate with the combinations of features that matter",
    run,
};

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    for (name, combinations) in CRATES {
        for features in *combinations {
            let arguments = command(name, features);
            println!("== cargo {}", arguments.join(" "));
            let status = cargo().args(&arguments).status();
            let status = status.map_err(|error| format!("cargo could not be started: {error}"))?;
            if !status.success() {
                return Err(format!("This failed: cargo {}", arguments.join(" ")));
            }
        }
    }
    Ok(())
}

/// A crate, and combinations of its features: none, each by itself, those that meet in the code, all.
type Combinations = (&'static str, &'static [&'static str]);

/// What only forwards its features is tried with none and with all: there is nothing in it that could differ.
const CRATES: &[Combinations] = &[
    (
        "crm-transport",
        &[
            "",
            "reqwest",
            "rustls",
            "tls",
            "native-tls",
            "gzip",
            "tower",
            "tracing",
            "metrics",
            "blocking",
            "rustls,native-tls",
            "reqwest,tower",
            "tracing,metrics",
            "blocking,tower,tracing",
            "reqwest,rustls,tls,native-tls,gzip,tower,tracing,metrics,blocking",
        ],
    ),
    (
        "crm-history",
        &[
            "",
            "blocking",
            "chrono-tz",
            "simulation-mutations",
            "reqwest,rustls,native-tls,gzip,tower,tracing,metrics,blocking,chrono-tz",
        ],
    ),
    ("crm-directory", &["", "blocking", "reqwest,rustls,native-tls,gzip,tower,tracing,metrics,blocking"]),
    ("crm-projects", &["", "blocking", "reqwest,rustls,native-tls,gzip,tower,tracing,metrics,blocking"]),
    (
        "crm",
        &[
            "",
            "reqwest",
            "tower",
            "directory",
            "sandbox",
            "testing",
            "mirror",
            "mirror-postgres",
            "outbox",
            "outbox-postgres",
            "reqwest,rustls,native-tls,gzip,tower,tracing,metrics,blocking,chrono-tz,directory,mirror,mirror-postgres,outbox,outbox-postgres,testing,sandbox",
        ],
    ),
    ("crm-mirror", &["", "sqlite", "postgres", "simulation-mutations", "sqlite,postgres-tls"]),
    (
        "crm-outbox",
        &["", "sqlite", "postgres", "simulation-mutations", "sqlite,postgres-tls,tracing,metrics"],
    ),
    ("crm-cli", &["", "mirror", "outbox"]),
    ("crm-testing", &[""]),
    ("crm-sandbox", &["", "cli"]),
    ("crm-bench", &["", "clients", "mirror", "outbox"]),
    ("simulation", &["", "mutations"]),
];

fn command(name: &str, features: &str) -> Vec<String> {
    let mut command = vec!["clippy".to_owned(), "-p".to_owned(), name.to_owned()];
    command.push("--no-default-features".to_owned());
    if !features.is_empty() {
        command.extend(["--features".to_owned(), features.to_owned()]);
    }
    command.extend(["--", "-D", "warnings"].map(str::to_owned));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::MetadataCommand;
    use std::collections::BTreeSet;

    #[test]
    fn each_feature_of_each_crate_is_in_a_combination() {
        let metadata = MetadataCommand::new().current_dir(crate::cargo::ROOT).no_deps().exec().unwrap();
        let mut declared = BTreeSet::new();
        for package in metadata.workspace_packages() {
            let features = package.features.keys().filter(|feature| *feature != "default");
            declared.extend(features.map(|feature| format!("{}/{feature}", package.name)));
        }
        assert!(declared.contains("crm/reqwest"), "no features were found: {declared:?}");
        let mut tried = BTreeSet::new();
        for (name, combinations) in CRATES {
            assert!(combinations.contains(&""), "{name} is not tried without features");
            let features = combinations.iter().flat_map(|features| features.split(','));
            tried.extend(features.filter(|f| !f.is_empty()).map(|feature| format!("{name}/{feature}")));
        }
        let missing: Vec<_> = declared.difference(&tried).collect();
        assert!(missing.is_empty(), "not in CRATES of xtask/src/features.rs: {missing:?}");
        let unknown: Vec<_> = tried.difference(&declared).collect();
        assert!(unknown.is_empty(), "in CRATES of xtask/src/features.rs, and in no Cargo.toml: {unknown:?}");
    }

    #[test]
    fn the_clients_forward_the_features_of_the_transport_under_the_same_names() {
        let metadata = MetadataCommand::new().current_dir(crate::cargo::ROOT).no_deps().exec().unwrap();
        let features = |name: &str| {
            let package = metadata.packages.iter().find(|package| package.name == name).unwrap();
            package.features.clone()
        };
        let of_the_transport = features("crm-transport");
        for name in ["crm-directory", "crm-history", "crm-projects", "crm"] {
            let own = features(name);
            // `tls` is for the databases alone.
            let of_clients = |feature: &&String| !matches!(feature.as_str(), "default" | "tls");
            for feature in of_the_transport.keys().filter(of_clients) {
                let forwarded =
                    own.get(feature).is_some_and(|to| to.contains(&format!("crm-transport/{feature}")));
                assert!(forwarded, "{name} does not forward `{feature}` to crm-transport");
            }
            assert_eq!(own["default"], of_the_transport["default"], "{name}");
        }
    }

    #[test]
    fn a_combination_is_tried_by_itself() {
        assert_eq!(
            command("crm", "a,b").join(" "),
            "clippy -p crm --no-default-features --features a,b -- -D warnings"
        );
        assert_eq!(command("crm", "").join(" "), "clippy -p crm --no-default-features -- -D warnings");
    }
}
