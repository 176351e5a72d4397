//! `cargo xtask foreign`: which crates from outside stand in our public signatures.
//!
//! Such a crate is part of our promise: its next major version is one of ours. What is read is the listing in
//! `docs/api`, so that this costs nothing; `cargo xtask api` holds the listing to the sources.

use crate::Task;
use crate::api;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const TASK: Task =
    Task { name: "foreign", about: "only the allowed crates from outside stand in public signatures", run };

/// What may stand in a public signature, and why it is worth being bound to.
const ALLOWED: &[(&str, &str)] = &[
    ("bytes", "1.x; a body that is cloned without a copy, as every HTTP library of Rust gives it"),
    ("chrono", "0.4; the dates and times of the records"),
    ("futures_core", "0.3; `Stream`, which the language does not have yet"),
    ("http", "1.x; requests, answers and headers of `Operation` and `Transport`, the common words of HTTP"),
    ("http_body", "1.x, behind `tower`; the body that a tower service answers with"),
    ("http_body_util", "0.1, behind `tower`; `Full`, the body that a tower service is given"),
    ("reqwest", "0.13, behind the feature of its name; for a private authority or a proxy of one's own"),
    (
        "rusqlite",
        "0.43, behind `sqlite` of crm-outbox; the transaction of a user in which an activity is put",
    ),
    ("secrecy", "0.10; a secret on its way into `Credentials`: no `Debug` shows it, and it is wiped"),
    ("serde_core", "serde 1.x, where its traits live; the records are read and written by it"),
    ("serde_json", "1.x; `Extra` and `Fields` hold what the types do not name, as JSON"),
    ("tokio", "1.x; the channel on which the health of a delivery is watched"),
    (
        "tokio_postgres",
        "0.7, behind `postgres` of crm-outbox; the transaction of a user in which an activity is put",
    ),
    ("tower_service", "0.3, behind `tower`; the trait of a service"),
];

/// What Rust brings: its own crates, the word for this one, and types that are written like one (`str::from`).
const OF_RUST: &[&str] = &[
    "alloc", "bool", "char", "core", "crate", "f64", "i64", "slice", "std", "str", "u16", "u32", "u64",
    "usize",
];

/// So many places of an unknown crate are shown; more would not be read.
const SHOWN: usize = 3;

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let listings = api::listings()?;
    let faults = faults(&listings);
    if !faults.is_empty() {
        return Err(format!(
            "{}\nA crate in a public signature binds the users to its version. Wrap it, or allow it with a reason in \
             ALLOWED of xtask/src/foreign_types.rs.",
            faults.join("\n")
        ));
    }
    for (name, why) in ALLOWED {
        println!("{name}: {why}");
    }
    Ok(())
}

fn faults(listings: &BTreeMap<String, String>) -> Vec<String> {
    let mut known: BTreeSet<String> = listings.keys().map(|name| name.replace('-', "_")).collect();
    known.extend(OF_RUST.iter().map(|name| (*name).to_owned()));
    let mut met: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, listing) in listings {
        for (number, item) in (1..).zip(listing.lines()) {
            let whole = given_on(item).filter(|name| !is_ours(name, listings));
            for root in roots(item).into_iter().chain(whole).filter(|root| !known.contains(*root)) {
                met.entry(root)
                    .or_default()
                    .push(format!("{}:{number}: `{root}` in `{item}`", api::path(name)));
            }
        }
    }
    let mut faults = Vec::new();
    for (name, _) in ALLOWED {
        if met.remove(name).is_none() {
            faults.push(format!("Nothing public names `{name}` any more: take it out of ALLOWED."));
        }
    }
    for (name, places) in met {
        faults.extend(places.iter().take(SHOWN).cloned());
        if let Some(more) = places.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            faults.push(format!("… and `{name}` at {more} more places"));
        }
    }
    faults
}

/// The first name of each path in a line of a listing: `http` of `http::request::Request<bytes::bytes::Bytes>`.
///
/// Generic parameters have paths too (`T::Output`); crates are told from them by their small first letter.
fn roots(item: &str) -> BTreeSet<&str> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut roots = BTreeSet::new();
    let mut from = 0;
    while let Some(at) = item[from..].find("::").map(|at| from + at) {
        let before = &item[..at];
        let start = before.rfind(|letter: char| !is_name(letter)).map_or(0, |last| last + 1);
        let name = &item[start..at];
        // What follows another `::` is no beginning, and neither is what follows a `>`: `<T as A>::B`.
        if !item[..start].ends_with("::")
            && name.starts_with(|letter: char| letter.is_lowercase() || letter == '_')
        {
            roots.insert(name);
        }
        from = at + 2;
    }
    roots
}

/// What may be a crate that is given on as a whole: `http` of `pub use crm_transport::http`.
fn given_on(item: &str) -> Option<&str> {
    let name = item.strip_prefix("pub use ")?.rsplit("::").next()?;
    name.starts_with(|letter: char| letter.is_lowercase()).then_some(name)
}

/// Whether a listing has a module or a function of this name.
fn is_ours(name: &str, listings: &BTreeMap<String, String>) -> bool {
    let (module, function) = (format!("::{name}"), [format!("::{name}("), format!("::{name}<")]);
    listings.values().flat_map(|listing| listing.lines()).any(|item| {
        (item.starts_with("pub mod ") && item.ends_with(&module))
            || (item.contains("fn ") && function.iter().any(|function| item.contains(function)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(item: &str) -> Vec<&str> {
        roots(item).into_iter().collect()
    }

    #[test]
    fn the_listings_name_what_is_allowed_and_nothing_else() {
        assert_eq!(faults(&api::listings().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_crate_is_told_with_its_place_and_a_few_more_of_them() {
        let mut listings = api::listings().unwrap();
        let item = "pub fn crm_new::f() -> csv::reader::Reader";
        listings.insert("crm-new".to_owned(), format!("pub mod crm_new\n{}", format!("{item}\n").repeat(5)));
        let faults = faults(&listings);
        assert_eq!(faults[0], format!("docs/api/crm-new.txt:2: `csv` in `{item}`"));
        assert_eq!(faults[SHOWN..], ["… and `csv` at 2 more places"]);
    }

    #[test]
    fn what_is_allowed_and_used_no_more_is_told() {
        let faults = faults(&BTreeMap::new());
        assert!(faults[0].contains("`bytes` any more"), "{faults:?}");
        assert_eq!(faults.len(), ALLOWED.len());
    }

    #[test]
    fn the_crate_of_each_path_is_found() {
        assert_eq!(
            found(
                "pub fn crm::T::send(&self, http::request::Request<bytes::bytes::Bytes>) -> core::result::Result<()>"
            ),
            ["bytes", "core", "crm", "http"]
        );
    }

    #[test]
    fn a_generic_parameter_is_no_crate() {
        assert_eq!(found("pub fn crm::run<O: crm::Operation>(&O) -> <O as crm::Operation>::Output"), ["crm"]);
        assert_eq!(found("pub type crm::X = T::Output"), ["crm"]);
    }

    #[test]
    fn a_crate_that_is_given_on_as_a_whole_is_found_and_a_module_of_ours_is_none() {
        let mut listings = api::listings().unwrap();
        listings
            .insert("crm-new".to_owned(), "pub use crm_new::rustls\npub use crm_new::answer\n".to_owned());
        assert_eq!(faults(&listings), ["docs/api/crm-new.txt:1: `rustls` in `pub use crm_new::rustls`"]);
    }
}
