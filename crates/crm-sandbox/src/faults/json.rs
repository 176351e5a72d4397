//! Rules as JSON, for `PUT /_sandbox/faults`.

use std::time::Duration;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::answer_edit::AnswerEdit;
use super::change::Change;
use super::condition::Condition;
use super::fault::{Fault, FixedAnswer, Store, Transfer};
use super::request_edit::RequestEdit;
use super::rule::{Rule, When};
use super::{is_default, preset};
use crate::Operation;

/// Reads one rule or a list of them. The error says what is wrong.
pub(crate) fn rules_from_json(text: &[u8]) -> Result<Vec<Rule>, String> {
    let rules: OneOrMany<RuleJson> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    rules.into_vec().into_iter().map(Rule::try_from).collect()
}

/// A value, or a list of values.
#[derive(Debug)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OneOrMany<T>, D::Error> {
        // With an untagged enum the error would not say what is wrong.
        match Value::deserialize(deserializer)? {
            Value::Array(values) => values
                .into_iter()
                .map(serde_json::from_value)
                .collect::<Result<Vec<T>, _>>()
                .map(OneOrMany::Many),
            value => serde_json::from_value(value).map(OneOrMany::One),
        }
        .map_err(D::Error::custom)
    }
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::Many(values) => values,
            OneOrMany::One(value) => vec![value],
        }
    }
}

/// A rule as it is written. `fault` names a fault; the other parts change it, or make one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleJson {
    operation: Option<OneOrMany<String>>,
    #[serde(rename = "if")]
    conditions: Option<OneOrMany<Condition>>,
    #[serde(default)]
    skip: u64,
    #[serde(default)]
    when: When,
    #[serde(default, deserialize_with = "preset::fault")]
    fault: Option<Fault>,
    name: Option<String>,
    store: Option<Store>,
    edit_request: Option<OneOrMany<RequestEdit>>,
    change: Option<OneOrMany<Change>>,
    answer: Option<FixedAnswer>,
    edit_answer: Option<OneOrMany<AnswerEdit>>,
    delay_millis: Option<u64>,
    jitter_millis: Option<u64>,
    transfer: Option<Transfer>,
    /// `GET /_sandbox/faults` returns them; a rule counts anew.
    #[serde(default, rename = "seen")]
    _seen: u64,
    #[serde(default, rename = "struck")]
    _struck: u64,
}

impl TryFrom<RuleJson> for Rule {
    type Error = String;

    fn try_from(json: RuleJson) -> Result<Rule, String> {
        let named = json.fault.is_some();
        let mut fault = json.fault.unwrap_or_default();
        let before = fault.clone();
        fault.store = json.store.unwrap_or(fault.store);
        fault.answer = json.answer.or(fault.answer);
        fault.transfer = json.transfer.unwrap_or(fault.transfer);
        fault.delay = json.delay_millis.map_or(fault.delay, Duration::from_millis);
        fault.jitter = json.jitter_millis.map_or(fault.jitter, Duration::from_millis);
        fault.edit_request.extend(json.edit_request.map_or_else(Vec::new, OneOrMany::into_vec));
        fault.change.extend(json.change.map_or_else(Vec::new, OneOrMany::into_vec));
        fault.edit_answer.extend(json.edit_answer.map_or_else(Vec::new, OneOrMany::into_vec));
        if !named && fault == before {
            return Err(
                "missing field `fault`, or a part of one: `store`, `answer`, `transfer`, `delay_millis`, \
                        `edit_request`, `edit_answer`, `change`"
                    .to_owned(),
            );
        }
        fault.name = json.name.unwrap_or(fault.name);
        fault.conditions.extend(json.conditions.map_or_else(Vec::new, OneOrMany::into_vec));
        let mut operations = Vec::new();
        for name in json.operation.map_or_else(Vec::new, OneOrMany::into_vec) {
            match name.as_str() {
                "writes" => operations.extend(Operation::writes()),
                "reads" => operations.extend(Operation::reads()),
                "lists" => operations.extend(Operation::lists()),
                _ => operations.push(name.parse()?),
            }
        }
        Ok(Rule::new(fault, operations).after(json.skip).when(json.when))
    }
}

impl Serialize for Rule {
    /// The parts of the fault in place of its name in `fault`; the result can be put again.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'r> {
            #[serde(rename = "operation", skip_serializing_if = "Vec::is_empty")]
            operations: &'r Vec<Operation>,
            #[serde(skip_serializing_if = "is_default")]
            skip: u64,
            when: When,
            #[serde(flatten)]
            fault: &'r Fault,
            seen: u64,
            struck: u64,
        }
        let Rule { operations, skip, when, fault, seen, struck, .. } = self;
        Written { operations, skip: *skip, when: *when, fault, seen: *seen, struck: *struck }
            .serialize(serializer)
    }
}
