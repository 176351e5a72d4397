//! Files that survive a crash: locked against a second process, replaced as a whole, flushed with their folder.
//!
//! The journal of an import, the checkpoint of an export and the recorder of `crm-testing` use it. Every
//! function blocks, so async code calls it with `tokio::task::spawn_blocking`. New files are readable by their owner
//! alone (mode 0600 on Unix), because they may hold personal data.

mod network;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use network::network_file_system;

/// Opens a file for reading and writing, and creates it for its owner alone if it does not exist.
///
/// # Errors
/// The file cannot be opened or created.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file for writing, and empties it. A new file is for its owner alone.
///
/// # Errors
/// The file cannot be opened or created.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Replaces a file as a whole: after a crash it holds either the old bytes or the new ones.
///
/// The new bytes are written to `path` with `.new` appended, flushed, and renamed.
///
/// # Errors
/// The file cannot be written, renamed or flushed. It then holds either the old bytes or the new ones.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path, ".new");
    // What a crash left behind may be longer, or readable by others.
    remove_if_present(&beside)?;
    let mut file = open_private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// Removes a file, if there is one.
///
/// # Errors
/// The file is there and cannot be removed.
pub fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Flushes the folder of a file, so that a new name survives a power failure. Does nothing outside Unix.
///
/// # Errors
/// The folder cannot be opened or flushed.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Keeps a path for one process at a time, by a lock of the operating system on a file next to it (`.lock`).
///
/// The system releases the lock however the process ends, so a lock file that is left behind blocks nothing.
#[derive(Debug)]
pub struct PathLock {
    path: PathBuf,
    /// Released when this is dropped, which is after the lock file was removed.
    _file: File,
}

impl PathLock {
    /// Takes the lock. Returns `None` if another process, or another part of this one, has it.
    ///
    /// # Errors
    /// The lock file cannot be created or locked.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let path = beside(path, ".lock");
        loop {
            let file = open_private(&path)?;
            match file.try_lock() {
                Ok(()) if is_removed(&file)? => {} // its last owner has removed it since it was opened
                Ok(()) => return Ok(Some(Self { path, _file: file })),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for PathLock {
    fn drop(&mut self) {
        // Outside Unix it stays, because nobody could tell there that it was removed.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_removed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() == 0)
}

#[cfg(not(unix))]
fn is_removed(_: &File) -> io::Result<bool> {
    Ok(false)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A hash that distinguishes inputs and queries of one user: 64-bit FNV-1a, the same in every version.
///
/// It protects against mistakes, but not against deliberate collisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityHash(u64);

impl IdentityHash {
    /// Creates the hash of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds these bytes.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    /// Returns the hash as a number.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}

impl Default for IdentityHash {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A folder of its own for a test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("crm-durable-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("file")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_path_is_locked_for_one_at_a_time_and_the_lock_file_goes_with_the_lock() {
        let folder = Folder::new("lock");
        let lock = PathLock::take(&folder.file()).unwrap().unwrap();
        assert!(PathLock::take(&folder.file()).unwrap().is_none());
        drop(lock);
        assert_eq!(cfg!(unix), fs::read_dir(&folder.0).unwrap().next().is_none());
        assert!(PathLock::take(&folder.file()).unwrap().is_some());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = Folder::new("replace");
        fs::write(beside(&folder.file(), ".new"), "what a crash left behind").unwrap();
        for bytes in ["one", "2"] {
            replace(&folder.file(), bytes.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(folder.file()).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn new_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("mode");
        replace(&folder.file(), b"x").unwrap();
        let lock = PathLock::take(&folder.file()).unwrap();
        drop(create_private(&beside(&folder.file(), ".csv")).unwrap());
        for path in [folder.file(), beside(&folder.file(), ".lock"), beside(&folder.file(), ".csv")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(lock);
    }

    #[test]
    fn the_hash_is_the_one_that_files_of_earlier_versions_hold() {
        assert_eq!(IdentityHash::new().with(b"foobar").value(), 0x8594_4171_f739_67e8);
    }
}
