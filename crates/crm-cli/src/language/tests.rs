//! The catalogues are whole: every text is there in both languages, has the same variables, and is used.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::CommandFactory;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

use super::*;
use crate::arguments::Arguments;

/// The texts of a catalogue with their variables. An attribute has the name `text.attribute`.
fn texts(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = parser::parse(source).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut texts = BTreeMap::new();
    for entry in resource.body {
        let Entry::Message(message) = entry else { continue };
        let name = message.id.name;
        let mut add = |name: String, pattern: &Pattern<&str>| {
            let mut variables = BTreeSet::new();
            collect(pattern, &mut variables);
            assert!(texts.insert(name.clone(), variables).is_none(), "{name} is there twice");
        };
        if let Some(pattern) = &message.value {
            add(name.to_owned(), pattern);
        }
        for attribute in &message.attributes {
            add(format!("{name}.{}", attribute.id.name), &attribute.value);
        }
    }
    texts
}

fn english() -> BTreeMap<String, BTreeSet<String>> {
    texts(&[ENGLISH, FILES_IN_ENGLISH, MIRROR_IN_ENGLISH, OUTBOX_IN_ENGLISH].join("\n"))
}

fn collect(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => collect_inline(inline, variables),
            Expression::Select { selector, variants } => {
                collect_inline(selector, variables);
                variants.iter().for_each(|variant| collect(&variant.value, variables));
            }
        }
    }
}

fn collect_inline(expression: &InlineExpression<&str>, variables: &mut BTreeSet<String>) {
    if let InlineExpression::VariableReference { id } = expression {
        variables.insert(id.name.to_owned());
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_variables() {
    let (english, russian) =
        (english(), texts(&[RUSSIAN, FILES_IN_RUSSIAN, MIRROR_IN_RUSSIAN, OUTBOX_IN_RUSSIAN].join("\n")));
    let names = |texts: &BTreeMap<String, BTreeSet<String>>| texts.keys().cloned().collect::<BTreeSet<_>>();
    let difference: Vec<_> = names(&english).symmetric_difference(&names(&russian)).cloned().collect();
    assert!(difference.is_empty(), "in one language only: {difference:?}");
    for (name, variables) in &english {
        assert_eq!(variables, &russian[name], "{name}");
    }
}

#[cfg(all(feature = "mirror", feature = "outbox"))]
#[test]
fn every_text_is_used_and_every_used_text_is_there() {
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut command = Arguments::command();
    collect_help(&mut command, "command", &mut used);
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let catalogue: BTreeMap<String, BTreeSet<String>> =
        english().into_iter().chain(texts(LIBRARY_IN_RUSSIAN)).collect();
    let unused: Vec<&String> = catalogue
        .keys()
        .filter(|name| {
            let base = name.strip_suffix("-advice").unwrap_or(name);
            let is_in_code = sources.contains(&format!("\"{base}\""));
            let is_of_error = name.starts_with("library-error-") || name.starts_with("library-write-");
            !is_in_code && !is_of_error && !used.contains(*name) && !name.contains('.')
        })
        .collect();
    assert!(unused.is_empty(), "no code uses {unused:?}");
    let missing: Vec<&String> = used.iter().filter(|name| !catalogue.contains_key(*name)).collect();
    assert!(missing.is_empty(), "help without a text: {missing:?}");
}

#[test]
fn every_name_of_a_text_in_the_code_is_in_the_catalogue() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let catalogue: BTreeMap<String, BTreeSet<String>> =
        english().into_iter().chain(texts(LIBRARY_IN_RUSSIAN)).collect();
    let calls = ["text(\"", "format(\"", "_text(\"", "say(\"", "chapter(\"", "BadValue(\""];
    for call in calls {
        for found in sources.split(call).skip(1) {
            let name = found.split('"').next().unwrap();
            let looks_like_a_name =
                name.contains('-') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(!looks_like_a_name || catalogue.contains_key(name), "{call}{name}");
        }
    }
}

#[test]
fn every_finding_of_a_check_that_is_not_good_has_an_advice() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/check"));
    let catalogue = english();
    let names =
        sources.split('"').filter(|name| name.starts_with("check-") && !name.starts_with("check-row-"));
    let bad: BTreeSet<&str> =
        sources.split("Exit::").skip(1).filter_map(|call| call.split('"').nth(1)).collect();
    let bad = names
        .filter(|name| bad.contains(name) || matches!(*name, "check-types-unknown" | "check-users-unknown"));
    let missing: Vec<_> = bad.filter(|name| !catalogue.contains_key(&format!("{name}-advice"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn collect_help(command: &mut clap::Command, name: &str, used: &mut BTreeSet<String>) {
    used.insert(name.to_owned());
    used.extend(command.get_arguments().map(|argument| format!("option-{}", argument.get_id())));
    for subcommand in command.get_subcommands_mut() {
        let name = format!("{name}-{}", subcommand.get_name());
        collect_help(subcommand, &name, used);
    }
}

/// The code below a folder, without the tests.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            text += &std::fs::read_to_string(path).unwrap();
        }
    }
    text
}

#[test]
fn the_words_of_the_operating_system_are_russian_in_a_russian_text() {
    let error = std::fs::read("/nowhere/at/all").unwrap_err().to_string();
    let values = [("file", "a.csv".into()), ("error", format!("a.csv: {error}").into())];
    let russian = Messages::new(Language::Russian).format("file-not-read", &values);
    assert!(russian.ends_with("a.csv: нет такого файла или папки"), "{russian}");
    assert!(Messages::new(Language::English).format("file-not-read", &values).ends_with(&error));
}

#[test]
fn russian_plural_forms_follow_the_number() {
    let messages = Messages::new(Language::Russian);
    let summary = |rows: u64| {
        messages.format("import-summary", &[("rows", rows.into()), ("counts", "сохранено: 1".into())])
    };
    assert_eq!(summary(1), "1 строка: сохранено: 1");
    assert_eq!(summary(2), "2 строки: сохранено: 1");
    assert_eq!(summary(5), "5 строк: сохранено: 1");
    assert_eq!(summary(11), "11 строк: сохранено: 1");
    assert_eq!(summary(21), "21 строка: сохранено: 1");
}

#[test]
fn the_help_of_every_command_has_no_word_of_clap_in_the_other_language() {
    let messages = Messages::new(Language::Russian);
    let command = with_texts(Arguments::command(), &messages);
    let mut commands = vec![command];
    while let Some(mut command) = commands.pop() {
        let help = command.render_long_help().to_string();
        for word in ["Usage", "OPTIONS", "Options", "COMMAND", "Commands", "Print", "default:", "possible"] {
            assert!(!help.contains(word), "{word} in {help}");
        }
        commands.extend(command.get_subcommands().cloned());
    }
}
