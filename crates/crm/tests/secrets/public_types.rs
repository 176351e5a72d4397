//! The public types of the workspace, as the sources declare them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::sources;
use syn::{Item, ItemImpl, Meta, Type, Visibility};

/// The types, each as `crate::Type`; and those of them that have `Display`, or can be serialized.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) types: BTreeSet<String>,
    pub(crate) shown: BTreeSet<String>,
    pub(crate) serialized: BTreeSet<String>,
}

const CRATES: [&str; 10] = [
    "crm",
    "crm-model",
    "crm-transport",
    "crm-testing",
    "crm-history",
    "crm-directory",
    "crm-mirror",
    "crm-outbox",
    "crm-projects",
    "crm-sandbox",
];

/// What the crates of the workspace declare. `pub` in a private module counts: the lint `unreachable_pub` lets
/// nothing be `pub` that nobody can reach.
pub(crate) fn of_the_workspace() -> Api {
    let mut api = Api::default();
    for name in CRATES {
        sources::each(name, &mut |_, file| read_items(&file.items, &name.replace('-', "_"), &mut api));
    }
    // Sources of an export, and what is asked of them: nobody is given one, so nobody can show it. The export itself,
    // which holds them, is shown. The engine is hidden, and only the crates of this project use it.
    for inside in [
        "crm_history::Activity",
        "crm_history::Driver",
        "crm_history::Earlier",
        "crm_history::Ending",
        "crm_history::Floor",
        "crm_history::Limits",
        "crm_history::Ranges",
        "crm_history::Sending",
        "crm_history::SentBefore",
        "crm_history::Settings",
        "crm_history::Settled",
        "crm_history::Entries",
        "crm_directory::Contacts",
        // They need a server. The tests of their addresses show that no password is in them.
        "crm_mirror::PostgresStore",
        "crm_outbox::PostgresStore",
        "crm_projects::Projects",
        "crm_transport::ExportPage",
    ] {
        assert!(api.types.remove(inside), "{inside} is gone: take it out of this list");
    }
    api.shown.retain(|name| api.types.contains(name));
    api.serialized.retain(|name| api.types.contains(name));
    api
}

/// Adds what a source declares.
pub(crate) fn read_source(source: &str, krate: &str, api: &mut Api) {
    read_items(&syn::parse_file(source).unwrap().items, krate, api);
}

fn read_items(items: &[Item], krate: &str, api: &mut Api) {
    for item in items {
        match item {
            Item::Struct(item) => declared(&item.vis, &item.ident, &item.attrs, krate, api),
            Item::Enum(item) => declared(&item.vis, &item.ident, &item.attrs, krate, api),
            Item::Union(item) => declared(&item.vis, &item.ident, &item.attrs, krate, api),
            Item::Impl(item) => implemented(item, krate, api),
            Item::Mod(item) if !is_for_tests(&item.attrs) => {
                read_items(item.content.as_ref().map_or(&[], |(_, items)| items), krate, api);
            }
            // The ids: attributes, and then the name. They have `Display` and are serialized, all of them.
            Item::Macro(item) if item.mac.path.is_ident("id") => {
                let name = item.mac.tokens.to_string();
                let name = format!("{krate}::{}", name.rsplit([' ', ']']).next().unwrap());
                for list in [&mut api.types, &mut api.shown, &mut api.serialized] {
                    list.insert(name.clone());
                }
            }
            Item::Macro(item) => {
                assert!(
                    item.mac.path.is_ident("macro_rules"),
                    "a macro that may declare a type: read it here"
                );
            }
            _ => {}
        }
    }
}

fn declared(vis: &Visibility, ident: &syn::Ident, attributes: &[syn::Attribute], krate: &str, api: &mut Api) {
    if !matches!(vis, Visibility::Public(_)) {
        return;
    }
    let name = format!("{krate}::{ident}");
    for attribute in attributes {
        if let Meta::List(list) = &attribute.meta
            && list.path.is_ident("derive")
        {
            let derived = list.tokens.to_string();
            if derived.split(',').any(|one| one.trim() == "Serialize") {
                api.serialized.insert(name.clone());
            }
            if derived.contains("thiserror") {
                api.shown.insert(name.clone());
            }
        }
    }
    api.types.insert(name);
}

fn implemented(item: &ItemImpl, krate: &str, api: &mut Api) {
    let (Some((of, _)), Type::Path(of_type)) = (&item.trait_, &*item.self_ty) else { return };
    let (Some(of), Some(name)) = (of.segments.last(), of_type.path.segments.last()) else { return };
    let name = format!("{krate}::{}", name.ident);
    if of.ident == "Display" {
        api.shown.insert(name);
    } else if of.ident == "Serialize" {
        api.serialized.insert(name);
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// All sources of a folder, with their paths.
fn texts(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn no_source_turns_the_check_of_certificates_off() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut all = Vec::new();
    CRATES.iter().for_each(|name| texts(&crates.join(name).join("src"), &mut all));
    // The verifier of the system is set by a method with this name. It checks the chain, the name and the dates.
    const SYSTEM: [&str; 2] = [".dangerous()", ".with_custom_certificate_verifier(Arc::new(verifier))"];
    for (path, source) in &mut all {
        if source.contains("use rustls_platform_verifier::Verifier;") {
            SYSTEM.iter().for_each(|call| *source = source.replacen(call, "", 1));
        }
        for word in ["danger", "accept_invalid", "ServerCertVerifier", "NoVerifier", "custom_certificate"] {
            assert!(!source.contains(word), "{path} has {word}");
        }
    }
    assert!(all.len() > 50);
}

#[test]
fn each_promise_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    texts(&root.join("crates"), &mut all);
    texts(&root.join("xtask/src"), &mut all);
    let promises = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let names: Vec<&str> =
        promises.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 3).collect();
    for name in &names {
        let declared = format!("fn {name}(");
        assert!(all.iter().any(|(_, source)| source.contains(&declared)), "there is no test {name}");
    }
    assert!(names.len() > 40, "{names:?}");
}

#[test]
fn a_new_public_type_is_seen_wherever_it_stands() {
    let mut api = Api::default();
    let source = "
        pub mod inner { #[derive(Clone, serde::Serialize, Serialize)] pub struct Deep<T>(T); }
        pub(crate) struct Own; struct Hidden;
        #[derive(Debug, thiserror::Error)] pub enum Fault { A }
        impl std::fmt::Display for Wide { }
        pub struct Wide; pub union Both { a: u8 }
        #[cfg(test)] mod tests { pub struct ForTests; }
        id! { /// An id.
        #[doc(alias = \"x\")] NewId }";
    read_source(source, "x", &mut api);
    let all = |list: &BTreeSet<String>| list.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(all(&api.types), "x::Both x::Deep x::Fault x::NewId x::Wide");
    assert_eq!(all(&api.shown), "x::Fault x::NewId x::Wide");
    assert_eq!(all(&api.serialized), "x::Deep x::NewId");
}
