//! A PostgreSQL server of its own for a test, and what only PostgreSQL has to show.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crm_outbox::{Filter, Outbox, PostgresStore, Resolution, State, Status};

use crate::scratch::Scratch;

/// A PostgreSQL server in a folder of its own. It listens only on a socket in that folder.
pub(crate) struct Cluster {
    scratch: Scratch,
    programs: PathBuf,
    options: String,
}

impl Cluster {
    /// Starts a server. Returns `None`, with a message, if PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(|_| "-c listen_addresses=''".to_owned())
    }

    /// Starts a server with the options that this returns.
    fn start_with(prepare: impl FnOnce(&Self) -> String) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: PostgreSQL is not installed (initdb was not found)");
            return None;
        };
        let mut cluster = Self { scratch: Scratch::new(), programs, options: String::new() };
        let folder = cluster.scratch.path().display().to_string();
        if is_root() {
            run(Command::new("chown").args(["postgres", &folder]));
        }
        let data = cluster.data();
        run(cluster.command("initdb").args([
            "-D",
            &data,
            "-U",
            "crm",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
            "--locale=C",
        ]));
        cluster.options = prepare(&cluster);
        cluster.resume();
        Some(cluster)
    }

    /// Starts the server again.
    pub(crate) fn resume(&self) {
        let options = format!("{} -c fsync=off -k {}", self.options, self.scratch.path().display());
        let log = self.scratch.path().join("log").display().to_string();
        run(self.command("pg_ctl").args(["-D", &self.data(), "-w", "-l", &log, "-o", &options, "start"]));
    }

    /// Stops the server, as a crash would with `immediate`.
    pub(crate) fn stop(&self, mode: &str) {
        run(self.command("pg_ctl").args(["-D", &self.data(), "-w", "-m", mode, "stop"]));
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?user=crm&host={}", self.scratch.path().display())
    }

    fn data(&self) -> String {
        self.scratch.path().join("data").display().to_string()
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str) -> Command {
        as_unprivileged(self.programs.join(program))
    }
}

fn as_unprivileged(program: PathBuf) -> Command {
    if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// PgBouncer before a [`Cluster`], in transaction mode.
pub(crate) struct Bouncer {
    folder: PathBuf,
    process: std::process::Child,
}

impl Cluster {
    /// Starts PgBouncer. Returns `None`, with a message, if it is not installed.
    pub(crate) fn bouncer(&self) -> Option<Bouncer> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
        let program = folders.map(|folder| folder.join("pgbouncer")).find(|program| program.exists());
        let Some(program) = program else {
            eprintln!("skipped: PgBouncer is not installed");
            return None;
        };
        let folder = self.scratch.path().join("bouncer");
        std::fs::create_dir(&folder).unwrap();
        let (server, here) = (self.scratch.path().display(), folder.display());
        // Fewer connections than clients have, so that each statement may meet another one.
        let settings = format!(
            "[databases]\npostgres = host={server} user=crm\n[pgbouncer]\nlisten_addr =\n\
             unix_socket_dir = {here}\nlisten_port = 6432\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 3\nserver_round_robin = 1\n"
        );
        std::fs::write(folder.join("settings.ini"), settings).unwrap();
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(&folder));
        }
        let mut command = as_unprivileged(program);
        command.arg(folder.join("settings.ini"));
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let bouncer = Bouncer { folder, process };
        while !bouncer.folder.join(".s.PGSQL.6432").exists() {
            std::thread::yield_now();
        }
        Some(bouncer)
    }
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

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").args(["-D", &self.data(), "-m", "immediate", "stop"]).output();
    }
}

