//! Rust: the blocking client of each crate, from the source of its async client.
//!
//! A crate takes part if it has the folder `src/blocking`. The client is in `src/client.rs` and the files of `src/client/`.
//! Its methods become:
//! - an `async fn`: a call that waits for it;
//! - a method that returns a type with a blocking form, such as `Records`: that form. These are the types which
//!   `src/blocking/mod.rs` declares or re-exports by name;
//! - a method that takes a `Stream`: nothing, because a stream has no use without async;
//! - a function without `self`: a copy, because it has no client to forward to;
//! - any other method: a call of it.

use super::Files;
use super::rust::written;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use syn::{
    Attribute, Expr, ExprLit, File, FnArg, ImplItem, ImplItemFn, Item, Lit, Meta, Type, UseTree, Visibility,
};

pub(super) fn files(root: &Path) -> Result<Files, String> {
    let mut files = Files::new();
    for entry in fs::read_dir(root.join("crates")).map_err(|error| format!("crates: {error}"))? {
        let name = entry.map_err(|error| format!("crates: {error}"))?.file_name();
        let source = format!("crates/{}/src/client.rs", name.to_string_lossy());
        let room = format!("crates/{}/src/blocking", name.to_string_lossy());
        if root.join(&source).exists() && root.join(&room).exists() {
            let forms = blocking_forms(&parsed(root, &format!("{room}/mod.rs"))?);
            let mut file = parsed(root, &source)?;
            let mut sources = vec![source];
            for more in files_in(root, sources[0].trim_end_matches(".rs"))? {
                file.items.extend(parsed(root, &more)?.items);
                sources.push(more);
            }
            let code = client(&file, &forms).map_err(|error| format!("{}: {error}", sources[0]))?;
            files.insert(format!("{room}/client.rs"), written(&sources, code)?);
        }
    }
    Ok(files)
}

/// The files of a folder in alphabetical order; none if there is no such folder.
fn files_in(root: &Path, folder: &str) -> Result<Vec<String>, String> {
    if !root.join(folder).exists() {
        return Ok(Vec::new());
    }
    let fault = |error| format!("{folder}: {error}");
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder)).map_err(fault)? {
        files.push(format!("{folder}/{}", entry.map_err(fault)?.file_name().to_string_lossy()));
    }
    files.sort();
    Ok(files)
}

fn parsed(root: &Path, path: &str) -> Result<File, String> {
    let text = fs::read_to_string(root.join(path)).map_err(|error| format!("{path}: {error}"))?;
    syn::parse_file(&text).map_err(|error| format!("{path}: {error}"))
}

/// The public names that a module imports one by one or declares as types.
fn blocking_forms(file: &File) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    for item in &file.items {
        match item {
            Item::Use(item) if is_public(&item.vis) => flatten(&item.tree, quote!(), &mut names),
            Item::Type(item) => drop(names.insert(item.ident.to_string(), quote!())),
            _ => {}
        }
    }
    names.into_keys().collect()
}

/// The blocking form of the type that implements `Client` in this file.
pub(super) fn client(file: &File, forms: &BTreeSet<String>) -> Result<TokenStream, String> {
    let mut found = None;
    let mut inherent = Vec::new();
    for item in &file.items {
        let Item::Impl(item) = item else { continue };
        match &item.trait_ {
            Some((of, _)) if of.is_ident("Client") => found = Some((&item.self_ty, &item.items)),
            Some(_) => {}
            None => inherent.push((&item.self_ty, &item.items)),
        }
    }
    let (client, associated) = found.ok_or("no `impl Client for …`")?;
    let name = client.to_token_stream().to_string();
    let about = file.items.iter().filter_map(|item| match item {
        Item::Struct(item) if item.ident == name => Some(first_paragraph(&doc(&item.attrs))),
        _ => None,
    });
    let about: Vec<String> = about.flatten().collect();
    let link = format!(
        " Has the methods of the async [`{name}`](crate::{name}). A call waits on the calling thread."
    );
    let methods = inherent.into_iter().filter(|(of, _)| *of == client).flat_map(|(_, items)| items);
    let methods = methods.filter_map(|item| match item {
        ImplItem::Fn(item) if is_public(&item.vis) => method(&name, item, forms),
        _ => None,
    });
    let types = associated.iter().filter(|item| matches!(item, ImplItem::Type(_)));
    let code = quote! {
        #(#[doc = #about])*
        #[doc = ""]
        #[doc = #link]
        #[doc = ""]
        #[doc = " # Panics"]
        #[doc = " Every call panics inside async code; see [the module](crm_transport::blocking#panics)."]
        #[derive(Clone, Debug)]
        pub struct #client {
            client: crate::#client,
            runtime: Runtime,
        }

        impl #client { #(#methods)* }

        impl Client for #client {
            #(#types)*

            fn over(pipeline: Pipeline) -> Self {
                Self { client: crate::#client::over(pipeline), runtime: Runtime::new() }
            }
        }
    };
    let imports = imports(file, client, forms, &code);
    Ok(quote! {
        #![doc = " The client without async."]

        use crm_transport::blocking::Runtime;
        #imports
        #code
    })
}

