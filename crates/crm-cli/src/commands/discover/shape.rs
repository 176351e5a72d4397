//! The shape of answers: keys, types, counts. No value goes in, so that none can come out.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::source::{Schema, kind};
use serde_json::Value;

/// What was seen at one place of many answers.
#[derive(Default)]
pub(crate) struct Shape {
    seen: u64,
    /// Types with how often each was seen; texts by their form.
    kinds: BTreeMap<&'static str, u64>,
    keys: BTreeMap<Key, Shape>,
    items: Option<Box<Shape>>,
    /// The shortest and the longest array.
    lengths: Option<(usize, usize)>,
    /// Words that the source does not list.
    unlisted: u64,
    /// The source knows this place, and how sure it is.
    known: bool,
    evidence: Option<String>,
    types: Vec<String>,
    required: bool,
}

/// A key, as far as it may be shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Named(String),
    /// Digits: an ID.
    Id,
    /// What may be somebody's: an account's own name, or anything that does not look like the name of a field.
    Hidden,
}

/// What differs from the source.
#[derive(Default)]
pub(crate) struct Drift {
    pub(crate) new: Vec<String>,
    pub(crate) differs: Vec<String>,
    /// Assumed, and seen as it was assumed.
    pub(crate) confirmed: Vec<String>,
    /// Known, and not seen.
    pub(crate) unseen: Vec<String>,
}

impl Shape {
    /// Adds what a value looks like, and how it stands to the source.
    pub(crate) fn add(&mut self, value: &Value, schema: Option<Schema<'_>>) {
        self.seen += 1;
        *self.kinds.entry(form(value)).or_default() += 1;
        if let Some(schema) = schema {
            self.expect(schema);
            let variant = schema.variant(value);
            // An open enumeration stands behind `anyOf`; only what no variant lists is unlisted.
            self.unlisted += u64::from(schema.allows(kind(value)) && !variant.lists(value));
        }
        let variant = schema.map(|schema| schema.variant(value));
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let property = variant.and_then(|variant| variant.property(key));
                    let key = named(key, map, variant, property.is_some());
                    let shape = self.keys.entry(key).or_default();
                    shape.add(value, property);
                    shape.known |= variant.is_some_and(Schema::has_own_names);
                }
                for (key, property) in variant.into_iter().flat_map(Schema::properties) {
                    let shape = self.keys.entry(Key::Named(key.to_owned())).or_default();
                    shape.expect(property);
                    shape.required = variant.is_some_and(|variant| variant.is_required(key));
                }
            }
            Value::Array(items) => {
                let (shortest, longest) = self.lengths.unwrap_or((items.len(), items.len()));
                self.lengths = Some((shortest.min(items.len()), longest.max(items.len())));
                let schema = variant.and_then(Schema::items);
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.add(item, schema));
            }
            _ => {}
        }
    }

    fn expect(&mut self, schema: Schema<'_>) {
        self.known = true;
        self.evidence = schema.evidence().map(str::to_owned);
        self.types = schema.types().into_iter().map(str::to_owned).collect();
        self.types.sort();
        self.types.dedup();
    }

    /// As a tree, a place on a line.
    pub(crate) fn show(&self) -> String {
        let mut text = String::new();
        self.line(&mut text, "$", 0, self.seen);
        text
    }

    fn line(&self, text: &mut String, name: &str, depth: usize, of: u64) {
        if self.seen == 0 {
            return;
        }
        let indent = "  ".repeat(depth + 1);
        let _ = write!(text, "{indent}{name}: {}", self.types_seen());
        if of > self.seen {
            let _ = write!(text, ", missing in {} of {of}", of - self.seen);
        }
        text.push('\n');
        let objects = self.kinds.get("object").copied().unwrap_or_default();
        for (key, shape) in &self.keys {
            // Ids and hidden keys stand for many: how often they are missing says nothing.
            let of = if matches!(key, Key::Named(_)) { objects } else { 0 };
            shape.line(text, &key.show(), depth + 1, of);
        }
        if let Some(items) = &self.items {
            let count = match self.lengths.unwrap_or_default() {
                (shortest, longest) if shortest == longest => shortest.to_string(),
                (shortest, longest) => format!("{shortest} to {longest}"),
            };
            items.line(text, &format!("each of {count}"), depth + 1, 0);
        }
    }

    /// `integer, null in 3 of 20`
    fn types_seen(&self) -> String {
        let types = self.kinds.iter().map(|(kind, count)| match self.kinds.len() {
            1 => (*kind).to_owned(),
            _ => format!("{kind} in {count} of {}", self.seen),
        });
        types.collect::<Vec<_>>().join(", ")
    }

    /// What differs from the source, each place once.
    pub(crate) fn drift(&self, operation: &str) -> Drift {
        let mut drift = Drift::default();
        self.compare(&format!("{operation} $"), &mut drift);
        drift
    }

    fn compare(&self, place: &str, drift: &mut Drift) {
        if self.seen == 0 {
            if self.known {
                drift.unseen.push(format!("{place} ({})", self.evidence.as_deref().unwrap_or("no evidence")));
            }
            return;
        }
        if !self.known {
            drift.new.push(format!("{place}: {}", self.types_seen()));
            return; // what stands below is new with it
        }
        let allows = |kind: &&str| {
            let kind = kind.split(' ').next().unwrap_or(kind);
            self.types.is_empty()
                || self
                    .types
                    .iter()
                    .any(|allowed| allowed == kind || (allowed == "number" && kind == "integer"))
        };
        let strange: Vec<&str> = self.kinds.keys().filter(|kind| !allows(kind)).copied().collect();
        if !strange.is_empty() {
            let (seen, said) = (self.types_seen(), self.types.join(" or "));
            drift.differs.push(format!("{place}: {seen}; the source says {said}"));
        } else if self.unlisted > 0 {
            let unlisted = self.unlisted;
            drift.differs.push(format!(
                "{place}: {unlisted} of {} are words that the source does not list",
                self.seen
            ));
        } else if self.evidence.as_deref() == Some("assumed") {
            drift.confirmed.push(format!("{place}: {}", self.types_seen()));
        }
        let objects = self.kinds.get("object").copied().unwrap_or_default();
        for (key, shape) in &self.keys {
            let place = format!("{place}.{}", key.show());
            match key {
                Key::Named(_) if shape.required && shape.seen < objects => {
                    let missing = objects - shape.seen;
                    drift
                        .differs
                        .push(format!("{place}: missing in {missing} of {objects}; the source wants it"));
                }
                Key::Named(_) => shape.compare(&place, drift),
                // Where the source expects an account's own keys, they are no drift.
                Key::Id | Key::Hidden if shape.known => {}
                Key::Id | Key::Hidden => drift.new.push(format!("{place}: {}", shape.types_seen())),
            }
        }
        if let Some(items) = &self.items {
            items.compare(&format!("{place}[]"), drift);
        }
    }
}

