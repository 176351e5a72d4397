//! The descriptions of the APIs as the generator uses them. What is missing or does not fit together is an error that
//! names its place.

use super::yaml_node::{Node, Value};

/// One API.
pub(super) struct Api {
    /// The file it was read from.
    pub(super) file: String,
    /// `history`, `directory` or `projects`: the first part of the ids of its operations.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) about: Words,
    /// The server that what is observed was observed on.
    pub(super) observed: Option<Words>,
    pub(super) credentials: Vec<Credential>,
    pub(super) quirks: Vec<Quirk>,
    pub(super) errors: Vec<ApiError>,
    /// In the order of the file.
    pub(super) operations: Vec<Operation>,
    pub(super) enumerations: Vec<Enumeration>,
}

/// The same in two languages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) en: String,
    pub(super) ru: String,
}

/// A header with a secret or a login.
pub(super) struct Credential {
    /// `X-Crypto-Token`
    pub(super) header: String,
    /// What the vendor writes in its place.
    pub(super) placeholder: String,
    pub(super) words: Words,
}

/// What a server does otherwise than one would think.
#[derive(Clone)]
pub(super) struct Quirk {
    pub(super) words: Words,
    pub(super) evidence: String,
}

/// An error that comes with HTTP status 200.
pub(super) struct ApiError {
    pub(super) code: i64,
    pub(super) text: String,
    pub(super) evidence: String,
    pub(super) words: Words,
}

