//! Types of SalesMan CRM, API v3: users, clients and contacts.
//!
//! One type stands for a record of `list` and of `info`, although the server names some keys differently there. What only
//! one of them sends is `None` or empty in the other. `Serialize` writes the keys of `list`, followed by `extra`.
//!
//! All keys were observed on a real server (2026-06). An account enables fields of its own choice, so any field except
//! the id can be `None`.

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
