//! The rate of attempts that a client learns from a server that limits it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Starts of attempts, and the rate that they must keep to.
///
/// There is no rate until the server limits one. It then falls at once and rises again with every good response: quickly
/// up to a rate that lately went well, slowly beyond it. Far above all that was limited it is forgotten.
#[derive(Default)]
pub(super) struct LearnedRate {
    /// When the latest attempts started, to estimate the rate at which the server began to refuse.
    starts: VecDeque<Instant>,
    rate: Option<Rate>,
}

struct Rate {
    per_second: f64,
    /// Below the rate at which the server limited last.
    went_well: f64,
    lowered: Instant,
    /// A response was good since it was lowered.
    is_proven: bool,
}

/// The lowest rate: one attempt in five seconds.
const LOWEST: f64 = 0.2;
/// Above this rate the client no longer keeps to one.
const FORGOTTEN: f64 = 100.0;
/// Attempts to remember.
const REMEMBERED: usize = 64;

impl LearnedRate {
    /// Returns the shortest time between the starts of two attempts, if there is a rate.
    pub(super) fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs_f64(1.0 / self.rate.as_ref()?.per_second.clamp(LOWEST, FORGOTTEN)))
    }

    /// An attempt that started then was limited. Lowers the rate, unless another attempt of the same moment did.
    pub(super) fn limited(&mut self, started: Instant, now: Instant) {
        self.remember(started);
        let lately = self.starts.iter().filter(|start| now - **start < Duration::from_secs(1)).count();
        let measured = lately.max(1) as f64;
        let (per_second, went_well) = match &self.rate {
            Some(rate) if started < rate.lowered => return,
            Some(rate) if rate.is_proven => (rate.per_second * 0.7, rate.per_second * 0.7),
            Some(rate) => (rate.per_second / 2.0, rate.went_well),
            // What was refused may be a burst: the rate that goes well may be far above it.
            None => (measured / 2.0, FORGOTTEN),
        };
        let per_second = per_second.max(LOWEST);
        self.rate = Some(Rate { per_second, went_well, lowered: now, is_proven: false });
    }

    /// An attempt that started then got a good response.
    pub(super) fn was_good(&mut self, started: Instant) {
        self.remember(started);
        let Some(rate) = &mut self.rate else { return };
        if started < rate.lowered {
            return; // it shows nothing about the lower rate
        }
        rate.is_proven = true;
        rate.per_second = if rate.per_second < rate.went_well {
            (rate.per_second * 1.25).min(rate.went_well)
        } else {
            rate.per_second * 1.02
        };
        if rate.per_second > FORGOTTEN {
            self.rate = None;
        }
    }

    fn remember(&mut self, started: Instant) {
        if self.starts.len() == REMEMBERED {
            self.starts.pop_front();
        }
        self.starts.push_back(started);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_second(rate: &LearnedRate) -> Option<f64> {
        Some(1.0 / rate.interval()?.as_secs_f64())
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_falls_to_half_of_what_was_refused_and_is_forgotten_after_enough_good_responses() {
        let (mut rate, start) = (LearnedRate::default(), Instant::now());
        assert_eq!(rate.interval(), None);
        (0..7).for_each(|_| rate.was_good(start));
        rate.limited(start, start);
        assert!((per_second(&rate).unwrap() - 4.0).abs() < 0.01);
        let later = start + Duration::from_millis(1);
        (0..4).for_each(|_| rate.was_good(later));
        assert!((per_second(&rate).unwrap() - 9.77).abs() < 0.01, "it rises quickly");
        rate.limited(later, later);
        assert!((per_second(&rate).unwrap() - 6.84).abs() < 0.01);
        let later = later + Duration::from_millis(1);
        rate.was_good(later);
        assert!(per_second(&rate).unwrap() < 7.0, "beyond what went well it rises slowly");
        (0..200).for_each(|_| rate.was_good(later));
        assert_eq!(rate.interval(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_the_same_moment_count_once_and_no_streak_of_them_ends_below_the_lowest_rate() {
        let (mut rate, start) = (LearnedRate::default(), Instant::now());
        for _ in 0..4 {
            rate.limited(start, start + Duration::from_millis(1));
        }
        assert!((per_second(&rate).unwrap() - 0.5).abs() < 0.01);
        for second in 1..100 {
            let at = start + Duration::from_secs(second);
            rate.limited(at, at);
        }
        assert!((per_second(&rate).unwrap() - LOWEST).abs() < 0.001);
    }
}
