//! What the lines of earlier runs add up to.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use crm_model::history::AddOutcome;
use crm_transport::Error;

use super::lines::{DoneLine, Line, SendLine};
use crate::import::OPERATION;
use crate::import::chunk::Sent;

/// The chunks of earlier runs with this journal, in the order of the input.
#[derive(Default)]
pub(in crate::import) struct EarlierRun {
    path: PathBuf,
    pub(in crate::import) chunks: VecDeque<RecordedChunk>,
}

/// A chunk as an earlier run left it.
pub(in crate::import) struct RecordedChunk {
    /// Index of its first activity in the input.
    pub(in crate::import) first: u64,
    /// Number of its activities, at least 1.
    pub(in crate::import) count: u64,
    /// Hash of its activities.
    pub(in crate::import) hash: u64,
    /// The final outcomes by position within the chunk.
    pub(in crate::import) outcomes: BTreeMap<usize, AddOutcome>,
    /// What was sent without learning the outcome.
    pub(in crate::import) doubt: Option<Sent>,
}

impl EarlierRun {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, chunks: VecDeque::new() }
    }

    /// Returns the error that the input has other activities than a chunk of the journal.
    pub(in crate::import) fn is_of_another_input(&self, chunk: &RecordedChunk, difference: &str) -> Error {
        let RecordedChunk { first, count, .. } = chunk;
        let last = first + count - 1;
        let fault = format!("belongs to another input: activities {first} to {last} {difference}");
        Error::storage(OPERATION, "journal", &self.path, fault, None)
            .hint("use the input that the journal was created with, or another journal")
    }

    /// Adds a line. On failure returns what is wrong with it.
    pub(super) fn add(&mut self, line: Line) -> Result<(), &'static str> {
        match line {
            Line::Send(line) => self.add_send(line),
            Line::Done(line) => self.add_done(line),
        }
    }

    fn add_send(&mut self, line: SendLine) -> Result<(), &'static str> {
        let SendLine { first, count, hash, items, watermark, at } = line;
        let hash = u64::from_str_radix(&hash, 16).map_err(|_| "has no hash")?;
        let end = first.checked_add(count).filter(|end| *end > first).ok_or("has an impossible count")?;
        if !items.is_sorted_by(|a, b| a < b) || items.last().is_some_and(|&item| item as u64 >= count) {
            return Err("names an unknown item");
        }
        let place = match self.place(first) {
            Ok(place) => place,
            Err(place) => {
                let overlaps_last = place > 0 && self.chunks[place - 1].end() > first;
                if overlaps_last || self.chunks.get(place).is_some_and(|next| next.first < end) {
                    return Err("overlaps another chunk");
                }
                let chunk = RecordedChunk { first, count, hash, outcomes: BTreeMap::new(), doubt: None };
                self.chunks.insert(place, chunk);
                place
            }
        };
        let chunk = &mut self.chunks[place];
        if (chunk.count, chunk.hash) != (count, hash) {
            return Err("contradicts an earlier one");
        }
        chunk.doubt = Some(Sent { items, watermark, at });
        Ok(())
    }

    fn add_done(&mut self, line: DoneLine) -> Result<(), &'static str> {
        let place = self.place(line.first).map_err(|_| "ends a chunk that was not sent")?;
        let chunk = &mut self.chunks[place];
        for (item, outcome) in line.outcomes {
            if item as u64 >= chunk.count {
                return Err("names an unknown item");
            }
            match outcome.into_final() {
                Some(outcome) => chunk.outcomes.insert(item, outcome),
                None => chunk.outcomes.remove(&item),
            };
            // A missing item has no outcome, but its doubt is settled.
            if let Some(doubt) = &mut chunk.doubt {
                doubt.items.retain(|&sent| sent != item);
            }
        }
        chunk.doubt.take_if(|doubt| doubt.items.is_empty());
        Ok(())
    }

    /// Returns the place of the chunk that begins here, or where it belongs.
    fn place(&self, first: u64) -> Result<usize, usize> {
        self.chunks.binary_search_by_key(&first, |chunk| chunk.first)
    }
}

impl RecordedChunk {
    fn end(&self) -> u64 {
        self.first + self.count
    }
}
