//! Every documented and every recorded answer is decoded, snapshot, encoded again and compared by key path.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::common::{answer, fixture, fixtures};
use crm::history::operations as h;
use crm::history::{Entry, EntryId, EntryQuery, NewEntry};
use crm::{Bytes, Error, Operation, http};
use serde::Serialize;
use serde_json::Value;

/// Reads an answer the way the client would; gives what a person would look at, and it encoded again.
fn read(operation: &str, body: &Value, response: &http::Response<Bytes>) -> Result<(String, Value), Error> {
    fn shown<T: Debug + Serialize>(value: T) -> (String, Value) {
        (format!("{value:#?}"), serde_json::to_value(&value).unwrap())
    }
    let entry = NewEntry::new("x");
    match operation {
        "fields" => h::Fields.read(response).map(shown),
        "tips" => h::ActivityTypes.read(response).map(shown),
        "info" => {
            let asked = body["cid"].as_u64().or_else(|| body["cid"].as_str()?.parse().ok());
            h::Info::new(EntryId(asked.unwrap_or(1))).read(response).map(shown)
        }
        "list" => h::List::new(EntryQuery::new()).read(response).map(|page| {
            assert!(page.unreadable.is_empty(), "{page:?}");
            shown(page.items)
        }),
        "add" => h::Add::new(entry.clone()).read(response).map(shown),
        "add.list" => {
            let sent = vec![entry; body["list"].as_array().unwrap().len()];
            h::AddList::new(sent.to_vec())
                .read(response)
                .map(|outcomes| (format!("{outcomes:#?}"), Value::Null))
        }
        "delete" => h::Delete::new(EntryId(1)).read(response).map(shown),
        // An action that does not exist answers every operation alike.
        "nosuch" => h::Fields.read(response).map(shown),
        other => panic!("no operation for {other}"),
    }
}

/// The values of a JSON text by key path; what says nothing (`0`, `""`, `null`, a zero date, a contact that is none)
/// is left out, for the server spells it in many ways and we write one.
fn paths(value: &Value) -> BTreeMap<String, Value> {
    fn walk(path: String, value: &Value, out: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| walk(format!("{path}.{key}"), value, out))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, value)| walk(format!("{path}[{i}]"), value, out));
            }
            Value::Null => {}
            Value::Number(n) if n.as_u64() == Some(0) => {}
            Value::String(s) if s.is_empty() || s == "0000-00-00 00:00:00" => {}
            value => drop(out.insert(path, value.clone())),
        }
    }
    let mut out = BTreeMap::new();
    walk("$".to_owned(), value, &mut out);
    out
}

#[test]
fn every_recorded_answer_is_read_and_written_back() {
    let mut seen = 0;
    for (name, recording) in fixtures("salesman/captures") {
        if name == "content-transformations" {
            continue; // a table, no answer
        }
        seen += 1;
        let text = recording["response"]["body"].as_str().unwrap();
        let mut response = answer(text.to_owned());
        *response.status_mut() = u16::try_from(recording["response"]["status"].as_u64().unwrap())
            .map(|status| http::StatusCode::from_u16(status).unwrap())
            .unwrap();
        let path = recording["request"]["path"].as_str().unwrap();
        let operation = path.trim_start_matches("/developer/v3/history/").split('?').next().unwrap();
        let sent = recording["request"]["body"].as_str().unwrap_or("null");
        let sent = serde_json::from_str(sent).unwrap_or(Value::Null);
        let snapshot = match read(operation, &sent, &response) {
            Ok((shown, encoded)) => {
                let received: Value = serde_json::from_str(text).unwrap();
                let data = received.get("data").unwrap_or(&received);
                if matches!(operation, "fields" | "tips" | "info" | "list") {
                    assert_eq!(paths(&encoded), paths(data), "{name}");
                }
                shown
            }
            Err(error) => format!("{error}\n\n{:?} {:?}", error.kind(), error.delivery()),
        };
        // A page of 200 records is shown by its first.
        let shown: Vec<&str> = snapshot.lines().take(60).collect();
        insta::assert_snapshot!(name, shown.join("\n"));
    }
    assert_eq!(seen, 33, "a recording was added or lost");
}

#[test]
fn every_documented_answer_is_read_and_written_back() {
    for (name, documented) in fixtures("salesman/documented") {
        let data = &documented["answer"];
        if data.is_null() {
            assert_eq!(name, "history.list", "its answer is said to be like that of info");
            continue;
        }
        let operation = name.trim_start_matches("history.").replace('_', ".");
        let response = answer(data.to_string());
        let (shown, encoded) = read(&operation, &documented["request"]["body"], &response).unwrap();
        if matches!(operation.as_str(), "fields" | "tips" | "info") {
            assert_eq!(paths(&encoded), paths(&data["data"]), "{name}");
        }
        insta::assert_snapshot!(format!("documented_{name}"), shown);
    }
}

#[test]
fn a_documented_list_is_like_a_documented_info() {
    let info = fixture("salesman/documented", "history.info");
    let body = serde_json::json!({ "data": [info["answer"]["data"]] });
    let (_, encoded) = read("list", &Value::Null, &answer(body.to_string())).unwrap();
    assert_eq!(paths(&encoded[0]), paths(&info["answer"]["data"]));
}

#[test]
fn every_documented_error_is_told_by_its_code() {
    for (name, documented) in fixtures("salesman/documented") {
        for error in documented["errors"].as_array().unwrap() {
            let (code, text) = (error["code"].as_i64().unwrap(), error["text"].as_str().unwrap());
            for code_as_sent in [serde_json::json!(code), serde_json::json!(code.to_string())] {
                let body = serde_json::json!({"result":"Error","error":{"code":code_as_sent,"text":text}});
                let operation = name.trim_start_matches("history.").replace('_', ".");
                let error =
                    read(&operation, &documented["request"]["body"], &answer(body.to_string())).unwrap_err();
                assert_eq!((error.api_code(), error.api_text()), (Some(code), Some(text)));
                assert_eq!(error.is_not_found(), matches!(code, 403 | 404), "{name} {error}");
                assert_eq!(error.is_invalid_request(), code == 405, "{name} {error}");
            }
        }
    }
}

#[test]
fn unknown_keys_are_kept_and_written_back() {
    let json = r#"{"cid":1,"datum":"2024-06-25 14:25:00","new":{"a":[1,"x"]},"person":[{"pid":2,"person":"B","vip":true}]}"#;
    let entry: Entry = serde_json::from_str(json).unwrap();
    let written = serde_json::to_value(&entry).unwrap();
    assert_eq!(written["new"], serde_json::json!({"a":[1,"x"]}));
    assert_eq!(written["person"][0]["vip"], true);
    assert_eq!(serde_json::from_value::<Entry>(written).unwrap(), entry);
}
