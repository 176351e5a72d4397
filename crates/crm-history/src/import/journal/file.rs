//! The file of a journal. Everything here blocks.
//!
//! The file is locked by the system's lock on the file itself. Unlike a lock file next to it, that also keeps out an
//! import that reaches the same file by another name. A file that is not a journal is never changed.

use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crm_transport::json::Object;
use crm_transport::{Error, durable};
use serde_core::Serialize;

use super::earlier_run::EarlierRun;
use super::lines::{HEADER_START, Header, Line};
use super::row::HashKey;
use crate::import::OPERATION;

/// A journal that is open and locked. The lock ends with it.
pub(super) struct JournalFile {
    path: PathBuf,
    writer: Mutex<Writer>,
}

struct Writer {
    file: File,
    /// The first failure. The last line may be torn since then, so nothing may follow it.
    failed: Option<Error>,
}

impl Drop for Writer {
    /// Closing the file is not enough: a process that another thread has just started may still hold it, and the lock.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl JournalFile {
    /// Opens or creates the file, reads what earlier runs did, and removes a torn last line. Returns `None` if another
    /// import has the file open.
    pub(super) fn open(path: PathBuf) -> Result<Option<(Self, EarlierRun)>, Error> {
        let file = durable::open_private(&path).map_err(|e| fault(&path, "cannot be opened", Some(e)))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(fault(&path, "cannot be locked", Some(e))),
        }
        let Contents { earlier, length, ends_line } = read(&file, &path)?;
        let key = earlier.key().to_hex();
        let cannot_write = |e| fault(&path, "cannot be written", Some(e));
        file.set_len(length).map_err(cannot_write)?;
        (&file).seek(SeekFrom::Start(length)).map_err(cannot_write)?;
        if !ends_line {
            (&file).write_all(b"\n").map_err(cannot_write)?;
        }
        if length == 0 {
            durable::sync_folder(&path).map_err(cannot_write)?;
        }
        let journal = Self { path, writer: Mutex::new(Writer { file, failed: None }) };
        if length == 0 {
            journal.append_json(&Header::new(key))?;
        }
        Ok(Some((journal, earlier)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line, and returns once it is on disk.
    pub(super) fn append(&self, line: &Line) -> Result<(), Error> {
        self.append_json(line)
    }

    fn append_json(&self, line: &impl Serialize) -> Result<(), Error> {
        let Writer { file, failed } = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = failed {
            return Err(error.clone());
        }
        let written = serde_json::to_vec(line).map_err(Into::into).and_then(|mut bytes| {
            bytes.push(b'\n');
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|e| {
            let hint = "fix the cause, and run the import again with the same journal";
            failed.insert(fault(&self.path, "cannot be written", Some(e)).hint(hint)).clone()
        })
    }
}

/// Returns the error that another import has the file open.
pub(super) fn locked(path: &Path) -> Error {
    Error::in_use(OPERATION, "journal", path, "is in use by another import")
        .hint("wait until it ends, or use another journal")
}

pub(super) fn fault(path: &Path, fault: impl Into<String>, cause: Option<std::io::Error>) -> Error {
    Error::storage(OPERATION, "journal", path, fault, cause)
}

struct Contents {
    earlier: EarlierRun,
    /// Length of the file without a torn last line, in bytes.
    length: u64,
    /// Whether the last line has its line feed.
    ends_line: bool,
}

fn read(file: &File, path: &Path) -> Result<Contents, Error> {
    let mut reader = BufReader::new(file);
    let header = read_header(&mut reader, path)?;
    let (key, length) = header.clone().unwrap_or_else(|| (HashKey::random(), 0));
    let mut contents = Contents { earlier: EarlierRun::new(path.to_owned(), key), length, ends_line: true };
    if header.is_none() {
        return Ok(contents);
    }
    let mut bytes = Vec::new();
    for number in 2_u64.. {
        bytes.clear();
        let length =
            reader.read_until(b'\n', &mut bytes).map_err(|e| fault(path, "cannot be read", Some(e)))?;
        if length == 0 {
            break;
        }
        let is_whole = bytes.last() == Some(&b'\n');
        let line: Line = match serde_json::from_slice(&bytes) {
            Ok(line) => line,
            Err(_) if !is_whole => break, // torn: the process was killed while it wrote
            Err(_) => return Err(damaged(path, number, "cannot be decoded")),
        };
        contents.earlier.add(line).map_err(|what| damaged(path, number, what))?;
        contents.length += length as u64;
        contents.ends_line = is_whole;
    }
    Ok(contents)
}

/// Reads the first line. Returns the key and the length of the line, or `None` if the file is empty or ends within it.
fn read_header(reader: &mut impl BufRead, path: &Path) -> Result<Option<(HashKey, u64)>, Error> {
    let mut bytes = Vec::new();
    // A limit, because a file that is not a journal may be one line of gigabytes.
    let mut start = reader.take(LONGEST_HEADER);
    start.read_until(b'\n', &mut bytes).map_err(|e| fault(path, "cannot be read", Some(e)))?;
    if is_torn_header(&bytes) {
        return Ok(None); // killed while it wrote this line, so nothing was sent
    }
    let header: Option<Object<Header>> = serde_json::from_slice(&bytes).ok();
    let is_whole = bytes.last() == Some(&b'\n');
    match header.map(|Object(header)| header).filter(Header::is_journal) {
        Some(header) if header.is_known() && is_whole => match HashKey::from_hex(&header.key) {
            Some(key) => Ok(Some((key, bytes.len() as u64))),
            None => Err(damaged(path, 1, "has no key")),
        },
        Some(header) if is_whole => {
            let what = format!("has format {}, which this version cannot read: line 1", header.version);
            Err(fault(path, what, None).hint("finish the import with the version that began it"))
        }
        _ => {
            let what = "is not a journal of an import that this version can read: line 1 is not its header";
            Err(fault(path, what, None).hint("use another file; this one was not changed"))
        }
    }
}

/// Returns `true` if this is a part of a first line, or nothing.
fn is_torn_header(bytes: &[u8]) -> bool {
    let start = HEADER_START.as_bytes();
    match bytes.strip_prefix(start) {
        None => start.starts_with(bytes),
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            digits <= 32 && (rest.len() == digits || (digits == 32 && b"\"}".starts_with(&rest[digits..])))
        }
    }
}

/// Returns the error about a line that no import writes. Lines are counted from 1.
fn damaged(path: &Path, number: u64, what: &str) -> Error {
    fault(path, format!("is damaged or was edited: line {number} {what}"), None)
        .hint("restore the file from a backup: without it, activities may be stored twice")
}

const LONGEST_HEADER: u64 = 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::error::Error as _;

    use super::*;

    const HEADER: &str =
        "{\"journal\":\"crm history import\",\"version\":2,\"key\":\"00112233445566778899aabbccddeeff\"}\n";
    const SEND: &str = "{\"send\":{\"request\":1,\"floor\":7,\"rows\":[[0,\"00000000000000aa\"],[1,\"00000000000000bb\"]]}}\n";
    const DONE: &str =
        "{\"done\":[[0,\"00000000000000aa\",{\"stored\":8}],[1,\"00000000000000bb\",\"missing\"]]}\n";

    /// A path of its own for a test. The file is removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, contents: &str) -> Self {
            let path = std::env::temp_dir().join(format!("crm-journal-{name}-{}", std::process::id()));
            std::fs::write(&path, contents).unwrap();
            Self(path)
        }

