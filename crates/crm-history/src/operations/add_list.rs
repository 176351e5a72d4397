//! `add.list`: logs many activities in one call.

use bytes::Bytes;
use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::json::{self, RawRecord};
use crm_transport::{
    Credentials, Delivery, Error, ErrorKind, Operation, OperationInfo, Parameters, answer as common,
};
use http::{Request, Response};
use serde_json::value::RawValue;

use super::catalog;
use crate::answer;
use crate::operations::add;

/// `history/add.list`: logs these activities and returns one outcome for each, in their order.
///
/// It is not atomic: the activities before and after a refused one are stored (observed).
#[derive(Clone, Debug)]
pub struct AddList {
    entries: Vec<NewEntry>,
}

impl AddList {
    /// Creates the operation for these activities.
    #[must_use]
    pub fn new(entries: Vec<NewEntry>) -> Self {
        Self { entries }
    }
}

impl Operation for AddList {
    /// One outcome for each activity, in order.
    type Output = Vec<AddOutcome>;

    const INFO: OperationInfo = catalog::ADD_LIST;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        for (index, entry) in self.entries.iter().enumerate() {
            if let Some((field, fault)) = add::fault(entry).or_else(|| add::unconverted(entry)) {
                return Err(Error::invalid_request(Self::INFO.id, format!("list[{index}].{field}"), fault));
            }
        }
        Parameters::new().with("list", &self.entries).request(&Self::INFO)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let json = common::json(&Self::INFO, response)?;
        if json.starts_with(b"{") {
            // An error of the whole call. Success without results does not say what became of each activity.
            let one_for_all = || Error::foreign_answer(&Self::INFO, "expected a list of results");
            return Err(answer::done_in(&Self::INFO, json, "$").err().unwrap_or_else(one_for_all));
        }
        let text = json::decode::<&RawValue>(json, "$");
        let answers = text.and_then(|text| json::raw_records(text.get(), "$"));
        let answers = answers.map_err(|e| Error::undecodable(&Self::INFO, e))?;
        let (sent, answered) = (self.entries.len(), answers.len());
        if answered != sent {
            let fault = format!("{answered} results for {sent} activities");
            return Err(Error::foreign_answer(&Self::INFO, fault));
        }
        answers.iter().enumerate().map(|(index, answer)| outcome(index, answer)).collect()
    }

    fn redact(&self, outcomes: &mut Vec<AddOutcome>, credentials: &Credentials) {
        for outcome in outcomes {
            if let AddOutcome::Rejected(Rejection { text, .. })
            | AddOutcome::NotSent(text)
            | AddOutcome::Unknown(text) = outcome
            {
                credentials.scrub(text);
            }
        }
    }
}

/// Reads the result for one activity. A result that is not in the form of the API makes the whole answer foreign.
fn outcome(index: usize, answer: &RawRecord<'_>) -> Result<AddOutcome, Error> {
    let info = &catalog::ADD_LIST;
    match answer::done_in(info, answer.json.as_bytes(), &format!("$[{index}]")) {
        Ok(data) => Ok(add::read_id(data).map_or(AddOutcome::StoredWithoutId, AddOutcome::Created)),
        Err(error) if error.kind() == ErrorKind::Api => Ok(refused(&error)),
        Err(error) => Err(error),
    }
}

fn refused(error: &Error) -> AddOutcome {
    let text = error.api_text().unwrap_or_default();
    match error.delivery() {
        Delivery::Delivered => {
            let rejection = Rejection::new(error.api_code(), text);
            let rejection = if error.is_account_setting() { rejection.account_setting() } else { rejection };
            AddOutcome::Rejected(rejection)
        }
        // The server itself failed, possibly after it had stored the activity.
        _ => AddOutcome::Unknown(format!("the server failed: {text}")),
    }
}
