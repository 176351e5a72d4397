//! What was sent and what became of it, on disk: JSON Lines, each flushed before the import goes on.
//!
//! ```text
//! {"journal":"crm history import","version":1}
//! {"send":{"first":0,"count":3,"hash":"…","items":[0,1,2],"watermark":20528,"at":1790000000}}
//! {"done":{"first":0,"outcomes":[[0,{"created":20529}],[1,{"rejected":[405,"…"]}]]}}
//! ```
//! `items` and `outcomes` count within the chunk. A sent item without an outcome is in doubt.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crm_model::history::{AddOutcome, EntryId, Rejection};
use crm_transport::Error;
use serde::{Deserialize, Serialize};

use super::IMPORT;

/// The journal of an import, or none.
pub(super) struct Journal(Option<Mutex<Pen>>);

struct Pen {
    file: File,
    /// Why a line could not be written. It may be torn, so nothing may come behind it.
    failed: Option<String>,
}

/// A chunk as an earlier run left it.
pub(super) struct Recorded {
    pub(super) first: u64,
    pub(super) count: u64,
    pub(super) hash: u64,
    pub(super) outcomes: Vec<Option<AddOutcome>>,
    pub(super) doubt: Option<Sent>,
}

/// What was sent and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    /// Which items of the chunk.
    pub(super) items: Vec<usize>,
    /// The highest id there was before.
    pub(super) watermark: u64,
    /// Seconds since 1970, by this machine's clock.
    pub(super) at: u64,
}

impl Journal {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Opens or makes the file, reads what it knows, and cuts off a line that was torn.
    pub(super) fn open(path: &Path) -> Result<(Self, VecDeque<Recorded>), Error> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| fault(format!("cannot be opened: {e}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(fault("is in use by another import")),
            Err(TryLockError::Error(e)) => return Err(fault(format!("cannot be locked: {e}"))),
        }
        let (recorded, good) = read(&file)?;
        let ready = file.set_len(good).and_then(|()| file.seek(SeekFrom::Start(good)));
        ready.map_err(|e| fault(format!("cannot be written: {e}")))?;
        let journal = Self(Some(Mutex::new(Pen { file, failed: None })));
        if good == 0 {
            // The name of a new file is on disk only when its folder is.
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
                let _ = folder.sync_all(); // not every system can; the file itself is flushed below
            }
            journal.write(&Head { journal: NAME.into(), version: 1 })?;
        }
        Ok((journal, recorded))
    }

    /// Says what will be sent.
    pub(super) fn sending(&self, first: u64, count: u64, hash: u64, sent: &Sent) -> Result<(), Error> {
        let Sent { items, watermark, at } = sent.clone();
        let hash = format!("{hash:016x}");
        self.write(&Line::Send(SendLine { first, count, hash, items, watermark, at }))
    }

    /// Says what became of it.
    pub(super) fn done(&self, first: u64, outcomes: &[(usize, &AddOutcome)]) -> Result<(), Error> {
        let outcomes = outcomes.iter().map(|(item, outcome)| (*item, Outcome::from(*outcome))).collect();
        self.write(&Line::Done(DoneLine { first, outcomes }))
    }

    fn write(&self, line: &impl Serialize) -> Result<(), Error> {
        let Some(pen) = &self.0 else { return Ok(()) };
        let mut bytes = serde_json::to_vec(line).map_err(|e| fault(e.to_string()))?;
        bytes.push(b'\n');
        let Pen { file, failed } = &mut *pen.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_none() {
            let written = file.write_all(&bytes).and_then(|()| file.sync_data());
            *failed = written.err().map(|e| format!("cannot be written: {e}; the import stops"));
        }
        match failed {
            Some(why) => Err(fault(why.as_str())),
            None => Ok(()),
        }
    }
}

fn fault(fault: impl Into<String>) -> Error {
    Error::invalid_request(IMPORT, "journal", fault)
}

