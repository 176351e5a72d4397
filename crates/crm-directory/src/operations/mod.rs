//! The eight operations, one file each: how it is sent and how its response is read, without I/O.
//!
//! The client calls them for you. All of them are reads and are sent as POST: the server does not check the method
//! (observed), and some networks drop the body of a GET.

pub mod catalog;
mod client_info;
mod client_list;
mod client_query;
mod contact_query;
mod fields;
mod paged_query;
mod person_info;
mod person_list;
mod range;
mod user_info;
mod user_list;

use bytes::Bytes;
use crm_history::{collation, sql_safety};
use crm_transport::{Error, OperationInfo};
use http::Request;
use serde_core::Serialize;

pub use client_info::ClientInfo;
pub use client_list::ClientList;
pub(crate) use client_list::CountClients;
pub use client_query::ClientQuery;
pub use contact_query::ContactQuery;
pub use fields::{ClientFields, PersonFields};
pub use person_info::PersonInfo;
pub use person_list::PersonList;
pub(crate) use range::Range;
pub use user_info::{UserInfo, UserKey};
pub use user_list::UserList;

/// The number of records on a page of clients or contacts (observed).
pub(crate) const PAGE: usize = 200;

/// A field of the input, and why the server could not understand it or would take it for something else.
pub(crate) type Fault = (&'static str, &'static str);

fn request(info: &OperationInfo, body: &impl Serialize) -> Result<Request<Bytes>, Error> {
    let body =
        serde_json::to_vec(body).map_err(|e| Error::invalid_request(info.id, "body", e.to_string()))?;
    info.request(&[], body.into())
}

fn invalid(info: &OperationInfo, (field, fault): Fault) -> Error {
    Error::invalid_request(info.id, field, fault)
}

/// Returns why no record can have this ID. The server takes such a number for no filter or for another ID (observed).
fn id_fault(field: &'static str, id: Option<u64>) -> Option<Fault> {
    match id? {
        0 => Some((field, "must not be 0: leave it out")),
        1..=0x7fff_ffff_ffff_ffff => None,
        _ => Some((field, "must not be above 9223372036854775807, because no id is")),
    }
}

/// Returns why a text that the server copies into its SQL cannot be sent.
fn sql_fault(field: &'static str, text: Option<&str>) -> Option<Fault> {
    let text = text?;
    if text.trim().is_empty() {
        return Some((field, "is empty: leave it out"));
    }
    sql_safety::fault(text).map(|fault| (field, fault))
}

/// Returns why a text that is searched for cannot be sent. The server takes an empty one for no condition (observed).
fn text_fault(field: &'static str, text: Option<&str>) -> Option<Fault> {
    text.filter(|text| text.trim().is_empty()).map(|_| (field, "is empty: leave it out"))
}

/// Whether a text of a record is the one that was requested, as the database compares them. A missing text fits: the
/// field may not be enabled, or the record has no owner.
fn differs(found: Option<&str>, asked: Option<&str>) -> bool {
    matches!((found, asked), (Some(found), Some(asked)) if collation::folded(found) != collation::folded(asked))
}

/// Joins the names of fields. The server leaves out a name that it does not know (observed).
fn field_list(own_id: &str, fields: &[String]) -> Option<String> {
    let others = fields.iter().filter(|field| *field != own_id).map(String::as_str);
    (!fields.is_empty()).then(|| std::iter::once(own_id).chain(others).collect::<Vec<_>>().join(","))
}

fn field_list_fault(fields: &[String]) -> Option<Fault> {
    let is_name = |field: &String| {
        !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    (!fields.iter().all(is_name))
        .then_some(("fields", "has a name that is not a wire name such as `mail_url`"))
}
