//! The enumerations of a description.

use super::evidence::{grade, plain};
use super::facts::{pair, words};
use super::{EnumValue, Enumeration};
use crate::codegen::yaml_node::Node;

pub(super) fn enumeration(name: &str, schema: &Node<'_>) -> Result<Enumeration, String> {
    let names = schema.items("x-enum-varnames")?;
    let wires = schema.items("enum")?;
    let described = schema.entries("x-values")?;
    if names.len() != wires.len() || described.len() != wires.len() {
        return schema.fault("has not as many x-enum-varnames and x-values as enum has values");
    }
    plain(schema)?;
    let mut values = Vec::new();
    for (wire, name) in wires.iter().zip(&names) {
        let wire = wire.value().plain()?;
        let Some((_, node)) = described.iter().find(|(key, _)| *key == wire) else {
            return schema.fault(&format!("has no x-values.{wire}"));
        };
        node.find("evidence").map(|evidence| grade(&evidence)).transpose()?;
        values.push(EnumValue { name: name.text()?.to_owned(), words: pair(node)?, wire });
    }
    Ok(Enumeration {
        name: name.to_owned(),
        words: words(schema)?,
        alias: schema.find("x-enum-alias").map(|alias| alias.text().map(str::to_owned)).transpose()?,
        open: schema.is_true("x-enum-open"),
        is_number: schema.get("type")?.text()? == "integer",
        values,
    })
}