/// The chunks in order, and how many bytes of the file are whole lines.
fn read(file: &File) -> Result<(VecDeque<Recorded>, u64), Error> {
    // By their first index, for they were written down as they were sent.
    let mut chunks: Vec<Recorded> = Vec::new();
    let mut reader = BufReader::new(file);
    let (mut good, mut number, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let length =
            reader.read_until(b'\n', &mut line).map_err(|e| fault(format!("cannot be read: {e}")))?;
        if line.pop() != Some(b'\n') {
            break; // the end, or a last line that was torn
        }
        number += 1;
        let unclear =
            |what: &str| fault(format!("is not a journal of an import, or is damaged: line {number} {what}"));
        if number == 1 {
            let head: Head = serde_json::from_slice(&line).map_err(|e| unclear(&e.to_string()))?;
            if (head.journal.as_str(), head.version) != (NAME, 1) {
                return Err(unclear("names another kind or version"));
            }
            good += length as u64;
            continue;
        }
        match serde_json::from_slice(&line).map_err(|e| unclear(&e.to_string()))? {
            Line::Send(send) => {
                let hash = u64::from_str_radix(&send.hash, 16).map_err(|_| unclear("has no hash"))?;
                let (first, count) = (send.first, send.count);
                let blank = || Recorded { first, count, hash, outcomes: blank(count), doubt: None };
                let place =
                    chunks.binary_search_by_key(&first, |chunk| chunk.first).unwrap_or_else(|place| {
                        chunks.insert(place, blank());
                        place
                    });
                let chunk = &mut chunks[place];
                let inside = send.items.iter().all(|&item| item < chunk.outcomes.len());
                if (chunk.count, chunk.hash) != (count, hash) || !inside {
                    return Err(unclear("contradicts an earlier one"));
                }
                chunk.doubt = Some(Sent { items: send.items, watermark: send.watermark, at: send.at });
            }
            Line::Done(done) => {
                let place = chunks.binary_search_by_key(&done.first, |chunk| chunk.first);
                let chunk = &mut chunks[place.map_err(|_| unclear("ends what was not begun"))?];
                for (item, outcome) in done.outcomes {
                    let place =
                        chunk.outcomes.get_mut(item).ok_or_else(|| unclear("names an unknown item"))?;
                    *place = outcome.settled();
                    // Found missing counts as told, too: it is no longer in doubt.
                    if let Some(doubt) = &mut chunk.doubt {
                        doubt.items.retain(|&sent| sent != item);
                    }
                }
                chunk.doubt.take_if(|doubt| doubt.items.is_empty());
            }
        }
        good += length as u64;
    }
    Ok((chunks.into(), good))
}

fn blank(count: u64) -> Vec<Option<AddOutcome>> {
    (0..count).map(|_| None).collect()
}

const NAME: &str = "crm history import";

#[derive(Serialize, Deserialize)]
struct Head {
    journal: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Send(SendLine),
    Done(DoneLine),
}

#[derive(Serialize, Deserialize)]
struct SendLine {
    first: u64,
    count: u64,
    hash: String,
    items: Vec<usize>,
    watermark: u64,
    at: u64,
}

#[derive(Serialize, Deserialize)]
struct DoneLine {
    first: u64,
    outcomes: Vec<(usize, Outcome)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Created(u64),
    Rejected(Option<i64>, String),
    /// Certainly not stored; the next run sends it.
    Missing,
    Unknown(String),
}

impl From<&AddOutcome> for Outcome {
    fn from(outcome: &AddOutcome) -> Self {
        match outcome {
            AddOutcome::Created(id) => Self::Created(id.0),
            AddOutcome::Rejected(Rejection { code, text, .. }) => Self::Rejected(*code, text.clone()),
            AddOutcome::NotSent(_) => Self::Missing,
            AddOutcome::Unknown(why) => Self::Unknown(why.clone()),
            other => Self::Unknown(other.to_string()),
        }
    }
}

impl Outcome {
    /// The outcome, where it is one for good.
    fn settled(self) -> Option<AddOutcome> {
        match self {
            Self::Created(id) => Some(AddOutcome::Created(EntryId(id))),
            Self::Rejected(code, text) => Some(AddOutcome::Rejected(Rejection::new(code, text))),
            Self::Missing => None,
            Self::Unknown(why) => Some(AddOutcome::Unknown(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nothing_is_written_behind_a_line_that_may_be_torn() {
        let path = std::env::temp_dir().join(format!("crm-history-journal-{}", std::process::id()));
        let good = File::create(&path).unwrap();
        let journal = Journal(Some(Mutex::new(Pen { file: File::open(&path).unwrap(), failed: None })));
        journal.done(0, &[]).unwrap_err();
        journal.0.as_ref().unwrap().lock().unwrap().file = good;
        let error = journal.done(1, &[]).unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
        std::fs::remove_file(&path).unwrap();
    }
}
