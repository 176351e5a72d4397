//! Calls to a sandbox.

use crm_sandbox::{APIKEY, BOSS, Sandbox};
use serde_json::Value;

/// The body of a call to the history, made by the head.
pub(crate) async fn history_text(sandbox: &Sandbox, action: &str, body: &Value) -> String {
    history_as(sandbox, BOSS, action, body).await
}

/// The same, read as JSON.
pub(crate) async fn history(sandbox: &Sandbox, action: &str, body: &Value) -> Value {
    serde_json::from_str(&history_text(sandbox, action, body).await).unwrap()
}

/// The body of a call to the history, made by anybody.
pub(crate) async fn history_as(sandbox: &Sandbox, login: &str, action: &str, body: &Value) -> String {
    reqwest::Client::new()
        .post(format!("{}/developer/v3/history/{action}", sandbox.url()))
        .header("Content-Type", "application/json")
        .header("apikey", APIKEY)
        .header("login", login)
        .body(body.to_string())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}
