//! The descriptions of the APIs as the generator uses them. A missing or contradictory part is an error that names its
//! place.

mod enumerations;
mod evidence;
mod facts;
mod fields;
mod operations;

use super::yaml_node::{Node, Value};
pub(super) use evidence::Evidence;
use evidence::plain;
use facts::{credentials, errors, pair, quirks, words};

/// One API.
pub(super) struct Api {
    /// The file it was read from.
    pub(super) file: String,
    /// `history`, `directory` or `projects`: the first part of the ids of its operations.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) about: Words,
    pub(super) evidence: String,
    /// The server on which the observed facts were observed.
    pub(super) observed: Option<Words>,
    pub(super) credentials: Vec<Credential>,
    pub(super) quirks: Vec<Quirk>,
    pub(super) errors: Vec<ApiError>,
    /// In the order of the file.
    pub(super) operations: Vec<Operation>,
    pub(super) enumerations: Vec<Enumeration>,
}

/// One text in two languages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) en: String,
    pub(super) ru: String,
}

/// A header with a secret or a login.
pub(super) struct Credential {
    /// `X-Crypto-Token`
    pub(super) header: String,
    /// The placeholder in the vendor's examples.
    pub(super) placeholder: String,
    pub(super) words: Words,
    pub(super) evidence: Evidence,
    pub(super) quirks: Vec<Quirk>,
}

/// A surprise of the server.
#[derive(Clone)]
pub(super) struct Quirk {
    pub(super) words: Words,
    pub(super) evidence: String,
    /// What the vendor's page says instead, if the server contradicts it.
    pub(super) page: Option<Words>,
}

/// How a list is paged.
pub(super) struct Paging {
    pub(super) words: Words,
    pub(super) evidence: String,
}

/// An error that comes with HTTP status 200.
pub(super) struct ApiError {
    pub(super) code: i64,
    /// Word for word.
    pub(super) text: String,
    /// The cause.
    pub(super) words: Words,
    /// `name` is the grade of code and text, `meaning` that of the cause.
    pub(super) evidence: Evidence,
}

