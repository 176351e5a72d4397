//! The parameters of a call and its credentials.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::{Revision, php, route};

/// A request to the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'r> {
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    /// The names of the headers as they were sent.
    pub(crate) header_names: &'r [String],
    pub(crate) body: &'r [u8],
}

/// What the parameters are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    /// An object; or an array or `null`, in which PHP finds no parameter.
    #[default]
    Members,
    /// A text, in which PHP cannot look for a parameter.
    Text,
    /// A number or `true`, in which PHP finds no parameter and cannot set one.
    Scalar,
}

impl Shape {
    fn of(value: &Value) -> Shape {
        match value {
            Value::String(_) => Shape::Text,
            Value::Number(_) | Value::Bool(true) => Shape::Scalar,
            _ => Shape::Members,
        }
    }
}

/// The parameters of a call, or those of one item of a list.
#[derive(Debug, Default)]
pub(crate) struct Params {
    members: Map<String, Value>,
    pub(crate) shape: Shape,
    apikey: Option<String>,
    login: Option<String>,
}

impl Params {
    /// The observed server reads the body and the headers only with exactly `application/json`, and the query string
    /// only without it. The documented one reads all three.
    pub(crate) fn read(call: &Call<'_>, revision: Revision) -> Params {
        let json = || serde_json::from_slice(call.body).unwrap_or(Value::Null);
        let content_type =
            call.header(header::CONTENT_TYPE.as_str(), &["Content-Type", "content-type"], revision);
        match revision {
            Revision::Observed if content_type.as_deref() == Some("application/json") => {
                Params::with_headers(call, json(), revision)
            }
            Revision::Observed => {
                let mut members = form(call.query.as_bytes());
                if content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
                    members.extend(form(call.body));
                }
                let mut params = Params { members, ..Params::default() };
                params.credentials_from_members();
                params
            }
            Revision::Documented => {
                let mut members = form(call.query.as_bytes());
                if let Value::Object(body) = json() {
                    members.extend(body);
                }
                Params::with_headers(call, Value::Object(members), revision)
            }
        }
    }

    fn with_headers(call: &Call<'_>, body: Value, revision: Revision) -> Params {
        let apikey = call.header("apikey", &["apikey", "Apikey"], revision);
        let login = call.header("login", &["login", "Login"], revision);
        let mut params = Params { apikey, login, ..Params::of_value(body) };
        if params.apikey.is_none() {
            params.credentials_from_members();
        }
        params
    }

    /// A value that stands where an object is expected.
    fn of_value(value: Value) -> Params {
        let shape = Shape::of(&value);
        let members = if let Value::Object(members) = value { members } else { Map::new() };
        Params { members, shape, ..Params::default() }
    }

    fn credentials_from_members(&mut self) {
        if !self.is_null("apikey") {
            self.apikey = Some(self.text("apikey"));
            self.login = (!self.is_null("login")).then(|| self.text("login"));
        }
    }

    pub(super) fn credentials(&self) -> Option<(&str, &str)> {
        Some((self.apikey()?, self.login()?))
    }

    pub(super) fn apikey(&self) -> Option<&str> {
        self.apikey.as_deref()
    }

    pub(super) fn login(&self) -> Option<&str> {
        self.login.as_deref()
    }

    /// The method and the action; a parameter `action` takes precedence over that of the path.
    pub(crate) fn route(&self, path: &str) -> (String, String) {
        let (method, action) = route(path);
        match self.value("action") {
            // PHP compares `true` with the name of the first action, and finds it equal.
            Some(Value::Bool(true)) => (method, "fields".to_owned()),
            named if php::is_empty(named) => (method, action),
            named => (method, php::to_text(named)),
        }
    }

    /// The same list from its start.
    pub(super) fn of_first_page(mut self) -> Params {
        self.members.remove("offset");
        self
    }

    /// Whether the parameter is this word. PHP takes `true` for equal to every word.
    pub(crate) fn is_word(&self, name: &str, word: &str) -> bool {
        match self.value(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == word,
            _ => false,
        }
    }

    pub(crate) fn is_blank(&self, name: &str) -> bool {
        php::is_blank(self.members.get(name))
    }

    pub(super) fn is_null(&self, name: &str) -> bool {
        self.members.get(name).is_none_or(Value::is_null)
    }

    /// An array or an object: what PHP cannot use as a text.
    pub(crate) fn is_composite(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| value.is_array() || value.is_object())
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    pub(crate) fn is_empty(&self, name: &str) -> bool {
        php::is_empty(self.members.get(name))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        php::to_text(self.members.get(name))
    }

    pub(crate) fn text_or(&self, name: &str, default: &str) -> String {
        if self.is_blank(name) { default.to_owned() } else { self.text(name) }
    }

    pub(crate) fn int(&self, name: &str) -> i64 {
        php::to_int(self.members.get(name))
    }

    /// The items of a list, or the values of an object; nothing in place of either has no items.
    pub(super) fn items(&self, name: &str) -> Vec<Params> {
        let params = |item: &Value| Params::of_value(item.clone());
        match self.members.get(name) {
            Some(Value::Array(items)) => items.iter().map(params).collect(),
            Some(Value::Object(members)) => members.values().map(params).collect(),
            _ => Vec::new(),
        }
    }
}

impl Call<'_> {
    /// The value of a header. PHP hands the names over as they were sent, and the observed server knows only the
    /// spellings given here.
    fn header(&self, name: &str, spellings: &[&str], revision: Revision) -> Option<String> {
        let known = self.header_names.iter().any(|sent| spellings.contains(&sent.as_str()));
        if revision == Revision::Observed && !known {
            return None;
        }
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

/// The parameters of a query string or a form, cleaned as the server does it.
fn form(text: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), Value::String(php::cleaned(&value))))
        .collect()
}
