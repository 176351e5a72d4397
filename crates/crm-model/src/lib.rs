//! What solOS and SalesMan CRM say: plain types and their JSON, without I/O, async or HTTP.
//!
//! [`history`] holds the types of SalesMan's history API v3, [`projects`] those of solOS's projects API v2.
//! They read what PHP servers really send and write it back in the vendor's spelling:
//!
//! ```
//! use crm_model::history::{ClientId, Entry};
//!
//! let entry: Entry = serde_json::from_str(
//!     r#"{"cid":"777","datum":"2012-12-18 10:46:58","content":"КП","tip":null,"clid":"102","did":0,"new_key":1}"#,
//! )?;
//! assert_eq!(entry.client_id, Some(ClientId(102)));   // "102" is 102
//! assert_eq!(entry.deal_id, None);                    // 0 is nobody
//! assert_eq!(entry.extra["new_key"], 1);              // what has no name here is kept
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! Rules of reading, the same everywhere:
//! - an id is a number or a string of digits; `0`, `""`, `"0"`, `null`, `false` and `[]` are nothing, hence `None`;
//! - a text is a string or a number; `null`, `false` and `[]` are nothing;
//! - a time is `YYYY-MM-DD HH:MM[:SS]` or `YYYY-MM-DD`, in the account's local time; `0000-00-00…` is `None`;
//! - an unknown key is kept in `extra` (or [`Fields`]) and written back; an unknown enum value is kept;
//! - any other value is refused, and the error says what was expected and what was found.
//!
//! There are no features. What sends and receives these types: `crm-history` and `crm-projects`, or both by `crm`.

mod fields;
mod ids;
mod object;
mod page;
mod php;

pub mod history;
pub mod projects;

pub use fields::{FieldError, Fields};
pub use page::{Page, Unreadable};
/// The map that keeps what the types do not name.
pub type Extra = serde_json::Map<String, serde_json::Value>;
