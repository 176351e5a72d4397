//! The checkpoint of an export: its file, what it holds, and the work on it, which runs on threads for blocking work.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use serde_core::de::MapAccess;
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::builder::BeforeCheckpoint;
use super::resume_point::ResumePoint;
use super::verdict::ExportFigures;
use crate::durable::{self, IdentityHash, PathLock};
use crate::error::Error;
use crate::reading::json::{Members, Object};

const NAME: &str = "crm export";
const VERSION: u32 = 2;
/// No list has so many pages.
const MOST_PAGES: u64 = 1 << 40;

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
        counts_records: bool,
        before_save: Option<BeforeCheckpoint>,
    ) -> Result<Self, Error> {
        let open = move || CheckpointFile::open(path, operation, &query, counts_records, before_save);
        match spawn_blocking(open).await {
            Ok(file) => Ok(Self { file: Some(Box::new(file?)), ..Self::default() }),
            Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
            Err(_) => Err(Error::runtime("the tokio runtime is shutting down", None)),
        }
    }

    /// What the file held when it was opened; the default if there was none.
    pub(super) fn saved(&self) -> Content {
        self.file.as_ref().map_or_else(Content::default, |file| file.content.clone())
    }

    /// Begins to save that everything up to here is done. [`poll`](Self::poll) returns whether it is saved.
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
            Some(mut file) => {
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
    content: Content,
    before_save: Option<BeforeCheckpoint>,
    _lock: PathLock,
}

/// What the file holds.
#[derive(Clone, Default)]
pub(super) struct Content {
    checkpoint: String,
    version: u32,
    /// A hash of the query.
    query: String,
    pub(super) up_to: ResumePoint,
    /// The number of records on a page, if it had to be learned.
    pub(super) size: Option<u64>,
    /// What the function before the checkpoint returned.
    pub(super) mark: Option<u64>,
    pub(super) figures: ExportFigures,
    /// The list was read to its end, and the file could not be removed: it is as if there was none.
    finished: bool,
    /// A hash of everything else, to notice damage.
    check: String,
}

impl Content {
    /// The hash of everything but itself.
    fn hash(&self) -> String {
        let Self { checkpoint, version, query, up_to, size, mark, figures, finished, check: _ } = self;
        let all =
            format!("{checkpoint} {version} {query} {up_to:?} {size:?} {mark:?} {figures:?} {finished}");
        format!("{:016x}", IdentityHash::new().with(all.as_bytes()).value())
    }

    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let whole = Self { check: self.hash(), ..self.clone() };
        serde_json::to_vec(&whole).map_err(io::Error::from)
    }

    /// Whether no export saves these values.
    fn is_damaged(&self, counts_records: bool) -> bool {
        let ResumePoint { id, page, end } = self.up_to;
        let is_absurd = |page: Option<u64>| page.is_some_and(|page| page > MOST_PAGES);
        let size = self.size.unwrap_or(1);
        self.check != self.hash()
            || is_absurd(page)
            || is_absurd(end)
            || (id > 0 && page.is_none())
            || (page.is_some() && self.size.is_some() != counts_records)
            || !(1..=MOST_PAGES).contains(&size)
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ResumePoint { id, page, end } = &self.up_to;
        let mut object = serializer.serialize_map(Some(11))?;
        object.serialize_entry("checkpoint", &self.checkpoint)?;
        object.serialize_entry("version", &self.version)?;
        object.serialize_entry("query", &self.query)?;
        object.serialize_entry("after", id)?;
        object.serialize_entry("page", page)?;
        object.serialize_entry("end", end)?;
        object.serialize_entry("size", &self.size)?;
        object.serialize_entry("mark", &self.mark)?;
        object.serialize_entry("figures", &self.figures)?;
        object.serialize_entry("finished", &self.finished)?;
        object.serialize_entry("check", &self.check)?;
        object.end()
    }
}

