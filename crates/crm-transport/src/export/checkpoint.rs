//! The checkpoint of an export: its file, what it holds, and the work on it, which runs on threads for blocking work.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::builder::BeforeCheckpoint;
use super::returned::ResumePoint;
use super::verdict::ExportFigures;
use crate::durable::{self, IdentityHash, PathLock};
use crate::error::Error;

const NAME: &str = "crm export";
const VERSION: u32 = 1;

/// The checkpoint of an export that may have none: then nothing is saved.
#[derive(Default)]
pub(super) struct Checkpoint {
    /// `None` while a task has it, and after it was closed.
    file: Option<Box<CheckpointFile>>,
    task: Option<Task>,
    /// Close the file once the task is done, and remove it or not.
    close_next: Option<bool>,
}

/// Returns the file, unless it was closed.
type Task = JoinHandle<(Option<Box<CheckpointFile>>, Result<(), Error>)>;

impl Checkpoint {
    /// Opens the checkpoint of this query, and locks it. The file is created by the first [`save`](Self::save).
    pub(super) async fn open(
        path: PathBuf,
        operation: &'static str,
        query: String,
        before_save: Option<BeforeCheckpoint>,
    ) -> Result<Self, Error> {
        let open = move || CheckpointFile::open(path, operation, &query, before_save);
        match spawn_blocking(open).await {
            Ok(file) => Ok(Self { file: Some(Box::new(file?)), ..Self::default() }),
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(_) => Err(Error::runtime("the tokio runtime is shutting down", None)),
        }
    }

    /// What the file held when it was opened; `None` if there was no file.
    pub(super) fn saved(&self) -> Option<&Content> {
        self.file.as_ref()?.saved.as_ref()
    }

    /// Begins to save that everything up to here is done. [`poll`](Self::poll) tells when it is saved.
    ///
    /// Afterwards the file holds either this or what it held before.
    pub(super) fn save(&mut self, up_to: ResumePoint, page_size: Option<u64>, figures: ExportFigures) {
        let Some(mut file) = self.file.take() else { return };
        self.task = Some(spawn_blocking(move || {
            let result = file.save(up_to, page_size, figures);
            (Some(file), result)
        }));
    }

    /// Begins to close the file, and to remove it if there is nothing left to resume.
    pub(super) fn close(&mut self, remove: bool) {
        match self.file.take() {
            Some(file) => {
                // The lock goes on that thread too, because that removes a file.
                self.task = Some(spawn_blocking(move || (None, if remove { file.remove() } else { Ok(()) })));
            }
            None => self.close_next = Some(remove),
        }
    }

    /// Waits for what was begun. Fails with the join error if the callback panicked or the runtime is shutting down.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Result<(), Error>, JoinError>> {
        while let Some(task) = &mut self.task {
            let done = ready!(Pin::new(task).poll(cx));
            self.task = None;
            let (file, result) = match done {
                Ok(done) => done,
                Err(stopped) => return Poll::Ready(Err(stopped)),
            };
            self.file = file;
            if self.file.is_some()
                && let Some(remove) = self.close_next.take()
            {
                self.close(remove);
            }
            if result.is_err() {
                return Poll::Ready(Ok(result));
            }
        }
        Poll::Ready(Ok(Ok(())))
    }
}

/// The file. It holds numbers only: no secret, and nothing that a person wrote.
struct CheckpointFile {
    path: PathBuf,
    operation: &'static str,
    /// The hash of the query.
    query: String,
    saved: Option<Content>,
    before_save: Option<BeforeCheckpoint>,
    _lock: PathLock,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    checkpoint: String,
    version: u32,
    query: String,
    /// The greatest id returned, and the page with which its stretch began.
    after: u64,
    page: Option<u64>,
    /// The number of records on a page, if it had to be learnt.
    pub(super) size: Option<u64>,
    /// What the callback before the checkpoint returned.
    pub(super) mark: Option<u64>,
    pub(super) figures: ExportFigures,
}

impl Content {
    pub(super) fn resume_point(&self) -> ResumePoint {
        ResumePoint { id: self.after, page: self.page }
    }
}

impl CheckpointFile {
    fn open(
        path: PathBuf,
        operation: &'static str,
        query: &str,
        before_save: Option<BeforeCheckpoint>,
    ) -> Result<Self, Error> {
        let fault = |fault: String, cause| storage(operation, &path, fault, cause);
        let lock = PathLock::take(&path).map_err(|e| fault("cannot be locked".to_owned(), Some(e)))?;
        let in_use = "is in use by another export: wait until that has ended, or use another file";
        let lock = lock.ok_or_else(|| fault(in_use.to_owned(), None))?;
        let query = format!("{:016x}", IdentityHash::new().with(query.as_bytes()).value());
        let saved = match fs::read(&path) {
            Ok(text) => Some(read(&text, &query).map_err(|why| fault(why, None))?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(fault("cannot be read".to_owned(), Some(e))),
        };
        Ok(Self { path, operation, query, saved, before_save, _lock: lock })
    }

    fn save(&mut self, up_to: ResumePoint, size: Option<u64>, figures: ExportFigures) -> Result<(), Error> {
        let mark = self.before_save.as_mut().map(|before_save| before_save(&figures)).transpose();
        let mark = mark.map_err(|e| {
            self.fault("was not saved, because the records before it could not be written out", e)
        })?;
        let content = Content {
            checkpoint: NAME.to_owned(),
            version: VERSION,
            query: self.query.clone(),
            after: up_to.id,
            page: up_to.page,
            size,
            mark,
            figures,
        };
        serde_json::to_vec(&content)
            .map_err(io::Error::from)
            .and_then(|bytes| durable::replace(&self.path, &bytes))
            .map_err(|e| self.fault("cannot be saved", e))
    }

    fn remove(&self) -> Result<(), Error> {
        let fault = "is not needed any more and cannot be removed; remove it before the next export";
        durable::remove_if_present(&self.path).map_err(|e| self.fault(fault, e))
    }

    fn fault(&self, fault: &str, cause: io::Error) -> Error {
        storage(self.operation, &self.path, fault, Some(cause))
    }
}

fn storage(
    operation: &'static str,
    path: &Path,
    fault: impl Into<String>,
    cause: Option<io::Error>,
) -> Error {
    Error::storage(operation, "checkpoint", path, fault, cause)
}

/// Reads a checkpoint, which must belong to the query with this hash.
fn read(text: &[u8], query: &str) -> Result<Content, String> {
    let content: Content = serde_json::from_slice(text)
        .map_err(|e| format!("is damaged, or is not a checkpoint of an export: {e}"))?;
    if (content.checkpoint.as_str(), content.version) != (NAME, VERSION) {
        return Err("is of another kind or version".to_owned());
    }
    if content.query != query {
        return Err(
            "belongs to another query, account or address: use another file, or remove this one to start \
                    from the beginning"
                .to_owned(),
        );
    }
    Ok(content)
}
