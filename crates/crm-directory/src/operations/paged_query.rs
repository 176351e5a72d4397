//! What the queries of clients and contacts have in common: the page, the fields, the text, the owner and the dates.

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use super::range::Range;
use super::{Fault, differs, field_list, field_list_fault, sql_fault, text_fault};

/// The parameters that `client/list` and `person/list` share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PagedQuery {
    pub(super) page: u64,
    pub(super) fields: Vec<String>,
    pub(super) word: Option<String>,
    pub(super) user: Option<String>,
    pub(super) created: Range,
}

impl PagedQuery {
    pub(super) fn set_fields<S: Into<String>>(&mut self, names: impl IntoIterator<Item = S>) {
        self.fields = names.into_iter().map(Into::into).collect();
    }

    /// Returns why the query cannot be exported.
    pub(super) fn export_fault(&self) -> Option<Fault> {
        (self.page > 0)
            .then_some(("page", "cannot be set for an export, which reads every page: leave it out"))
    }

    /// Returns a field that the server could not understand or would silently take for something else, and why.
    pub(super) fn fault(&self) -> Option<Fault> {
        field_list_fault(&self.fields)
            .or(text_fault("word", self.word.as_deref()))
            .or(sql_fault("user", self.user.as_deref()))
            .or(self.created.fault("created_between"))
    }

    /// Returns the parameter that the server ignored, if a record with this owner and time of creation does not fit.
    pub(super) fn misfit(&self, user: Option<&str>, created: Option<NaiveDateTime>) -> Option<&'static str> {
        if differs(user, self.user.as_deref()) {
            Some("user")
        } else if created.is_some_and(|created| !self.created.contains(created)) {
            Some(if self.created.since.is_some() { "dateStart" } else { "dateEnd" })
        } else {
            None
        }
    }

    /// Returns the parameters as they are sent. `id` is the field that always comes.
    pub(super) fn parameters(&self, id: &str) -> Map<String, Value> {
        let mut parameters = Map::new();
        add(&mut parameters, "offset", (self.page > 0).then(|| self.page.into()));
        add(&mut parameters, "fields", field_list(id, &self.fields).map(Value::from));
        add(&mut parameters, "word", self.word.as_deref().map(Value::from));
        add(&mut parameters, "user", self.user.as_deref().map(Value::from));
        self.created.add_created(&mut parameters);
        parameters
    }
}

/// Adds a parameter, if it has a value.
pub(super) fn add(parameters: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    parameters.extend(value.map(|value| (name.to_owned(), value)));
}

/// Adds `filter`, unless none of these has a value.
pub(super) fn add_filter<const N: usize>(
    parameters: &mut Map<String, Value>,
    values: [(&str, Option<Value>); N],
) {
    let filter: Map<String, Value> =
        values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    if !filter.is_empty() {
        parameters.insert("filter".to_owned(), filter.into());
    }
}
