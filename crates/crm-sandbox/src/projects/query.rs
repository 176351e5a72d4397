//! The parameters of a request: of its query string, or of the JSON body of the filter.

use chrono::NaiveDate;
use serde_json::{Map, Value};

/// Records in an answer when `count` is absent. Assumed: no default is documented.
pub(crate) const DEFAULT_COUNT: usize = 100;

/// The parameters. Each reader's error names the parameter that is not understood.
#[derive(Debug)]
pub(super) struct Query {
    members: Map<String, Value>,
}

impl Query {
    pub(super) fn of_url(query: &str) -> Query {
        let members = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        Query { members }
    }

    pub(super) fn of_body(body: &[u8]) -> Result<Query, String> {
        let members = serde_json::from_slice(body).map_err(|error| format!("the body: {error}"))?;
        Ok(Query { members })
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.members.get(name).map(text).filter(|text| !text.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        self.parsed(name, |text| text.parse().ok())
    }

    /// `"0"` or `"1"`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        self.parsed(name, |text| match text {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })
    }

    pub(super) fn day(&self, name: &str) -> Result<Option<NaiveDate>, String> {
        self.parsed(name, |text| text.parse().ok())
    }

    /// Ids joined by underscores.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<u64>>, String> {
        self.parsed(name, |text| text.split('_').map(|id| id.parse().ok()).collect())
    }

    pub(super) fn members(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.members.get(name).and_then(Value::as_object);
        members.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// The part of `items` that `offset` and `count` ask for.
    pub(super) fn page<T>(&self, items: Vec<T>) -> Result<Vec<T>, String> {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let offset = self.number("offset")?.map_or(0, size);
        let count = self.number("count")?.map_or(DEFAULT_COUNT, size);
        Ok(items.into_iter().skip(offset).take(count).collect())
    }

    /// The same list from its start.
    pub(super) fn of_first_page(mut self) -> Query {
        self.members.remove("offset");
        self
    }

    fn parsed<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
        self.text(name).map(|text| read(&text).ok_or_else(|| format!("{name}: {text}"))).transpose()
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
