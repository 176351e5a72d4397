//! `/_sandbox`: how programs in other languages set faults, see requests and start over.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::faults::rules_from_json;
use crate::request::Request;
use crate::state::{ControlSecret, State};

/// The start of every path of the sandbox itself.
pub(crate) const PREFIX: &str = "/_sandbox";

/// The header with the secret.
const SECRET: &str = "x-sandbox-secret";

pub(crate) fn answer(state: &mut State, request: &Request) -> Answer {
    let (status, body) = match refusal(&request.headers, state.settings.control_secret.as_ref()) {
        Some(refusal) => (StatusCode::FORBIDDEN, json!({"error": refusal})),
        None => controlled(state, request),
    };
    Answer::json(status, body.to_string())
}

fn controlled(state: &mut State, request: &Request) -> (StatusCode, Value) {
    let (method, path) = (&request.method, request.path.as_str());
    match (path.strip_prefix(PREFIX).unwrap_or_default(), method.as_str()) {
        ("/faults", "GET") => (StatusCode::OK, json!(state.faults.rules())),
        ("/faults", "PUT") => match rules_from_json(&request.body) {
            Ok(rules) => {
                state.faults.replace(rules);
                (StatusCode::OK, json!(state.faults.rules()))
            }
            Err(error) => {
                (StatusCode::BAD_REQUEST, json!({"error": format!("no rule for a fault: {error}")}))
            }
        },
        ("/requests", "GET") => (StatusCode::OK, json!(state.log.all())),
        ("/reset", "POST") => {
            state.reset();
            (StatusCode::OK, json!({"result": "reset"}))
        }
        _ => {
            let error = format!(
                "nothing at {method} {path}: there are GET and PUT {PREFIX}/faults, GET {PREFIX}/requests and POST {PREFIX}/reset"
            );
            (StatusCode::NOT_FOUND, json!({"error": error}))
        }
    }
}

/// Why a request is refused. A page in a browser of the developer must not get through: it sends its `Origin`, or, with
/// a name that it lets point at this machine (DNS rebinding), that name as `Host`.
fn refusal(headers: &HeaderMap, secret: Option<&ControlSecret>) -> Option<String> {
    if headers.contains_key(ORIGIN) {
        return Some("requests of web pages (with the header Origin) are refused".to_owned());
    }
    match secret {
        Some(secret) => {
            let given = headers.get(SECRET).map(|given| given.as_bytes());
            (given != Some(secret.0.as_bytes()))
                .then(|| format!("the header {SECRET} with the right secret is missing"))
        }
        None => headers.get_all(HOST).iter().find(|host| !is_local(host.as_bytes())).map(|host| {
            format!("the host {host:?} is neither localhost nor an IP address; for other names, set a secret")
        }),
    }
}

/// Whether a `Host` is an IP address or `localhost`, which no web page can let point elsewhere.
fn is_local(host: &[u8]) -> bool {
    let Ok(host) = Authority::try_from(host) else { return false };
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}
