//! The programs that the full check needs beside Rust's own.

use crate::cargo::{ROOT, cargo, passes};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// A program of the public registry, at the version that was tried.
pub(crate) struct Tool {
    /// Of the package and of its program.
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// The program, ready to get arguments; its working folder is that of the workspace.
    ///
    /// It is compiled when it is not there yet, into a folder of its own below `target/tools`: nothing is put into
    /// the user's own tools, and none of theirs of another version is used.
    pub(crate) fn command(&self) -> Result<Command, String> {
        let program = self.program();
        if !program.exists() {
            println!("installing {} {}: it is compiled, which takes minutes", self.name, self.version);
            let started = Instant::now();
            let mut command = cargo();
            command.args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"]);
            // They run for seconds: to optimise them to the last, as their authors do, takes minutes more.
            command.arg(self.folder()).envs([
                ("CARGO_PROFILE_RELEASE_LTO", "off"),
                ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
                ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ]);
            passes(&mut command).map_err(|message| {
                format!("{} {} is missing and could not be installed. {message}", self.name, self.version)
            })?;
            println!("installed {} {} in {} s", self.name, self.version, started.elapsed().as_secs());
        }
        let mut command = Command::new(program);
        command.current_dir(ROOT);
        Ok(command)
    }

    fn program(&self) -> PathBuf {
        self.folder().join("bin").join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX))
    }

    /// Its name carries the version: after an update the old program is not taken for the new one.
    fn folder(&self) -> PathBuf {
        Path::new(ROOT).join("target/tools").join(format!("{}-{}", self.name, self.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_of_a_tool_is_another_program() {
        let older = Tool { name: "cargo-deny", version: "1.0.0" };
        let newer = Tool { name: "cargo-deny", version: "1.0.1" };
        assert_ne!(older.program(), newer.program());
    }
}
