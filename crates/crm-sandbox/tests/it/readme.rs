//! The tables of the README.

use crm_sandbox::Operation;
use serde_json::{Value, json};

use crate::world::World;

const README: &str = include_str!("../../README.md");

/// The code in the rows of the tables of faults, row by row.
fn rows() -> Vec<Vec<&'static str>> {
    let faults = README.split("\n## Faults\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let codes = |row: &'static str| row.split('`').skip(1).step_by(2).collect();
    faults.lines().filter(|line| line.starts_with("| `")).map(codes).collect()
}

/// A rule that is written in a table: a fault, or members of a rule.
fn rule(code: &str) -> Value {
    match serde_json::from_str::<Value>(&format!("{{{code}}}")) {
        Ok(mut members) => {
            let fault = json!({"latency": {"millis": 0}});
            members.as_object_mut().unwrap().entry("fault").or_insert(fault);
            members
        }
        Err(_) => {
            json!({"fault": serde_json::from_str::<Value>(code).unwrap_or_else(|error| panic!("{code}: {error}"))})
        }
    }
}

#[test]
fn every_row_of_the_tables_of_faults_is_a_rule_that_is_understood() {
    let mut seen = 0;
    for row in rows() {
        let world = World::with_rules(&rule(row[0]));
        assert_eq!(world.sandbox.faults().len(), 1, "{}", row[0]);
        seen += 1;
        // Other values of the same part.
        let Some((part, _)) = row[0].split_once("\": ").filter(|(part, _)| part.starts_with('"')) else {
            continue;
        };
        for value in row[1..].iter().filter(|code| code.starts_with(['{', '"'])) {
            World::with_rules(&rule(&format!("{part}\": {value}")));
        }
    }
    assert!(seen > 80, "{seen} rows");
}

#[test]
fn the_table_of_faults_has_every_fault() {
    let world = World::new();
    let refused = world.control("PUT", "/faults", &json!({"fault": "no such fault"}));
    let said = refused["error"].as_str().unwrap();
    let known: Vec<&str> =
        said.split("expected one of").nth(1).unwrap().split('`').skip(1).step_by(2).collect();
    assert!(known.len() > 40, "{said}");
    for name in known {
        let quoted = format!("\"{name}\"");
        let shown = |row: &Vec<&str>| row[0].trim_start_matches('{').starts_with(&quoted);
        assert!(rows().iter().any(shown), "{name} is missing");
    }
}

#[test]
fn every_operation_is_named() {
    for operation in Operation::ALL {
        assert!(README.contains(&format!("`{operation}`")), "{operation}");
    }
}
