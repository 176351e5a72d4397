use super::*;

/// A workspace of the known crates with these arrows; every arrow is a required one.
fn workspace(arrows: &[(&str, &str, Kind)]) -> Graph {
    Graph {
        members: RULES.iter().map(|rule| rule.name.to_owned()).collect(),
        arrows: arrows
            .iter()
            .map(|&(from, to, kind)| Arrow { from: from.into(), to: to.into(), kind, optional: false })
            .collect(),
    }
}

/// What is reported about a single required arrow.
fn report(from: &str, to: &str, kind: Kind) -> Vec<String> {
    violations(&workspace(&[(from, to, kind)]))
}

/// What is reported about a single optional arrow.
fn report_optional(from: &str, to: &str) -> Vec<String> {
    let mut graph = workspace(&[(from, to, Kind::Normal)]);
    graph.arrows[0].optional = true;
    violations(&graph)
}

/// The pairs of internal crates among `kind` arrows that are not reported.
fn allowed(kind: Kind) -> Vec<String> {
    let names = RULES.iter().map(|rule| rule.name);
    names
        .clone()
        .flat_map(|from| names.clone().map(move |to| (from, to)))
        .filter(|&(from, to)| report(from, to, kind).is_empty())
        .map(|(from, to)| format!("{from} → {to}"))
        .collect()
}

const ALLOWED: [&str; 36] = [
    "crm-transport → crm-model",
    "crm-testing → crm-model",
    "crm-testing → crm-transport",
    "crm-projects → crm-model",
    "crm-projects → crm-transport",
    "crm-history → crm-model",
    "crm-history → crm-transport",
    "crm-outbox → crm-transport",
    "crm-outbox → crm-history",
    "crm-mirror → crm-transport",
    "crm-mirror → crm-projects",
    "crm-mirror → crm-history",
    "crm-mirror → crm-directory",
    "crm-directory → crm-model",
    "crm-directory → crm-transport",
    "crm-directory → crm-history",
    "crm → crm-model",
    "crm → crm-transport",
    "crm → crm-projects",
    "crm → crm-history",
    "crm-cli → crm",
    "crm-cli → crm-sandbox",
    "guide → crm",
    "crm-bench → crm-transport",
    "crm-bench → crm-projects",
    "crm-bench → crm-history",
    "crm-bench → crm-outbox",
    "crm-bench → crm-mirror",
    "simulation → crm-model",
    "simulation → crm-transport",
    "simulation → crm-projects",
    "simulation → crm-history",
    "simulation → crm-outbox",
    "simulation → crm-mirror",
    "simulation → crm-directory",
    "simulation → crm-sandbox",
];

#[test]
fn the_workspace_as_it_stands_passes() {
    let graph = declared().unwrap();
    assert_eq!(violations(&graph), Vec::<String>::new());
    let seen = |to: &str, kind| graph.arrows.iter().any(|arrow| arrow.to == to && arrow.kind == kind);
    assert!(graph.members.len() >= RULES.len());
    assert!(seen("cargo_metadata", Kind::Normal) && seen("serde_json", Kind::Dev));
}

#[test]
fn no_internal_arrow_is_allowed_but_those_of_the_architecture() {
    assert_eq!(allowed(Kind::Normal), ALLOWED);
    assert_eq!(allowed(Kind::Build), ALLOWED);
}

#[test]
fn tests_may_use_the_sandbox_and_nothing_else_beyond_the_arrows() {
    let mut expected = ALLOWED.map(str::to_owned).to_vec();
    for from in [
        "crm-model",
        "crm-transport",
        "crm-testing",
        "crm-projects",
        "crm-history",
        "crm-outbox",
        "crm-mirror",
        "crm-directory",
        "crm",
        "guide",
        "crm-bench",
        "xtask",
    ] {
        expected.push(format!("{from} → crm-sandbox"));
    }
    expected.extend(RULES.iter().map(|rule| format!("{0} → {0}", rule.name)));
    let mut found = allowed(Kind::Dev);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_two_crms_do_not_know_each_other() {
    assert_eq!(
        report("crm-projects", "crm-history", Kind::Normal),
        [
            "crm-projects → crm-history is forbidden: crm-projects stands on crm-transport and crm-model alone; \
          solOS and SalesMan do not know each other (docs/architecture.md)"
        ]
    );
    assert_eq!(report("crm-history", "crm-projects", Kind::Dev).len(), 1);
}

#[test]
fn the_facade_offers_the_directory_and_what_is_for_tests_only_as_an_option() {
    for offered in ["crm-directory", "crm-sandbox", "crm-testing"] {
        assert!(report_optional("crm", offered).is_empty());
        assert!(report("crm", offered, Kind::Normal)[0].contains("optional dependenc"));
    }
    assert_eq!(report_optional("crm-history", "crm-sandbox").len(), 1);
}

#[test]
fn the_sandbox_uses_no_crate_of_the_workspace_even_in_its_tests() {
    for to in ["crm-model", "crm-transport", "crm-history", "crm-directory", "crm"] {
        assert!(report("crm-sandbox", to, Kind::Dev)[0].contains("a shared mistake"));
    }
}

#[test]
fn the_test_doubles_know_no_client_even_in_their_tests() {
    for to in ["crm-history", "crm-projects", "crm"] {
        assert!(report("crm-testing", to, Kind::Dev)[0].contains("knows no client"));
    }
    assert_eq!(report("crm-transport", "crm-testing", Kind::Dev).len(), 1);
}

#[test]
fn the_model_knows_nothing_but_serde_core_serde_json_and_chrono() {
    for to in ["serde_core", "serde_json", "chrono"] {
        assert!(report("crm-model", to, Kind::Normal).is_empty());
    }
    assert!(report("crm-model", "insta", Kind::Dev).is_empty());
    assert!(report("crm-model", "bytes", Kind::Normal)[0].starts_with("crm-model → bytes is forbidden"));
    assert_eq!(report_optional("crm-model", "tokio").len(), 1);
}

#[test]
fn only_the_transport_knows_an_http_client_and_only_as_an_option() {
    for client in HTTP_CLIENTS {
        assert!(report_optional("crm-transport", client).is_empty());
        assert!(report("crm-transport", client, Kind::Normal)[0].contains("make it an optional dependency"));
        for from in ["crm-projects", "crm-history", "crm-directory", "crm", "xtask"] {
            assert!(report_optional(from, client)[0].contains("only crm-transport knows an HTTP client"));
            assert!(report(from, client, Kind::Dev).is_empty());
        }
    }
}

#[test]
fn the_sandbox_may_use_server_crates_but_no_client() {
    for server in ["axum", "hyper", "hyper-util"] {
        assert!(report("crm-sandbox", server, Kind::Normal).is_empty());
    }
    assert_eq!(report("crm-sandbox", "reqwest", Kind::Normal).len(), 1);
}

#[test]
fn a_new_crate_needs_a_rule() {
    let mut graph = workspace(&[("crm-model", "crm-new", Kind::Dev)]);
    graph.members.push("crm-new".into());
    let found = violations(&graph);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("crm-new is a crate of the workspace without a rule: say its place"));
    assert!(found[1].starts_with("crm-model → crm-new (dev) is forbidden"));
}
