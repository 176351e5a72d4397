//! What becomes of a request on its way to the application.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Operation;
use crate::projects::DEFAULT_COUNT;

/// A change to a request before the application reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestEdit {
    /// The body is lost, as behind a proxy that allows no body in a GET.
    DropBody,
    /// These parameters are lost, at every level of the body and in the query string.
    Ignore(Vec<String>),
    /// These parameters have other values. In `add.list` they are those of each item.
    Set(BTreeMap<String, Value>),
    /// These parameters have a suffix, if they are texts. In `add.list` they are those of each item.
    Append(BTreeMap<String, String>),
    /// The page before the one that is requested, or the first.
    PreviousPage,
    /// The `offset` of SalesMan counts pages of this many records, at most 200. The response is not shortened by it:
    /// [`AnswerEdit::Shorten`](crate::AnswerEdit::Shorten).
    CountPagesOf(u64),
    /// The items of an `add.list` that contain this text do not arrive. Any other request that contains it arrives without
    /// parameters.
    RemoveItems(String),
}

/// What of a request can be edited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) query: String,
    pub(crate) body: Vec<u8>,
}

impl RequestEdit {
    pub(crate) fn apply(&self, operation: Operation, content: &mut Content) {
        match self {
            RequestEdit::DropBody => content.body.clear(),
            RequestEdit::Ignore(names) => {
                content.change_query(|pairs| pairs.retain(|(name, _)| !names.contains(name)));
                content.change_body(|members| remove(members, names));
            }
            RequestEdit::Set(values) => {
                content.change_each(values.keys(), |name, _| values.get(name).cloned())
            }
            RequestEdit::Append(ends) => content.change_each(ends.keys(), |name, value| {
                Some(format!("{}{}", value?.as_str()?, ends.get(name)?).into())
            }),
            RequestEdit::PreviousPage => {
                let step = if operation.is_salesman() { 1.0 } else { content.count() };
                content.change_each(["offset"], |_, value| {
                    let offset = value.and_then(number).filter(|offset| *offset > 0.0)?;
                    Some(((offset - step).max(0.0) as u64).into())
                });
            }
            RequestEdit::CountPagesOf(_) if !operation.is_salesman() => {}
            RequestEdit::CountPagesOf(size) => content.change_each(["offset"], |_, value| {
                let offset = value.and_then(number).filter(|offset| *offset > 0.0)?;
                // The server multiplies by 200, and PHP writes 14 digits of the result.
                Some((offset * *size as f64 / 200.0).into())
            }),
            RequestEdit::RemoveItems(text) => content.change_body(|members| {
                let is_held = members.values().any(|value| holds(value, text));
                match members.get_mut("list").and_then(Value::as_array_mut) {
                    Some(items) => items.retain(|item| !holds(item, text)),
                    None if is_held => members.clear(),
                    None => {}
                }
            }),
        }
    }
}

