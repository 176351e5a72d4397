//! A file that appears whole, in place of an older one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use same_file::Handle;

/// A file that is written beside its place, and takes it when [`commit`](Self::commit) is called. Until then an older
/// file stays as it is. A file that was not committed is removed when this is dropped.
///
/// A new file can be read by its owner alone (mode 0600 on Unix), because it may hold personal data. A file that takes
/// the place of an older one has the older one's mode. Through a symbolic link the target is replaced, not the link. A
/// device or a pipe is written to directly.
#[derive(Debug)]
pub struct ReplacedFile {
    file: File,
    place: PathBuf,
    /// Where the file is until it is committed.
    beside: Option<PathBuf>,
}

impl ReplacedFile {
    /// Starts a new file for this path.
    ///
    /// # Errors
    /// The file next to it cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path).ok();
        if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let file = OpenOptions::new().write(true).open(path)?;
            return Ok(Self { file, place: path.to_owned(), beside: None });
        }
        let place = target(path);
        let mut beside = place.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", beside.display()));
        let file = locked_and_empty(&beside).map_err(named)?;
        if let Some(metadata) = metadata {
            file.set_permissions(metadata.permissions())?;
        }
        Ok(Self { file, place, beside: Some(beside) })
    }

    /// Goes on with a file that was committed at this length, and cuts off what was written since.
    ///
    /// # Errors
    /// The file cannot be opened, or is shorter than that.
    pub fn resume(path: &Path, length: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        lock(&file)?;
        if file.metadata()?.len() < length {
            let fault =
                "it is shorter than the checkpoint says; remove the checkpoint to start from the beginning";
            return Err(io::Error::other(fault));
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, place: path.to_owned(), beside: None })
    }

    /// Flushes the file to the disk and puts it into its place. Call it again after more was written.
    ///
    /// # Errors
    /// The file cannot be flushed or renamed. The older file is then still in its place.
    pub fn commit(&mut self) -> io::Result<()> {
        match self.file.sync_all() {
            // Pipes and terminals cannot be flushed to a disk.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
            result => result?,
        }
        let Some(beside) = self.beside.take() else { return Ok(()) };
        if let Err(error) = fs::rename(&beside, &self.place) {
            self.beside = Some(beside);
            return Err(error);
        }
        if cfg!(unix) {
            let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    }

    /// Returns where the file is until it is committed.
    pub(super) fn written(&self) -> Option<&Path> {
        self.beside.as_deref()
    }

    /// Returns the number of bytes in the file.
    ///
    /// # Errors
    /// The position cannot be read, as in a pipe.
    pub fn length(&mut self) -> io::Result<u64> {
        self.file.stream_position()
    }
}

impl Write for ReplacedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Writes everything, or nothing: a full disk leaves no half line.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let begin = self.file.stream_position().ok();
        let result = self.file.write_all(bytes);
        if let (Err(_), Some(begin)) = (&result, begin) {
            let _ = self.file.set_len(begin);
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for ReplacedFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

impl Drop for ReplacedFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = fs::remove_file(beside);
        }
    }
}

/// Opens the file beside the place, for this process alone, and empties what a killed run left in it.
fn locked_and_empty(beside: &Path) -> io::Result<File> {
    loop {
        // A link that another user left here must not decide where the file is written.
        if fs::symlink_metadata(beside).is_ok_and(|metadata| metadata.is_symlink()) {
            fs::remove_file(beside)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(beside)?;
        lock(&file)?;
        // Until the lock was taken, another run may have put this very file into its place.
        let own = Handle::from_file(file.try_clone()?)?;
        let is_beside = Handle::from_path(beside).is_ok_and(|path| path == own);
        if is_beside {
            file.set_len(0)?;
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
            return Ok(file);
        }
    }
}

/// Keeps other runs from writing the same file. The system releases the lock however the process ends.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another run is writing this file; wait for its end",
        )),
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(()),
    }
}

/// The file behind a path: through links, also if it does not exist yet.
fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..32 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    path
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn an_older_file_stays_until_the_new_one_is_committed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, "yesterday").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = ReplacedFile::create(&path).unwrap();
        file.write_all(b"today").unwrap();
        drop(file);
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), names(folder.path())),
            ("yesterday", vec!["out".to_owned()])
        );
        fs::write(folder.path().join("out.new"), "left by a killed run").unwrap();
        let mut file = ReplacedFile::create(&path).unwrap();
        file.write_all(b"today").unwrap();
        file.commit().unwrap();
        file.write_all(b", later").unwrap();
        file.commit().unwrap();
        assert_eq!(file.length().unwrap(), 12);
        drop(file);
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), names(folder.path())),
            ("today, later", vec!["out".to_owned()])
        );
        assert_eq!(mode(&path), 0o644);
    }

    #[test]
    fn two_runs_do_not_write_one_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut first = ReplacedFile::create(&path).unwrap();
        let error = ReplacedFile::create(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        first.write_all(b"first").unwrap();
        first.commit().unwrap();
        assert!(ReplacedFile::resume(&path, 5).is_err());
        // The next one starts a file of its own beside the committed one.
        let second = ReplacedFile::create(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        drop((first, second));
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn a_link_in_place_of_the_new_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("out"), folder.path().join("precious"));
        fs::write(&precious, "precious").unwrap();
        symlink(&precious, folder.path().join("out.new")).unwrap();
        ReplacedFile::create(&path).unwrap().commit().unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        ReplacedFile::create(&path).unwrap().commit().unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_resumed_file_is_cut_back_to_its_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, "whole line\nhalf").unwrap();
        let mut file = ReplacedFile::resume(&path, 11).unwrap();
        file.write_all(b"next\n").unwrap();
        file.commit().unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole line\nnext\n");
        let error = ReplacedFile::resume(&path, 100).unwrap_err();
        assert!(error.to_string().starts_with("it is shorter than the checkpoint says"));
    }

    #[test]
    fn the_target_of_a_link_is_replaced_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        symlink("target", &link).unwrap();
        for text in ["one", "two"] {
            let mut file = ReplacedFile::create(&link).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mut null = ReplacedFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"x").unwrap();
        null.commit().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