impl Key {
    fn show(&self) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::Id => "‹id›".to_owned(),
            Self::Hidden => "‹own key›".to_owned(),
        }
    }
}

/// A key of the source has its name. So has a new one, if it looks like the name of a field and its object like a
/// record; in an object that is a table keyed by something of the account, keys are data.
fn named(key: &str, map: &serde_json::Map<String, Value>, schema: Option<Schema<'_>>, known: bool) -> Key {
    if known {
        return Key::Named(key.to_owned());
    }
    if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
        return Key::Id;
    }
    let looks_like_a_field = key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let is_table = map.values().all(Value::is_object) && (map.len() > 1 || schema.is_none());
    let own_names = schema.is_some_and(Schema::has_own_names);
    if looks_like_a_field && !is_table && !own_names { Key::Named(key.to_owned()) } else { Key::Hidden }
}

/// The type of a value; of a text, what it is made of.
fn form(value: &Value) -> &'static str {
    let Value::String(text) = value else { return kind(value) };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let pattern: String = text.chars().take(20).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    match pattern.as_str() {
        "" => "string (empty)",
        "9999-99-99" => "string (date)",
        "9999-99-99 99:99:99" | "9999-99-99 99:99" | "9999-99-99T99:99:99" => "string (time)",
        _ if digits(text) => "string (digits)",
        _ if text.split_once('.').is_some_and(|(whole, part)| digits(whole) && digits(part)) => {
            "string (decimal)"
        }
        _ => "string",
    }
}
