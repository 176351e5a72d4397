//! Every recorded answer is read, and what was read is written back as it came.

use std::collections::BTreeMap;

use crm_directory::operations::{
    ClientFields, ClientInfo, ClientList, PersonFields, PersonInfo, PersonList, UserInfo, UserList,
};
use crm_directory::transport::{Bytes, Error, Operation, http};
use crm_directory::{ClientId, ClientQuery, ContactId, ContactQuery, ErrorKind, Page, UserId, UserKey};
use serde_core::Serialize;
use serde_json::Value;

use crate::support::{recordings, response};

/// What came of a recording.
enum Outcome {
    /// The records, written as JSON.
    Records(Value),
    /// How many records of the page could not be read.
    Unreadable(usize),
    Failed(ErrorKind, Option<i64>),
}

fn read(action: &str, asked: &Value, response: &http::Response<Bytes>) -> Result<Outcome, Error> {
    fn page<T: Serialize>(page: Page<T>) -> Outcome {
        match page.unreadable.len() {
            0 => Outcome::Records(serde_json::to_value(&page.items).unwrap()),
            unreadable => Outcome::Unreadable(unreadable),
        }
    }
    fn one(record: impl Serialize) -> Outcome {
        Outcome::Records(serde_json::to_value(record).unwrap())
    }
    let text = |name: &str| asked[name].as_str().map(str::to_owned);
    // The database reads the digits in front.
    let id = |name: &str| match &asked[name] {
        Value::String(text) => text.trim_matches(|sign: char| !sign.is_ascii_digit()).parse().unwrap_or(1),
        number => number.as_u64().unwrap_or(1),
    };
    Ok(match action {
        "user/list" | "user/nosuch" => page(UserList.read(response)?),
        "user/info" => {
            let key = match (text("uid"), text("user")) {
                (Some(uid), _) => UserKey::Uid(uid),
                (None, Some(login)) => UserKey::Login(login),
                (None, None) => UserKey::Id(UserId(id("iduser"))),
            };
            one(UserInfo::new(key).read(response)?)
        }
        "client/fields" => one(ClientFields.read(response)?),
        "client/list" | "client/nosuch" => page(ClientList::new(ClientQuery::new()).read(response)?),
        "client/info" => {
            let operation = match (text("uid"), text("inn")) {
                (Some(uid), _) => ClientInfo::with_uid(uid),
                // The bank details were not asked for, so the number cannot be compared.
                (None, Some(_)) if response.body().starts_with(b"{\"data\"") => ClientInfo::new(ClientId(3)),
                (None, Some(inn)) => ClientInfo::with_tax_id(inn),
                (None, None) => ClientInfo::new(ClientId(id("clid"))),
            };
            one(operation.read(response)?)
        }
        "person/fields" => one(PersonFields.read(response)?),
        "person/list" | "person/nosuch" => {
            let number = asked["offset"].as_u64().unwrap_or(0);
            page(PersonList::new(ContactQuery::new().page(number)).read(response)?)
        }
        "person/info" => one(PersonInfo::new(ContactId(id("pid"))).read(response)?),
        other => panic!("no operation for {other}"),
    })
}

/// The values by key path. What says nothing is left out, because the server spells it in many ways and we write one.
fn paths(value: &Value) -> BTreeMap<String, Value> {
    fn walk(path: String, value: &Value, out: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| walk(format!("{path}.{key}"), value, out))
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, value)| walk(format!("{path}[{i}]"), value, out));
            }
            Value::Null | Value::Bool(false) => {}
            Value::Number(number) if number.as_u64() == Some(0) => {}
            Value::String(text) if text.is_empty() || text == "--не определено--" => {}
            value => drop(out.insert(path, value.clone())),
        }
    }
    let mut out = BTreeMap::new();
    walk("$".to_owned(), value, &mut out);
    out
}

#[test]
fn every_recorded_answer_is_read_and_lists_are_written_back() {
    let mut failed = BTreeMap::new();
    let mut seen = 0;
    for (name, recording) in recordings() {
        let path =
            recording["request"]["path"].as_str().unwrap().trim_start_matches("/developer/v3/").to_owned();
        if path.starts_with("guides") {
            continue;
        }
        seen += 1;
        let asked = recording["request"]["body"].as_str().unwrap_or("{}");
        let asked: Value = serde_json::from_str(asked).unwrap();
        let body = recording["response"]["body"].as_str().unwrap();
        let outcome = read(&path, &asked, &response(body))
            .unwrap_or_else(|error| Outcome::Failed(error.kind(), error.api_code()));
        match outcome {
            Outcome::Records(written) if path.ends_with("list") || path == "user/info" => {
                let received: Value = serde_json::from_str(body).unwrap();
                assert_eq!(paths(&written), paths(&received["data"]), "{name}");
            }
            Outcome::Records(_) => {}
            Outcome::Unreadable(count) => drop(failed.insert(name, format!("{count} unreadable"))),
            Outcome::Failed(kind, code) => {
                drop(failed.insert(
                    name,
                    format!("{kind:?}{}", code.map_or(String::new(), |code| format!(" {code}"))),
                ));
            }
        }
    }
    let failed: Vec<String> = failed.iter().map(|(name, what)| format!("{name}: {what}")).collect();
    assert_eq!(failed, FAILED);
    assert_eq!(seen, 133, "a recording was added or lost");
}

/// The recordings without a readable record, and what is made of them.
const FAILED: &[&str] = &[
    "client-info-missing-parameters: Api 405",
    "client-info-of-another-owner: Api 403",
    "client-info-of-nobody: Api 403",
    "client-info-quote-in-clid: PhpError",
    "client-info-unknown-clid: Api 403",
    "client-info-unknown-inn: Api 404",
    "client-info-unknown-uid: Api 404",
    "client-list-no-order: PhpError",
    "client-list-unknown-field: 2 unreadable",
    "client-list-unknown-order: PhpError",
    "client-unknown-action: Api 402",
    "person-info-missing-pid: NoRecord",
    "person-info-unknown-field: NoRecord",
    "person-info-unknown-pid: NoRecord",
    "person-list-unknown-field: 2 unreadable",
    "person-list-unknown-filter: PhpError",
    "person-list-unknown-order: PhpError",
    "person-unknown-action: Api 404",
    "user-info-by-extension: Api 405",
    "user-info-missing-parameters: Api 405",
    "user-info-quote-in-login: PhpError",
    "user-info-unknown-id: Api 404",
    "user-info-unknown-login: Api 404",
    "user-info-unknown-uid: Api 404",
    "user-unknown-action: Undecodable",
];
