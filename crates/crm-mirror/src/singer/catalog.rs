//! [`Catalog`]: the streams, and which of them are selected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{DELETED_AT, OUT_OF_VIEW_AT, RAW};
use crate::table::{ColumnKind, Shape};

/// The streams of a tap. Those that a user has edited are read back as JSON; what is unknown there is ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Catalog {
    /// The streams, one for each table.
    pub streams: Vec<Stream>,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stream {
    /// The name of its table.
    pub tap_stream_id: String,
    /// The name in messages (default: that of the table).
    #[serde(default)]
    pub stream: String,
    /// The columns of the key.
    #[serde(default)]
    pub key_properties: Vec<String>,
    /// The JSON schema of a record.
    #[serde(default)]
    pub schema: Value,
    /// What is selected, and how it is replicated.
    #[serde(default)]
    pub metadata: Vec<Metadata>,
    /// An older form of the metadata `replication-method`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_method: Option<String>,
    /// An older form of the metadata `selected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<bool>,
}

/// Metadata of a stream (with an empty breadcrumb) or of a property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// Empty, or `properties` and a name.
    pub breadcrumb: Vec<String>,
    /// The values, such as `selected`.
    pub metadata: BTreeMap<String, Value>,
}

impl Stream {
    pub(super) fn new(shape: &Shape) -> Self {
        let table = shape.table;
        let keys: Vec<String> = table.key_columns().iter().map(|name| (*name).to_owned()).collect();
        let mut metadata = vec![metadata(
            &[],
            &[
                ("inclusion", json!("available")),
                ("selected-by-default", json!(true)),
                ("replication-method", json!("LOG_BASED")),
                ("table-key-properties", json!(keys)),
            ],
        )];
        let schema = schema(shape);
        for name in schema["properties"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            let is_key = keys.contains(name) || name == DELETED_AT;
            let inclusion = if is_key { "automatic" } else { "available" };
            let values = [("inclusion", json!(inclusion)), ("selected-by-default", json!(true))];
            metadata.push(self::metadata(&["properties", name], &values));
        }
        Self {
            tap_stream_id: table.to_string(),
            stream: table.to_string(),
            key_properties: keys,
            schema,
            metadata,
            replication_method: None,
            selected: None,
        }
    }

    fn values_of(&self, breadcrumb: &[&str]) -> Option<&BTreeMap<String, Value>> {
        let of_it = self.metadata.iter().find(|metadata| metadata.breadcrumb == breadcrumb)?;
        Some(&of_it.metadata)
    }

    pub(super) fn is_selected(&self) -> bool {
        let older = self.selected.or_else(|| self.schema.get("selected").and_then(Value::as_bool));
        is_selected(self.values_of(&[]), older.unwrap_or(false))
    }

    pub(super) fn is_full_table(&self) -> bool {
        let method = self.values_of(&[]).and_then(|values| values.get("replication-method"));
        let method = self.replication_method.as_deref().or_else(|| method.and_then(Value::as_str));
        method == Some("FULL_TABLE")
    }

    /// Returns whether a column is selected. Without metadata it is, because the stream is.
    pub(super) fn has_column(&self, name: &str) -> bool {
        let values = self.values_of(&["properties", name]);
        let is_automatic = values.is_some_and(|values| values.get("inclusion") == Some(&json!("automatic")));
        is_automatic || is_selected(values, true)
    }
}

fn is_selected(values: Option<&BTreeMap<String, Value>>, default: bool) -> bool {
    let flag = |name: &str| values.and_then(|values| values.get(name)).and_then(Value::as_bool);
    flag("selected").or_else(|| flag("selected-by-default")).unwrap_or(default)
}

fn metadata(breadcrumb: &[&str], values: &[(&str, Value)]) -> Metadata {
    Metadata {
        breadcrumb: breadcrumb.iter().map(|part| (*part).to_owned()).collect(),
        metadata: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// Returns the JSON schema of a record.
pub(super) fn schema(shape: &Shape) -> Value {
    let mut properties = serde_json::Map::new();
    for name in shape.table.key_columns() {
        properties.insert((*name).to_owned(), json!({ "type": ["integer"] }));
    }
    for (name, kind) in &shape.columns {
        let kind = match kind {
            ColumnKind::Integer => json!({ "type": ["null", "integer"] }),
            ColumnKind::Boolean => json!({ "type": ["null", "boolean"] }),
            ColumnKind::Date => json!({ "type": ["null", "string"], "format": "date" }),
            // Digits as text: many targets would make floats of numbers.
            _ => json!({ "type": ["null", "string"] }),
        };
        properties.insert(name.clone(), kind);
    }
    properties.insert(RAW.to_owned(), json!({ "type": ["null", "string"] }));
    for name in [OUT_OF_VIEW_AT, DELETED_AT] {
        properties.insert(name.to_owned(), json!({ "type": ["null", "string"], "format": "date-time" }));
    }
    json!({ "type": "object", "properties": properties })
}
