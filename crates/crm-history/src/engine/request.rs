//! One request, as a task: it is recorded before it is sent, and its outcomes afterwards.

use std::sync::Arc;

use crm_model::history::{AddOutcome, EntryId, NewEntry, Rejection};
use crm_transport::{Delivery, Error};
use tokio::time::Instant;

use super::item::{Answer, Waiting};
use super::store::{Sending, Settled, Store};
use crate::HistoryClient;

/// A request that ended.
pub(super) struct SentRequest {
    pub(super) request: u64,
    pub(super) floor: u64,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// The activities with what became of them, in the order of sending.
    pub(super) results: Vec<(Waiting, ItemResult)>,
    /// The failure of the whole request.
    pub(super) failure: Option<Error>,
    pub(super) is_witness: bool,
}

/// What a request did to an activity.
pub(super) enum ItemResult {
    Stored(EntryId),
    Refused(Rejection),
    /// Certainly not stored.
    NotStored,
    /// Stored or not. The server may have said something about it.
    InDoubt(Option<Answer>),
}

/// Sends these activities. An error is one of the store.
pub(super) async fn send(
    client: HistoryClient,
    store: Arc<dyn Store>,
    sending: Sending,
    waiting: Vec<Waiting>,
    is_witness: bool,
) -> Result<SentRequest, (Error, Vec<Waiting>, bool)> {
    if let Err(error) = store.sending(&sending).await {
        return Err((error, waiting, false));
    }
    let entries: Vec<NewEntry> = waiting.iter().map(|waiting| waiting.item.entry.clone()).collect();
    let began = Instant::now();
    let answer = client.add_list(&entries).await;
    let ended = Instant::now();
    let (results, failure) = match answer {
        Ok(outcomes) => (outcomes.into_iter().map(of_outcome).collect(), None),
        Err(error) => {
            let result = || match error.delivery() {
                Delivery::Unknown => ItemResult::InDoubt(Answer::of_error(&error)),
                _ => ItemResult::NotStored,
            };
            (entries.iter().map(|_| result()).collect::<Vec<_>>(), Some(error))
        }
    };
    let results: Vec<(Waiting, ItemResult)> = waiting.into_iter().zip(results).collect();
    let settled: Vec<_> = results
        .iter()
        .filter_map(|(waiting, result)| Some((waiting.item.key, result.settled()?)))
        .collect();
    if !settled.is_empty()
        && let Err(error) = store.settled(&settled).await
    {
        return Err((error, results.into_iter().map(|(waiting, _)| waiting).collect(), true));
    }
    let Sending { request, floor, .. } = sending;
    Ok(SentRequest { request, floor, began, ended, results, failure, is_witness })
}

fn of_outcome(outcome: AddOutcome) -> ItemResult {
    match outcome {
        AddOutcome::Created(id) => ItemResult::Stored(id),
        AddOutcome::Rejected(rejection) => ItemResult::Refused(rejection),
        AddOutcome::NotSent(_) => ItemResult::NotStored,
        AddOutcome::Unknown(text) => {
            ItemResult::InDoubt(Some(Answer { code: None, status: Some(200), text }))
        }
        other => {
            ItemResult::InDoubt(Some(Answer { code: None, status: Some(200), text: other.to_string() }))
        }
    }
}

impl ItemResult {
    fn settled(&self) -> Option<Settled> {
        Some(match self {
            Self::Stored(id) => Settled::Stored(*id, None),
            Self::Refused(rejection) => Settled::Refused(rejection.clone()),
            Self::NotStored => Settled::Missing,
            Self::InDoubt(_) => return None,
        })
    }
}
