//! The journal: what was sent and what became of it, so that a killed import resumes.
//!
//! It is a file of JSON Lines, each flushed before the import continues:
//!
//! ```text
//! {"journal":"crm history import","version":2,"key":"…"}
//! {"send":{"request":1,"floor":20528,"rows":[[0,"…"],[1,"…"]]}}
//! {"done":[[0,"…",{"stored":20529}],[1,"…",{"refused":405}]]}
//! ```
//!
//! A row is a number and a keyed hash of its content. The number is its position in the input, except for rows that were
//! inserted or moved later: `{"placed":[[1099511627776,3]]}` says that one is behind row 3. A row that was sent and
//! has no outcome is in doubt. `floor` is the highest ID that was known before the request. A row whose [mark](crate::Import::adopt_marked) was
//! found is recorded as sent and stored, although it was not sent.
//!
//! `lines` is the format, `row` the hash, `earlier_run` what the lines of earlier runs add up to, `elsewhere` what another
//! import has stored, `alignment` finds the rows in an input that was changed since, `rows` keeps them in little memory, `order` is their order, and `file` is the file.
//! Files block, so everything that touches one runs in `spawn_blocking`.

mod alignment;
mod earlier_run;
mod elsewhere;
mod file;
mod lines;
mod order;
mod row;
mod rows;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crm_model::history::NewEntry;
use crm_transport::{BoxFuture, Error};

use self::file::JournalFile;
use self::lines::Line;
use self::row::{HashKey, RowHash};
use crate::engine::{Key, Sending, Settled, Store};

pub(super) use self::alignment::{Alignment, Place, Released};
pub(super) use self::earlier_run::{Earlier, EarlierRun};
pub(super) use self::elsewhere::StoredElsewhere;

/// The journal of an import.
pub(super) struct Journal {
    file: Arc<JournalFile>,
    key: HashKey,
    /// The hashes of the rows without an outcome.
    hashes: Mutex<HashMap<Key, RowHash>>,
    /// The rows that were inserted or moved, until they are recorded.
    placed: Mutex<Vec<(Key, Option<Key>)>>,
}

impl Journal {
    /// Opens the file or creates it, and reads what earlier runs did.
    pub(super) async fn open(path: PathBuf) -> Result<(Self, EarlierRun), Error> {
        // A dropped import may still be writing its last line, and keeps the file locked until then.
        for _ in 0..LOCK_ATTEMPTS {
            let to_open = path.clone();
            if let Some((file, earlier)) = in_background(&path, || JournalFile::open(to_open)).await? {
                let (file, key) = (Arc::new(file), earlier.key().clone());
                return Ok((Self { file, key, hashes: Mutex::default(), placed: Mutex::default() }, earlier));
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Err(file::locked(&path))
    }

    /// Reads what another import has stored. `None` if there is no file.
    pub(super) async fn read_other(path: PathBuf) -> Result<Option<StoredElsewhere>, Error> {
        let to_find = path.clone();
        if !in_background(&path, move || Ok(to_find.exists())).await? {
            return Ok(None);
        }
        let (_, earlier) = Self::open(path).await?;
        earlier.into_elsewhere().map(Some)
    }

    /// Notes the content of a row. Call it before the row is sent.
    pub(super) fn note(&self, index: Key, entry: &NewEntry) {
        self.hashes().insert(index, self.key.hash(entry));
    }

    /// Notes rows that were inserted or moved. Call it before they are sent.
    pub(super) fn note_placed(&self, placed: Vec<(Key, Option<Key>)>) {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).extend(placed);
    }

    /// Records the rows that were inserted or moved. Without this line the next run would not know where they are.
    pub(super) async fn append_placed(&self) -> Result<(), Error> {
        let placed = std::mem::take(&mut *self.placed.lock().unwrap_or_else(PoisonError::into_inner));
        if placed.is_empty() { Ok(()) } else { self.append(Line::Placed(placed)).await }
    }

    async fn append(&self, line: Line) -> Result<(), Error> {
        let to_write = Arc::clone(&self.file);
        in_background(self.file.path(), move || to_write.append(&line)).await
    }

    fn hashes(&self) -> MutexGuard<'_, HashMap<Key, RowHash>> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, key: Key) -> RowHash {
        self.hashes().get(&key).copied().unwrap_or_else(|| self.key.hash(&NewEntry::default()))
    }
}

impl Store for Journal {
    fn sending<'a>(&'a self, sending: &'a Sending) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.append_placed().await?;
            self.append(Line::send(sending, |key| self.hash(key))).await
        })
    }

    fn settled<'a>(&'a self, settled: &'a [(Key, Settled)]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.append_placed().await?;
            self.append(Line::done(settled, |key| self.hash(key))).await?;
            let mut hashes = self.hashes();
            for (key, settled) in settled {
                if *settled != Settled::Missing {
                    hashes.remove(key);
                }
            }
            Ok(())
        })
    }
}

/// Runs this on a thread where it may block.
async fn in_background<T, F>(path: &Path, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|failed| Err(file::fault(path, "cannot be used", Some(io::Error::other(failed)))))
}

/// How often the file is tried before it counts as in use by another import, one second altogether.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
