//! `cargo xtask features`: the combinations of features that matter compile without a warning. cargo-hack makes them.

use crate::Task;
use crate::cargo::passes;
use crate::tools::Tool;

pub(crate) const TASK: Task = Task {
    name: "features",
    about: "compiles each crate with the combinations of features that matter",
    run,
};

const CARGO_HACK: Tool = Tool { name: "cargo-hack", version: "0.6.46" };

/// Crates, and which combinations of their features are compiled. All features at once are a step of the check.
const COMBINATIONS: &[&[&str]] = &[
    // Any two of them may meet in the code.
    &["--package", "crm-transport", "--feature-powerset", "--depth", "2"],
    &[
        "--package",
        "crm-directory",
        "--package",
        "crm-history",
        "--package",
        "crm-projects",
        "--each-feature",
        "--exclude-features",
        // They are only forwarded to crm-transport: nothing in the crate differs.
        "reqwest,rustls,native-tls,gzip,tower,tracing,metrics",
    ],
    &[
        "--package",
        "crm",
        "--package",
        "crm-bench",
        "--package",
        "crm-cli",
        "--package",
        "crm-mirror",
        "--package",
        "crm-outbox",
        "--package",
        "crm-sandbox",
        "--package",
        "crm-testing",
        "--package",
        "simulation",
        "--each-feature",
    ],
];

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    for combinations in COMBINATIONS {
        let mut command = CARGO_HACK.command()?;
        command.args(["hack", "clippy"]).args(*combinations);
        passes(command.args(["--exclude-all-features", "--", "-D", "warnings"]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::metadata;

    #[test]
    fn each_crate_with_features_is_tried() {
        let tried: Vec<&str> = COMBINATIONS.concat();
        let metadata = metadata().unwrap();
        let with_features = metadata.packages.iter().filter(|package| !package.features.is_empty());
        let missing: Vec<&str> =
            with_features.map(|package| package.name.as_str()).filter(|name| !tried.contains(name)).collect();
        assert!(missing.is_empty(), "not in COMBINATIONS of xtask/src/features.rs: {missing:?}");
    }

    #[test]
    fn the_clients_forward_the_features_of_the_transport_under_the_same_names() {
        let metadata = metadata().unwrap();
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
}