impl Content {
    /// Changes the named parameters where the request has its parameters: in each item of a list, in the body, or in the
    /// query string.
    fn change_each(
        &mut self,
        names: impl IntoIterator<Item = impl AsRef<str>>,
        new: impl Fn(&str, Option<&Value>) -> Option<Value>,
    ) {
        let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
        let change = |members: &mut Map<String, Value>| {
            for name in &names {
                if let Some(value) = new(name, members.get(name)) {
                    members.insert(name.clone(), value);
                }
            }
        };
        if self.body.is_empty() && !self.query.is_empty() {
            self.change_query(|pairs| {
                let mut members: Map<String, Value> =
                    pairs.drain(..).map(|(name, value)| (name, value.into())).collect();
                change(&mut members);
                *pairs = members.into_iter().map(|(name, value)| (name, plain(&value))).collect();
            });
            return;
        }
        if self.body.is_empty() {
            self.body = b"{}".to_vec();
        }
        self.change_body(|members| match members.get_mut("list").and_then(Value::as_array_mut) {
            Some(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(change),
            None => change(members),
        });
    }

    /// How many records a page of solOS has.
    fn count(&self) -> f64 {
        let in_body: Option<Value> = serde_json::from_slice(&self.body).ok();
        let in_query = || form_urlencoded::parse(self.query.as_bytes()).find(|(name, _)| name == "count");
        let count = in_body.as_ref().and_then(|body| number(body.get("count")?));
        count.or_else(|| in_query()?.1.parse().ok()).unwrap_or(DEFAULT_COUNT as f64)
    }

    /// The items of an `add.list`.
    pub(crate) fn items(&self) -> Vec<Value> {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        body.and_then(|mut body| Some(body.get_mut("list")?.as_array()?.clone())).unwrap_or_default()
    }

    /// Leaves the first half of the items, rounded down. Returns whether there are items at all.
    pub(crate) fn halve_items(&mut self) -> bool {
        self.change_items(|items| items.truncate(items.len() / 2));
        !self.items().is_empty()
    }

    /// Puts so many copies of each item in its place, one after the other.
    pub(crate) fn repeat_items(&mut self, times: usize) {
        self.change_items(|items| {
            *items = items.drain(..).flat_map(|item| std::iter::repeat_n(item, times)).collect();
        });
    }

    fn change_items(&mut self, change: impl FnOnce(&mut Vec<Value>)) {
        self.change_body(|members| {
            if let Some(items) = members.get_mut("list").and_then(Value::as_array_mut) {
                change(items);
            }
        });
    }

    fn change_body(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Ok(mut members) = serde_json::from_slice(&self.body) {
            change(&mut members);
            self.body = Value::Object(members).to_string().into_bytes();
        }
    }

    fn change_query(&mut self, change: impl FnOnce(&mut Vec<(String, String)>)) {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        change(&mut pairs);
        self.query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    }
}

/// Whether an item of a list contains a text; every one contains the empty text.
pub(crate) fn holds(item: &Value, text: &str) -> bool {
    match item {
        Value::String(value) => value.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(members) => text.is_empty() || members.values().any(|value| holds(value, text)),
        _ => text.is_empty(),
    }
}

fn remove(members: &mut Map<String, Value>, names: &[String]) {
    members.retain(|name, _| !names.contains(name));
    for value in members.values_mut() {
        if let Value::Object(members) = value {
            remove(members, names);
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(edit: &RequestEdit, query: &str, body: &Value) -> (String, Value) {
        let mut content = Content { query: query.to_owned(), body: body.to_string().into_bytes() };
        edit.apply(Operation::HistoryList, &mut content);
        (content.query, serde_json::from_slice(&content.body).unwrap_or_default())
    }

    #[test]
    fn a_parameter_is_ignored_in_the_query_and_at_every_level_of_the_body() {
        let edit = RequestEdit::Ignore(vec!["created".to_owned()]);
        let body = json!({"created": 1, "buildin_data": {"created": "2020-01-01", "user_id": [1]}});
        let (query, body) = edited(&edit, "created=1&count=2", &body);
        assert_eq!((query.as_str(), body), ("count=2", json!({"buildin_data": {"user_id": [1]}})));
    }

    #[test]
    fn a_value_is_set_in_each_item_of_a_list() {
        let edit = RequestEdit::Set(BTreeMap::from([("clid".to_owned(), json!(77))]));
        let (_, body) = edited(&edit, "", &json!({"list": [{"clid": 1}, {}]}));
        assert_eq!(body, json!({"list": [{"clid": 77}, {"clid": 77}]}));
    }

    #[test]
    fn half_of_an_odd_list_is_rounded_down() {
        let mut content = Content { query: String::new(), body: br#"{"list":[1,2,3]}"#.to_vec() };
        assert!(content.halve_items());
        assert_eq!(content.body, br#"{"list":[1]}"#);
        assert!(!content.halve_items(), "half of one is nothing");
    }
}