pub(super) struct Operation {
    /// `history.add_list`
    pub(super) id: String,
    /// `GET`
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: Words,
    pub(super) about: Words,
    /// Where the vendor documents it.
    pub(super) source: String,
    pub(super) idempotency: Idempotency,
    pub(super) success: Success,
    /// Evidence that the server takes it as POST too.
    pub(super) by_post: Option<String>,
    pub(super) paging: Option<Words>,
    pub(super) quirks: Vec<Quirk>,
    pub(super) errors: Vec<ApiError>,
    /// The methods of the client that make it.
    pub(super) methods: Vec<String>,
    /// The call in Rust.
    pub(super) rust: String,
    /// It has a body, if only an empty object.
    pub(super) has_body: bool,
    pub(super) parameters: Vec<Field>,
    /// The documented body, or the observed one where the vendor shows none.
    pub(super) body: Option<Value>,
    pub(super) answers: Vec<Answer>,
    /// The fields of the answer, by the schema they belong to.
    pub(super) fields: Vec<(String, Vec<Field>)>,
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

/// A parameter of a request, or a field of an answer.
#[derive(Clone)]
pub(super) struct Field {
    /// With its way through a body: `buildin_data.created`, `list[].content`.
    pub(super) name: String,
    pub(super) words: Words,
    /// `integer`, `string or null`, `array of Contact`
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) default: Option<Words>,
    pub(super) example: Option<Value>,
    pub(super) evidence: String,
    /// The method or type that makes it.
    pub(super) rust: Option<String>,
    pub(super) quirks: Vec<Quirk>,
    /// The words it may have.
    pub(super) values: Vec<(String, Words)>,
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
    /// Other words are kept as they come.
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
        no_unknown_extension(&root)?;
        let info = root.get("info")?;
        let operations = operations(&root)?;
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
            observed: info.find("x-observed").map(|observed| pair(&observed)).transpose()?,
            credentials: credentials(&root)?,
            quirks: quirks(&info)?,
            errors: errors(&info)?,
            operations,
            enumerations: enumerations
                .map(|(name, schema)| enumeration(name, schema))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The keys of our own, as `docs/openapi/README.md` explains them.
pub(super) const EXTENSIONS: [&str; 19] = [
    "x-default",
    "x-enum-alias",
    "x-enum-open",
    "x-enum-varnames",
    "x-errors",
    "x-evidence",
    "x-idempotency",
    "x-methods",
    "x-observed",
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

/// A misspelt key would be a fact that is silently lost.
fn no_unknown_extension(node: &Node<'_>) -> Result<(), String> {
    for (key, child) in node.children() {
        if key.starts_with("x-") && !EXTENSIONS.contains(&key.as_str()) {
            return node.fault(&format!("has `{key}`, which docs/openapi/README.md does not know"));
        }
        no_unknown_extension(&child)?;
    }
    Ok(())
}

fn operations(root: &Node<'_>) -> Result<Vec<Operation>, String> {
    let mut operations: Vec<Operation> = Vec::new();
    for (path, item) in root.entries("paths")? {
        for (method, node) in item_methods(&item) {
            if let Some(same) = node.find("x-same-as") {
                let id = same.text()?;
                match operations.iter_mut().find(|operation| operation.id == id && operation.path == path) {
                    Some(operation) if method == "post" => operation.by_post = Some(evidence(&node)?),
                    _ => return same.fault("has to name the operation above it, and to be a POST"),
                }
            } else {
                operations.push(operation(path, method, &node)?);
            }
        }
    }
    Ok(operations)
}

fn item_methods<'a>(item: &Node<'a>) -> Vec<(&'static str, Node<'a>)> {
    let methods = ["get", "post", "put", "patch", "delete"];
    methods.into_iter().filter_map(|method| Some((method, item.find(method)?))).collect()
}

fn operation(path: &str, method: &str, node: &Node<'_>) -> Result<Operation, String> {
    let mut parameters = Vec::new();
    for parameter in node.items("parameters")? {
        let parameter = parameter.resolved()?;
        let schema = parameter.get("schema")?;
        let required = parameter.is_true("required");
        parameters.push(field(&parameter.text_of("name")?, &parameter, &schema, required)?);
    }
    let mut body = None;
    if let Some(request) = node.find("requestBody") {
        let content = request.get("content")?.get("application/json")?;
        fields_of(&content.get("schema")?.resolved()?, "", &mut parameters)?;
        let example = |name| content.find("examples").and_then(|examples| examples.find(name));
        body = example("documented").or_else(|| example("observed"));
    }
    for parameter in &parameters {
        if !parameter.required && parameter.default.is_none() {
            return node.fault(&format!("has a parameter `{}` without default or x-default", parameter.name));
        }
        if parameter.rust.is_none() {
            return node.fault(&format!("has a parameter `{}` without x-rust", parameter.name));
        }
        if parameter.example.is_none() {
            return node.fault(&format!("has a parameter `{}` without an example", parameter.name));
        }
    }
    let answer = node.get("responses")?.get("200")?.get("content")?.get("application/json")?;
    let mut fields = Vec::new();
    answer_fields(&answer.get("schema")?, &mut fields)?;
    let example = |(name, node): (&str, Node<'_>)| {
        Ok::<_, String>(Answer { name: name.to_owned(), value: node.get("value")?.value().clone() })
    };
    Ok(Operation {
        id: node.text_of("operationId")?,
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: Words { en: node.text_of("summary")?, ru: node.text_of("x-summary-ru")? },
        about: words(node)?,
        source: node.text_of("x-source")?,
        idempotency: match node.get("x-idempotency")?.text()? {
            "read" => Idempotency::Read,
            "idempotent" => Idempotency::Idempotent,
            "write" => Idempotency::Write,
            _ => return node.get("x-idempotency")?.fault("is none of read, idempotent, write"),
        },
        success: match node.get("x-success")?.text()? {
            "no_error" => Success::NoError,
            "result_word" => Success::ResultWord,
            "each_result" => Success::EachResult,
            _ => return node.get("x-success")?.fault("is none of no_error, result_word, each_result"),
        },
        by_post: None,
        paging: node.find("x-paging").map(|paging| pair(&paging)).transpose()?,
        quirks: quirks(node)?,
        errors: errors(node)?,
        methods: node
            .items("x-methods")?
            .iter()
            .map(|name| name.text().map(str::to_owned))
            .collect::<Result<_, _>>()?,
        rust: node.text_of("x-rust")?,
        has_body: node.find("requestBody").is_some(),
        parameters,
        body: body.map(|example| Ok::<_, String>(example.get("value")?.value().clone())).transpose()?,
        answers: answer.entries("examples")?.into_iter().map(example).collect::<Result<_, _>>()?,
        fields,
    })
}

impl Operation {
    /// How its methods are called, for a table: `` `history.list(..)`, `history.entries(..)` ``.
    pub(super) fn calls(&self) -> String {
        let client = self.id.split('.').next().unwrap_or_default();
        let arguments = if self.parameters.is_empty() { "" } else { ".." };
        let calls: Vec<String> =
            self.methods.iter().map(|method| format!("`{client}.{method}({arguments})`")).collect();
        calls.join(", ")
    }
}

/// The properties of a schema, those of its parts behind them with the way to them.
fn fields_of(schema: &Node<'_>, prefix: &str, fields: &mut Vec<Field>) -> Result<(), String> {
    let required = schema.items("required")?;
    for (name, property) in schema.entries("properties")? {
        let required = required.iter().any(|key| key.text() == Ok(name));
        fields.push(field(&format!("{prefix}{name}"), &property, &property, required)?);
        let part = property.resolved()?;
        match part.find("items").map(|items| items.resolved()).transpose()? {
            Some(items) if items.find("properties").is_some() => {
                fields_of(&items, &format!("{prefix}{name}[]."), fields)?;
            }
            _ => fields_of(&part, &format!("{prefix}{name}."), fields)?,
        }
    }
    Ok(())
}

/// What an answer may be but a failure, each schema with its own properties once.
fn answer_fields(schema: &Node<'_>, out: &mut Vec<(String, Vec<Field>)>) -> Result<(), String> {
    let schema_name = schema.target().map(str::to_owned);
    let schema = schema.resolved()?;
    for choice in ["oneOf", "anyOf"] {
        for variant in schema.items(choice)? {
            if variant.target() != Some("Failure") {
                answer_fields(&variant, out)?;
            }
        }
    }
    if let Some(items) = schema.find("items") {
        answer_fields(&items, out)?;
    }
    let properties = schema.entries("properties")?;
    let name = match schema_name.or_else(|| schema.text_of("title").ok()) {
        Some(name) => name,
        None if properties.is_empty() => return Ok(()),
        None => return schema.fault("has no title"),
    };
    if properties.is_empty() || out.iter().any(|(known, _)| *known == name) {
        return Ok(());
    }
    let required = schema.items("required")?;
    let mut fields = Vec::new();
    for (key, property) in &properties {
        let required = required.iter().any(|name| name.text() == Ok(*key));
        fields.push(field(key, property, property, required)?);
    }
    out.push((name, fields));
    for (_, property) in &properties {
        answer_fields(property, out)?;
    }
    Ok(())
}

fn field(name: &str, node: &Node<'_>, schema: &Node<'_>, required: bool) -> Result<Field, String> {
    let enumeration = schema.resolved()?;
    let default = match (node.find("x-default"), schema.find("default")) {
        (Some(default), _) => Some(pair(&default)?),
        (None, Some(default)) => {
            let text = format!("`{}`", default.value().plain()?);
            Some(Words { en: text.clone(), ru: text })
        }
        (None, None) => None,
    };
    let example = node.find("example").map(|example| example.value().clone());
    let first_example = || {
        node.find("examples").and_then(|examples| match examples.value() {
            Value::List(examples) => examples.first().cloned(),
            _ => None,
        })
    };
    let values = enumeration.entries("x-values")?;
    Ok(Field {
        name: name.to_owned(),
        words: words(node)?,
        kind: kind(schema)?,
        required,
        default,
        example: example.or_else(first_example),
        evidence: evidence(node)?,
        rust: node.find("x-rust").map(|rust| rust.text().map(str::to_owned)).transpose()?,
        quirks: quirks(node)?,
        values: values
            .iter()
            .map(|(word, node)| Ok(((*word).to_owned(), pair(node)?)))
            .collect::<Result<_, String>>()?,
    })
}

/// The type of a schema, as a person says it.
fn kind(schema: &Node<'_>) -> Result<String, String> {
    let name = schema.target().unwrap_or_default().to_owned();
    let schema = schema.resolved()?;
    for choice in ["oneOf", "anyOf"] {
        let variants = schema.items(choice)?;
        if !variants.is_empty() {
            let mut kinds: Vec<String> = variants.iter().map(kind).collect::<Result<_, _>>()?;
            kinds.dedup();
            return Ok(kinds.join(" or "));
        }
    }
    let plain = match schema.get("type")?.value() {
        Value::List(kinds) => kinds.iter().map(Value::plain).collect::<Result<Vec<_>, _>>()?.join(" or "),
        kind => kind.plain()?,
    };
    Ok(match schema.find("items") {
        Some(items) => plain.replacen("array", &format!("array of {}", kind(&items)?), 1),
        None if plain == "object" && !name.is_empty() => name,
        None => plain,
    })
}

fn credentials(root: &Node<'_>) -> Result<Vec<Credential>, String> {
    let schemes = root.get("components")?.entries("securitySchemes")?;
    let credential = |(_, scheme): &(&str, Node<'_>)| {
        Ok(Credential {
            header: scheme.text_of("name")?,
            placeholder: scheme.text_of("x-placeholder")?,
            words: words(scheme)?,
        })
    };
    schemes.iter().map(credential).collect()
}

fn enumeration(name: &str, schema: &Node<'_>) -> Result<Enumeration, String> {
    let names = schema.items("x-enum-varnames")?;
    let wires = schema.items("enum")?;
    let described = schema.entries("x-values")?;
    if names.len() != wires.len() || described.len() != wires.len() {
        return schema.fault("has not as many x-enum-varnames and x-values as enum has values");
    }
    evidence(schema)?;
    let mut values = Vec::new();
    for (wire, name) in wires.iter().zip(&names) {
        let wire = wire.value().plain()?;
        let Some((_, node)) = described.iter().find(|(key, _)| *key == wire) else {
            return schema.fault(&format!("has no x-values.{wire}"));
        };
        node.find("evidence").map(|evidence| checked_evidence(&evidence)).transpose()?;
        values.push(EnumValue { name: name.text()?.to_owned(), words: pair(node)?, wire });
    }
    Ok(Enumeration {
        name: name.to_owned(),
        words: words(schema)?,
        alias: schema.find("x-enum-alias").map(|alias| alias.text().map(str::to_owned)).transpose()?,
        open: schema.is_true("x-enum-open"),
        is_number: schema.get("type")?.text()? == "integer",
        values,
    })
}

/// `description` and `x-ru`.
fn words(node: &Node<'_>) -> Result<Words, String> {
    Ok(Words { en: node.text_of("description")?, ru: node.text_of("x-ru")? })
}

/// `en` and `ru`.
fn pair(node: &Node<'_>) -> Result<Words, String> {
    Ok(Words { en: node.text_of("en")?, ru: node.text_of("ru")? })
}

/// `x-evidence`: documented, assumed, or observed and on which revision.
fn evidence(node: &Node<'_>) -> Result<String, String> {
    checked_evidence(&node.get("x-evidence")?)
}

fn checked_evidence(node: &Node<'_>) -> Result<String, String> {
    let evidence = node.text()?;
    let revision = evidence.strip_prefix("observed ");
    if matches!(evidence, "documented" | "assumed") || revision.is_some_and(|revision| !revision.is_empty()) {
        Ok(evidence.to_owned())
    } else {
        node.fault("is none of documented, assumed, observed REVISION")
    }
}

/// A quirk that does not say otherwise was observed on the revision of `info.x-observed`.
fn quirks(node: &Node<'_>) -> Result<Vec<Quirk>, String> {
    let quirk = |quirk: &Node<'_>| {
        let evidence = match quirk.find("evidence") {
            Some(evidence) => checked_evidence(&evidence)?,
            None => match quirk.document().get("info")?.find("x-observed") {
                Some(observed) => format!("observed {}", observed.text_of("revision")?),
                None => return quirk.fault("has no `evidence`, and info no `x-observed`"),
            },
        };
        Ok(Quirk { words: pair(quirk)?, evidence })
    };
    node.items("x-quirk")?.iter().map(quirk).collect()
}

fn errors(node: &Node<'_>) -> Result<Vec<ApiError>, String> {
    let error = |error: &Node<'_>| {
        let Value::Integer(code) = error.get("code")?.value() else {
            return error.fault("has a code that is no number");
        };
        Ok(ApiError {
            code: *code,
            text: error.text_of("text")?,
            evidence: checked_evidence(&error.get("evidence")?)?,
            words: pair(error)?,
        })
    };
    node.items("x-errors")?.iter().map(error).collect()
}
