//! The seven operations, one file each: how it is sent and how its response is read, without I/O.
//!
//! The client calls them for you. Use them by themselves to see what would be sent
//! ([`HistoryClient::prepare`](crate::HistoryClient::prepare)) or over another pipeline. An operation owns what it
//! sends; `new` takes it.

mod activity_types;
pub(crate) mod add;
mod add_list;
pub mod catalog;
mod delete;
mod entry_query;
mod fields;
mod info;
mod list;

use bytes::Bytes;
use crm_model::history::EntryId;
use crm_transport::{Error, OperationInfo};
use http::Request;
use serde_core::Serialize;

pub use activity_types::ActivityTypes;
pub use add::Add;
pub use add_list::AddList;
pub use delete::Delete;
pub use entry_query::EntryQuery;
pub use fields::Fields;
pub use info::Info;
pub use list::List;

/// Returns why no record can have this ID, or `None` if one can. PHP does not hold such a number as it is: the server
/// stores 18446744073709551615 as 0, and takes it for no filter at all (observed).
fn id_fault(id: u64) -> Option<&'static str> {
    match id {
        0 => Some("must not be 0: leave it out"),
        1..=0x7fff_ffff_ffff_ffff => None,
        _ => Some("must not be above 9223372036854775807, because no id is"),
    }
}

/// Returns why there can be no activity with this ID, or `None` if there can.
fn entry_id_fault(id: EntryId) -> Option<&'static str> {
    match id_fault(id.0) {
        Some(_) if id.0 == 0 => Some("is 0, which no activity has"),
        fault => fault,
    }
}

/// A request with this JSON body. SalesMan reads the parameters of a GET from there and ignores the query string
/// (observed).
pub(crate) fn request(info: &OperationInfo, body: &impl Serialize) -> Result<Request<Bytes>, Error> {
    let body =
        serde_json::to_vec(body).map_err(|e| Error::invalid_request(info.id, "body", e.to_string()))?;
    info.request(&[], body.into())
}
