//! The part of the driver that takes in how a request ended.

use std::time::Duration;

use crm_transport::{Delivery, Error, ErrorKind};

use super::doubt::Doubt;
use super::driver::Driver;
use super::item::{Ending, Waiting};
use super::mutations::breaks;
use super::reasons::NotSentReason;
use super::request::{ItemResult, SentRequest};

impl Driver {
    pub(super) fn was_sent(&mut self, sent: SentRequest) {
        let Some(in_flight) = self.in_flight.remove(&sent.request) else { return };
        if let Some(error) = sent.store_failure {
            self.stop(NotSentReason::Storage(error.to_string()));
            self.failure.get_or_insert(error);
        }
        if let Some(request) = in_flight.again {
            self.was_sent_again(request, sent.results, sent.began, sent.ended, in_flight.floor);
        } else {
            let pause = self.pause(sent.ended - sent.began);
            let size = sent.results.len();
            let (mut not_stored, mut in_doubt, mut answer) = (Vec::new(), Vec::new(), None);
            // The ids of one request grow as well.
            let mut floor = sent.floor;
            for (waiting, result) in sent.results {
                let key = waiting.item.key;
                match result {
                    ItemResult::Stored(id) => {
                        self.known.confirm(&waiting.item, id, sent.request, floor);
                        floor.id = floor.id.max(id.0);
                        self.doubts.witnessed(&waiting.item, id, sent.began, sent.ended, pause);
                        self.health.progress();
                        self.end(key, Ending::Stored { id, copy: None });
                    }
                    ItemResult::StoredWithoutId => {
                        self.known.confirm_without_id(waiting.item.identity, sent.floor);
                        self.health.progress();
                        self.end(key, Ending::StoredWithoutId);
                    }
                    ItemResult::Refused(rejection) => {
                        self.health.progress();
                        self.end(key, Ending::Refused(rejection));
                    }
                    ItemResult::AccountSetting(rejection) => {
                        self.stop(NotSentReason::AccountSetting(rejection.to_string()));
                        not_stored.push(waiting);
                    }
                    ItemResult::NotStored => not_stored.push(waiting),
                    ItemResult::InDoubt(said) => {
                        answer = answer.or(said);
                        in_doubt.push(waiting);
                    }
                }
            }
            if !in_doubt.is_empty() {
                let what = sent.failure.as_ref().map(ToString::to_string);
                let what = what.or_else(|| answer.as_ref().map(|answer| answer.text.clone()));
                self.health.write_in_doubt(what.unwrap_or_default());
                in_doubt.iter().for_each(|waiting| self.queue.hold(waiting));
                let mut doubt = Doubt::new(
                    sent.request,
                    sent.floor,
                    in_doubt,
                    sent.ended
                        + if breaks("the-server-may-still-work") {
                            Duration::ZERO
                        } else {
                            self.settings.settle
                        },
                );
                doubt.began = Some(sent.began);
                doubt.last_concurrent = self.last_request;
                (doubt.size, doubt.is_witness, doubt.answer) = (size, in_flight.is_witness, answer);
                self.doubts.add(doubt);
            }
            self.not_stored(not_stored, size, sent.failure.as_ref());
        }
        self.mark_refusals();
        self.doubts.resume_postponed(sent.ended);
        let floors = self.in_flight.values().map(|in_flight| in_flight.floor.id);
        let lowest = floors.chain(self.doubts.lowest_floor(&self.known)).min();
        self.known.forget_below(lowest.unwrap_or(self.known.highest()));
    }

    /// Notes which activities in doubt are the reason for an earlier answer, which is the same. A witness was stored between
    /// the two.
    pub(super) fn mark_refusals(&mut self) {
        let pause = self.pause(Duration::ZERO);
        for doubt in self.doubts.iter_mut().filter(|doubt| doubt.size == 1 && !doubt.is_refusal) {
            if let ([alone], Some(answer)) = (&doubt.items[..], &doubt.answer)
                && self.suspects.is_the_reason(alone.waiting.item.key, answer)
            {
                doubt.is_refusal = true;
                if doubt.witness.is_none() {
                    doubt.was_witnessed(doubt.due, pause);
                }
            }
        }
    }

    /// Decides about activities that are certainly not stored.
    pub(super) fn not_stored(&mut self, waiting: Vec<Waiting>, size: usize, failure: Option<&Error>) {
        let Some(error) = failure else { return self.queue.put_back_unsent(waiting) };
        if waiting.is_empty() {
            return;
        }
        if error.delivery() == Delivery::NotSent && error.kind() != ErrorKind::InvalidRequest {
            self.health.write_failed(error.to_string(), None);
            return self.queue.put_back_unsent(waiting);
        }
        let may_be_one_row = matches!(error.kind(), ErrorKind::Api | ErrorKind::InvalidRequest)
            || matches!(error.http_status(), Some(413 | 414 | 431));
        if error.is_rate_limited() {
            let wait = error.retry_after();
            if let Some(retry_after) = wait.filter(|&wait| wait > self.settings.patience) {
                self.stop(NotSentReason::RateLimited { retry_after });
            }
            self.health.write_failed(error.to_string(), wait);
            self.health.is_rate_limited = true;
            self.queue.put_back_unsent(waiting);
        } else if let Some(reason) = stop_reason(error) {
            self.stop(reason);
            self.queue.put_back_unsent(waiting);
        } else if !may_be_one_row {
            self.stop(NotSentReason::Refused(error.to_string()));
            self.queue.put_back_unsent(waiting);
        } else if size > 1 {
            self.queue.put_back(waiting, size);
        } else {
            self.refuse(waiting, error);
        }
    }
}

/// Returns why nothing more can be sent after this failure.
pub(super) fn stop_reason(error: &Error) -> Option<NotSentReason> {
    if error.is_account_setting() {
        Some(NotSentReason::AccountSetting(error.to_string()))
    } else if error.is_auth() && error.delivery() != Delivery::Unknown {
        Some(NotSentReason::KeyRefused(error.to_string()))
    } else {
        None
    }
}
