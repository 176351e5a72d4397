//! Every English text of the libraries has a Russian one.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::*;

fn catalogue() -> Catalogue {
    toml::from_str(include_str!("../library_texts.ru.toml")).unwrap()
}

/// The libraries whose errors the program shows.
const LIBRARIES: [&str; 7] = [
    "crm-model",
    "crm-transport",
    "crm-history",
    "crm-projects",
    "crm-directory",
    "crm-outbox",
    "crm-mirror",
];

/// Texts that the program never shows in Russian, because it says the same with a text of its own, or because the text is
/// only a frame around others.
const NOT_SHOWN: &str = include_str!("not_shown.txt");

#[test]
fn every_text_of_the_libraries_has_a_russian_one() {
    let catalogue = catalogue().texts;
    let not_shown: BTreeSet<&str> = NOT_SHOWN.lines().collect();
    let mut texts = BTreeSet::new();
    for library in LIBRARIES {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(library).join("src");
        collect(&sources, &mut texts);
    }
    assert!(texts.len() > 200, "the sources were not read");
    let has_text = |text: &&String| catalogue.contains_key(*text) || not_shown.contains(text.as_str());
    let missing: Vec<&String> = texts.iter().filter(|text| !has_text(text)).collect();
    assert!(
        missing.is_empty(),
        "without a Russian text in library_texts.ru.toml (or a line in not_shown.txt):\n{}",
        missing.iter().map(|text| format!("{text:?} = \"\"")).collect::<Vec<_>>().join("\n")
    );
    let stale: Vec<&&str> = not_shown.iter().filter(|text| !texts.contains(**text)).collect();
    assert!(stale.is_empty(), "in not_shown.txt, and in no source: {stale:?}");
    let stale: Vec<&String> = catalogue.keys().filter(|text| !texts.contains(*text)).collect();
    assert!(stale.is_empty(), "in the catalogue, and in no source: {stale:?}");
}

#[test]
fn every_russian_text_uses_the_values_of_the_english_one_and_is_russian() {
    let catalogue = catalogue();
    for (english, russian) in catalogue.texts.iter().chain(&catalogue.composed) {
        let holes = pieces(english).len() - 1;
        for number in 1..=9 {
            let is_used =
                russian.contains(&format!("{{{number}}}")) || russian.contains(&format!("{{{number}?}}"));
            assert!(!is_used || number <= holes, "{english}: {russian}");
        }
        let is_russian = russian.chars().any(|sign| ('а'..='я').contains(&sign));
        assert!(is_russian || russian.is_empty() || russian.contains('{'), "{english}: {russian}");
    }
}

/// Collects the texts for people in the sources below a folder, without the tests.
fn collect(folder: &Path, texts: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The texts of logs and metrics are English.
        if matches!(name.as_str(), "tests" | "tests.rs" | "observe" | "observe.rs") {
            continue;
        }
        if path.is_dir() {
            collect(&path, texts);
        } else if name.ends_with(".rs") {
            Literals(texts).visit_file(&syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap());
        }
    }
}

struct Literals<'a>(&'a mut BTreeSet<String>);

