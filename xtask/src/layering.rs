//! `cargo xtask layering`: the arrows between the crates stay those of `docs/architecture.md`.
//!
//! The rules work on a plain [`Graph`] of what the `Cargo.toml` files declare, so that the tests can draw any.

mod layers;

use crate::Task;
use crate::cargo::metadata;
use cargo_metadata::DependencyKind;

pub(crate) const TASK: Task =
    Task { name: "layering", about: "only the allowed arrows between the crates, and to HTTP clients", run };

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let graph = declared()?;
    let mut found = violations(&graph);
    found.extend(layers::violations()?);
    if !found.is_empty() {
        return Err(found.join("\n"));
    }
    println!("{} crates, {} arrows, all allowed", graph.members.len(), graph.arrows.len());
    Ok(())
}

/// What a crate of the workspace may use of the others.
struct Rule {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Only as an optional dependency.
    may_offer: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "crm-model",
        may_use: &[],
        may_offer: &[],
        why: "crm-model is plain types and their JSON, below every other crate",
    },
    Rule {
        name: "crm-transport",
        may_use: &["crm-model"],
        may_offer: &[],
        why: "crm-transport carries the calls of any CRM and knows no client",
    },
    Rule {
        name: "crm-testing",
        may_use: &["crm-transport", "crm-model"],
        may_offer: &[],
        why: "crm-testing replaces the transport of any client and knows no client",
    },
    Rule {
        name: "crm-projects",
        may_use: &["crm-transport", "crm-model"],
        may_offer: &[],
        why: "crm-projects stands on crm-transport and crm-model alone; solOS and SalesMan do not know each other",
    },
    Rule {
        name: "crm-history",
        may_use: &["crm-transport", "crm-model"],
        may_offer: &[],
        why: "crm-history stands on crm-transport and crm-model alone; SalesMan and solOS do not know each other",
    },
    Rule {
        name: "crm-outbox",
        may_use: &["crm-history", "crm-transport"],
        may_offer: &[],
        why: "crm-outbox is the engine of crm-history over databases",
    },
    Rule {
        name: "crm-mirror",
        may_use: &["crm-directory", "crm-history", "crm-projects", "crm-transport"],
        may_offer: &[],
        why: "crm-mirror copies what the clients read into a database, and does not know the outbox",
    },
    Rule {
        name: "crm-directory",
        may_use: &["crm-history", "crm-transport", "crm-model"],
        may_offer: &[],
        why: "crm-directory stands on crm-history, for the key and the envelope of the same API, and on what that stands on",
    },
    Rule {
        name: "crm",
        may_use: &["crm-history", "crm-model", "crm-projects", "crm-transport"],
        may_offer: &["crm-directory", "crm-mirror", "crm-outbox", "crm-sandbox", "crm-testing"],
        why: "crm re-exports the clients, the directory, the mirror, the outbox and what is for tests as optional dependencies",
    },
    Rule {
        name: "crm-cli",
        may_use: &["crm", "crm-sandbox"],
        may_offer: &[],
        why: "crm-cli is a program over the facade and the sandbox, and nothing uses it",
    },
    Rule {
        name: "crm-sandbox",
        may_use: &[],
        may_offer: &[],
        why: "crm-sandbox shares no code with the clients, in its tests neither: a shared mistake would cancel out",
    },
    Rule {
        name: "guide",
        may_use: &["crm"],
        may_offer: &[],
        why: "the guide's samples use what its readers use: the facade",
    },
    Rule {
        name: "crm-bench",
        may_use: &["crm-history", "crm-mirror", "crm-outbox", "crm-projects", "crm-transport"],
        may_offer: &["crm-sandbox"],
        why: "crm-bench measures the clients, and builds quickly where it only counts: the sandbox and the databases are optional",
    },
    Rule {
        name: "simulation",
        may_use: &[
            "crm-directory",
            "crm-history",
            "crm-mirror",
            "crm-model",
            "crm-outbox",
            "crm-projects",
            "crm-sandbox",
            "crm-transport",
        ],
        may_offer: &[],
        why: "simulation runs the clients against the sandbox, and nothing uses it",
    },
    Rule {
        name: "xtask",
        may_use: &[],
        may_offer: &[],
        why: "xtask has to build and to tell what is wrong when the crates do not compile",
    },
];

