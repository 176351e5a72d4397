//! Looks for secrets in texts, however they are spelled.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::Serialize;

/// The texts in which no secret may be, and the types they are of.
#[derive(Default)]
pub(crate) struct Texts {
    texts: Vec<(String, String)>,
    pub(crate) debugged: BTreeSet<String>,
    pub(crate) shown: BTreeSet<String>,
    pub(crate) serialized: BTreeSet<String>,
}

impl Texts {
    /// Any text; `place` says where it was found.
    pub(crate) fn text(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.texts.push((place.into(), text.into()));
    }

    /// `Debug` of a value.
    pub(crate) fn debug<T: Debug>(&mut self, value: &T) -> &mut Self {
        let name = name_of::<T>();
        self.text(format!("Debug of {name}"), format!("{value:?} {value:#?}"));
        self.debugged.insert(name);
        self
    }

    /// `Display` of a value.
    pub(crate) fn display<T: Display>(&mut self, value: &T) -> &mut Self {
        let name = name_of::<T>();
        self.text(format!("Display of {name}"), value.to_string());
        self.shown.insert(name);
        self
    }

    /// A value as JSON.
    pub(crate) fn json<T: Serialize>(&mut self, value: &T) -> &mut Self {
        let name = name_of::<T>();
        self.text(format!("JSON of {name}"), serde_json::to_string(value).unwrap());
        self.serialized.insert(name);
        self
    }

    /// An error, everything it tells, and its sources.
    pub(crate) fn error(&mut self, place: &str, error: &crm::Error) {
        self.debug(error).display(error);
        let told =
            (error.api_text(), error.json_path(), error.field(), error.body_excerpt(), error.retry_after());
        self.text(place, format!("{error} {error:#?} {told:?}"));
        let mut source = error.source();
        while let Some(cause) = source {
            self.text(format!("{place}: source"), format!("{cause} {cause:?} {cause:#?}"));
            source = cause.source();
        }
    }

    /// The same texts without something that the test itself put there.
    pub(crate) fn replacing(mut self, text: &str, with: &str) -> Self {
        self.texts.iter_mut().for_each(|(_, found)| *found = found.replace(text, with));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Where one of these secrets was found.
    pub(crate) fn leaks(&self, secrets: &[&str]) -> Vec<String> {
        let needles: Vec<(&str, String)> = secrets
            .iter()
            .flat_map(|secret| spellings(secret).into_iter().map(move |spelling| (*secret, spelling)))
            .collect();
        let mut leaks = Vec::new();
        for (place, text) in &self.texts {
            for (secret, spelling) in &needles {
                if let Some(at) = text.find(spelling.as_str()) {
                    let around: String = text[at..].chars().take(120).collect();
                    leaks.push(format!("{place}: {secret} as {spelling}: {around}"));
                }
            }
        }
        leaks
    }
}

/// `crm_history::operations::list::List<'_>` as `crm_history::List`.
fn name_of<T>() -> String {
    let name = std::any::type_name::<T>();
    let path = name.split('<').next().unwrap();
    let (krate, name) = (path.split("::").next().unwrap(), path.rsplit("::").next().unwrap());
    format!("{krate}::{name}")
}

/// As it is, as JSON, `Debug` and a URL spell it, and in base64 whatever stands before it.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"').to_owned();
    let url: String = secret
        .bytes()
        .map(|byte| match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    let mut all = vec![secret.to_owned(), json.replace('/', "\\/"), json, url.to_lowercase(), url];
    // The beginning alone is a leak too, where a text was cut.
    all.push(secret.chars().take(9).collect());
    for before in 0..3 {
        let text = format!("{}{secret}", "x".repeat(before));
        let encoded = STANDARD_NO_PAD.encode(text);
        // The edges depend on the neighbours.
        all.push(encoded[4..encoded.len() - 4].to_owned());
    }
    all
}

/// A type with every mistake.
#[derive(Debug, Serialize)]
struct Leaky {
    key: String,
}

#[test]
fn the_search_finds_a_type_that_leaks_in_each_spelling() {
    let secret = "Kq7secret\"/+w";
    let mut texts = Texts::default();
    texts.debug(&Leaky { key: secret.to_owned() });
    texts.json(&Leaky { key: secret.to_owned() });
    texts.display(&secret);
    texts.text("escaped", "Kq7secret\\\"\\/+w");
    texts.text("url", "a=Kq7secret%22%2F%2Bw");
    texts.text("cut", "Kq7secret…");
    for basic in ["", "x", "xy", "user:"] {
        texts.text("basic", STANDARD_NO_PAD.encode(format!("{basic}{secret}:rest")));
    }
    let leaks = texts.leaks(&[secret]);
    for i in 0..texts.len() {
        let mut one = Texts::default();
        one.texts.push(texts.texts[i].clone());
        assert!(!one.leaks(&[secret]).is_empty(), "{:?} was overlooked", texts.texts[i]);
    }
    assert!(leaks.iter().any(|leak| leak.contains("Debug of secrets::Leaky")), "{leaks:#?}");
    texts.texts.clear();
    texts.text("harmless", "Kq7 is not the secret");
    assert!(texts.leaks(&[secret]).is_empty());
}
