//! The file of a recording, written line by line.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crm_transport::durable::{self, PathLock};
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A file that is readable by its owner alone and locked against a second recorder.
///
/// A line is queued first, without I/O. Then a thread for blocking work writes it. Whoever writes empties the whole
/// queue, so a line is not lost if its own thread never runs: the next write, [`check`](Self::check) or
/// [`close`](Self::close) takes it along.
pub(super) struct RecordingFile {
    path: PathBuf,
    queue: Mutex<Vec<io::Result<Vec<u8>>>>,
    written: Mutex<Written>,
}

struct Written {
    file: File,
    /// The end of the last whole line.
    length: u64,
    failure: Option<io::Error>,
    is_reported: bool,
    /// `None` after the file was closed.
    lock: Option<PathLock>,
}

impl RecordingFile {
    /// Creates the file with its first line. Blocks.
    ///
    /// # Errors
    /// The file exists, another recorder writes it, or it cannot be created.
    pub(super) fn create(path: &Path, head: &impl Serialize) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("the recording {}: {error}", path.display()))
        };
        let in_use = || io::Error::new(io::ErrorKind::ResourceBusy, "another recorder is writing it");
        let lock = PathLock::take(path).map_err(named)?.ok_or_else(|| named(in_use()))?;
        if fs::symlink_metadata(path).is_ok() {
            let fault = "the file exists and is never overwritten; remove it to record anew";
            return Err(named(io::Error::new(io::ErrorKind::AlreadyExists, fault)));
        }
        let line = json_line(head).map_err(named)?;
        // With its head or not at all, so that a crash leaves no empty file in the way of the next recorder.
        durable::replace(path, &line).map_err(named)?;
        let mut file = durable::open_private(path).map_err(named)?;
        let length = file.seek(SeekFrom::End(0)).map_err(named)?;
        let written = Written { file, length, failure: None, is_reported: false, lock: Some(lock) };
        Ok(Self { path: path.to_owned(), queue: Mutex::default(), written: Mutex::new(written) })
    }

    /// Queues a line. Does no I/O.
    pub(super) fn queue(&self, line: &impl Serialize) {
        lock(&self.queue).push(json_line(line));
    }

    /// Starts to write the queue on a thread for blocking work. Outside a tokio runtime it writes at once.
    pub(super) fn start_writing(self: &Arc<Self>) -> Option<JoinHandle<()>> {
        let Ok(runtime) = Handle::try_current() else {
            drop(self.write_queue());
            return None;
        };
        let file = Arc::clone(self);
        Some(runtime.spawn_blocking(move || drop(file.write_queue())))
    }

    /// Writes the queue and flushes the file. Blocks.
    ///
    /// # Errors
    /// Why this or an earlier write failed. The file ends before that line.
    pub(super) fn check(&self) -> io::Result<()> {
        let mut written = self.write_queue();
        written.flush();
        written.is_reported = true;
        match &written.failure {
            Some(error) => Err(io::Error::new(error.kind(), self.describe(error))),
            None => Ok(()),
        }
    }

    /// Writes the queue, flushes the file and releases its lock. Prints a failure that nobody asked for. Blocks.
    pub(super) fn close(&self) {
        let mut written = self.write_queue();
        written.flush();
        if let (Some(error), false) = (&written.failure, written.is_reported) {
            eprintln!("{}", self.describe(error));
        }
        written.lock = None;
    }

    /// Takes this handle for writing from now on. Returns the one used so far.
    #[cfg(test)]
    pub(super) fn replace_handle(&self, file: File) -> File {
        mem::replace(&mut self.write_queue().file, file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the queue. Blocks.
    fn write_queue(&self) -> MutexGuard<'_, Written> {
        // Locked first, so that two threads keep the order of the lines.
        let mut written = lock(&self.written);
        for line in mem::take(&mut *lock(&self.queue)) {
            written.write(line);
        }
        written
    }

    fn describe(&self, error: &io::Error) -> String {
        format!("the recording {} ends before the last call: {error}", self.path.display())
    }
}

impl Written {
    /// Writes a whole line or nothing. After a failure it writes nothing more.
    fn write(&mut self, line: io::Result<Vec<u8>>) {
        if self.failure.is_some() {
            return;
        }
        match line.and_then(|line| self.file.write_all(&line).map(|()| line.len())) {
            Ok(length) => self.length += length as u64,
            Err(error) => {
                let _ = self.file.set_len(self.length);
                self.failure = Some(error);
            }
        }
    }

    fn flush(&mut self) {
        if let (Err(error), None) = (self.file.sync_data(), &self.failure) {
            self.failure = Some(error);
        }
    }
}

fn json_line(line: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    Ok(line)
}

/// Locks a mutex. What it guards stays whole after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_queued_line_is_written_by_the_next_write_in_order() {
        let path = std::env::temp_dir().join(format!("crm-recording-queue-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let file = RecordingFile::create(&path, &"head").unwrap();
        file.queue(&1);
        file.queue(&2);
        assert_eq!(lines(&path), "\"head\"\n");
        file.check().unwrap();
        assert_eq!(lines(&path), "\"head\"\n1\n2\n");
        file.queue(&3);
        file.close();
        assert_eq!(lines(&path), "\"head\"\n1\n2\n3\n");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_failed_write_ends_the_file_after_the_last_whole_line() {
        let path = std::env::temp_dir().join(format!("crm-recording-failure-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let file = RecordingFile::create(&path, &"head").unwrap();
        file.queue(&1);
        file.check().unwrap();
        // Open for reading only, so that every write fails.
        let writable = file.replace_handle(File::open(&path).unwrap());
        file.queue(&2);
        file.replace_handle(writable);
        file.queue(&3);
        let error = file.check().unwrap_err().to_string();
        assert!(error.contains("ends before the last call: "), "{error}");
        file.close();
        assert_eq!(lines(&path), "\"head\"\n1\n");
        fs::remove_file(path).unwrap();
    }
}
