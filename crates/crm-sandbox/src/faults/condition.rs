//! Conditions: which requests a rule is about.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Operation;
use crate::request::Request;

/// A condition on a request.
///
/// Its JSON is the name in snake case, alone or with its value: `"later_page"`, `{"text": "Иванов"}`,
/// `{"not": {"login": "boss@example.test"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// The body or the query string contains this text, as sent or decoded.
    Text(String),
    /// The parameter `user`, of the request or of one of its items, is this login, regardless of case.
    User(String),
    /// The caller uses this login (SalesMan) or this token (solOS), regardless of case.
    Login(String),
    /// The request has this parameter, and it is not empty.
    Parameter(String),
    /// The parameter `offset` has this value; an absent one is 0. SalesMan counts pages, solOS counts records.
    Offset(u64),
    /// The request asks a list for a page that is not its first.
    LaterPage,
    /// The response, without any fault, would contain this text. This applies only to operations that change nothing.
    Shows(String),
    /// The HTTP method, such as `GET`.
    Method(String),
    /// The connection has carried a request before. In process: any request came before.
    ReusedConnection,
    /// The inner condition does not match.
    Not(Box<Condition>),
}

impl Condition {
    pub(super) fn holds(&self, asked: &Asked<'_>, shown: &mut dyn FnMut() -> Option<String>) -> bool {
        match self {
            Condition::Text(text) => asked.texts.iter().any(|part| part.contains(text)),
            Condition::User(login) => asked.users().any(|user| same(&user, login)),
            Condition::Login(login) => asked.login.as_ref().is_some_and(|caller| same(caller, login)),
            Condition::Parameter(name) => asked.parameter(name).is_some_and(|text| !text.is_empty()),
            Condition::Offset(offset) => asked.offset() == *offset as f64,
            Condition::LaterPage => asked.operation.is_list() && asked.offset() > 0.0,
            Condition::Shows(text) => shown().is_some_and(|answer| answer.contains(text)),
            Condition::Method(method) => asked.method.as_str().eq_ignore_ascii_case(method),
            Condition::ReusedConnection => asked.reused,
            Condition::Not(other) => !other.holds(asked, shown),
        }
    }

    /// Whether the head of a request decides it.
    pub(super) fn needs_only_the_head(&self) -> bool {
        match self {
            Condition::Method(_) | Condition::ReusedConnection => true,
            Condition::Not(other) => other.needs_only_the_head(),
            _ => false,
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// What conditions are about.
#[derive(Debug)]
pub(crate) struct Asked<'r> {
    pub(crate) operation: Operation,
    method: &'r Method,
    reused: bool,
    login: Option<String>,
    parameters: Map<String, Value>,
    texts: Vec<String>,
}

impl<'r> Asked<'r> {
    pub(crate) fn new(operation: Operation, request: &'r Request) -> Asked<'r> {
        let (query, body) = (request.query.as_bytes(), &request.body[..]);
        let mut texts = vec![String::from_utf8_lossy(body).into_owned()];
        let mut parameters = Map::new();
        for (name, value) in form_urlencoded::parse(query) {
            texts.push(value.to_string());
            parameters.insert(name.into_owned(), value.into_owned().into());
        }
        if let Ok(body) = serde_json::from_slice(body) {
            texts_of(&body, &mut texts);
            if let Value::Object(members) = body {
                parameters.extend(members);
            }
        }
        let credential = if operation.is_salesman() { "login" } else { "x-crypto-token" };
        let login =
            request.headers.get(credential).map(|login| String::from_utf8_lossy(login.as_bytes()).into());
        let mut asked =
            Asked { operation, method: &request.method, reused: request.reused, login, parameters, texts };
        asked.login = asked.login.take().or_else(|| asked.parameter("login"));
        asked
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.get(name).map(text)
    }

    fn offset(&self) -> f64 {
        self.parameter("offset").and_then(|offset| offset.trim().parse().ok()).unwrap_or(0.0)
    }

    fn users(&self) -> impl Iterator<Item = String> {
        // The server takes the values of an object for the items, too.
        let items: Vec<&Value> = match self.parameters.get("list") {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => items.values().collect(),
            _ => Vec::new(),
        };
        let of_items = items.into_iter().filter_map(|item| item.get("user"));
        self.parameters.get("user").into_iter().chain(of_items).map(text)
    }
}

fn texts_of(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Value::Object(members) => members.values().for_each(|member| texts_of(member, texts)),
        _ => {}
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