        fn open(&self) -> Result<EarlierRun, Error> {
            JournalFile::open(self.0.clone()).map(|opened| opened.unwrap().1)
        }

        fn text(&self) -> String {
            std::fs::read_to_string(&self.0).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_journal_is_free_as_soon_as_its_import_ends_even_if_another_process_still_holds_the_file() {
        let scratch = Scratch::new("unlocked", "");
        let (journal, _) = JournalFile::open(scratch.0.clone()).unwrap().unwrap();
        let held = journal.writer.lock().unwrap().file.try_clone().unwrap();
        assert!(JournalFile::open(scratch.0.clone()).unwrap().is_none());
        drop(journal);
        assert!(JournalFile::open(scratch.0.clone()).unwrap().is_some());
        drop(held);
    }

    #[test]
    fn nothing_is_written_behind_a_line_that_may_be_torn() {
        let scratch = Scratch::new("torn", "");
        let reader = File::open(&scratch.0).unwrap();
        let writer = Mutex::new(Writer { file: reader, failed: None });
        let journal = JournalFile { path: scratch.0.clone(), writer };
        let line = Line::Done(Vec::new());
        let error = journal.append(&line).unwrap_err();
        assert!(error.source().is_some(), "{error}");
        journal.writer.lock().unwrap().file = durable::open_private(&scratch.0).unwrap();
        let error = journal.append(&line).unwrap_err();
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert_eq!(scratch.text(), "");
    }

    #[test]
    fn a_file_that_is_not_a_journal_is_refused_and_not_changed() {
        let foreign = [
            "one line without an end",
            "datum;content\n",
            "\n",
            "{\"journal\":\"crm history import\",\"version\":1}\n",
            "{\"journal\":\"crm history import\",\"version\":3,\"key\":\"\"}\n",
            "{\"journal\":\"crm history import\",\"version\":2} ",
            "{\"journal\":\"crm history import\",\"version\":2,\"key\":\"xy",
            &"x".repeat(5_000),
        ];
        for contents in foreign {
            let scratch = Scratch::new("foreign", contents);
            let error = scratch.open().map(drop).unwrap_err().to_string();
            assert!(error.contains("line 1"), "{error}");
            assert!(error.contains(&scratch.0.display().to_string()), "{error}");
            assert_eq!(scratch.text(), contents);
        }
    }

    #[test]
    fn an_edited_journal_is_refused_with_the_number_of_the_line_and_not_changed() {
        let largest = "18446744073709551615";
        let edited = [
            ("x\n", 2),
            (&*SEND.replace("\"request\":1", &format!("\"request\":{largest}")), 2),
            (&*SEND.replace("[[0,", &format!("[[{largest},")), 2),
            (&*SEND.replace("[[0,", "[[-1,"), 2),
            (&*SEND.replace("00000000000000aa", "hash"), 2),
            (DONE, 2),
            (&*format!("{SEND}{}", DONE.replace("[[0,", "[[9,")), 3),
            (&*format!("{SEND}{}", DONE.replace("00aa", "00ab")), 3),
        ];
        for (lines, number) in edited {
            let contents = format!("{HEADER}{lines}");
            let scratch = Scratch::new("edited", &contents);
            let error = scratch.open().map(drop).unwrap_err().to_string();
            assert!(error.contains(&format!("line {number} ")), "{error}");
            assert_eq!(scratch.text(), contents);
        }
    }

    #[test]
    fn a_journal_that_ends_anywhere_is_read_up_to_there() {
        let whole = format!("{HEADER}{SEND}{DONE}");
        for length in 0..=whole.len() {
            let scratch = Scratch::new("any-end", &whole[..length]);
            let earlier = scratch.open().unwrap();
            // A line without only its line feed counts.
            let is_sent = length >= HEADER.len() + SEND.len() - 1;
            let is_done = length >= whole.len() - 1;
            assert_eq!(earlier.rows(), if is_sent { 2 } else { 0 }, "{length}");
            assert_eq!(earlier.in_doubt(), if is_sent && !is_done { 2 } else { 0 }, "{length}");
            let lines = 1 + usize::from(is_sent) + usize::from(is_done);
            let expected: String = whole.split_inclusive('\n').take(lines).collect();
            if length < HEADER.len() {
                assert_eq!(scratch.text().len(), HEADER.len(), "{length}"); // begun anew, with another key
            } else {
                assert_eq!(scratch.text(), expected, "{length}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_journal_is_for_its_owner_alone_and_for_one_import_at_a_time() {
        use std::os::unix::fs::PermissionsExt;

        let scratch = Scratch::new("new", "");
        std::fs::remove_file(&scratch.0).unwrap();
        let first = JournalFile::open(scratch.0.clone()).unwrap().unwrap();
        assert_eq!(std::fs::metadata(&scratch.0).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(JournalFile::open(scratch.0.clone()).unwrap().is_none());
        drop(first);
        assert!(JournalFile::open(scratch.0.clone()).unwrap().is_some());
        assert_eq!(scratch.text().len(), HEADER.len());
        assert!(scratch.text().starts_with(HEADER_START));
    }
}
