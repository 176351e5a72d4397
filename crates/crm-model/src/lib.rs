//! Types of solOS and SalesMan CRM, with their JSON. No I/O, no async, no HTTP.
//!
//! [`history`] holds the types of SalesMan's history API v3, [`directory`] its users, clients and contacts, and
//! [`projects`] the types of solOS's projects API v2.
//! They decode what the PHP servers really send, and encode it with the vendor's keys:
//!
//! ```
//! use crm_model::history::{ClientId, Entry};
//!
//! let entry: Entry = serde_json::from_str(
//!     r#"{"cid":"777","datum":"2012-12-18 10:46:58","content":"КП","tip":null,"clid":"102","did":0,"new_key":1}"#,
//! )?;
//! assert_eq!(entry.client_id, Some(ClientId(102)));   // "102" is 102
//! assert_eq!(entry.deal_id, None);                    // 0 means no deal
//! assert_eq!(entry.extra["new_key"], 1);              // unknown keys are kept
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! | I want to | see |
//! |---|---|
//! | read and write activities of SalesMan | [`history::Entry`], [`history::NewEntry`] |
//! | read users, clients and contacts of SalesMan | [`directory::User`], [`directory::Client`], [`directory::Contact`] |
//! | read projects of solOS | [`projects::Project`] |
//! | read the custom fields of an account | [`Fields`] |
//! | keep the good records of a page when one is bad | [`Page`], [`Unreadable`] |
//! | know why a value was refused | [`InvalidValue`], [`FieldError`] |
//!
//! The same rules apply to every type:
//! - An ID is a number or a string of digits. `0`, `""`, `"0"`, `null`, `false` and `[]` are `None`.
//! - A text is a string or a number. `null`, `false` and `[]` are `None`.
//! - A time is `YYYY-MM-DD HH:MM[:SS]` or `YYYY-MM-DD`, in the account's local time. `0000-00-00…` is `None`.
//! - An unknown key is kept in `extra` (or [`Fields`]) and written back. An unknown value of an enumeration is kept.
//! - It is an error if the unknown keys of a record hold more than 100,000 values, or a value nested deeper than 100
//!   levels.
//! - Any other value is an error, which says what was expected and what was found.
//!
//! An enumeration has `Display` and `FromStr` for the server's words. An ID converts to and from `u64`, `i64` and text.
//! A conversion that can fail returns [`InvalidValue`].
//!
//! The crate has no features. The crates `crm-history` and `crm-projects` send and receive these types; `crm` has both.

mod bounded;
mod fields;
mod ids;
mod invalid_value;
mod json_object;
mod one_line;
mod page;
mod php;

pub mod directory;
pub mod history;
pub mod projects;

pub use fields::{FieldError, Fields};
pub use invalid_value::InvalidValue;
pub use one_line::OneLine;
pub use page::{Page, Unreadable};
/// The keys of a record that its type does not name, with their values.
pub type Extra = serde_json::Map<String, serde_json::Value>;
