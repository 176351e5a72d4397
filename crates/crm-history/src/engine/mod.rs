//! The engine: sends activities, each stored exactly once, against servers that mislead.
//!
//! The server has no idempotency key and no atomic bulk call. Connections break, and a page of a gateway says nothing
//! about what PHP did. So the engine follows these rules:
//!
//! 1. If a request has no usable response, its activities are *in doubt*. They, and those equal to them, are not sent
//!    again before they are settled. Other activities continue.
//! 2. An activity in doubt is looked up at once. If it is found, it is done.
//! 3. If it is not found, it is looked up again after `settle`. Then a *witness* must be stored: another activity, sent
//!    after `settle`. Two reads after the witness must agree before an activity counts as missing and is sent again.
//!    One witness serves all doubts, so none is sent before all of them have waited.
//! 4. If nothing else can be a witness, an activity is its own witness at the end of `patience`: it is sent once more.
//!    At least two reads must have shown nothing like it. If it only gets the same response again, another activity is
//!    tried.
//! 5. A row is refused if the server responded to it alone, a witness was stored, and the server then returned the same
//!    response again. Two reads must not show the row. The first response may also be for several rows, if all others
//!    are stored by then. So some rows are kept as witnesses while a refused row is searched, and at the end of the
//!    input. The last rows are sent one by one, the most suspected first. Then one stored row settles all rows that
//!    were refused before it.
//! 6. A read counts only if it is *believable*: sorted as requested, no page twice, no short page in the middle, and
//!    within the requested view. It reaches a record at or below the floor, so it is not a list of the newest records
//!    only. It shows the records that must exist: those whose IDs the server returned, the newest
//!    record at the beginning, and the witness.
//! 7. A reading that counts as proof also asks for a day without records. A server that ignores the days asked for lists
//!    the records of today in its place (observed).
//! 8. A record is ours if its mark says so, or if it equals what was written, has the owner that was named or none, and its
//!    id is above the *floor*: the highest id that was seen or confirmed before the request was sent. Without a named owner
//!    the caller is the owner. IDs only grow (observed). If an id contradicts that, no list is believed any more.
//! 9. The time is compared with the shift of the reader, in whole hours. It is learned from all records whose ids the
//!    server gave us. Before the first one, a shift counts only if it alone explains all new records that are equal except
//!    for their time.
//! 10. A mark is looked for before the first sending, if the user wants it ([`adopt_marked`](crate::Import::adopt_marked)).
//!
//! The server lists records per *view*: those of the caller, or those of one `user`. Every view is read before the
//! first activity in it is sent, so the floor is above all its older records. If a view showed nothing, its floor is
//! *uncertain*, because the view may hide older records. So a single activity is sent first, and its ID is a certain
//! floor for all others. If its response is lost, an equal record may be an older one, and the outcome is `Unknown`.
//! For the same reason, only one activity is in flight in each view that showed nothing, until one in this view is
//! confirmed.
//!
//! ```text
//! driver ─┬→ queue        what waits to be sent
//!         ├→ adoption ───→ mark_search  which marks have a record already
//!         ├→ request      one request, as a task; `answers` takes in how it ended
//!         ├→ suspects     which activity of a request may be the reason why it failed
//!         ├→ doubts ─────→ matching   what a reading says about the doubts; `settling` asks for readings and witnesses
//!         ├→ lookup       one reading, as a task
//!         ├→ known        the floor, and the ids that are confirmed
//!         ├→ stopping     how it stops, and ends with what is open then
//!         ├→ waits        the log of what it waits for
//!         └→ store        what must survive a crash
//! ```
//!
//! # What is not guaranteed
//!
//! - An activity without a time and without a mark is `Unknown` if its response is lost and a single equal record
//!   appears. Another user may have written that record. [`sole_writer`](crate::Import::sole_writer) excludes that.
//! - If a view was empty, nothing in it is known to be older than its first activity. If the response to that activity
//!   is lost and no list shows it, it is `Unknown`.
//! - If the server changes the text of an activity without a time and without a mark, its record is not recognized.
//! - A record of another user counts as ours if it is added while ours is in doubt, and if everything is equal, even
//!   the second.
//! - If nothing else waits to be sent, an activity in doubt is sent once more after the whole `patience`. A server that
//!   delays a call for longer stores it twice, and the outcome names both IDs.
//! - A copy that nobody knows of can be taken for an activity that differs only by whole hours, as long as the shift of
//!   the reader is not known. That activity is then missing.
//! - A list that leaves out the records of a request in doubt, and nothing else that is known, looks as if they were
//!   missing. They are sent again.
//! - If the server refuses all remaining rows, no witness is left. They are `Unknown`, with the server's message.
//! - A row that the server refuses costs about log2(chunk) × `settle`, because each half waits for its own proof.
//! - If two processes send the same activity at the same moment, it is stored twice, even with a mark.
//!
//! The user polls the driver. Requests and reads are tasks, so they make progress while the user handles an
//! outcome. Dropping the driver aborts them. The store then knows what was in flight.

mod adoption;
mod answers;
mod doubt;
mod doubts;
mod driver;
mod health;
mod item;
mod known;
mod lookup;
mod mark_search;
mod matching;
#[doc(hidden)]
pub mod mutations;
mod queue;
mod ranges;
mod reasons;
mod request;
mod settings;
mod settling;
mod stopping;
mod store;
mod suspects;
mod waits;

pub use driver::Driver;
pub(crate) use driver::{MARKS_AT_ONCE, returned};
pub use item::{Activity, Earlier, Ending, Floor, Key, SentBefore};
pub use queue::Limits;
pub use ranges::Ranges;
pub use reasons::{NotSentReason, UnknownReason};
pub use settings::Settings;
#[cfg(test)]
pub(crate) use store::MemoryStore;
pub(crate) use store::NoStore;
pub use store::{Sending, Settled, Store};
pub(crate) use waits::{WaitReason, log as log_wait};

#[cfg(test)]
mod tests;
