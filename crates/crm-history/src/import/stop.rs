//! The signal that stops an import.

use std::sync::OnceLock;

/// Set once, with the reason. Nothing is sent afterwards.
#[derive(Default)]
pub(super) struct StopSignal(OnceLock<String>);

impl StopSignal {
    /// Stops the import. If it is stopped already, the first reason stays.
    pub(super) fn stop(&self, reason: impl Into<String>) {
        let _ = self.0.set(reason.into());
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.reason().is_some()
    }
}
