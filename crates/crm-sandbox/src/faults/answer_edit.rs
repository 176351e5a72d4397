//! What becomes of an answer on its way to the client.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request_edit::holds;
use crate::Operation;
use crate::json::Json;

/// A change to a response. An edit of records or IDs does not affect a response that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnswerEdit {
    /// Adds text before and after the response.
    Wrap {
        /// Before it.
        #[serde(default)]
        before: String,
        /// After it.
        #[serde(default)]
        after: String,
    },
    /// A list has only this many of its first records.
    Shorten(usize),
    /// A list has only its first records: a random number from 1 to this one, different each time.
    ShortenRandomly(usize),
    /// A list lacks the record at this position, counted from 0.
    LeaveOut(usize),
    /// A list has each record twice, and as many rows as before.
    Double,
    /// A list is empty, in the form that an empty list has.
    Empty,
    /// A list is `null` where its records would be.
    Null,
    /// A success has other IDs than the stored ones.
    Ids(IdForm),
    /// The response reports items of an `add.list` as failed: those that contain this text, or all of them if the text
    /// is empty. An `add` is its only item. As on the real server, later items keep the error.
    FailItems {
        /// The text in the item.
        #[serde(default)]
        holding: String,
        /// The code of the error.
        code: i32,
        /// The text of the error.
        text: String,
    },
}

/// The IDs in the response to a successful write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IdForm {
    /// `null`.
    Null,
    /// The member `data` is absent.
    Absent,
    /// The ID as a text.
    Text,
}

/// What an edit needs to know.
#[derive(Debug)]
pub(crate) struct About<'r> {
    /// The items of the request as they were sent.
    pub(crate) items: &'r [Value],
    /// The body of the request as it was sent.
    pub(crate) body: &'r [u8],
    /// The operation.
    pub(crate) operation: Operation,
    /// Whether an empty list is an array in place of the whole answer.
    pub(crate) empty_is_bare: bool,
    /// From 0 to below 1, another each time.
    pub(crate) chance: f64,
}

impl AnswerEdit {
    pub(crate) fn apply(&self, answer: &mut Vec<u8>, about: &About<'_>) {
        if let AnswerEdit::Wrap { before, after } = self {
            *answer = [before.as_bytes(), answer, after.as_bytes()].concat();
            return;
        }
        let is_for_lists = !matches!(self, AnswerEdit::Ids(_) | AnswerEdit::FailItems { .. });
        if is_for_lists && !about.operation.is_list() || !is_for_lists && !about.operation.is_write() {
            return;
        }
        let Ok(mut json) = serde_json::from_slice::<Json>(answer) else { return };
        match self {
            AnswerEdit::Wrap { .. } => {}
            AnswerEdit::Shorten(length) => with_records(&mut json, |rows| rows.truncate(*length)),
            AnswerEdit::ShortenRandomly(most) => {
                let length = 1 + (about.chance * *most as f64) as usize;
                with_records(&mut json, |rows| rows.truncate(length));
            }
            AnswerEdit::LeaveOut(position) => with_records(&mut json, |rows| {
                if *position < rows.len() {
                    rows.remove(*position);
                }
            }),
            AnswerEdit::Double => with_records(&mut json, |rows| {
                let length = rows.len();
                *rows = rows.drain(..).flat_map(|row| [row.clone(), row]).take(length).collect();
            }),
            AnswerEdit::Empty if about.empty_is_bare => json = Json::List(Vec::new()),
            AnswerEdit::Empty => {
                if let Some(records) = records_of(&mut json) {
                    *records = Json::List(Vec::new());
                }
            }
            AnswerEdit::Null => match records_of(&mut json) {
                Some(records) if !about.empty_is_bare || !is_empty(records) => *records = Json::Null,
                _ => json = Json::object([("data", Json::Null)]),
            },
            AnswerEdit::Ids(ids) => match &mut json {
                Json::List(answers) => answers.iter_mut().for_each(|answer| ids.apply(answer)),
                answer => ids.apply(answer),
            },
            AnswerEdit::FailItems { holding, code, text } => {
                let error = Json::object([("code", Json::from(*code)), ("text", Json::from(text.as_str()))]);
                match &mut json {
                    Json::List(answers) => *answers = failed(answers, about.items, holding, &error),
                    answer if holds(&serde_json::from_slice(about.body).unwrap_or_default(), holding) => {
                        *answer = Json::object([("result", "Error".into()), ("error", error)]);
                    }
                    _ => {}
                }
            }
        }
        *answer = json.to_text().into_bytes();
    }
}

