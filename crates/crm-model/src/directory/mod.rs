//! Types of SalesMan CRM, API v3: users, clients and contacts.
//!
//! The same type represents a record of `list` and of `info`, although the server names some keys differently. A key
//! that only one of them sends is `None` or empty in the other. `Serialize` writes the keys of `list`, followed by
//! `extra`.
//!
//! All keys were observed on a real server (2026-06). Each account enables its own choice of fields, so any field
//! except the ID can be `None`.

mod client;
mod contact;
mod enumerations;
mod keys;
mod user;

pub use crate::history::{ClientId, ContactId, UserId};
pub use client::Client;
pub use contact::Contact;
pub use enumerations::{ClientOrder, ClientType, ContactOrder};
pub use user::User;
