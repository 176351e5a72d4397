//! A checkpoint of one test.

use std::path::PathBuf;

/// Where the checkpoint goes; it is removed with this.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(name: &str) -> Self {
        // Two test programs may run at once.
        let name = format!("crm-{}-{}-{name}", env!("CARGO_CRATE_NAME"), std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        let _ = std::fs::remove_file(&file.0);
        file
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
