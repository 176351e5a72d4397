//! Keeps a checkpoint for one export at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A lock on a file that is replaced as a whole now and then, so that it cannot be locked itself: a file beside it is,
/// `.lock`. The system lets go of it however the process ends; the file that a kill leaves behind locks nobody out.
pub(super) struct Lock {
    path: PathBuf,
    /// Let go of when this is dropped, which is after the file was removed.
    _file: File,
}

impl Lock {
    /// Takes the lock; `None` where somebody else has it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&beside)?;
            match file.try_lock() {
                Ok(()) if is_gone(&file)? => {} // whoever had it has removed it since it was opened
                Ok(()) => return Ok(Some(Self { path: beside.into(), _file: file })),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Elsewhere it stays, for nobody could tell there that it is gone.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_gone(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

#[cfg(not(unix))]
fn is_gone(_: &File) -> io::Result<bool> {
    Ok(false)
}
