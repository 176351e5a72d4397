//! The operations of a description.

use super::evidence::{grade, plain};
use super::facts::{errors, pair, quirks, words};
use super::fields::{field, fields_of, records};
use super::{Answer, Idempotency, Operation, Paging, Success, Words};
use crate::codegen::yaml_node::Node;

pub(super) fn operations(root: &Node<'_>) -> Result<Vec<Operation>, String> {
    let mut operations: Vec<Operation> = Vec::new();
    for (path, item) in root.entries("paths")? {
        for (method, node) in item_methods(&item) {
            if let Some(same) = node.find("x-same-as") {
                let id = same.text()?;
                match operations.iter_mut().find(|operation| operation.id == id && operation.path == path) {
                    Some(operation) if method == "post" => operation.by_post = Some(plain(&node)?),
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
        let missing = [
            (!parameter.required && parameter.default.is_none(), "default or x-default"),
            (parameter.rust.is_none(), "x-rust"),
            (parameter.example.is_none(), "an example"),
        ];
        if let Some((_, what)) = missing.iter().find(|(is_missing, _)| *is_missing) {
            return node.fault(&format!("has a parameter `{}` without {what}", parameter.name));
        }
    }
    let answer = node.get("responses")?.get("200")?.get("content")?.get("application/json")?;
    let mut found = Vec::new();
    records(&answer.get("schema")?, &mut found)?;
    let example = |(name, node): (&str, Node<'_>)| {
        Ok::<_, String>(Answer { name: name.to_owned(), value: node.get("value")?.value().clone() })
    };
    Ok(Operation {
        id: node.text_of("operationId")?,
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: Words { en: node.text_of("summary")?, ru: node.text_of("x-summary-ru")? },
        about: words(node)?,
        evidence: plain(node)?,
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
        paging: node.find("x-paging").map(|paging| self::paging(&paging)).transpose()?,
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
        records: found,
    })
}

fn paging(node: &Node<'_>) -> Result<Paging, String> {
    Ok(Paging { words: pair(node)?, evidence: grade(&node.get("evidence")?)? })
}

impl Operation {
    /// Returns how its methods are called, in Markdown: `` `history.list(..)` ``.
    pub(crate) fn calls(&self) -> Vec<String> {
        let client = self.id.split('.').next().unwrap_or_default();
        let arguments = if self.parameters.is_empty() { "" } else { ".." };
        self.methods.iter().map(|method| format!("`{client}.{method}({arguments})`")).collect()
    }
}