/// Leaves each `nth` item of the answer of an `add.list`.
pub(crate) fn leave_each_nth(answer: &mut Vec<u8>, nth: usize) {
    if let Ok(Json::List(items)) = serde_json::from_slice(answer) {
        let left = items.into_iter().skip(nth - 1).step_by(nth).collect();
        *answer = Json::List(left).to_text().into_bytes();
    }
}

impl IdForm {
    fn apply(self, answer: &mut Json) {
        let Json::Object(members) = answer else { return };
        match self {
            IdForm::Absent => members.retain(|(name, _)| name != "data"),
            IdForm::Null => set(members, "data", Json::Null, false),
            IdForm::Text => {
                if let Some((_, Json::Int(id))) = members.iter().find(|(name, _)| name == "data") {
                    let id = id.to_string();
                    set(members, "data", id.into(), false);
                }
            }
        }
    }
}

/// The answers of an `add.list` where some items failed. Items that did not arrive have no answer yet.
fn failed(answers: &mut Vec<Json>, items: &[Value], holding: &str, error: &Json) -> Vec<Json> {
    let all_arrived = answers.len() == items.len();
    let mut left = answers.drain(..);
    let (mut result, mut last, mut some_failed) = (Vec::new(), Json::object([]), false);
    for item in items {
        let fails = holds(item, holding);
        let own = if fails && !all_arrived { None } else { left.next() };
        // What the item would have answered, or what is left of the item before it.
        let mut answer = own.unwrap_or_else(|| last.clone());
        some_failed |= fails;
        if let Json::Object(members) = &mut answer {
            if fails {
                set(members, "result", "Error".into(), true);
            }
            if some_failed {
                set(members, "error", error.clone(), true);
            }
        }
        last = answer.clone();
        result.push(answer);
    }
    result
}

type Members = Vec<(std::borrow::Cow<'static, str>, Json)>;

fn set(members: &mut Members, name: &'static str, value: Json, add: bool) {
    match members.iter_mut().find(|(member, _)| member == name) {
        Some(member) => member.1 = value,
        None if add => members.push((name.into(), value)),
        None => {}
    }
}

/// The place of the records of a list: the whole answer, or its member `data` or `payload`.
fn records_of(json: &mut Json) -> Option<&mut Json> {
    match json {
        Json::List(_) => Some(json),
        Json::Object(members) => {
            let found = members.iter_mut().find(|(name, _)| name == "data" || name == "payload");
            found
                .map(|(_, records)| records)
                .filter(|records| matches!(records, Json::List(_) | Json::Object(_)))
        }
        _ => None,
    }
}

fn is_empty(json: &Json) -> bool {
    matches!(json, Json::List(rows) if rows.is_empty())
}

/// Changes the records of a list, which PHP may have written as an object with IDs for keys.
fn with_records(json: &mut Json, change: impl FnOnce(&mut Vec<(std::borrow::Cow<'static, str>, Json)>)) {
    match records_of(json) {
        Some(Json::List(rows)) => {
            let mut named = rows.drain(..).map(|row| ("".into(), row)).collect();
            change(&mut named);
            *rows = named.into_iter().map(|(_, row)| row).collect();
        }
        Some(Json::Object(rows)) => change(rows),
        _ => {}
    }
}