pub(super) struct Operation {
    /// `history.add_list`
    pub(super) id: String,
    /// `GET`
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: Words,
    pub(super) about: Words,
    pub(super) evidence: String,
    /// Where the vendor documents it.
    pub(super) source: String,
    pub(super) idempotency: Idempotency,
    pub(super) success: Success,
    /// Evidence that the server also accepts it by POST.
    pub(super) by_post: Option<String>,
    pub(super) paging: Option<Paging>,
    pub(super) quirks: Vec<Quirk>,
    pub(super) errors: Vec<ApiError>,
    /// The methods of the client that send it.
    pub(super) methods: Vec<String>,
    /// The call in Rust.
    pub(super) rust: String,
    /// Whether it has a body. The body may be an empty object.
    pub(super) has_body: bool,
    pub(super) parameters: Vec<Field>,
    /// The documented body, or the observed one if the vendor shows none.
    pub(super) body: Option<Value>,
    pub(super) answers: Vec<Answer>,
    pub(super) records: Vec<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Idempotency {
    Read,
    Idempotent,
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Success {
    NoError,
    ResultWord,
    EachResult,
}

/// An object of an answer.
pub(super) struct Record {
    /// The name of its schema: `Entry`.
    pub(super) schema: String,
    pub(super) words: Words,
    /// The Rust type that it is read into.
    pub(super) rust: Option<String>,
    pub(super) fields: Vec<Field>,
}

/// A parameter of a request, or a field of an answer.
#[derive(Clone)]
pub(super) struct Field {
    /// With its path in the body: `buildin_data.created`, `list[].content`.
    pub(super) name: String,
    pub(super) words: Words,
    /// `integer`, `string or null`, `array of Contact`
    pub(super) kind: String,
    /// The smallest number.
    pub(super) minimum: Option<String>,
    pub(super) required: bool,
    pub(super) default: Option<Words>,
    /// Whether `default` is a value. A vendor may leave it undocumented.
    pub(super) is_default_known: bool,
    pub(super) example: Option<Value>,
    pub(super) evidence: Evidence,
    /// The method, field or type in Rust.
    pub(super) rust: Option<String>,
    pub(super) quirks: Vec<Quirk>,
    /// What the vendor's page says instead, if the server contradicts it.
    pub(super) page: Option<Words>,
    pub(super) values: Vec<FieldValue>,
}

/// A word that a field may have.
#[derive(Clone)]
pub(super) struct FieldValue {
    pub(super) wire: String,
    pub(super) words: Words,
    /// The grade, if it is not that of the field.
    pub(super) evidence: Option<String>,
}

/// An example of an answer.
pub(super) struct Answer {
    /// `documented`, `observed`, `assumed` or `nothing`
    pub(super) name: String,
    pub(super) value: Value,
}

/// A set of words or numbers that becomes a Rust enum.
pub(super) struct Enumeration {
    pub(super) name: String,
    pub(super) words: Words,
    pub(super) alias: Option<String>,
    /// Whether servers may send other words.
    pub(super) open: bool,
    pub(super) is_number: bool,
    pub(super) values: Vec<EnumValue>,
}

pub(super) struct EnumValue {
    /// `checklists_expired`
    pub(super) wire: String,
    /// `ChecklistsExpired`
    pub(super) name: String,
    pub(super) words: Words,
}

impl Api {
    pub(super) fn read(file: &str, text: &str) -> Result<Self, String> {
        let value = Value::parse(text).map_err(|error| format!("{file}: {error}"))?;
        let root = Node::root(file, &value);
        no_stray_keys(&root)?;
        let info = root.get("info")?;
        let operations = operations::operations(&root)?;
        let name = match operations.first().and_then(|operation| operation.id.split_once('.')) {
            Some((name, _)) => name.to_owned(),
            None => return root.fault("has no operation"),
        };
        let schemas = root.get("components")?.entries("schemas")?;
        let enumerations = schemas.iter().filter(|(_, schema)| schema.find("x-enum-varnames").is_some());
        Ok(Self {
            file: file.to_owned(),
            name,
            title: info.text_of("title")?,
            about: words(&info)?,
            evidence: plain(&info)?,
            observed: info.find("x-observed").map(|observed| pair(&observed)).transpose()?,
            credentials: credentials(&root)?,
            quirks: quirks(&info)?,
            errors: errors(&info)?,
            operations,
            enumerations: enumerations
                .map(|(name, schema)| enumerations::enumeration(name, schema))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The keys of our own, as `docs/openapi/README.md` explains them.
pub(super) const EXTENSIONS: [&str; 20] = [
    "x-default",
    "x-enum-alias",
    "x-enum-open",
    "x-enum-varnames",
    "x-errors",
    "x-evidence",
    "x-idempotency",
    "x-methods",
    "x-observed",
    "x-page",
    "x-paging",
    "x-placeholder",
    "x-quirk",
    "x-ru",
    "x-rust",
    "x-same-as",
    "x-source",
    "x-success",
    "x-summary-ru",
    "x-values",
];

/// Refuses misspelt keys and keys without a value. Their facts would be lost silently. A key without a value is usually the
/// rest of a text: `{en: one, two}` has the key `two`.
fn no_stray_keys(node: &Node<'_>) -> Result<(), String> {
    for (key, child) in node.children() {
        if matches!(key.as_str(), "example" | "examples") {
            continue;
        }
        if *child.value() == Value::Null {
            return node.fault(&format!("has `{key}` without a value: put a text with a comma in quotes"));
        }
        if key.starts_with("x-") && !EXTENSIONS.contains(&key.as_str()) {
            return node.fault(&format!("has `{key}`, which docs/openapi/README.md does not know"));
        }
        no_stray_keys(&child)?;
    }
    Ok(())
}
