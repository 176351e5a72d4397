//! Rust: the tables of operations, the enumerations, and the calls of the reference as a test.

use super::Files;
use super::source::{Api, Enumeration, Idempotency, Operation};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use std::io::Write;
use std::process::{Command, Stdio};

/// The table and the enumerations of an API.
pub(super) fn files(api: &Api) -> Result<Files, String> {
    let name = &api.name;
    let from = std::slice::from_ref(&api.file);
    Ok(Files::from([
        (format!("crates/crm-{name}/src/operations/catalog.rs"), written(from, table(api))?),
        (format!("crates/crm-model/src/{name}/enumerations.rs"), written(from, enumerations(api))?),
    ]))
}

/// The calls of the reference, as a module of the tests of `crm`.
pub(super) fn calls(apis: &[Api]) -> Result<String, String> {
    let from: Vec<String> = apis.iter().map(|api| api.file.clone()).collect();
    let mut arms = TokenStream::new();
    let mut methods = Vec::new();
    for operation in apis.iter().flat_map(|api| &api.operations) {
        let client = match operation.id.split_once('.') {
            Some(("history", _)) => format_ident!("HistoryClient"),
            Some(("directory", _)) => format_ident!("DirectoryClient"),
            _ => format_ident!("ProjectsClient"),
        };
        // The call shows that the method is there, whatever it is generic over.
        let is_called = |name: &&String| operation.rust.contains(&format!(".{name}("));
        methods.extend(operation.methods.iter().filter(|name| !is_called(name)).map(|name| {
            let name = format_ident!("{name}");
            quote! { let _ = #client::#name; }
        }));
        let id = &operation.id;
        let call: TokenStream =
            operation.rust.parse().map_err(|error| format!("{id}: x-rust cannot be read: {error}"))?;
        arms.extend(quote! { #id => { #call } });
    }
    let code = quote! {
        #![doc = " The call of each page of the reference."]
        #![allow(unused_variables, reason = "a page names what it gets")]

        use crm::directory::DirectoryClient;
        use crm::history::HistoryClient;
        use crm::projects::ProjectsClient;

        /// Makes the call of this operation. `false` where the source has none.
        pub(crate) async fn call(
            id: &str,
            history: &HistoryClient,
            directory: &DirectoryClient,
            projects: &ProjectsClient,
        ) -> Result<bool, Box<dyn std::error::Error>> {
            match id {
                #arms
                _ => return Ok(false),
            }
            Ok(true)
        }

        /// Compiles while the clients have each method that the source names.
        const _: fn() = || { #(#methods)* };
    };
    written(&from, code)
}

fn table(api: &Api) -> TokenStream {
    let consts = api.operations.iter().map(info);
    let rows = api.operations.iter().map(|operation| {
        let name = const_name(operation);
        let parameters = operation.parameters.iter().map(|parameter| &parameter.name);
        quote! { (#name, &[#(#parameters),*]) }
    });
    let count = Literal::usize_unsuffixed(api.operations.len());
    quote! {
        #![doc = " The operations as data."]

        use crm_transport::{Idempotency, OperationInfo};
        use http::Method;

        /// Every operation, and the wire names of its parameters in the vendor's order.
        pub const ALL: [(OperationInfo, &[&str]); #count] = [#(#rows),*];

        #(#consts)*
    }
}

fn info(operation: &Operation) -> TokenStream {
    let Operation { id, path, .. } = operation;
    let (name, method) = (const_name(operation), format_ident!("{}", operation.method));
    let doc = format!(" {}.", operation.summary.en);
    let by_post = operation.by_post.is_some();
    let idempotency = match operation.idempotency {
        Idempotency::Read => quote!(Read),
        Idempotency::Idempotent => quote!(Idempotent),
        Idempotency::Write => quote!(Write),
    };
    quote! {
        #[doc = #doc]
        pub(super) const #name: OperationInfo = OperationInfo {
            id: #id,
            method: Method::#method,
            path: #path,
            idempotency: Idempotency::#idempotency,
            accepts_post: #by_post,
        };
    }
}

/// `history.add_list`: `ADD_LIST`
fn const_name(operation: &Operation) -> proc_macro2::Ident {
    let name = operation.id.rsplit('.').next().unwrap_or_default();
    format_ident!("{}", name.to_uppercase())
}

fn enumerations(api: &Api) -> TokenStream {
    let enums = api.enumerations.iter().map(|enumeration| {
        let definition = definition(enumeration);
        let words = match enumeration {
            Enumeration { is_number: true, .. } => numbers(enumeration),
            Enumeration { open: true, .. } => open_words(enumeration),
            _ => words(enumeration),
        };
        quote! { #definition #words }
    });
    quote! {
        #![doc = " Enumerations of words and codes."]

        use std::fmt;
        use std::str::FromStr;

        use crate::InvalidValue;

        #(#enums)*
    }
}

fn definition(enumeration: &Enumeration) -> TokenStream {
    let name = format_ident!("{}", enumeration.name);
    let docs = doc_lines(&enumeration.words.en);
    let alias = enumeration.alias.iter().map(|alias| quote! { #[doc(alias = #alias)] });
    let variants = enumeration.values.iter().map(|value| {
        let doc = format!(" `{}`: {}", value.wire, value.words.en);
        let name = format_ident!("{}", value.name);
        let alias = needs_alias(&value.wire, &value.name).then(|| {
            let wire = &value.wire;
            quote! { #[doc(alias = #wire)] }
        });
        quote! { #[doc = #doc] #alias #name, }
    });
    let copy = if enumeration.open { quote!() } else { quote!(Copy,) };
    let other = enumeration.open.then(|| {
        quote! {
            /// Another word, kept as received.
            Other(String),
        }
    });
    quote! {
        #docs
        #(#alias)*
        #[derive(Clone, #copy Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name { #(#variants)* #other }
    }
}

/// An enumeration of words that only the client sends.
fn words(enumeration: &Enumeration) -> TokenStream {
    let name = format_ident!("{}", enumeration.name);
    let (names, wires) = names_and_wires(enumeration);
    let all = all(enumeration);
    let display = display(&name, &quote!(f.pad(self.as_str())));
    let (type_name, expected) = (name.to_string(), format!("one of {}", wires.join(", ")));
    quote! {
        impl #name {
            #all

            /// Returns the server's word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { #(Self::#names => #wires,)* }
            }
        }

        #display

        impl FromStr for #name {
            type Err = InvalidValue;

            /// Reads the server's word. Fails for any other text.
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .into_iter()
                    .find(|value| value.as_str() == word)
                    .ok_or(InvalidValue::new(#type_name, #expected))
            }
        }
    }
}

/// An enumeration of words that the server sends. It may send others.
fn open_words(enumeration: &Enumeration) -> TokenStream {
    let name = format_ident!("{}", enumeration.name);
    let (names, wires) = names_and_wires(enumeration);
    let display = display(&name, &quote!(f.pad(self.as_str())));
    quote! {
        impl #name {
            /// Returns the server's word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#names => #wires,)*
                    Self::Other(word) => word,
                }
            }
        }

        #display

        impl From<String> for #name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    #(#wires => Self::#names,)*
                    _ => Self::Other(word),
                }
            }
        }

        impl FromStr for #name {
            type Err = std::convert::Infallible;

            /// Reads the server's word. Keeps any other word as `Other`.
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Ok(word.to_owned().into())
            }
        }
    }
}

/// An enumeration of numbers.
fn numbers(enumeration: &Enumeration) -> TokenStream {
    let name = format_ident!("{}", enumeration.name);
    let (names, _) = names_and_wires(enumeration);
    let numbers = enumeration.values.iter().filter_map(|value| value.wire.parse().ok());
    let numbers: Vec<Literal> = numbers.map(Literal::i64_unsuffixed).collect();
    let all = all(enumeration);
    let display = display(&name, &quote!(self.number().fmt(f)));
    quote! {
        impl #name {
            #all

            /// Returns the value with this number, or `None` for an unknown number.
            #[must_use]
            pub fn from_number(number: i64) -> Option<Self> {
                match number {
                    #(#numbers => Some(Self::#names),)*
                    _ => None,
                }
            }

            /// Returns the number.
            #[must_use]
            pub fn number(self) -> i64 {
                match self { #(Self::#names => #numbers,)* }
            }
        }

        #display
    }
}

fn display(name: &proc_macro2::Ident, body: &TokenStream) -> TokenStream {
    quote! {
        impl fmt::Display for #name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                #body
            }
        }
    }
}