impl<'de> Members<'de> for Content {
    const KEYS: &'static [&'static str] = &[
        "checkpoint",
        "version",
        "query",
        "after",
        "figures",
        "page",
        "end",
        "size",
        "mark",
        "finished",
        "check",
    ];
    const REQUIRED: usize = 5;

    fn read_member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "checkpoint" => self.checkpoint = map.next_value()?,
            "version" => self.version = map.next_value()?,
            "query" => self.query = map.next_value()?,
            "after" => self.up_to.id = map.next_value()?,
            "figures" => self.figures = map.next_value()?,
            "page" => self.up_to.page = map.next_value()?,
            "end" => self.up_to.end = map.next_value()?,
            "size" => self.size = map.next_value()?,
            "mark" => self.mark = map.next_value()?,
            "finished" => self.finished = map.next_value()?,
            _ => self.check = map.next_value()?,
        }
        Ok(())
    }
}

impl CheckpointFile {
    fn open(
        path: PathBuf,
        operation: &'static str,
        query: &str,
        counts_records: bool,
        before_save: Option<BeforeCheckpoint>,
    ) -> Result<Self, Error> {
        let fault = |fault: &str, cause| Error::storage(operation, "checkpoint", &path, fault, cause);
        let in_use = "is in use by another export: wait until that has ended, or use another file";
        let lock = PathLock::take(&path).map_err(|e| fault("cannot be locked", Some(e)))?;
        let lock = lock.ok_or_else(|| Error::in_use(operation, "checkpoint", &path, in_use))?;
        let query = format!("{:016x}", IdentityHash::new().with(query.as_bytes()).value());
        let new = Content { checkpoint: NAME.to_owned(), version: VERSION, query, ..Content::default() };
        let content = match fs::read(&path) {
            Ok(text) => read(&text, new, counts_records).map_err(|why| fault(&why, None))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => new,
            Err(e) => return Err(fault("cannot be read", Some(e))),
        };
        Ok(Self { path, operation, content, before_save, _lock: lock })
    }

    fn save(&mut self, up_to: ResumePoint, size: Option<u64>, figures: ExportFigures) -> Result<(), Error> {
        if let Some(before_save) = &mut self.before_save {
            let mark = before_save(&figures);
            let fault = "was not saved, because the records before it could not be written out";
            self.content.mark = Some(mark.map_err(|e| self.fault(fault, e))?);
        }
        (self.content.up_to, self.content.size, self.content.figures) = (up_to, size, figures);
        self.content
            .to_bytes()
            .and_then(|bytes| durable::replace(&self.path, &bytes))
            .map_err(|e| self.fault("cannot be saved", e))
    }

    /// Removes the file. If that fails, the file is overwritten in its place, so that the next export starts again.
    fn remove(&mut self) -> Result<(), Error> {
        let Err(error) = durable::remove_if_present(&self.path) else { return Ok(()) };
        self.content.finished = true;
        let overwritten = self.content.to_bytes().and_then(|bytes| overwrite(&self.path, &bytes));
        let fault = "is not needed any more and cannot be removed; remove it before the next export";
        overwritten.map_err(|_| self.fault(fault, error))
    }

    fn fault(&self, fault: &str, cause: io::Error) -> Error {
        Error::storage(self.operation, "checkpoint", &self.path, fault, Some(cause))
    }
}

/// Writes over an existing file, where its folder allows no new one.
fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a checkpoint, which must belong to the same query as a new one.
fn read(text: &[u8], new: Content, counts_records: bool) -> Result<Content, String> {
    let Object(content): Object<Content> = serde_json::from_slice(text)
        .map_err(|e| format!("is damaged, or is not a checkpoint of an export: {e}"))?;
    if (&content.checkpoint, content.version) != (&new.checkpoint, new.version) {
        return Err("is of another kind or version: remove it to start from the beginning".to_owned());
    }
    if content.query != new.query {
        let fault = "belongs to another query, account or address: use another file, or remove this one to start from \
                     the beginning";
        return Err(fault.to_owned());
    }
    if content.is_damaged(counts_records) {
        return Err("is damaged: remove it to start from the beginning".to_owned());
    }
    Ok(if content.finished { new } else { content })
}

#[cfg(test)]
mod tests;
