//! `info`: one activity.

use bytes::Bytes;
use crm_model::history::{Entry, EntryId};
use crm_transport::{Error, Operation, OperationInfo, Parameters};
use http::{Request, Response};

use super::catalog;
use crate::{answer, operations};

/// `history/info`: the activity with this `cid`.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    id: EntryId,
}

impl Info {
    /// Creates the operation for the activity with this `cid`.
    #[must_use]
    pub fn new(id: EntryId) -> Self {
        Self { id }
    }
}

impl Operation for Info {
    type Output = Entry;

    const INFO: OperationInfo = catalog::INFO;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = operations::entry_id_fault(self.id) {
            return Err(Error::invalid_request(Self::INFO.id, "id", fault));
        }
        Parameters::new().with("cid", self.id).request(&Self::INFO)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let entry: Entry = answer::data(&Self::INFO, response)?;
        if entry.id == self.id {
            return Ok(entry);
        }
        let found = format!("activity {} arrived in place of activity {}", entry.id, self.id);
        Err(Error::ignored_parameter(&Self::INFO, "cid", found))
    }

    /// Without its parameter the server returns no activity (observed).
    fn parameters_received(&self, _: &Self::Output) -> Option<bool> {
        Some(true)
    }
}