impl Literals<'_> {
    fn add(&mut self, text: &str) {
        let text = text.trim_matches([' ', ',', ';', ':']);
        // One word is a name. A name of a table, an element of HTML or a statement of SQL is not for people.
        let words = text.split([' ', '(', ')']).filter(|word| {
            word.len() > 1
                && word.trim_end_matches([',', ':', '.']).bytes().all(|byte| byte.is_ascii_lowercase())
        });
        let is_sql = text.contains(['\n', '=', '$'])
            || ["bigint", "timestamptz", "SELECT "].iter().any(|word| text.contains(word));
        let first = text.split(' ').next().unwrap_or_default();
        let is_statement = first.len() > 2 && first.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_code = is_sql || is_statement || text.starts_with(['<', '"']) || text.starts_with("{\"");
        if words.count() >= 2 && !is_code {
            self.0.insert(text.to_owned());
        }
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                // The documentation of an item in a macro.
                TokenTree::Group(group) if group.stream().to_string().starts_with("doc =") => {}
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(literal) = syn::parse2::<syn::LitStr>(TokenTree::Literal(literal).into()) {
                        self.add(&literal.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl Visit<'_> for Literals<'_> {
    fn visit_lit_str(&mut self, literal: &syn::LitStr) {
        self.add(&literal.value());
    }

    fn visit_macro(&mut self, called: &syn::Macro) {
        self.add_tokens(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if let (true, Ok(list)) = (attribute.path().is_ident("error"), attribute.meta.require_list()) {
            self.add_tokens(list.tokens.clone());
        }
    }

    fn visit_item_mod(&mut self, module: &syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("test"))
        });
        if !is_test {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        // serde puts these into its own sentences.
        if function.sig.ident != "expecting" {
            visit::visit_impl_item_fn(self, function);
        }
    }
}

fn russian(text: &str) -> String {
    Messages::new(Language::Russian).of_library(text)
}

#[test]
fn a_message_of_several_parts_is_said_in_russian_part_by_part() {
    assert_eq!(
        russian("history.add: content is empty; nothing was sent"),
        "history.add: content: пусто; ничего не отправлено"
    );
    assert_eq!(
        russian(
            "list[2].content has a \\ before the code of a Russian letter, which would break the server's lists"
        ),
        "list[2].content: знак \\ перед кодом русской буквы сломал бы списки сервера"
    );
    assert_eq!(
        russian("history.add: the server failed: 500 «Ошибка»; check the log of the server"),
        "history.add: внутренняя ошибка сервера: 500 «Ошибка»; посмотрите лог сервера"
    );
    assert_eq!(
        russian(
            "history.export: page 3 holds a record twice: records may be missing, so read the list again"
        ),
        "history.export: на странице 3 одна запись дважды: записи могли быть пропущены, повторите чтение"
    );
}

#[test]
fn a_text_with_a_semicolon_of_its_own_is_one_text() {
    let text = "the server has stored nothing for 60 s: history.add_list: no connection to the server a:443: Connection \
                refused (os error 111); check the address and the network, or try again later";
    assert_eq!(
        russian(text),
        "сервер ничего не сохраняет уже 60 с: history.add_list: сервер a:443: соединение отклонено; проверьте адрес и сеть \
         или попробуйте позже"
    );
}

#[test]
fn a_file_is_named_with_its_role_even_if_its_path_has_spaces() {
    let denied = std::io::Error::from_raw_os_error(13);
    let error = crm::Error::storage(
        "history.import",
        "journal",
        Path::new("/my calls/a b.journal"),
        "cannot be written",
        Some(denied),
    );
    assert_eq!(
        russian(error.message()),
        "журнал импорта /my calls/a b.journal: не удалось записать: нет доступа"
    );
}

#[test]
fn the_advice_behind_the_cause_of_a_failed_store_is_said_in_russian() {
    let failed = |path: &str, cause: &str| {
        let cause = std::io::Error::other(cause);
        crm::Error::storage("outbox.deliver", "outbox", Path::new(path), "cannot be locked", Some(cause))
    };
    let file = failed("sqlite:calls.db", "Is a directory (os error 21)").to_string();
    assert_eq!(
        russian(&file),
        "outbox.deliver: очередь sqlite:calls.db: не удалось заблокировать: это папка, а не файл; \
         проверьте путь, права доступа и свободное место"
    );
    // The words of another program may have semicolons.
    let database = failed("postgres://host/db", "out of memory; try again").to_string();
    assert_eq!(
        russian(&database),
        "outbox.deliver: очередь postgres://host/db: не удалось заблокировать: «out of memory»; \
         «try again»; проверьте базу данных, её адрес и права её пользователя"
    );
}

#[test]
fn the_words_of_another_program_are_quoted() {
    let text = "outbox.open: the outbox calls.db cannot be opened: unable to open database file";
    assert_eq!(
        russian(text),
        "outbox.open: очередь calls.db: не удалось открыть: «unable to open database file»"
    );
    assert_eq!(russian("relation does not exist"), "«relation does not exist»");
    assert_eq!(russian("Нет доступа"), "Нет доступа");
}

#[test]
fn the_cause_of_a_failed_connection_to_a_database_is_said_in_russian() {
    let text = |cause: &str| {
        let (path, cause) = (Path::new("postgres://db/crm"), std::io::Error::other(cause.to_owned()));
        let error = crm::Error::storage("mirror.open", "copy", path, "cannot be reached", Some(cause));
        Messages::new(Language::Russian).error(&error)
    };
    assert_eq!(
        text("error connecting to server: Connection refused (os error 111)"),
        "mirror.open: не удалось обратиться к базе данных; копия postgres://db/crm: база данных недоступна: соединение \
         отклонено; проверьте базу данных, её адрес и права её пользователя [storage]"
    );
    let unknown = text("error performing TLS handshake: invalid peer certificate: UnknownIssuer");
    assert!(
        unknown.contains("недоступна: сертификат подписан неизвестным удостоверяющим центром;"),
        "{unknown}"
    );
    let other = "certificate not valid for name \"db\"; certificate is only valid for DnsName(\"localhost\")";
    let other = text(&format!("error performing TLS handshake: invalid peer certificate: {other}"));
    assert!(other.contains("недоступна: сертификат сервера выдан на другое имя;"), "{other}");
}

#[test]
fn english_texts_stay_as_they_are_in_english() {
    assert_eq!(Messages::new(Language::English).of_library("content is empty\n"), "content is empty ");
}

#[test]
fn the_words_of_a_server_cost_neither_the_stack_nor_much_time() {
    for words in ["cannot be built: ", "; ", "not sent: refused, not stored: "] {
        for count in [200, 20_000] {
            let text = words.repeat(count);
            assert!(russian(&text).len() <= 4 * text.len(), "{words}");
        }
    }
}