fn run(command: &mut Command) {
    // A server that inherits the pipe of the test would keep it open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

#[tokio::test]
async fn instances_that_start_at_once_migrate_once_and_a_later_one_finds_what_was_put() {
    let Some(cluster) = Cluster::start() else { return };
    let url = cluster.url();
    let opened =
        futures_util::future::join_all((0..8).map(|_| PostgresStore::open_in_schema(&url, "calls"))).await;
    for store in opened {
        store.unwrap();
    }
    let outbox = Outbox::with_postgres(PostgresStore::open_in_schema(&url, "calls").await.unwrap());
    outbox.put("1", &crate::putting::entry("звонок")).await.unwrap();

    // A restart of the server loses nothing, and connections are made again.
    cluster.stop("immediate");
    assert!(outbox.status("1").await.is_err());
    cluster.resume();
    assert_eq!(outbox.status("1").await.unwrap(), Some(crm_outbox::Status::Queued));

    // The user's own transaction.
    let (mut client, connection) =
        crm_outbox::tokio_postgres::connect(&url, crm_outbox::tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for commits in [false, true] {
        let mut transaction = client.transaction().await.unwrap();
        outbox.put_in(&mut transaction, "2", &crate::putting::entry("второй")).await.unwrap();
        if commits {
            transaction.commit().await.unwrap();
        }
        assert_eq!(outbox.status("2").await.unwrap().is_some(), commits);
    }
    let mut transaction = client.transaction().await.unwrap();
    let conflict = outbox.put_in(&mut transaction, "2", &crate::putting::entry("третий")).await;
    assert!(matches!(conflict, Err(crm_outbox::PutError::Conflict(_))), "{conflict:?}");

    // An insert in plain SQL, as the docs show it.
    drop(transaction);
    let insert = r#"INSERT INTO calls.crm_outbox_activities (key, activity)
        VALUES ('3', '{"content":"вх. звонок","clid":1781}') ON CONFLICT (key) DO NOTHING"#;
    assert_eq!(client.execute(insert, &[]).await.unwrap(), 1);
    assert_eq!(client.execute(insert, &[]).await.unwrap(), 0);
    assert_eq!(
        outbox
            .put("3", &crm_history::NewEntry::new("вх. звонок").client(crm_history::ClientId(1781)))
            .await
            .unwrap(),
        crm_outbox::Status::Queued
    );
}

#[tokio::test]
async fn tls_verifies_the_certificate_of_the_server_and_its_name() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let cluster = Cluster::start_with(|cluster| {
        let (certificate, key) =
            (cluster.scratch.path().join("server.crt"), cluster.scratch.path().join("server.key"));
        std::fs::write(&certificate, signed.cert.pem()).unwrap();
        std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
        run(Command::new("chmod").arg("600").arg(&key));
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&key));
        }
        format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={} -c ssl_key_file={}",
            certificate.display(),
            key.display()
        )
    });
    let Some(cluster) = cluster else { return };
    let root = cluster.scratch.path().join("server.crt").display().to_string();
    let url = |host: &str| format!("postgres://crm@{host}:{port}/postgres?sslmode=verify-full");
    let outbox = Outbox::open(&format!("{}&sslrootcert={root}", url("localhost"))).await.unwrap();
    outbox.put("1", &crate::putting::entry("звонок")).await.unwrap();
    let of_another_name = format!("{}&sslrootcert={root}", url("127.0.0.1"));
    for (url, fault, advice) in [
        (url("localhost"), "invalid peer certificate: UnknownIssuer", "sslrootcert"),
        (of_another_name, "not valid for name", "connect by a name that the certificate has"),
    ] {
        let text = Outbox::open(&url).await.unwrap_err().to_string();
        assert!(text.contains(fault) && text.contains(advice), "{text}");
    }
}

#[tokio::test]
async fn a_state_of_a_later_version_is_shown_as_unknown_and_neither_sent_nor_decided() {
    let Some(cluster) = Cluster::start() else { return };
    let outbox = Outbox::open(&cluster.url()).await.unwrap();
    for key in ["moved", "good"] {
        outbox.put(key, &crate::putting::entry(key)).await.unwrap();
    }
    let connected =
        crm_outbox::tokio_postgres::connect(&cluster.url(), crm_outbox::tokio_postgres::NoTls).await;
    let (own, connection) = connected.unwrap();
    tokio::spawn(connection);
    let update = "UPDATE crm_outbox_activities SET state = 'moved' WHERE key = 'moved'";
    own.batch_execute(update).await.unwrap();
    assert!(matches!(outbox.status("moved").await.unwrap(), Some(Status::Unknown(_))));
    assert_eq!(outbox.list(&Filter::new()).await.unwrap().len(), 2);
    assert_eq!(outbox.list(&Filter::new().state(State::Unknown)).await.unwrap().len(), 1);
    assert_eq!(outbox.stats().await.unwrap().unknown, 1);
    assert_eq!(outbox.status("a\0b").await.unwrap(), None);
    let error = outbox.resolve("moved", Resolution::NotStored).await.unwrap_err().to_string();
    assert!(error.contains("the state \"moved\" is not known to this version"), "{error}");
    let server = crate::server::Server::new();
    outbox.deliver(server.client()).until_empty().start().finished().await.unwrap();
    assert_eq!(server.contents(), ["good"]);
    let state = own.query_one("SELECT state FROM crm_outbox_activities WHERE key = 'moved'", &[]).await;
    assert_eq!(state.unwrap().get::<_, &str>(0), "moved");
}
