//! Types of SalesMan CRM, history API v3: activities (calls, emails, meetings) with clients, contacts and deals.
//!
//! The vendor's page names every field. What a field means is documented, unless the item says that it was observed.

mod activity_type;
mod add_outcome;
mod entry;
mod enumerations;
mod loss_when_stored;
mod mark;
mod new_entry;
mod stored;
mod tags;

use crate::ids::id;

pub use activity_type::ActivityType;
pub use add_outcome::{AddOutcome, Rejection};
pub use entry::{Contact, Entry};
pub use enumerations::{ActivityFilter, EntryOrder, ErrorCode};
pub use loss_when_stored::{Loss, LossKind};
pub use new_entry::NewEntry;
pub use stored::{Stored, fingerprint};

id! {
    /// `cid`: the ID of an activity. Each new activity gets a higher one (observed). The vendor's page also calls it `id` in
    /// requests; the server expects `cid` (observed).
    #[doc(alias = "cid")]
    EntryId
}
id! {
    /// `clid`: the ID of a client.
    #[doc(alias = "clid")]
    ClientId
}
id! {
    /// `pid`: the ID of a contact, a person at a client.
    #[doc(alias = "pid")]
    ContactId
}
id! {
    /// `did`: the ID of a deal.
    #[doc(alias = "did")]
    DealId
}
id! {
    /// `iduser`: the ID of a user of the CRM.
    #[doc(alias = "iduser")]
    UserId
}