/// `None` for a method that has no use without async.
fn method(client: &str, method: &ImplItemFn, forms: &BTreeSet<String>) -> Option<TokenStream> {
    let mut signature = method.sig.clone();
    let waits = signature.asyncness.take().is_some();
    let name = &signature.ident;
    if words(&signature).contains("Stream") {
        return None;
    }
    let arguments = signature.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(&argument.pat),
        FnArg::Receiver(_) => None,
    });
    let call = quote! { self.client.#name(#(#arguments),*) };
    let output = words(&signature.output);
    let body = if signature.receiver().is_none() {
        method.block.stmts.iter().map(ToTokens::to_token_stream).collect()
    } else if waits {
        quote! { self.runtime.wait(#call)? }
    } else if !output.is_disjoint(forms) {
        quote! { #call.blocking(&self.runtime) }
    } else if output.contains("Self") && !output.contains("Result") {
        quote! { Self { client: #call, runtime: self.runtime.clone() } }
    } else if output.contains("Self") {
        quote! { Ok(Self { client: #call?, runtime: self.runtime.clone() }) }
    } else {
        call
    };
    let source = doc(&method.attrs);
    let mut lines = first_paragraph(&source);
    lines.push(String::new());
    lines.push(format!(" See [`{client}::{name}`](crate::{client}::{name}) for details and an example."));
    let errors: Vec<String> = source.into_iter().skip_while(|line| line != " # Errors").collect();
    if let Some((heading, text)) = errors.split_first() {
        lines.extend([String::new(), heading.clone()]);
        lines.extend(text.iter().take_while(|line| !line.starts_with(" # ")).cloned());
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
    }
    if waits {
        lines.extend(["", " # Panics", " Inside async code."].map(str::to_owned));
    }
    let attributes = method.attrs.iter().filter(|attribute| doc_line(attribute).is_none());
    let track_caller = waits.then(|| quote! { #[track_caller] });
    Some(quote! {
        #(#[doc = #lines])*
        #(#attributes)*
        #track_caller
        pub #signature { #body }
    })
}

/// The imports of the async client that the code needs, and those that only its docs link to.
fn imports(file: &File, client: &Type, forms: &BTreeSet<String>, code: &TokenStream) -> TokenStream {
    let mut paths = BTreeMap::new();
    for item in &file.items {
        if let Item::Use(item) = item {
            flatten(&item.tree, quote!(), &mut paths);
        }
    }
    for form in forms {
        let name: TokenStream = form.parse().unwrap_or_default();
        paths.insert(form.clone(), quote!(super::#name));
    }
    paths.remove(&client.to_token_stream().to_string());
    let (used, text) = (words(code), code.to_string());
    paths.retain(|word, _| {
        used.contains(word) || text.contains(&format!("[`{word}")) || text.contains(&format!("]({word}"))
    });
    let uses = paths.iter().map(|(word, path)| {
        let only_docs = (!used.contains(word)).then(|| quote! { #[cfg(doc)] });
        quote! { #only_docs use #path; }
    });
    quote! { #(#uses)* }
}

/// Every name that a `use` item imports, with its path.
fn flatten(tree: &UseTree, prefix: TokenStream, paths: &mut BTreeMap<String, TokenStream>) {
    match tree {
        UseTree::Path(path) => {
            let name = &path.ident;
            flatten(&path.tree, quote!(#prefix #name ::), paths);
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, prefix.clone(), paths)),
        UseTree::Name(name) => {
            let ident: &Ident = &name.ident;
            paths.insert(ident.to_string(), quote!(#prefix #ident));
        }
        UseTree::Rename(rename) => {
            let (ident, name) = (&rename.ident, &rename.rename);
            paths.insert(name.to_string(), quote!(#prefix #ident as #name));
        }
        UseTree::Glob(_) => {}
    }
}

/// Every identifier in the code.
fn words(code: &impl ToTokens) -> BTreeSet<String> {
    let words = code.to_token_stream().into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => words(&group.stream()),
        TokenTree::Ident(word) => BTreeSet::from([word.to_string()]),
        _ => BTreeSet::new(),
    });
    words.collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn first_paragraph(doc: &[String]) -> Vec<String> {
    doc.iter().take_while(|line| !line.trim().is_empty()).cloned().collect()
}

fn doc(attributes: &[Attribute]) -> Vec<String> {
    attributes.iter().filter_map(doc_line).collect()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    }
}
