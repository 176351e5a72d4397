//! The clients without async have what the async ones have.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{FnArg, ImplItem, Item, Signature, Type, Visibility};

/// The public methods of a type, by their names.
type Methods = BTreeMap<String, Signature>;

/// The async type and the blocking one, with the sources that declare their methods.
const PAIRS: [(&str, &str, &str); 5] = [
    ("HistoryClient", "crm-history/src/client.rs", "crm-history/src/blocking/client.rs"),
    ("ProjectsClient", "crm-projects/src/client.rs", "crm-projects/src/blocking/client.rs"),
    ("Import", "crm-history/src/import/mod.rs", "crm-history/src/blocking/import.rs"),
    ("Export", "crm-transport/src/export/mod.rs", "crm-transport/src/blocking/export.rs"),
    ("Records", "crm-transport/src/stream.rs", "crm-transport/src/blocking/records.rs"),
];

/// What is not the same, for a reason.
const OTHERWISE: [(&str, &str, &str); 6] = [
    ("HistoryClient", "import_stream", "a stream is nothing without async: `import` takes an iterator"),
    ("Import", "cancel", "takes a question in place of a future"),
    ("Export", "new", "is made of the async one"),
    ("Export", "next", "is an iterator's"),
    ("Records", "new", "is made of the async one"),
    ("Records", "next", "is an iterator's"),
];

#[test]
fn each_method_of_the_async_clients_is_there_without_async() {
    for (name, with, without) in PAIRS {
        let (mut with, mut without) = (methods(name, with), methods(name, without));
        for (_, method, why) in OTHERWISE.iter().filter(|(of, ..)| *of == name) {
            let differs = with.remove(*method) != without.remove(*method);
            assert!(differs, "{name}::{method} is the same now: it is on the list because it {why}");
        }
        for (method, signature) in &with {
            let found = without.get(method);
            assert!(
                found.is_some(),
                "{name}::{method} is missing in `blocking`: one line, as its neighbours there"
            );
            let same = found == Some(signature);
            assert!(same, "{name}::{method} has other arguments or another result in `blocking`");
        }
        let more: Vec<&String> = without.keys().filter(|method| !with.contains_key(*method)).collect();
        assert!(more.is_empty(), "{name} has {more:?} in `blocking` alone");
        assert!(name == "Records" || with.len() > 5, "only {} methods of {name} were read", with.len());
    }
}

/// What the source declares in `impl Name`, without `async`, and without the `mut` of a `self` that is moved.
fn methods(name: &str, source: &str) -> Methods {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let source = std::fs::read_to_string(crates.join(source)).unwrap();
    let mut methods = Methods::new();
    for item in syn::parse_file(&source).unwrap().items {
        let Item::Impl(item) = item else { continue };
        let of_it =
            matches!(&*item.self_ty, Type::Path(of) if of.path.segments.last().unwrap().ident == name);
        if !of_it || item.trait_.is_some() {
            continue;
        }
        for item in item.items {
            let ImplItem::Fn(method) = item else { continue };
            if matches!(method.vis, Visibility::Public(_)) {
                let mut signature = method.sig;
                signature.asyncness = None;
                signature.inputs.pop_punct(); // where the line was long
                if let Some(FnArg::Receiver(receiver)) = signature.inputs.first_mut() {
                    receiver.mutability = None; // not that of a `&mut self`
                }
                methods.insert(signature.ident.to_string(), signature);
            }
        }
    }
    methods
}
