//! A PostgreSQL server of its own, with its usual settings, except that it never works by itself. It listens only on a socket in its folder.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::folder::Folder;

/// A server, stopped and removed with this.
#[derive(Debug)]
pub struct Cluster {
    folder: Folder,
    programs: PathBuf,
}

impl Cluster {
    /// Starts a server. Returns `None`, with a message, if PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed (initdb was not found)");
            return None;
        };
        let cluster = Self { folder: Folder::new(), programs };
        let folder = cluster.folder.0.display().to_string();
        if is_root() {
            run(Command::new("chown").args(["postgres", &folder]));
        }
        let (data, log) = (format!("{folder}/data"), format!("{folder}/log"));
        run(cluster.command("initdb").args([
            "-D",
            &data,
            "-U",
            "crm",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]));
        let options = format!("-c listen_addresses='' -c autovacuum=off -k {folder}");
        run(cluster.command("pg_ctl").args(["-D", &data, "-w", "-l", &log, "-o", &options, "start"]));
        Some(cluster)
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres:///postgres?user=crm&host={}", self.folder.0.display())
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.0.join("data");
        let _ = self.command("pg_ctl").arg("-D").arg(data).args(["-m", "immediate", "stop"]).output();
    }
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = versions.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn run(command: &mut Command) {
    let output = command.current_dir("/").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
