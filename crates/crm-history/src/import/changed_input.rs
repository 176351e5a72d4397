//! The part of an import that holds activities until it is certain that they are new, and records where they are. See
//! [`Alignment`].

use std::task::{Context, Poll};

use super::journal::{Alignment, Released};
use super::run::Run;
use crate::engine::{Ending, NotSentReason};

impl Run {
    /// Goes on recording where the rows of the input are.
    pub(super) fn poll_recording(&mut self, cx: &mut Context<'_>) {
        if let Some(recording) = &mut self.recording
            && let Poll::Ready(recorded) = recording.as_mut().poll(cx)
        {
            self.recording = None;
            self.error = self.error.take().or(recorded.err());
        }
    }

    /// Returns whether activities are held.
    pub(super) fn holds_rows(&self) -> bool {
        self.journal.as_ref().is_some_and(|(_, alignment)| alignment.holds_rows())
    }

    /// Holds activities no longer when the input has paused for longer than the patience of the import.
    pub(super) fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.holds_rows() {
            return Poll::Pending;
        }
        let patience = self.patience;
        let until = self.held_until.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        if until.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.held_until = None;
        self.release(Alignment::release_all);
        Poll::Ready(())
    }

    /// Sends activities that were held, or ends with those that are perhaps not new.
    pub(super) fn release(&mut self, release: impl FnOnce(&mut Alignment) -> Vec<Released>) {
        let Some((journal, alignment)) = &mut self.journal else { return };
        let released = release(alignment);
        journal.note_placed(alignment.take_placed());
        if released.is_empty() {
            return;
        }
        let (missing, known) = alignment.counts();
        for Released { index, key } in released {
            match key {
                Some(key) => self.send(index, key, None),
                None => {
                    let reason = NotSentReason::PerhapsChanged { missing, known };
                    self.end(index, Ending::NotSent(reason));
                }
            }
        }
    }
}
