//! Whoever knows the vendor's word finds the thing in the reference: by its name, or by an alias.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{Attribute, Expr, Item, Lit, Meta, Visibility};

use crate::common::sources;
use crate::for_each_operation;
use crate::requests::known;
use crate::source::Schema;

#[test]
fn each_name_of_the_vendor_is_found_in_the_docs_by_an_alias_or_by_itself() {
    let found = Found::in_the_crates();
    let mut names = BTreeSet::new();
    for_each_operation(|operation| {
        let parameters = known(operation);
        names.extend(parameters.iter().map(|path| path.rsplit('.').next().unwrap_or(path).replace("[]", "")));
        answered(operation.answer(), &mut names);
    });
    names.extend(["apikey", "login", "X-Crypto-Token", "X-Crypto-Secret"].map(str::to_owned));
    let missing: Vec<_> = names.iter().filter(|name| !found.0.contains(&plain(name))).collect();
    assert!(missing.is_empty(), "nothing in the docs is called {missing:?}, or has that as #[doc(alias)]");
    assert!(names.len() > 50, "only {} names were read from docs/openapi", names.len());
}

#[test]
fn each_method_of_a_client_has_an_example() {
    let mut without = Vec::new();
    let mut count = 0;
    for (krate, client) in [
        ("crm-directory", "DirectoryClient"),
        ("crm-history", "HistoryClient"),
        ("crm-projects", "ProjectsClient"),
    ] {
        for (method, doc) in methods(krate, client) {
            count += 1;
            if !doc.contains("```") {
                without.push(format!("{client}::{method}"));
            }
        }
    }
    assert!(without.is_empty(), "no example: {without:?}");
    assert!(count > 30, "only {count} methods were read");
}

/// The names of the fields of an answer.
fn answered(schema: Schema<'_>, names: &mut BTreeSet<String>) {
    for (name, property) in schema.properties() {
        names.insert(name.to_owned());
        answered(property, names);
    }
    schema.items().into_iter().chain(schema.variants()).for_each(|within| answered(within, names));
}

/// What the search of rustdoc takes for the same.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}

/// The public names and aliases.
struct Found(BTreeSet<String>);

impl Found {
    fn in_the_crates() -> Self {
        let mut found = Self(BTreeSet::new());
        for krate in ["crm-model", "crm-transport", "crm-history", "crm-projects"] {
            sources::each(krate, &mut |_, file| found.visit_file(file));
        }
        found
    }

    fn public(&mut self, vis: &Visibility, name: &syn::Ident) {
        if matches!(vis, Visibility::Public(_)) {
            self.0.insert(plain(&name.to_string()));
        }
    }
}

impl<'a> Visit<'a> for Found {
    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        let Meta::List(list) = &attribute.meta else { return };
        if list.path.is_ident("doc") {
            // `alias = "x"` and `alias("x", "y")`: no other `doc(…)` has a text.
            let tokens = list.tokens.to_string();
            self.0.extend(tokens.split('"').skip(1).step_by(2).map(plain));
        }
    }

    fn visit_item(&mut self, item: &'a Item) {
        match item {
            Item::Struct(item) => self.public(&item.vis, &item.ident),
            Item::Enum(item) => self.public(&item.vis, &item.ident),
            // The ids are made by a macro, attributes and all.
            Item::Macro(item) => {
                let tokens = item.mac.tokens.to_string();
                let aliases = tokens.split("alias").skip(1).filter_map(|rest| rest.split('"').nth(1));
                self.0.extend(aliases.map(plain));
            }
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_field(&mut self, field: &'a syn::Field) {
        if let Some(name) = &field.ident {
            self.public(&field.vis, name);
        }
        syn::visit::visit_field(self, field);
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.public(&function.vis, &function.sig.ident);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

/// The public methods of a client, and what their docs say.
fn methods(krate: &str, client: &str) -> Vec<(String, String)> {
    let mut methods = Vec::new();
    sources::each(krate, &mut |path, file| {
        // The docs of the blocking methods link to these.
        if path.parent().is_some_and(|folder| folder.ends_with("src/blocking")) {
            return;
        }
        for item in &file.items {
            let Item::Impl(item) = item else { continue };
            let syn::Type::Path(of) = &*item.self_ty else { continue };
            if item.trait_.is_none() && of.path.is_ident(client) {
                for item in &item.items {
                    let syn::ImplItem::Fn(method) = item else { continue };
                    if matches!(method.vis, Visibility::Public(_)) {
                        methods.push((method.sig.ident.to_string(), doc(&method.attrs)));
                    }
                }
            }
        }
    });
    methods
}

/// The doc comment of an item.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(text) => match &text.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
