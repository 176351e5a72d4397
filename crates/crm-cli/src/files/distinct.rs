//! Refuses to use one file for two purposes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use same_file::Handle;

use super::message::Message;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The table that is imported.
    Input,
    /// The journal of an import.
    Journal,
    /// The clients that an import has found.
    FoundClients,
    /// The rows that were refused.
    Rejected,
    /// The file that an export writes.
    Output,
    /// The checkpoint of an export.
    Checkpoint,
}

impl Role {
    /// Returns the English name, which is a part of keys in the catalogue: `role-input`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Input => "role-input",
            Self::Journal => "role-journal",
            Self::FoundClients => "role-found-clients",
            Self::Rejected => "role-rejected",
            Self::Output => "role-output",
            Self::Checkpoint => "role-checkpoint",
        }
    }

    /// The endings of the files that are written beside it.
    fn beside(self) -> &'static [&'static str] {
        match self {
            Self::Input | Self::FoundClients => &[],
            Self::Journal => &[".lock"],
            Self::Rejected | Self::Output => &[".new"],
            Self::Checkpoint => &[".lock", ".new"],
        }
    }
}

/// Two purposes have the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameFile {
    /// One purpose.
    pub first: Role,
    /// The other.
    pub second: Role,
    /// The file, as it was named for the second purpose.
    pub path: PathBuf,
}

impl SameFile {
    /// Returns the text for people. Its values `first` and `second` are keys of the catalogue.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new("same-file")
            .with("first", self.first.key())
            .with("second", self.second.key())
            .with("path", self.path.display())
    }
}

/// Checks that no file serves two purposes: by its path, through links of both kinds, and also if it does not exist yet.
/// `-`, devices and pipes are not compared.
///
/// Call it before any of the files is opened for writing.
///
/// # Errors
/// Two of them are the same file.
pub fn check_distinct(files: &[(Role, &Path)]) -> Result<(), SameFile> {
    let mut known: Vec<(Role, Identity)> = Vec::new();
    for &(role, path) in files.iter().filter(|(_, path)| path.as_os_str() != "-") {
        let endings = [""].into_iter().chain(role.beside().iter().copied());
        let mut own = Vec::new();
        for identity in endings.filter_map(|ending| Identity::new(&with_ending(path, ending))) {
            if let Some((first, _)) = known.iter().find(|(_, other)| *other == identity) {
                return Err(SameFile { first: *first, second: role, path: path.to_owned() });
            }
            own.push((role, identity));
        }
        known.extend(own);
    }
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// What makes two paths the same file.
#[derive(PartialEq)]
enum Identity {
    /// A file that exists.
    Existing(Handle),
    /// A file that does not exist: its folder and its name.
    Future(PathBuf, OsString),
}

impl Identity {
    /// Returns `None` for what cannot be compared.
    fn new(path: &Path) -> Option<Self> {
        let mut path = path.to_owned();
        // A link to a file that does not exist yet is followed as opening it would.
        for _ in 0..32 {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    return Handle::from_path(&path).ok().map(Self::Existing);
                }
                Ok(_) => return None,
                Err(_) => match fs::read_link(&path) {
                    Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
                    Err(_) => break,
                },
            }
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some(Self::Future(folder, path.file_name()?.to_owned()))
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::symlink;

    use super::*;

    fn clash(files: &[(Role, &Path)]) -> Option<(Role, Role)> {
        check_distinct(files).err().map(|same| (same.first, same.second))
    }

    #[test]
    fn one_file_for_two_purposes_is_found_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("calls.csv"), "content\n").unwrap();
        fs::create_dir(path("sub")).unwrap();
        symlink("calls.csv", path("link.csv")).unwrap();
        fs::hard_link(path("calls.csv"), path("hard.csv")).unwrap();
        for name in ["calls.csv", "./calls.csv", "sub/../calls.csv", "link.csv", "hard.csv"] {
            let files = [(Role::Input, path("calls.csv")), (Role::Rejected, path(name))];
            let files = [(files[0].0, files[0].1.as_path()), (files[1].0, files[1].1.as_path())];
            assert_eq!(clash(&files), Some((Role::Input, Role::Rejected)), "{name}");
        }
    }

    #[test]
    fn files_that_do_not_exist_yet_are_compared_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("future", path("dangling")).unwrap();
        symlink(".", path("here")).unwrap();
        let (a, b, c) = (path("future"), path("dangling"), path("here/future"));
        for other in [&a, &b, &c] {
            let files = [(Role::Journal, a.as_path()), (Role::Rejected, other.as_path())];
            assert_eq!(clash(&files), Some((Role::Journal, Role::Rejected)), "{}", other.display());
        }
        let (out, checkpoint) = (path("out"), path("out.new"));
        let files = [(Role::Output, out.as_path()), (Role::Checkpoint, checkpoint.as_path())];
        assert_eq!(clash(&files), Some((Role::Output, Role::Checkpoint)));
    }

    #[test]
    fn different_files_standard_streams_and_devices_are_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "same").unwrap();
        fs::write(&b, "same").unwrap();
        assert_eq!(clash(&[(Role::Input, &a), (Role::Rejected, &b)]), None);
        let (dash, null) = (Path::new("-"), Path::new("/dev/null"));
        assert_eq!(clash(&[(Role::Input, dash), (Role::Output, dash)]), None);
        assert_eq!(clash(&[(Role::Journal, null), (Role::Rejected, null)]), None);
    }
}
