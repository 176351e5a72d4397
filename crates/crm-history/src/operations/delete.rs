//! `delete`: removes an activity.

use bytes::Bytes;
use crm_model::history::EntryId;
use crm_transport::{Error, Operation, OperationInfo, Parameters};
use http::{Request, Response};

use super::catalog;
use crate::{answer, operations};

/// `history/delete`: removes the activity with this `cid`. A second delete does not find it (observed).
#[derive(Clone, Copy, Debug)]
pub struct Delete {
    id: EntryId,
}

impl Delete {
    /// Creates the operation for the activity with this `cid`.
    #[must_use]
    pub fn new(id: EntryId) -> Self {
        Self { id }
    }
}

impl Operation for Delete {
    type Output = ();

    const INFO: OperationInfo = catalog::DELETE;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some(fault) = operations::entry_id_fault(self.id) {
            return Err(Error::invalid_request(Self::INFO.id, "id", fault));
        }
        Parameters::new().with("cid", self.id).request(&Self::INFO)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::done(&Self::INFO, response).map(drop)
    }
}
