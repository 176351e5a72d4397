//! The request of a page as a command for a shell.

use super::json::readable;
use crate::codegen::fixtures::query;
use crate::codegen::source::{Api, Operation};
use std::fmt::Write;

/// A body that is longer is written on several lines.
const LONG_BODY: usize = 60;

/// Returns the documented request as a command.
pub(super) fn curl(api: &Api, operation: &Operation) -> Result<String, String> {
    let mut text = format!("curl -X {} \"${}{}", operation.method, address(api), operation.path);
    if let Some(query) = query(operation)? {
        let _ = write!(text, "?{query}");
    }
    text.push('"');
    for credential in &api.credentials {
        let _ = write!(text, " \\\n  -H \"{}: ${}\"", credential.header, variable(&credential.header));
    }
    if operation.has_body {
        text += " \\\n  -H 'Content-Type: application/json'";
    }
    if let Some(body) = &operation.body {
        let json = body.json()?;
        let json = if json.chars().count() > LONG_BODY { readable(body)? } else { json };
        let _ = write!(text, " \\\n  -d '{}'", json.replace('\'', "'\\''"));
    }
    Ok(text)
}

/// Returns the environment variable of the server's address. The programs of the guide and `crm` read the same variables:
/// the directory is on the server of the history.
pub(super) fn address(api: &Api) -> String {
    let name = if api.name == "directory" { "history" } else { &api.name };
    format!("CRM_{}_URL", name.to_uppercase())
}

/// Returns the environment variable of a credential: `CRM_TOKEN` for `X-Crypto-Token`.
pub(super) fn variable(header: &str) -> String {
    format!("CRM_{}", header.rsplit('-').next().unwrap_or(header).to_uppercase())
}