const HTTP_CLIENTS: &[&str] =
    &["attohttpc", "awc", "curl", "hyper", "hyper-util", "isahc", "reqwest", "surf", "ureq"];

const DATABASES: &[&str] = &["diesel", "libsqlite3-sys", "postgres", "rusqlite", "sqlx", "tokio-postgres"];

/// Those of [`HTTP_CLIENTS`] that are servers too.
const SERVERS: &[&str] = &["hyper", "hyper-util"];

const MODEL_MAY_USE: &[&str] = &["chrono", "serde_core", "serde_json"];

/// The dependencies that the crates of the workspace declare.
struct Graph {
    members: Vec<String>,
    arrows: Vec<Arrow>,
}

struct Arrow {
    from: String,
    to: String,
    kind: Kind,
    optional: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Normal,
    Build,
    Dev,
}

fn declared() -> Result<Graph, String> {
    let metadata = metadata()?;
    let mut graph = Graph { members: Vec::new(), arrows: Vec::new() };
    for package in metadata.workspace_packages() {
        graph.members.push(package.name.to_string());
        for dependency in &package.dependencies {
            graph.arrows.push(Arrow {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                kind: match dependency.kind {
                    DependencyKind::Development => Kind::Dev,
                    DependencyKind::Build => Kind::Build,
                    _ => Kind::Normal,
                },
                optional: dependency.optional,
            });
        }
    }
    Ok(graph)
}

fn violations(graph: &Graph) -> Vec<String> {
    let without_rule = graph.members.iter().filter(|name| rule(name).is_none()).map(|name| {
        format!(
            "{name} is a crate of the workspace without a rule: say its place in docs/architecture.md, \
             and what it may use in RULES of xtask/src/layering.rs"
        )
    });
    let forbidden = graph.arrows.iter().filter_map(|arrow| {
        let why = why_forbidden(graph, arrow)?;
        let kind = match arrow.kind {
            Kind::Normal => "",
            Kind::Build => " (build)",
            Kind::Dev => " (dev)",
        };
        Some(format!("{} → {}{kind} is forbidden: {why} (docs/architecture.md)", arrow.from, arrow.to))
    });
    without_rule.chain(forbidden).collect()
}

fn why_forbidden(graph: &Graph, arrow: &Arrow) -> Option<&'static str> {
    let (from, to) = (arrow.from.as_str(), arrow.to.as_str());
    if rule(to).is_some() || graph.members.iter().any(|member| member == to) {
        let rule = rule(from)?;
        // Of itself a crate may ask for a feature, so that its tests see what is off by default.
        let in_tests = arrow.kind == Kind::Dev && (to == "crm-sandbox" || from == to);
        let as_option = arrow.optional && rule.may_offer.contains(&to);
        let allowed = rule.may_use.contains(&to) || as_option || in_tests;
        return (!allowed).then_some(rule.why);
    }
    if arrow.kind == Kind::Dev {
        return None;
    }
    if from == "crm-model" && !MODEL_MAY_USE.contains(&to) {
        return Some("crm-model knows only serde_core, serde_json and chrono");
    }
    if DATABASES.contains(&to) {
        return match from {
            // The benchmark loads a table without a mirror, too.
            "crm-bench" | "crm-mirror" | "crm-outbox" if arrow.optional => None,
            "crm-mirror" | "crm-outbox" => {
                Some("a database comes with a feature: make it an optional dependency")
            }
            _ => Some("only crm-mirror and crm-outbox know a database"),
        };
    }
    if !HTTP_CLIENTS.contains(&to) || (["crm-cli", "crm-sandbox"].contains(&from) && SERVERS.contains(&to)) {
        return None;
    }
    match from {
        "crm-bench" | "crm-transport" if arrow.optional => None,
        "crm-transport" => Some("an HTTP client comes with a feature: make it an optional dependency"),
        _ => Some("only crm-transport knows an HTTP client"),
    }
}

fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests;
