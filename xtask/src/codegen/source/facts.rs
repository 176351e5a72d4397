//! Texts, credentials, quirks and errors of a description.

use super::evidence::{Evidence, grade};
use super::{ApiError, Credential, Quirk, Words};
use crate::codegen::yaml_node::{Node, Value};

pub(super) fn credentials(root: &Node<'_>) -> Result<Vec<Credential>, String> {
    let schemes = root.get("components")?.entries("securitySchemes")?;
    let credential = |(_, scheme): &(&str, Node<'_>)| {
        Ok(Credential {
            header: scheme.text_of("name")?,
            placeholder: scheme.text_of("x-placeholder")?,
            words: words(scheme)?,
            evidence: Evidence::of(scheme)?,
            quirks: quirks(scheme)?,
        })
    };
    schemes.iter().map(credential).collect()
}

/// `description` and `x-ru`.
pub(super) fn words(node: &Node<'_>) -> Result<Words, String> {
    Ok(Words { en: node.text_of("description")?, ru: node.text_of("x-ru")? })
}

/// `en` and `ru`.
pub(super) fn pair(node: &Node<'_>) -> Result<Words, String> {
    Ok(Words { en: node.text_of("en")?, ru: node.text_of("ru")? })
}

/// Returns the quirks of a place. A quirk without `evidence` was observed on the revision of `info.x-observed`.
pub(super) fn quirks(node: &Node<'_>) -> Result<Vec<Quirk>, String> {
    let quirk = |quirk: &Node<'_>| {
        let evidence = match quirk.find("evidence") {
            Some(evidence) => grade(&evidence)?,
            None => match quirk.document().get("info")?.find("x-observed") {
                Some(observed) => format!("observed {}", observed.text_of("revision")?),
                None => return quirk.fault("has no `evidence`, and info no `x-observed`"),
            },
        };
        let page = quirk.find("page").map(|page| pair(&page)).transpose()?;
        Ok(Quirk { words: pair(quirk)?, evidence, page })
    };
    node.items("x-quirk")?.iter().map(quirk).collect()
}

pub(super) fn errors(node: &Node<'_>) -> Result<Vec<ApiError>, String> {
    let error = |error: &Node<'_>| {
        let Value::Integer(code) = error.get("code")?.value() else {
            return error.fault("has a code that is not a number");
        };
        Ok(ApiError {
            code: *code,
            text: error.text_of("text")?,
            words: pair(error)?,
            evidence: Evidence::read(&error.get("evidence")?)?,
        })
    };
    node.items("x-errors")?.iter().map(error).collect()
}
