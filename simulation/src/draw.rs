//! Draws values from a seed.

use std::time::Duration;

/// The source of everything that a run decides by chance. The same seed draws the same values.
#[derive(Debug, Clone)]
pub(crate) struct Draw(fastrand::Rng);

impl Draw {
    /// `purpose` separates the sources that share a seed, so that a new value in one of them does not move the others.
    pub(crate) fn new(seed: u64, purpose: u64) -> Draw {
        Draw(fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ purpose))
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn number(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high.max(low))
    }

    pub(crate) fn size(&mut self, low: usize, high: usize) -> usize {
        self.0.usize(low..=high.max(low))
    }

    /// A number from `low` to `high` whose order of magnitude is drawn first, so that small ones are frequent.
    pub(crate) fn skewed(&mut self, low: usize, high: usize) -> usize {
        let (low, high) = (low as f64 + 1.0, high.max(low) as f64 + 2.0);
        let value = (low.ln() + self.0.f64() * (high.ln() - low.ln())).exp();
        (value as usize).saturating_sub(1)
    }

    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.number(low, high))
    }

    pub(crate) fn among<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.0.usize(..all.len())]
    }

    pub(crate) fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }
}
