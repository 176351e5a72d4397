//! Parameters and fields of answers, with their types.

use super::evidence::{Evidence, grade};
use super::facts::{pair, quirks, words};
use super::{Field, FieldValue, Record, Words};
use crate::codegen::yaml_node::{Node, Value};

/// Adds the properties of a schema, each followed by the properties of its parts with their path.
pub(super) fn fields_of(schema: &Node<'_>, prefix: &str, fields: &mut Vec<Field>) -> Result<(), String> {
    let required = schema.items("required")?;
    for (name, property) in schema.entries("properties")? {
        let required = required.iter().any(|key| key.text() == Ok(name));
        fields.push(field(&format!("{prefix}{name}"), &property, &property, required)?);
        let part = property.resolved()?;
        match part.find("items").map(|items| items.resolved()).transpose()? {
            Some(items) if items.find("properties").is_some() => {
                fields_of(&items, &format!("{prefix}{name}[]."), fields)?;
            }
            _ => fields_of(&part, &format!("{prefix}{name}."), fields)?,
        }
    }
    Ok(())
}

/// Adds the objects of which an answer consists, except for failures. Each schema is added once.
pub(super) fn records(schema: &Node<'_>, out: &mut Vec<Record>) -> Result<(), String> {
    let schema_name = schema.target().map(str::to_owned);
    let schema = schema.resolved()?;
    for choice in ["oneOf", "anyOf"] {
        for variant in schema.items(choice)? {
            if variant.target() != Some("Failure") {
                records(&variant, out)?;
            }
        }
    }
    if let Some(items) = schema.find("items") {
        records(&items, out)?;
    }
    let properties = schema.entries("properties")?;
    let name = match schema_name.or_else(|| schema.text_of("title").ok()) {
        Some(name) => name,
        None if properties.is_empty() => return Ok(()),
        None => return schema.fault("has no title"),
    };
    if properties.is_empty() || out.iter().any(|known| known.schema == name) {
        return Ok(());
    }
    let required = schema.items("required")?;
    let mut fields = Vec::new();
    for (key, property) in &properties {
        let required = required.iter().any(|name| name.text() == Ok(*key));
        fields.push(field(key, property, property, required)?);
    }
    let rust = rust(&schema)?;
    out.push(Record { words: words(&schema)?, schema: name, rust, fields });
    for (_, property) in &properties {
        records(property, out)?;
    }
    Ok(())
}

pub(super) fn field(name: &str, node: &Node<'_>, schema: &Node<'_>, required: bool) -> Result<Field, String> {
    let enumeration = schema.resolved()?;
    let unknown = Value::Text("unknown".to_owned());
    let is_default_known = node.find("x-default").is_none_or(|default| *default.value() != unknown);
    let default = match (node.find("x-default"), schema.find("default")) {
        (Some(_), _) if !is_default_known => Some(Words {
            en: "not documented".to_owned(),
            ru: "не документировано".to_owned(),
        }),
        (Some(default), _) => Some(pair(&default)?),
        (None, Some(default)) => {
            let text = format!("`{}`", default.value().plain()?);
            Some(Words { en: text.clone(), ru: text })
        }
        (None, None) => None,
    };
    let example = node.find("example").map(|example| example.value().clone());
    let first_example = || {
        node.find("examples").and_then(|examples| match examples.value() {
            Value::List(examples) => examples.first().cloned(),
            _ => None,
        })
    };
    let values = enumeration.entries("x-values")?;
    Ok(Field {
        name: name.to_owned(),
        words: words(node)?,
        kind: kind(schema)?,
        minimum: enumeration.find("minimum").map(|minimum| minimum.value().plain()).transpose()?,
        required,
        default,
        is_default_known,
        example: example.or_else(first_example),
        evidence: Evidence::of(node)?,
        rust: rust(node)?,
        quirks: quirks(node)?,
        page: node.find("x-page").map(|page| pair(&page)).transpose()?,
        values: values.iter().map(|(wire, node)| value(wire, node)).collect::<Result<_, _>>()?,
    })
}

fn value(wire: &str, node: &Node<'_>) -> Result<FieldValue, String> {
    let evidence = node.find("evidence").map(|evidence| grade(&evidence)).transpose()?;
    Ok(FieldValue { wire: wire.to_owned(), words: pair(node)?, evidence })
}

fn rust(node: &Node<'_>) -> Result<Option<String>, String> {
    node.find("x-rust").map(|rust| rust.text().map(str::to_owned)).transpose()
}

/// Returns the type of a schema in words.
fn kind(schema: &Node<'_>) -> Result<String, String> {
    let name = schema.target().unwrap_or_default().to_owned();
    let schema = schema.resolved()?;
    for choice in ["oneOf", "anyOf"] {
        let variants = schema.items(choice)?;
        if !variants.is_empty() {
            let mut kinds: Vec<String> = variants.iter().map(kind).collect::<Result<_, _>>()?;
            kinds.dedup();
            return Ok(kinds.join(" or "));
        }
    }
    let plain = match schema.get("type")?.value() {
        Value::List(kinds) => kinds.iter().map(Value::plain).collect::<Result<Vec<_>, _>>()?.join(" or "),
        kind => kind.plain()?,
    };
    Ok(match schema.find("items") {
        Some(items) => {
            let item = kind(&items)?;
            let item = if item.contains(" or ") { format!("({item})") } else { item };
            plain.replacen("array", &format!("array of {item}"), 1)
        }
        None if plain == "object" && !name.is_empty() => name,
        None => plain,
    })
}
