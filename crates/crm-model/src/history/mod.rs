//! SalesMan CRM, history API v3: activities (calls, letters, meetings) of clients, contacts and deals.
//!
//! Documented by the vendor; where a real server was seen to differ, the item says so.

mod activity_type;
mod entry;
mod enumerations;
mod loss;
mod new_entry;
mod outcome;
mod stored;
mod tags;

use crate::ids::id;

pub use activity_type::ActivityType;
pub use entry::{Contact, Entry};
pub use enumerations::{ActivityFilter, EntryOrder, ErrorCode};
pub use loss::{Loss, LossKind};
pub use new_entry::NewEntry;
pub use outcome::{AddOutcome, Rejection};
pub use stored::{Stored, fingerprint};

id! {
    /// `cid`: an activity. Grows with each new one (observed).
    #[doc(alias = "cid")]
    EntryId
}
id! {
    /// `clid`: a client.
    #[doc(alias = "clid")]
    ClientId
}
id! {
    /// `pid`: a contact, a person at a client.
    #[doc(alias = "pid")]
    ContactId
}
id! {
    /// `did`: a deal.
    #[doc(alias = "did")]
    DealId
}
id! {
    /// `iduser`: a user of the CRM.
    #[doc(alias = "iduser")]
    UserId
}
