//! YAML as a tree that keeps the order of its keys. An error names the place in the document.

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value of YAML that JSON can express.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let documents = YamlOwned::load_from_str(text).map_err(|error| error.to_string())?;
        match &documents[..] {
            [document] => Self::of(document),
            _ => Err(format!("expected one document, found {}", documents.len())),
        }
    }

    fn of(yaml: &YamlOwned) -> Result<Self, String> {
        Ok(match yaml {
            YamlOwned::Value(ScalarOwned::Null) => Self::Null,
            YamlOwned::Value(ScalarOwned::Boolean(value)) => Self::Bool(*value),
            YamlOwned::Value(ScalarOwned::Integer(value)) => Self::Integer(*value),
            YamlOwned::Value(ScalarOwned::FloatingPoint(value)) => Self::Float(value.into_inner()),
            YamlOwned::Value(ScalarOwned::String(value)) => Self::Text(value.clone()),
            YamlOwned::Sequence(items) => Self::List(items.iter().map(Self::of).collect::<Result<_, _>>()?),
            YamlOwned::Mapping(entries) => {
                let entry = |(key, value): (&YamlOwned, &YamlOwned)| match Self::of(key)? {
                    Self::Text(key) => Ok((key, Self::of(value)?)),
                    Self::Integer(key) => Ok((key.to_string(), Self::of(value)?)),
                    key => Err(format!("a key is not a text: {key:?}")),
                };
                Self::Map(entries.iter().map(entry).collect::<Result<_, _>>()?)
            }
            other => return Err(format!("JSON cannot express this YAML: {other:?}")),
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find_map(|(name, value)| (name == key).then_some(value)),
            _ => None,
        }
    }

    /// On one line: `{"cid":777}`.
    pub(crate) fn json(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|error| error.to_string())
    }

    /// Indented by two.
    pub(crate) fn pretty(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|error| error.to_string())
    }

    /// As in a query string or a table: a text without quotes.
    pub(crate) fn plain(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            other => other.json(),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// A place in a document. An error about its content names the place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    root: &'a Value,
    value: &'a Value,
    /// File and path: `docs/openapi/x.yaml: paths./projects.get`.
    place: String,
}

impl<'a> Node<'a> {
    pub(crate) fn root(file: &str, root: &'a Value) -> Self {
        Self { root, value: root, place: format!("{file}:") }
    }

    /// Returns the root of the document.
    pub(crate) fn document(&self) -> Self {
        let file = self.place.split(' ').next().unwrap_or_default();
        Self { root: self.root, value: self.root, place: file.to_owned() }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// Returns an error about this place.
    pub(crate) fn fault<T>(&self, fault: &str) -> Result<T, String> {
        Err(format!("{} {fault}", self.place))
    }

    pub(crate) fn get(&self, key: &str) -> Result<Self, String> {
        self.find(key).map_or_else(|| self.fault(&format!("has no `{key}`")), Ok)
    }

    pub(crate) fn find(&self, key: &str) -> Option<Self> {
        Some(self.at(key, self.value.get(key)?))
    }

    pub(crate) fn text(&self) -> Result<&'a str, String> {
        match self.value {
            Value::Text(text) => Ok(text.trim_end()),
            _ => self.fault("is not a text"),
        }
    }

    /// Returns the text under a required key.
    pub(crate) fn text_of(&self, key: &str) -> Result<String, String> {
        Ok(self.get(key)?.text()?.to_owned())
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }

    /// Returns the elements of the list under a key. None if the key is absent.
    pub(crate) fn items(&self, key: &str) -> Result<Vec<Self>, String> {
        match self.find(key) {
            None => Ok(Vec::new()),
            Some(list) => match list.value {
                Value::List(items) => {
                    Ok(items.iter().enumerate().map(|(i, item)| list.at(&i.to_string(), item)).collect())
                }
                _ => list.fault("is not a list"),
            },
        }
    }

    /// Returns the keys and values of the map under a key. None if the key is absent.
    pub(crate) fn entries(&self, key: &str) -> Result<Vec<(&'a str, Self)>, String> {
        match self.find(key) {
            None => Ok(Vec::new()),
            Some(map) => match map.value {
                Value::Map(entries) => {
                    Ok(entries.iter().map(|(key, value)| (key.as_str(), map.at(key, value))).collect())
                }
                _ => map.fault("is not a map"),
            },
        }
    }

    /// Returns the direct children by key or index.
    pub(crate) fn children(&self) -> Vec<(String, Self)> {
        match self.value {
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), self.at(key, value))).collect()
            }
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| (index.to_string(), self.at(&index.to_string(), item)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns the target of `$ref`, or the place itself.
    pub(crate) fn resolved(&self) -> Result<Self, String> {
        let Some(target) = self.find("$ref") else { return Ok(self.clone()) };
        let target = target.text()?;
        let Some(path) = target.strip_prefix("#/") else {
            return self.fault(&format!("refers to {target}, which is not in this file"));
        };
        let mut value = self.root;
        for key in path.split('/') {
            match value.get(key) {
                Some(next) => value = next,
                None => return self.fault(&format!("refers to {target}, which is not there")),
            }
        }
        let file = self.place.split(' ').next().unwrap_or_default();
        Self { root: self.root, value, place: format!("{file} {}", path.replace('/', ".")) }.resolved()
    }

    /// Returns the last part of `$ref`: `EntryOrder`.
    pub(crate) fn target(&self) -> Option<&'a str> {
        match self.value.get("$ref") {
            Some(Value::Text(target)) => target.rsplit('/').next(),
            _ => None,
        }
    }

    fn at(&self, key: &str, value: &'a Value) -> Self {
        let dot = if self.place.ends_with(':') { " " } else { "." };
        Self { root: self.root, value, place: format!("{}{dot}{key}", self.place) }
    }
}
