//! The parameters of a call and its credentials.

use serde_json::{Map, Value};

use super::{Call, is_json, php};

/// The parameters of a call, or those of one item of a list.
#[derive(Debug, Default)]
pub(crate) struct Params(Map<String, Value>);

/// The key and the login that came with a call.
pub(crate) type Credentials = (String, String);

impl Params {
    /// Only with exactly `application/json` are the body and the headers read, and the query string is not. With any
    /// other content type it is the other way round: everything is in the query string or a form.
    pub(crate) fn read(call: &Call<'_>) -> (Params, Option<Credentials>) {
        if is_json(call.headers) {
            let params = match serde_json::from_slice(call.body) {
                Ok(Value::Object(members)) => Params(members),
                _ => Params::default(),
            };
            let header = |name: &str| {
                call.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            };
            let credentials = match header("apikey") {
                Some(apikey) => Some((apikey, header("login").unwrap_or_default())),
                None => params.credentials(),
            };
            (params, credentials)
        } else {
            let params = Params(
                form_urlencoded::parse(call.query.as_bytes())
                    .map(|(name, value)| (name.into_owned(), Value::String(value.trim().to_owned())))
                    .collect(),
            );
            let credentials = params.credentials();
            (params, credentials)
        }
    }

    fn credentials(&self) -> Option<Credentials> {
        (!self.is_null("apikey")).then(|| (self.text("apikey"), self.text("login")))
    }

    pub(crate) fn is_blank(&self, name: &str) -> bool {
        php::is_blank(self.0.get(name))
    }

    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_none_or(Value::is_null)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        php::to_text(self.0.get(name))
    }

    pub(crate) fn text_or(&self, name: &str, default: &str) -> String {
        if self.is_blank(name) { default.to_owned() } else { self.text(name) }
    }

    pub(crate) fn int(&self, name: &str) -> i64 {
        php::to_int(self.0.get(name))
    }

    /// The items of a list; an item that is no object has no parameters.
    pub(crate) fn items(&self, name: &str) -> Vec<Params> {
        let params = |item: &Value| Params(item.as_object().cloned().unwrap_or_default());
        match self.0.get(name) {
            Some(Value::Array(items)) => items.iter().map(params).collect(),
            Some(Value::Object(members)) => members.values().map(params).collect(),
            _ => Vec::new(),
        }
    }
}
