//! The journal: what was sent and what became of it, so that a killed import resumes.
//!
//! It is a file of JSON Lines, each flushed before the import continues:
//!
//! ```text
//! {"journal":"crm history import","version":1}
//! {"send":{"first":0,"count":3,"hash":"…","items":[0,1,2],"watermark":20528,"at":1790000000}}
//! {"done":{"first":0,"outcomes":[[0,{"created":20529}],[1,{"rejected":[405,"…"]}]]}}
//! ```
//!
//! `items` and `outcomes` count within the chunk. An item that was sent and has no outcome is in doubt.
//!
//! `lines` is the format, `earlier_run` is what the lines of earlier runs add up to, and `file` is the file. Files block,
//! so everything that touches one runs in `spawn_blocking`.

mod earlier_run;
mod file;
mod lines;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crm_model::history::AddOutcome;
use crm_transport::Error;

use self::file::JournalFile;
use self::lines::Line;
use super::chunk::{Chunk, Sent};

pub(super) use self::earlier_run::{EarlierRun, RecordedChunk};

/// The journal of an import, or none.
pub(super) struct Journal {
    file: Option<Arc<JournalFile>>,
}

impl Journal {
    /// Returns a journal that keeps nothing.
    pub(super) fn disabled() -> Self {
        Self { file: None }
    }

    /// Opens the file or creates it, and reads what earlier runs did.
    pub(super) async fn open(path: PathBuf) -> Result<(Self, EarlierRun), Error> {
        // A dropped import may still be writing its last line, and keeps the file locked until then.
        for _ in 0..LOCK_ATTEMPTS {
            let to_open = path.clone();
            if let Some((file, earlier)) = in_background(&path, || JournalFile::open(to_open)).await? {
                return Ok((Self { file: Some(Arc::new(file)) }, earlier));
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        Err(file::locked(&path))
    }

    /// Records what will be sent. Call it before the request.
    pub(super) async fn about_to_send(&self, chunk: &Chunk, sent: &Sent) -> Result<(), Error> {
        self.append(|| Line::send(chunk, sent)).await
    }

    /// Records the outcomes of items that were sent. [`AddOutcome::NotSent`] means that an item is certainly not stored,
    /// which settles its doubt.
    pub(super) async fn outcomes(&self, first: u64, outcomes: &[(usize, AddOutcome)]) -> Result<(), Error> {
        if outcomes.is_empty() {
            return Ok(());
        }
        self.append(|| Line::done(first, outcomes)).await
    }

    async fn append(&self, line: impl FnOnce() -> Line) -> Result<(), Error> {
        let Some(file) = &self.file else { return Ok(()) };
        let (to_write, line) = (Arc::clone(file), line());
        in_background(file.path(), move || to_write.append(&line)).await
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
