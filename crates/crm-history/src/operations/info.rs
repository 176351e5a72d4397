//! `info`: one activity.

use bytes::Bytes;
use crm_model::history::{Entry, EntryId};
use crm_transport::{Error, Operation, OperationInfo};
use http::{Request, Response};
use serde::Serialize;

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
        #[derive(Serialize)]
        struct Parameters {
            cid: EntryId,
        }
        operations::request(&Self::INFO, &Parameters { cid: self.id })
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::data(&Self::INFO, response)
    }
}
