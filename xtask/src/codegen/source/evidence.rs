//! The grades of knowledge: `documented`, `observed REVISION` or `assumed`.

use crate::codegen::yaml_node::{Node, Value};

/// The grades of one item. They differ if the vendor's page names a parameter and leaves out what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// That the item exists under this name.
    pub(crate) name: String,
    /// What it means.
    pub(crate) meaning: String,
    /// Which value the server assumes if a parameter is absent.
    pub(crate) default: String,
    /// Whether a parameter is required.
    pub(crate) required: String,
    /// Which values it can have.
    pub(crate) values: String,
}

impl Evidence {
    /// Reads the `x-evidence` of a place.
    pub(super) fn of(node: &Node<'_>) -> Result<Self, String> {
        Self::read(&node.get("x-evidence")?)
    }

    /// Reads one grade for everything, or a map with `name`. An absent key has the grade of `name`.
    pub(super) fn read(node: &Node<'_>) -> Result<Self, String> {
        let Value::Map(entries) = node.value() else {
            let all = grade(node)?;
            return Ok(Self {
                name: all.clone(),
                meaning: all.clone(),
                default: all.clone(),
                required: all.clone(),
                values: all,
            });
        };
        let known = ["name", "meaning", "default", "required", "values"];
        if let Some((key, _)) = entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            return node.fault(&format!("has `{key}`, which is none of {}", known.join(", ")));
        }
        let name = grade(&node.get("name")?)?;
        let part = |key| node.find(key).map_or_else(|| Ok(name.clone()), |part| grade(&part));
        Ok(Self {
            meaning: part("meaning")?,
            default: part("default")?,
            required: part("required")?,
            values: part("values")?,
            name: name.clone(),
        })
    }
}

/// Reads an `x-evidence` that has to be one grade.
pub(super) fn plain(node: &Node<'_>) -> Result<String, String> {
    grade(&node.get("x-evidence")?)
}

pub(super) fn grade(node: &Node<'_>) -> Result<String, String> {
    let evidence = node.text()?;
    let revision = evidence.strip_prefix("observed ");
    if matches!(evidence, "documented" | "assumed") || revision.is_some_and(|revision| !revision.is_empty()) {
        Ok(evidence.to_owned())
    } else {
        node.fault("is none of documented, assumed, observed REVISION")
    }
}
