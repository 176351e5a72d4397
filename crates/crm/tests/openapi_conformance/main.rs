//! The clients, the sandbox and the recordings are held to `docs/openapi`.
#![allow(clippy::unwrap_used, reason = "clippy takes only the #[test] functions of this file for tests")]

mod answers;
mod calls;
mod doubles;
mod requests;
mod searched;

#[path = "../common/mod.rs"]
mod common;

// The parts of `crm discover`.
#[path = "../../../crm-cli/src/commands/discover/shape.rs"]
mod shape;
#[path = "../../../crm-cli/src/commands/discover/source.rs"]
mod source;

use source::{Operation, Source};

/// Both descriptions.
fn sources() -> [Source; 2] {
    [Source::history().unwrap(), Source::projects().unwrap()]
}

/// Looks at every operation of both.
fn for_each_operation(mut look: impl FnMut(Operation<'_>)) {
    let sources = sources();
    let operations = sources.iter().flat_map(Source::operations);
    let mut count = 0;
    for operation in operations {
        look(operation);
        count += 1;
    }
    assert!(count >= 16, "only {count} operations were read from docs/openapi");
}
