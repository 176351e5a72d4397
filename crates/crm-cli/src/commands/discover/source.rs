//! The descriptions in `docs/openapi`, to compare answers with.

use serde_json::Value;

/// One description.
pub(crate) struct Source {
    document: Value,
}

impl Source {
    /// SalesMan's history.
    pub(crate) fn history() -> Result<Self, String> {
        Self::parse(include_str!("../../../../../docs/openapi/salesman-history.v3.json"))
    }

    /// SalesMan's users, clients and contacts.
    #[allow(dead_code, reason = "only the tests hold answers against it")]
    pub(crate) fn directory() -> Result<Self, String> {
        Self::parse(include_str!("../../../../../docs/openapi/salesman-directory.v3.json"))
    }

    /// solOS's projects.
    pub(crate) fn projects() -> Result<Self, String> {
        Self::parse(include_str!("../../../../../docs/openapi/solos-projects.v2.json"))
    }

    fn parse(json: &str) -> Result<Self, String> {
        Ok(Self { document: serde_json::from_str(json).map_err(|error| error.to_string())? })
    }

    /// The operations by their IDs, in the order of their paths; not those that are another one by POST.
    pub(crate) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        paths.flat_map(move |(_, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.filter_map(move |(_, node)| {
                let id = node["operationId"].as_str()?;
                let same = node.get("x-same-as").is_some();
                (!same).then_some(Operation { id, node, document: &self.document })
            })
        })
    }

    pub(crate) fn operation(&self, id: &str) -> Option<Operation<'_>> {
        self.operations().find(|operation| operation.id == id)
    }
}

/// One operation.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) id: &'a str,
    pub(crate) node: &'a Value,
    document: &'a Value,
}

impl<'a> Operation<'a> {
    /// What an answer with status 200 looks like.
    pub(crate) fn answer(self) -> Schema<'a> {
        self.schema(&self.node["responses"]["200"]["content"]["application/json"]["schema"])
    }

    /// A schema within the operation, or whatever else may be a `$ref`.
    pub(crate) fn schema(self, node: &'a Value) -> Schema<'a> {
        Schema { document: self.document, node, target: node }.resolved()
    }
}

/// A schema, and what stands beside its `$ref`.
#[derive(Clone, Copy)]
pub(crate) struct Schema<'a> {
    pub(crate) document: &'a Value,
    node: &'a Value,
    pub(crate) target: &'a Value,
}

impl<'a> Schema<'a> {
    fn at(self, node: &'a Value) -> Self {
        Self { node, target: node, ..self }.resolved()
    }

    fn resolved(mut self) -> Self {
        while let Some(path) = self.target["$ref"].as_str() {
            match self.document.pointer(path.trim_start_matches('#')) {
                Some(target) => self.target = target,
                None => break,
            }
        }
        self
    }

    /// The grade of the name: `documented`, `observed 2026-06` or `assumed`. `None` for a whole schema.
    pub(crate) fn evidence(self) -> Option<&'a str> {
        let evidence = &self.node["x-evidence"];
        evidence.as_str().or_else(|| evidence["name"].as_str())
    }

    /// The types it allows: `integer`, `string`, `null` … Empty where it allows all.
    pub(crate) fn types(self) -> Vec<&'a str> {
        let variants = self.variants();
        if !variants.is_empty() {
            return variants.into_iter().flat_map(Self::types).collect();
        }
        match &self.target["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        let properties = self.target["properties"].as_object().into_iter().flatten();
        properties.map(move |(key, node)| (key.as_str(), self.at(node)))
    }

    pub(crate) fn property(self, key: &str) -> Option<Self> {
        self.target["properties"].get(key).map(|node| self.at(node))
    }

    pub(crate) fn is_required(self, key: &str) -> bool {
        self.target["required"].as_array().is_some_and(|keys| keys.iter().any(|name| name == key))
    }

    pub(crate) fn items(self) -> Option<Self> {
        self.target.get("items").map(|node| self.at(node))
    }

    /// Its keys are an account's own: whatever stands in an object that names none.
    pub(crate) fn has_own_names(self) -> bool {
        self.types().contains(&"object") && self.target["properties"].as_object().is_none()
    }

    /// The variant that a value is, or the schema itself.
    pub(crate) fn variant(self, value: &Value) -> Self {
        let variants = self.variants();
        let fits = variants.iter().find(|variant| variant.fits(value));
        let of_the_type = || variants.iter().find(|variant| variant.allows(kind(value)));
        fits.or_else(of_the_type).copied().unwrap_or(self)
    }

    pub(crate) fn allows(self, kind: &str) -> bool {
        let types = self.types();
        types.is_empty() || types.contains(&kind) || (kind == "integer" && types.contains(&"number"))
    }

    /// The value is one of the words it lists, where it lists any.
    pub(crate) fn lists(self, value: &Value) -> bool {
        self.target["enum"].as_array().is_none_or(|words| words.contains(value))
            && self.target.get("const").is_none_or(|word| word == value)
    }

    /// What it may be, by `oneOf` or `anyOf`; empty where it is one thing.
    pub(crate) fn variants(self) -> Vec<Self> {
        let variants = ["oneOf", "anyOf"].into_iter().filter_map(|choice| self.target[choice].as_array());
        variants.flatten().map(|node| self.at(node)).collect()
    }

    fn fits(self, value: &Value) -> bool {
        let required = self.target["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.allows(kind(value))
            && required.into_iter().all(|key| value.get(key).is_some())
            && self.properties().all(|(key, schema)| {
                schema.target.get("const").is_none()
                    || value.get(key).is_some_and(|value| schema.lists(value))
            })
    }
}

/// JSON's name for the type of a value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
