//! The clients that an import has found for its rows, kept so that a run that resumes sends the same activities.
//!
//! A journal knows a row by its content, and the client is a part of it. A later lookup can have another result, because
//! clients are added and change their numbers. So what was found is written before the row is sent:
//!
//! ```text
//! {"row":"5f3c0e8d91b2a764","number":"+7 (342) 206-72-01","client":1,"contact":null}
//! ```
//!
//! A row is a hash of its content without the client, so that rows may be inserted and removed between two runs. The file belongs to the journal: without that it starts empty. A torn last line is dropped, because its row was not
//! sent.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::Hasher as _;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crm::history::NewEntry;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// The client and the contact that a row is for. At least one of them is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundClient {
    /// The ID of the client.
    pub client: Option<u64>,
    /// The ID of the contact.
    pub contact: Option<u64>,
}

/// The content of a row without its client, as a hash. Rows with equal content are for the same client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowContent(u64);

impl RowContent {
    /// Hashes the activity of a row. The hash is the same in every version of the program.
    #[must_use]
    pub fn new(entry: &NewEntry) -> Self {
        let mut hasher = SipHasher24::new();
        hasher.write(&serde_json::to_vec(entry).unwrap_or_default());
        Self(hasher.finish())
    }

    fn to_hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The numbers and the clients of rows, by their content in hexadecimal digits.
type Known = HashMap<String, (String, FoundClient)>;

/// The clients that were found for the rows of an input.
#[derive(Debug, Default)]
pub struct FoundClients {
    /// What earlier runs found.
    known: Known,
    /// `None` if nothing is kept.
    file: Option<File>,
    /// Lines that are not written yet.
    lines: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    row: String,
    number: String,
    #[serde(flatten)]
    found: FoundClient,
}

impl FoundClients {
    /// Opens the file, and locks it until this is dropped. `is_new` returns whether the journal is new: then nothing is
    /// known. It is asked once the file is locked.
    ///
    /// # Errors
    /// The file cannot be read or written, another import has it open, or it has another content.
    pub fn open(path: &Path, is_new: impl FnOnce() -> bool) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another import has the file open"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (known, length) = if is_new() { (HashMap::new(), 0) } else { read(&file)? };
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { known, file: Some(file), lines: Vec::new() })
    }

    /// Reads the file, and keeps nothing. Without the file nothing is known.
    ///
    /// # Errors
    /// The file cannot be read, or has another content.
    pub fn read_only(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(file) => Ok(Self { known: read(&file)?.0, ..Self::default() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Returns what an earlier run found for a row with this number.
    #[must_use]
    pub fn get(&self, row: RowContent, number: &str) -> Option<FoundClient> {
        let (known, found) = self.known.get(&row.to_hex())?;
        (known == number).then_some(*found)
    }

    /// Adds what was found for a row. [`sync`](Self::sync) writes it.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn add(&mut self, row: RowContent, number: &str, found: FoundClient) -> io::Result<()> {
        let line = Line { row: row.to_hex(), number: number.to_owned(), found };
        serde_json::to_writer(&mut self.lines, &line)?;
        self.lines.push(b'\n');
        Ok(())
    }

    /// Writes what was added, and returns once it is on disk.
    ///
    /// # Errors
    /// The file cannot be written. The rows must not be sent then.
    pub fn sync(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        match &mut self.file {
            Some(file) if !lines.is_empty() => {
                file.write_all(&lines)?;
                file.sync_data()
            }
            _ => Ok(()),
        }
    }
}

/// Returns what the file holds, the latest line of each row, and the length of its whole lines.
fn read(file: &File) -> io::Result<(Known, u64)> {
    let (mut known, mut length) = (Known::new(), 0);
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes)?;
        if read == 0 || bytes.last() != Some(&b'\n') {
            return Ok((known, length));
        }
        let Line { row, number, found } = serde_json::from_slice(&bytes)?;
        known.insert(row, (number, found));
        length += read as u64;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const FIRST: FoundClient = FoundClient { client: Some(1), contact: None };
    const SECOND: FoundClient = FoundClient { client: Some(2), contact: Some(3) };

    fn row(text: &str) -> RowContent {
        RowContent::new(&NewEntry::new(text))
    }

    fn written(path: &Path, rows: &[(&str, &str, FoundClient)]) {
        let mut found = FoundClients::open(path, || false).unwrap();
        for (text, number, client) in rows {
            found.add(row(text), number, *client).unwrap();
        }
        found.sync().unwrap();
    }

    #[test]
    fn a_row_has_the_client_of_the_earlier_run_while_its_number_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.clients");
        written(&path, &[("a", "+7 1", FIRST), ("b", "+7 2", FIRST)]);
        written(&path, &[("a", "+7 1", SECOND)]);
        for found in [FoundClients::read_only(&path).unwrap(), FoundClients::open(&path, || false).unwrap()] {
            assert_eq!(found.get(row("a"), "+7 1"), Some(SECOND));
            assert_eq!(found.get(row("b"), "+7 3"), None);
            assert_eq!(found.get(row("c"), "+7 1"), None);
        }
        assert_eq!(FoundClients::open(&path, || true).unwrap().get(row("a"), "+7 1"), None);
    }

    #[test]
    fn a_torn_line_is_dropped_and_another_content_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.clients");
        written(&path, &[("a", "+7 1", FIRST)]);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
        written(&path, &[("b", "+7 2", SECOND)]);
        let found = FoundClients::read_only(&path).unwrap();
        assert_eq!((found.get(row("a"), "+7 1"), found.get(row("b"), "+7 2")), (Some(FIRST), Some(SECOND)));
        std::fs::write(&path, "something else\n").unwrap();
        assert!(FoundClients::open(&path, || false).is_err());
    }

    #[test]
    fn two_imports_cannot_have_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.clients");
        let _first = FoundClients::open(&path, || true).unwrap();
        assert_eq!(FoundClients::open(&path, || true).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_of_found_clients_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.clients");
        written(&path, &[("a", "+7 1", FIRST)]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("\"number\":\"+7 1\",\"client\":1,\"contact\":null}\n"), "{text}");
    }
}
