//! The documented requests and answers, as files that the tests read.

use super::Files;
use super::source::{Api, Operation};
use super::yaml_node::Value;

pub(super) fn files(api: &Api) -> Result<Files, String> {
    let folder = match api.name.as_str() {
        "history" => "salesman",
        // The vendor's examples are not at hand. What was observed is in `fixtures/salesman/directory`.
        "directory" => return Ok(Files::new()),
        _ => "solos",
    };
    let file = |operation: &Operation| {
        let path = format!("fixtures/{folder}/documented/{}.json", operation.id);
        Ok((path, fixture(api, operation)?.pretty()? + "\n"))
    };
    api.operations.iter().map(file).collect()
}

/// The documented request of an operation, its query string without `?`.
pub(super) fn query(operation: &Operation) -> Result<Option<String>, String> {
    if operation.has_body {
        return Ok(None);
    }
    let mut pairs = Vec::new();
    for parameter in &operation.parameters {
        if let Some(example) = &parameter.example {
            pairs.push(format!("{}={}", parameter.name, example.plain()?));
        }
    }
    Ok((!pairs.is_empty()).then(|| pairs.join("&")))
}

fn fixture(api: &Api, operation: &Operation) -> Result<Value, String> {
    let mut headers = Vec::new();
    if operation.has_body {
        headers.push(("Content-Type".to_owned(), text("application/json")));
    }
    headers.extend(
        api.credentials.iter().map(|credential| (credential.header.clone(), text(&credential.placeholder))),
    );
    let documented = operation.answers.iter().find(|answer| answer.name == "documented");
    let errors = operation.errors.iter().filter(|error| error.evidence.name == "documented");
    Ok(map([
        ("operation", text(&operation.id)),
        (
            "request",
            map([
                ("method", text(&operation.method)),
                ("path", text(&operation.path)),
                ("query", query(operation)?.map_or(Value::Null, Value::Text)),
                ("headers", Value::Map(headers)),
                ("body", operation.body.clone().unwrap_or(Value::Null)),
            ]),
        ),
        ("answer", documented.map_or(Value::Null, |answer| answer.value.clone())),
        (
            "errors",
            Value::List(
                errors
                    .map(|error| map([("code", Value::Integer(error.code)), ("text", text(&error.text))]))
                    .collect(),
            ),
        ),
    ]))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}
