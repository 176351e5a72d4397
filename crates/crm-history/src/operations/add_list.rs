//! `add.list`: logs many activities in one call.

use bytes::Bytes;
use crm_model::history::{AddOutcome, NewEntry, Rejection};
use crm_transport::json::{self, RawRecord};
use crm_transport::{Credentials, Error, Operation, OperationInfo, Refusal, answer as common};
use http::{Request, Response};
use serde::Serialize;

use super::catalog;
use crate::answer::{self, Added};
use crate::operations::{self, add};

/// `history/add.list`: logs these activities and returns one outcome for each, in their order.
///
/// It is not atomic: the activities before a refused one are stored, and those after it, too (observed).
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
            if let Some((field, fault)) = add::fault(entry) {
                return Err(Error::invalid_request(Self::INFO.id, format!("list[{index}].{field}"), fault));
            }
        }
        operations::request(&Self::INFO, &Body { list: &self.entries })
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        let json = answer::json(&Self::INFO, response)?;
        let text = json::decode::<&serde_json::value::RawValue>(json, "$");
        let answers = text.and_then(|text| json::raw_records(text.get(), "$"));
        let answers = answers.map_err(|e| Error::undecodable(&Self::INFO, e))?;
        let (sent, answered) = (self.entries.len(), answers.len());
        if answered > sent {
            // It cannot be told which response belongs to which activity.
            let why = format!("the server returned {answered} results for {sent} activities");
            return Ok(vec![AddOutcome::Unknown(why); sent]);
        }
        let mut outcomes: Vec<AddOutcome> = answers.iter().map(outcome).collect();
        let why =
            format!("the server returned {answered} results for {sent} activities, and none for this one");
        outcomes.resize(sent, AddOutcome::Unknown(why));
        Ok(outcomes)
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

#[derive(Serialize)]
struct Body<'a> {
    list: &'a [NewEntry],
}

/// Only `result` counts: `data` and `error` may be left over from the element before (observed).
fn outcome(answer: &RawRecord<'_>) -> AddOutcome {
    let json = answer.json.as_bytes();
    let added = match Added::read(json, "$") {
        Ok(added) => added,
        Err(e) => return AddOutcome::Unknown(format!("its result cannot be decoded: {}", e.reason())),
    };
    match added.result.as_deref() {
        Some(answer::SUCCESS) => match added.data.map(|data| json::decode(data.get().as_bytes(), "$.data")) {
            Some(Ok(id)) => AddOutcome::Created(id),
            Some(Err(e)) => AddOutcome::Unknown(format!(
                "the server says that it is stored, but its id cannot be decoded: {}",
                e.reason()
            )),
            None => {
                AddOutcome::Unknown("the server says that it is stored, but not under which id".to_owned())
            }
        },
        Some("Error") => rejection(added.error.map_or("{}", |error| error.get())),
        Some(word) => {
            AddOutcome::Unknown(format!("the server reports neither success nor an error, but «{word}»"))
        }
        None => AddOutcome::Unknown("the server reports neither success nor an error".to_owned()),
    }
}

fn rejection(error: &str) -> AddOutcome {
    let error = format!("{{\"result\":\"Error\",\"error\":{error}}}");
    let info = &catalog::ADD_LIST;
    let Some(error) = common::api_error(info, error.as_bytes(), answer::refusal) else {
        return AddOutcome::Rejected(Rejection::new(None, ""));
    };
    let text = error.api_text().unwrap_or_default();
    match answer::refusal(error.api_code()) {
        // The server itself failed, possibly after it had stored the activity.
        Refusal::ServerFault => AddOutcome::Unknown(format!("the server failed: {text}")),
        _ => AddOutcome::Rejected(Rejection::new(error.api_code(), text)),
    }
}
