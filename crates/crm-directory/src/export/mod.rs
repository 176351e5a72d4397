//! Clients and contacts as lists that can be exported.

mod clients;
mod contacts;
mod overlap;

pub use clients::ClientExport;
pub use contacts::{ContactExport, Contacts};
