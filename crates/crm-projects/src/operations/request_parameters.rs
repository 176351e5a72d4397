//! Parameters in the form that solOS expects, and checks before sending.

use std::fmt::Display;

use bytes::Bytes;
use crm_transport::{Error, OperationInfo};
use http::Request;

/// An invalid input: the field, and what is wrong with it.
pub(crate) type Fault = (&'static str, &'static str);

/// `count` and `offset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paging {
    count: Option<u64>,
    /// Two different counts were set: the server would use one of them and ignore the other.
    twice: bool,
    offset: Option<u64>,
}

impl Paging {
    pub(crate) fn set_count(&mut self, count: u64) {
        self.twice |= self.count.is_some_and(|other| other != count);
        self.count = Some(count);
    }

    pub(crate) fn set_offset(&mut self, offset: u64) {
        self.offset = Some(offset);
    }

    pub(crate) fn count(&self) -> Option<u64> {
        self.count
    }

    pub(crate) fn offset(&self) -> Option<u64> {
        self.offset
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        if self.twice {
            Some(("count", "is set twice with different values: the server uses only one page size"))
        } else {
            (self.count == Some(0)).then_some(("count", "is 0: leave it out, or ask for at least one"))
        }
    }
}

/// The parameters of a query string, in the order in which they are added.
pub(crate) struct Query<'a> {
    info: &'a OperationInfo,
    pairs: Vec<(&'static str, String)>,
    fault: Option<Fault>,
}

impl<'a> Query<'a> {
    pub(crate) fn new(info: &'a OperationInfo) -> Self {
        Self { info, pairs: Vec::new(), fault: None }
    }

    /// Adds `id`, which must not be 0.
    pub(crate) fn id(self, id: u64) -> Self {
        self.refuse((id == 0).then_some(("id", "is 0"))).with("id", Some(id))
    }

    /// Adds a parameter, if it has a value.
    pub(crate) fn with(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.pairs.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(crate) fn paging(self, paging: &Paging) -> Self {
        self.refuse(paging.fault()).with("count", paging.count).with("offset", paging.offset)
    }

    pub(crate) fn refuse(mut self, fault: Option<Fault>) -> Self {
        self.fault = self.fault.or(fault);
        self
    }

    pub(crate) fn request(self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = self.fault {
            return Err(Error::invalid_request(self.info.id, field, fault));
        }
        let pairs: Vec<(&str, &str)> =
            self.pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.info.request(&pairs, Bytes::new())
    }
}

/// Joins IDs by `_`, as query strings need it.
pub(crate) fn joined(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join("_")
}

/// Returns what is wrong with a list of IDs.
pub(crate) fn fault_of_ids(field: &'static str, ids: Option<&[u64]>) -> Option<Fault> {
    match ids {
        Some([]) => Some((field, "is an empty list, which would select everything: leave it out")),
        Some(ids) if ids.contains(&0) => Some((field, "has an id that is 0")),
        _ => None,
    }
}

/// Returns a flag in the form that solOS expects.
pub(crate) fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}
