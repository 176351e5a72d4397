//! The part of the driver that stops, and ends with what is open then.

use std::time::Duration;

use tokio::time::Instant;

use super::driver::Driver;
use super::item::Ending;
use super::reasons::{NotSentReason, UnknownReason};

impl Driver {
    /// Sends nothing more. What is in flight may still get its answer for a moment. The first reason stays.
    pub fn stop(&mut self, reason: NotSentReason) {
        if self.stop.is_none() {
            self.give_up_at = Some(Instant::now() + GRACE);
            self.stop = Some(reason);
            self.stop_signal.send_replace(true);
            self.readings.drain(..).for_each(|reading| reading.abort());
        }
    }

    /// Returns why it stopped.
    pub fn stopped(&self) -> Option<&NotSentReason> {
        self.stop.as_ref()
    }

    /// Ends with everything after a stop, once nothing is in flight.
    pub(super) fn wind_up(&mut self, reason: &NotSentReason, now: Instant) {
        if self.give_up_at.is_some_and(|at| now >= at) {
            for (_, in_flight) in self.in_flight.drain() {
                let ended = UnknownReason::Ended(reason.clone());
                let keys = in_flight.waiting.iter().map(|waiting| waiting.item.key);
                let keys = keys.filter(|_| in_flight.again.is_none());
                self.endings.extend(keys.map(|key| (key, Ending::Unknown(ended.clone()))));
            }
            self.give_up_at = None;
        }
        if !self.in_flight.is_empty() || self.recording > 0 {
            return;
        }
        let confirmed = self.doubts.take_confirmed();
        if !confirmed.is_empty() {
            return self.record_after(None, confirmed);
        }
        self.give_up_at = None;
        self.tasks.abort_all();
        let unsent = self.queue.take_all();
        self.endings.extend(unsent.map(|waiting| (waiting.item.key, Ending::NotSent(reason.clone()))));
        for doubt in self.doubts.take_all() {
            let why = doubt.reason_at_the_end().unwrap_or_else(|| UnknownReason::Ended(reason.clone()));
            let keys = doubt.items.iter().map(|item| item.waiting.item.key);
            self.endings.extend(keys.map(|key| (key, Ending::Unknown(why.clone()))));
        }
    }
}

/// How long a stopped engine waits for answers to what is in flight.
const GRACE: Duration = Duration::from_secs(5);
