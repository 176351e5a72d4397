//! `/_sandbox`: how programs in other languages set faults, see requests and start over.

use http::{Method, StatusCode};
use serde_json::json;

use crate::faults::Rule;
use crate::state::State;

/// The start of every path of the sandbox itself.
pub(crate) const PREFIX: &str = "/_sandbox";

/// The status and the body of the answer.
pub(crate) fn answer(state: &mut State, method: &Method, path: &str, body: &[u8]) -> (StatusCode, String) {
    let ok = |body: serde_json::Value| (StatusCode::OK, body.to_string());
    match (path.strip_prefix(PREFIX).unwrap_or_default(), method.as_str()) {
        ("/faults", "GET") => ok(json!(state.faults.rules())),
        ("/faults", "PUT") => match read_rules(body) {
            Ok(rules) => {
                state.faults.replace(rules);
                ok(json!(state.faults.rules()))
            }
            Err(error) => refused(&error),
        },
        ("/requests", "GET") => ok(json!(state.log.all())),
        ("/reset", "POST") => {
            state.reset();
            ok(json!({"result": "reset"}))
        }
        _ => (
            StatusCode::NOT_FOUND,
            json!({"error": format!(
                "nothing at {method} {path}: there are GET and PUT {PREFIX}/faults, GET {PREFIX}/requests and POST {PREFIX}/reset"
            )})
            .to_string(),
        ),
    }
}

/// One rule or a list of them.
fn read_rules(body: &[u8]) -> Result<Vec<Rule>, serde_json::Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        serde_json::from_slice(body).map(|rule| vec![rule])
    }
}

fn refused(error: &serde_json::Error) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, json!({"error": format!("no rule for a fault: {error}")}).to_string())
}
