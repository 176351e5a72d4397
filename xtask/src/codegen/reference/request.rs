//! The request of a page as a command for a shell.

use super::json::readable;
use crate::codegen::fixtures::query;
use crate::codegen::source::{Api, Operation};
use std::fmt::Write;

/// A body that is longer is written on several lines.
const LONG_BODY: usize = 60;

/// Returns the documented request as a command.
pub(super) fn curl(api: &Api, operation: &Operation) -> Result<String, String> {
    let mut text =
        format!("curl -X {} \"${}_URL{}", operation.method, api.name.to_uppercase(), operation.path);
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

/// Returns the environment variable of a credential: `TOKEN` for `X-Crypto-Token`. The tour reads the same variables.
pub(super) fn variable(header: &str) -> String {
    header.rsplit('-').next().unwrap_or(header).to_uppercase()
}