fn all(enumeration: &Enumeration) -> TokenStream {
    let (names, _) = names_and_wires(enumeration);
    let count = Literal::usize_unsuffixed(names.len());
    quote! {
        /// All values, in the vendor's order.
        pub const ALL: [Self; #count] = [#(Self::#names),*];
    }
}

fn names_and_wires(enumeration: &Enumeration) -> (Vec<proc_macro2::Ident>, Vec<&str>) {
    let values = enumeration.values.iter();
    values.map(|value| (format_ident!("{}", value.name), value.wire.as_str())).unzip()
}

/// A word that a search for the Rust name does not find: `activ` for `History`.
fn needs_alias(wire: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    wire.starts_with(|c: char| c.is_alphabetic()) && wire.replace('_', "") != name
}

fn doc_lines(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote! { #(#[doc = #lines])* }
}

/// The code as it is committed: with its header, formatted like the rest.
pub(super) fn written(from: &[String], code: TokenStream) -> Result<String, String> {
    let file = syn::parse2(code).map_err(|error| format!("the generated Rust cannot be read: {error}"))?;
    let code = format!(
        "// Generated by `cargo xtask codegen` from {}: change that and run it again.\n\n{}",
        from.join(" and "),
        spaced(&prettyplease::unparse(&file))
    );
    formatted(&code)
}

/// With a blank line between items; prettyplease leaves none.
fn spaced(code: &str) -> String {
    let mut text = String::new();
    let mut last = "";
    for line in code.lines() {
        let begins =
            ["///", "#[", "fn ", "impl ", "use "].iter().any(|start| line.trim_start().starts_with(start));
        let comment = last.trim_start();
        let ends = comment.starts_with("//!")
            || (!comment.starts_with("///") && ["}", ";", "!"].iter().any(|end| last.ends_with(end)));
        let uses = line.starts_with("use ") && last.starts_with("use ");
        if begins && ends && !uses {
            text.push('\n');
        }
        text += line;
        text.push('\n');
        last = line;
    }
    text
}

/// prettyplease knows nothing of `rustfmt.toml`.
fn formatted(code: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("rustfmt could not be started: {error}");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", crate::cargo::ROOT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = rustfmt.stdin.take() {
        stdin.write_all(code.as_bytes()).map_err(failed)?;
    }
    let output = rustfmt.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(format!("rustfmt refused generated Rust:\n{code}"));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("rustfmt: {error}"))
}
