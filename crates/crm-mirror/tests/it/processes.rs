//! Runs in processes that are killed (`SIGKILL`), over SQLite and PostgreSQL.
//!
//! The test binary starts itself again as an instance: see [`an_instance`].

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crm_directory::DirectoryClient;
use crm_history::{ApiKey, HistoryClient};
use crm_mirror::{Mirror, Mode, PostgresStore, Report, SqliteStore, Table};
use crm_projects::{ProjectsClient, TokenPair};
use crm_sandbox::{APIKEY, BOSS, Record, SECRET, Sandbox, TOKEN};

use crate::cluster::Cluster;
use crate::killed::{Rows, replayed, rows};
use crate::scratch::Scratch;
use crate::world::time;

const STORE: &str = "CRM_MIRROR_TEST_STORE";
const SERVER: &str = "CRM_MIRROR_TEST_SERVER";

/// A process that makes one full run. Does nothing where it runs as a test.
#[test]
fn an_instance() {
    let (Ok(store), Ok(server)) = (std::env::var(STORE), std::env::var(SERVER)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mirror = open(&store).await;
        // After a kill the lease has to expire first.
        while full_run(&mirror, &server).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

async fn open(store: &str) -> Mirror {
    match store.strip_prefix("sqlite:") {
        Some(path) => Mirror::with_store(SqliteStore::open(path).await.unwrap()),
        None => Mirror::with_store(PostgresStore::open(store).await.unwrap().lease(Duration::from_secs(1))),
    }
}

async fn full_run(mirror: &Mirror, server: &str) -> Result<Report, crm_mirror::Error> {
    let history = HistoryClient::builder(server).credentials(ApiKey::new(APIKEY, BOSS)).build().unwrap();
    let projects =
        ProjectsClient::builder(server).credentials(TokenPair::new(TOKEN, SECRET)).build().unwrap();
    let directory = DirectoryClient::from(&history);
    let sync = crate::world::sync().history(&history).directory(&directory).projects(&projects);
    mirror.run(sync.mode(Mode::Full).allow_deletes()).await
}

/// A process that is killed with the test.
struct Instance(Child);

impl Instance {
    fn start(store: &str, server: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::an_instance"]).env(STORE, store).env(SERVER, server);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn story(store: &str) {
    let sandbox =
        Sandbox::builder().records(700).clients(10).contacts(10).projects(15).start().await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let mut killed = 0;
    while killed < 8 {
        sandbox.clear_requests();
        let mut instance = Instance::start(store, sandbox.url());
        // Killed after so many requests, wherever it is by then.
        let most = random.usize(1..60);
        while sandbox.requests().len() < most && !instance.has_ended() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        killed += usize::from(!instance.has_ended());
        drop(instance);
        let records = sandbox.records();
        let some = random.usize(0..records.len());
        sandbox.remove_record(records[some].cid);
        sandbox.change_record(records[(some + 9) % records.len()].cid, |record| record.clid = 2);
        sandbox.add_record(Record {
            datum: Some(time("2024-03-03 10:00:00")),
            content: Some("новый".to_owned()),
            iduser: 1,
            ..Record::default()
        });
        let project = random.u64(1..15);
        sandbox.change_project(project, |project| {
            project.payments.pop();
        });
    }
    let mirror = open(store).await;
    let report = loop {
        match full_run(&mirror, sandbox.url()).await {
            Ok(report) => break report,
            Err(error) => assert!(error.to_string().contains("another run"), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(report.is_complete(), "{report}");
    let copy = rows(&mirror).await;
    assert_eq!(copy, replayed(&mirror).await);
    let scratch = Scratch::new();
    let fresh = Mirror::with_store(SqliteStore::open(scratch.path().join("fresh.db")).await.unwrap());
    assert!(full_run(&fresh, sandbox.url()).await.unwrap().is_complete());
    // Clients and contacts go out of view only after an hour. None was removed here.
    let seen: Rows = copy.into_iter().filter(|(_, (_, in_view))| *in_view).collect();
    let expected = rows(&fresh).await;
    assert_eq!(seen.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert_eq!(seen, expected);
    assert!(seen.keys().any(|(table, _)| *table == Table::Payments));
}

#[tokio::test]
async fn killed_processes_leave_a_copy_in_sqlite_that_the_next_run_completes() {
    let scratch = Scratch::new();
    story(&format!("sqlite:{}", scratch.path().join("crm.db").display())).await;
}

#[tokio::test]
async fn killed_processes_leave_a_copy_in_postgresql_that_the_next_run_completes() {
    let Some(cluster) = Cluster::start() else { return };
    story(&cluster.url()).await;
}
