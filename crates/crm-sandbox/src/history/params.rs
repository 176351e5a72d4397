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

/// The parameters of a call, or those of one item of a list.
#[derive(Debug, Default)]
pub(crate) struct Params {
    members: Map<String, Value>,
    apikey: Option<String>,
    login: Option<String>,
}

impl Params {
    /// The observed server reads the body and the headers only with exactly `application/json`, and the query string
    /// only without it. The documented one reads all three.
    pub(crate) fn read(call: &Call<'_>, revision: Revision) -> Params {
        let json = || match serde_json::from_slice(call.body) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
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
                members.extend(json());
                Params::with_headers(call, members, revision)
            }
        }
    }

    fn with_headers(call: &Call<'_>, members: Map<String, Value>, revision: Revision) -> Params {
        let apikey = call.header("apikey", &["apikey", "Apikey"], revision);
        let login = call.header("login", &["login", "Login"], revision);
        let mut params = Params { members, apikey, login };
        if params.apikey.is_none() {
            params.credentials_from_members();
        }
        params
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

    /// The method and the action; a parameter `action` goes before that of the path.
    pub(crate) fn route(&self, path: &str) -> (String, String) {
        let (method, action) = route(path);
        let named = self.text("action");
        if named.is_empty() || named == "0" { (method, action) } else { (method, named) }
    }

    /// Whether a list is asked for a page that is not its first.
    pub(crate) fn is_later_page(&self) -> bool {
        php::leading_number(&self.text("offset")) > 0.0
    }

    /// The same list from its start.
    pub(super) fn of_first_page(mut self) -> Params {
        self.members.remove("offset");
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Whether PHP takes the parameter for true.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        php::is_true(self.get(name))
    }

    /// Whether the parameter is this word. PHP takes `true` for equal to every word.
    pub(crate) fn is_word(&self, name: &str, word: &str) -> bool {
        match self.get(name) {
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

    /// Whether PHP can count with it: a number, or a text that starts with one.
    pub(super) fn is_numeric_or_blank(&self, name: &str) -> bool {
        let starts_numeric = || {
            let text = self.text(name);
            text.trim_start()
                .trim_start_matches(['-', '+', '.'])
                .starts_with(|first: char| first.is_ascii_digit())
        };
        self.is_blank(name) || (!self.is_composite(name) && starts_numeric())
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

    /// The items of a list; an item that is no object has no parameters.
    pub(super) fn items(&self, name: &str) -> Vec<Params> {
        let params = |item: &Value| Params {
            members: item.as_object().cloned().unwrap_or_default(),
            ..Params::default()
        };
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
