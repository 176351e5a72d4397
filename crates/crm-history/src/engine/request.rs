//! One request, as a task: it is recorded before it is sent, and its outcomes afterwards.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crm_model::history::{AddOutcome, EntryId, NewEntry, Rejection};
use crm_transport::{Delivery, Error, ErrorKind};
use tokio::sync::watch;
use tokio::time::Instant;

use super::item::{Answer, Floor, Waiting};
use super::mutations::breaks;
use super::store::{Sending, Settled, Store};
use crate::HistoryClient;
use crate::operations::AddList;

/// A request that ended.
pub(super) struct SentRequest {
    pub(super) request: u64,
    pub(super) floor: Floor,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// The activities with what became of them, in the order of sending.
    pub(super) results: Vec<(Waiting, ItemResult)>,
    /// The failure of the whole request.
    pub(super) failure: Option<Error>,
    /// The failure of the store. Nothing may be sent after it.
    pub(super) store_failure: Option<Error>,
}

/// What a request did to an activity.
pub(super) enum ItemResult {
    Stored(EntryId),
    StoredWithoutId,
    Refused(Rejection),
    /// Certainly not stored.
    NotStored,
    /// Certainly not stored, because of a setting of the account.
    AccountSetting(Rejection),
    /// Stored or not. The server may have said something about it.
    InDoubt(Option<Answer>),
}

/// Sends these activities, unless `stop` becomes `true` before the request leaves.
pub(super) async fn send(
    client: HistoryClient,
    store: Arc<dyn Store>,
    sending: Sending,
    waiting: Vec<Waiting>,
    is_again: bool,
    stop: watch::Receiver<bool>,
) -> SentRequest {
    let recorded = if breaks("a-sending-is-recorded") { Ok(()) } else { store.sending(&sending).await };
    let entries: Vec<NewEntry> = waiting.iter().map(|waiting| waiting.item.entry.clone()).collect();
    let began = Instant::now();
    let (results, failure): (Vec<ItemResult>, _) = match &recorded {
        Err(_) => (entries.iter().map(|_| ItemResult::NotStored).collect(), None),
        Ok(()) => match add_list(&client, &entries, stop).await {
            Ok(Some(outcomes)) => (outcomes.into_iter().map(of_outcome).collect(), None),
            Ok(None) => (entries.iter().map(|_| ItemResult::NotStored).collect(), None),
            Err(error) => (entries.iter().map(|_| of_error(&error)).collect(), Some(error)),
        },
    };
    let ended = Instant::now();
    let mut sent = SentRequest {
        request: sending.request,
        floor: sending.floor,
        began,
        ended,
        results: waiting.into_iter().zip(results).collect(),
        failure,
        store_failure: recorded.err(),
    };
    if sent.store_failure.is_none() && !is_again {
        let settled = sent.results.iter();
        let settled = settled.filter_map(|(waiting, result)| Some((waiting.item.key, result.settled()?)));
        let settled: Vec<_> = settled.collect();
        if !settled.is_empty() {
            sent.store_failure = store.settled(&settled).await.err();
        }
    }
    sent
}

/// Makes the call. Returns `None` if it was stopped before anything of it left.
async fn add_list(
    client: &HistoryClient,
    entries: &[NewEntry],
    mut stop: watch::Receiver<bool>,
) -> Result<Option<Vec<AddOutcome>>, Error> {
    let under_way = AtomicBool::new(false);
    let operation = AddList::new(entries.to_vec());
    let mut call = pin!(client.pipeline().run_watched(&operation, &under_way));
    let mut stopped = pin!(stop.wait_for(|&stop| stop));
    let mut has_stopped = false;
    poll_fn(|cx| {
        has_stopped = has_stopped || stopped.as_mut().poll(cx).is_ready();
        if has_stopped && !under_way.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(None));
        }
        call.as_mut().poll(cx).map_ok(Some)
    })
    .await
}

fn of_error(error: &Error) -> ItemResult {
    // A firewall may send it for a single text. Whether it is one, a witness must show.
    let may_be_a_text = error.kind() == ErrorKind::Http && error.http_status() == Some(400);
    match error.delivery() {
        Delivery::Delivered if may_be_a_text => ItemResult::InDoubt(Answer::of_error(error)),
        Delivery::Unknown if !breaks("no-answer-is-a-doubt") => ItemResult::InDoubt(Answer::of_error(error)),
        _ => ItemResult::NotStored,
    }
}

fn of_outcome(outcome: AddOutcome) -> ItemResult {
    let said = |text| ItemResult::InDoubt(Some(Answer { code: None, status: Some(200), text }));
    match outcome {
        AddOutcome::Created(id) => ItemResult::Stored(id),
        AddOutcome::StoredWithoutId if breaks("stored-without-id-is-stored") => ItemResult::NotStored,
        AddOutcome::StoredWithoutId => ItemResult::StoredWithoutId,
        AddOutcome::Unknown(_) if breaks("a-failed-item-is-a-doubt") => ItemResult::NotStored,
        AddOutcome::Rejected(rejection) if rejection.is_account_setting => {
            ItemResult::AccountSetting(rejection)
        }
        AddOutcome::Rejected(rejection) => ItemResult::Refused(rejection),
        AddOutcome::NotSent(_) => ItemResult::NotStored,
        AddOutcome::Unknown(text) => said(text),
        other => said(other.to_string()),
    }
}

impl ItemResult {
    fn settled(&self) -> Option<Settled> {
        Some(match self {
            Self::Stored(id) => Settled::Stored(*id, None),
            Self::StoredWithoutId => Settled::StoredWithoutId,
            Self::Refused(rejection) => Settled::Refused(rejection.clone()),
            Self::NotStored | Self::AccountSetting(_) => Settled::Missing,
            Self::InDoubt(_) => return None,
        })
    }
}
