//! How far an export came, on disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExportFigures;
use super::plan::Given;
use crate::Error;

/// The file of a checkpoint. It holds numbers only: nothing secret, nothing that somebody wrote.
pub(super) struct Checkpoint {
    path: PathBuf,
    query: String,
    operation: &'static str,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    checkpoint: String,
    version: u32,
    query: String,
    /// The greatest id given, and the page it stood on.
    after: u64,
    page: u64,
    /// Records of a page, where it had to be learned.
    size: Option<u64>,
    /// What the consumer wanted to know again.
    pub(super) mark: Option<u64>,
    pub(super) figures: ExportFigures,
}

impl Saved {
    pub(super) fn given(&self) -> Given {
        Given { id: self.after, page: Some(self.page) }
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }
}

impl Checkpoint {
    /// The checkpoint of this query at this path, and what it says if it is there.
    pub(super) fn open(
        path: PathBuf,
        query: &str,
        operation: &'static str,
    ) -> Result<(Self, Option<Saved>), Error> {
        let checkpoint = Self { path, query: format!("{:016x}", fnv1a(query.as_bytes())), operation };
        let text = match fs::read(&checkpoint.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((checkpoint, None)),
            Err(e) => return Err(checkpoint.fault(format!("cannot be read: {e}"))),
        };
        let saved: Saved = serde_json::from_slice(&text)
            .map_err(|e| checkpoint.fault(format!("is no checkpoint of an export, or is damaged: {e}")))?;
        if (saved.checkpoint.as_str(), saved.version) != (NAME, 1) {
            return Err(checkpoint.fault("is of another kind or version"));
        }
        if saved.query != checkpoint.query {
            return Err(checkpoint.fault(
                "belongs to another query, account or address: take another file, or remove this one to begin anew",
            ));
        }
        Ok((checkpoint, Some(saved)))
    }

    /// Says how far it came. Either the file says that afterwards, or what it said before.
    pub(super) fn save(
        &self,
        given: Given,
        size: Option<u64>,
        mark: Option<u64>,
        figures: ExportFigures,
    ) -> Result<(), Error> {
        let saved = Saved {
            checkpoint: NAME.to_owned(),
            version: 1,
            query: self.query.clone(),
            after: given.id,
            page: given.page.unwrap_or(0),
            size,
            mark,
            figures,
        };
        self.replace(&saved).map_err(|e| self.fault(format!("cannot be saved: {e}")))
    }

    /// Removes the file: there is nothing left to go on with.
    pub(super) fn remove(&self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(self.fault(format!("cannot be removed: {e}; remove it yourself")))
            }
            _ => Ok(()),
        }
    }

    fn replace(&self, saved: &Saved) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(saved)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        // Without it a power failure may bring the old file back, which is no loss: pages are read again.
        if let Some(folder) = self.path.parent().filter(|_| cfg!(unix)) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn fault(&self, fault: impl Into<String>) -> Error {
        Error::invalid_request(
            self.operation,
            "checkpoint",
            format!("{} {}", self.path.display(), fault.into()),
        )
    }
}

const NAME: &str = "crm export";

/// FNV-1a of 64 bits: the same in every version, and enough to tell the queries of one user apart.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
