//! The sources of the crates, parsed.

use std::path::{Path, PathBuf};

/// Reads each source of a crate's library; not the tests that stand in files of their own.
pub(crate) fn each(krate: &str, read: &mut impl FnMut(&Path, &syn::File)) {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(krate).join("src")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("main.rs")
                && !path.ends_with("tests.rs")
            {
                read(&path, &syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap());
            }
        }
    }
}
