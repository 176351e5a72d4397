//! How far an export came, on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExportFigures;
use super::ids::Ids;
use super::plan::Given;
use crate::durable::{self, IdentityHash, PathLock};
use crate::error::Error;

/// The file of a checkpoint. It holds numbers and the names of windows: nothing secret, nothing that somebody wrote.
pub(super) struct Checkpoint {
    path: PathBuf,
    operation: &'static str,
    _lock: PathLock,
}

/// What it says.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    checkpoint: String,
    version: u32,
    query: String,
    /// The windows that were read to their end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) finished: Vec<String>,
    /// The greatest id given of the one after them, and the page it stood on.
    after: u64,
    page: Option<u64>,
    /// Records of a page, where it had to be learned.
    pub(super) size: Option<u64>,
    /// What the consumer wanted to know again.
    pub(super) mark: Option<u64>,
    pub(super) figures: ExportFigures,
    /// All ids given, where there are windows.
    #[serde(default, skip_serializing_if = "Ids::is_empty")]
    pub(super) seen: Ids,
}

impl Saved {
    /// Nothing was given yet.
    pub(super) fn new(query: &str) -> Self {
        Self {
            checkpoint: NAME.to_owned(),
            version: 1,
            query: format!("{:016x}", IdentityHash::new().with(query.as_bytes()).value()),
            finished: Vec::new(),
            after: 0,
            page: None,
            size: None,
            mark: None,
            figures: ExportFigures::default(),
            seen: Ids::default(),
        }
    }

    /// Up to where the window after the finished ones was given.
    pub(super) fn given(&self) -> Given {
        Given { id: self.after, page: self.page }
    }

    /// Notes what has been given since.
    pub(super) fn note(&mut self, given: Given, mark: Option<u64>, figures: ExportFigures) {
        (self.after, self.page, self.mark, self.figures) = (given.id, given.page, mark, figures);
    }

    /// Notes that this window was read to its end.
    pub(super) fn finish(&mut self, window: &str) {
        self.finished.push(window.to_owned());
        (self.after, self.page, self.size) = (0, None, None);
    }
}

impl Checkpoint {
    /// The checkpoint of this query at this path, and what it says.
    pub(super) fn open(
        path: PathBuf,
        query: &str,
        windows: &[String],
        operation: &'static str,
    ) -> Result<(Self, Saved), Error> {
        let fault = |fault: String| at_fault(operation, &path, fault);
        let lock =
            PathLock::take(&path).map_err(|e| fault(format!("cannot be locked: {e}")))?.ok_or_else(|| {
                fault(
                    "is in use by another export: wait until that has ended, or take another file".to_owned(),
                )
            })?;
        let new = Saved::new(query);
        let saved = match fs::read(&path) {
            Ok(text) => read(&text, new, windows).map_err(fault)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => new,
            Err(e) => return Err(fault(format!("cannot be read: {e}"))),
        };
        Ok((Self { path, operation, _lock: lock }, saved))
    }

    /// Says how far it came. Either the file says that afterwards, or what it said before.
    pub(super) fn save(&self, saved: &Saved) -> Result<(), Error> {
        let bytes = serde_json::to_vec(saved).map_err(|e| self.fault(e.to_string()))?;
        durable::replace(&self.path, &bytes).map_err(|e| self.fault(format!("cannot be saved: {e}")))
    }

    /// Removes the file: there is nothing left to go on with.
    pub(super) fn remove(&self) -> Result<(), Error> {
        durable::remove_if_present(&self.path)
            .map_err(|e| self.fault(format!("cannot be removed: {e}; remove it yourself")))
    }

    fn fault(&self, fault: String) -> Error {
        at_fault(self.operation, &self.path, fault)
    }
}

fn at_fault(operation: &'static str, path: &Path, fault: String) -> Error {
    Error::invalid_request(operation, "checkpoint", format!("{} {fault}", path.display()))
}

/// Reads a checkpoint that should be of the same query and the same windows as a new one.
fn read(text: &[u8], new: Saved, windows: &[String]) -> Result<Saved, String> {
    let damaged = |why: &str| format!("is no checkpoint of an export, or is damaged: {why}");
    let saved: Saved = serde_json::from_slice(text).map_err(|e| damaged(&e.to_string()))?;
    if (&saved.checkpoint, saved.version) != (&new.checkpoint, new.version) {
        return Err("is of another kind or version".to_owned());
    }
    if saved.query != new.query {
        return Err(
            "belongs to another query, account or address, or one of the two is by month and the other not: \
                    take another file, or remove this one to begin anew"
                .to_owned(),
        );
    }
    if !windows.starts_with(&saved.finished) || saved.finished.len() >= windows.len().max(1) {
        return Err(damaged("it has finished what is not there"));
    }
    Ok(saved)
}

const NAME: &str = "crm export";
