//! PostgreSQL and PgBouncer for a test, in a folder of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::scratch::Scratch;

/// A PostgreSQL server that listens only on a socket in its folder. It is stopped with the test.
pub(crate) struct Cluster {
    scratch: Scratch,
    bin: PathBuf,
    as_root: bool,
}

impl Cluster {
    /// Starts a server. Returns `None`, with a message, where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_| "-c listen_addresses=''".to_owned())
    }

    /// Starts a server with options, which may name files that are written to the folder first.
    pub(crate) fn start_with(options: impl FnOnce(&Path) -> String) -> Option<Self> {
        let Some(bin) = folder_of("initdb").filter(|bin| bin.join("pg_ctl").exists()) else {
            eprintln!("skipped: PostgreSQL is not installed (initdb was not found)");
            return None;
        };
        let id = Command::new("id").arg("-u").output().unwrap();
        let cluster = Self { scratch: Scratch::new(), bin, as_root: id.stdout.starts_with(b"0\n") };
        cluster.own(cluster.scratch.path());
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "crm", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]);
        let folder = cluster.scratch.path().display().to_string();
        let options = format!("{} -c fsync=off -k {folder}", options(cluster.scratch.path()));
        cluster.own(cluster.scratch.path());
        let log = format!("{folder}/log");
        cluster.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        Some(cluster)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?user=crm&host={}", self.scratch.path().display())
    }

    async fn connect(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Runs statements. They must not fail.
    pub(crate) async fn execute(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap();
    }

    /// Returns the texts that a query selects.
    pub(crate) async fn query(&self, sql: &str) -> Vec<String> {
        self.connect().await.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Stops the server as a crash does, and starts it again.
    pub(crate) fn crash(&self) {
        let data = self.data();
        self.run("pg_ctl", &["-D", &data, "-w", "-m", "immediate", "restart"]);
    }

    fn data(&self) -> String {
        self.scratch.path().join("data").display().to_string()
    }

    fn own(&self, path: &Path) {
        if self.as_root {
            assert!(Command::new("chown").arg("-R").arg("postgres").arg(path).status().unwrap().success());
        }
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if self.as_root {
            command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        // A server that inherits the pipe of the test would keep it open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let status = self.command(&self.bin.join(program)).args(arguments).status().unwrap();
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    /// Starts PgBouncer in transaction mode, with fewer connections than clients have.
    pub(crate) fn bouncer(&self) -> Option<Bouncer> {
        let Some(bin) = folder_of("pgbouncer") else {
            eprintln!("skipped: PgBouncer is not installed");
            return None;
        };
        let folder = self.scratch.path().join("bouncer");
        std::fs::create_dir(&folder).unwrap();
        let settings = format!(
            "[databases]\npostgres = host={} user=crm\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {}\n\
             listen_port = 6432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n\
             server_round_robin = 1\n",
            self.scratch.path().display(),
            folder.display()
        );
        std::fs::write(folder.join("settings.ini"), settings).unwrap();
        self.own(&folder);
        let mut process =
            self.command(&bin.join("pgbouncer")).arg(folder.join("settings.ini")).spawn().unwrap();
        // The socket is there a moment before anybody listens on it.
        while std::os::unix::net::UnixStream::connect(folder.join(".s.PGSQL.6432")).is_err() {
            assert_eq!(process.try_wait().unwrap(), None, "PgBouncer has ended");
            std::thread::yield_now();
        }
        Some(Bouncer { folder, process })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        let stop = ["-D", data.as_str(), "-m", "immediate", "stop"];
        let _ = self.command(&self.bin.join("pg_ctl")).args(stop).status();
    }
}

/// PgBouncer. It is stopped with the test.
pub(crate) struct Bouncer {
    folder: PathBuf,
    process: Child,
}

impl Bouncer {
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?user=crm&port=6432&host={}", self.folder.display())
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // `runuser` passes the signal on.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn folder_of(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| folder.join(program).exists())
}
