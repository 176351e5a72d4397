//! Real processes that are killed at random, over a real database and a server with all faults of writes.
//!
//! The test binary starts itself again as an instance: see [`an_instance`].

use std::collections::{BTreeSet, HashMap};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crm_history::{ApiKey, HistoryClient, RetryPolicy};
use crm_outbox::{Outbox, Status};
use crm_sandbox::{APIKEY, BOSS, Fault, Operation, Record, Sandbox};
use tokio::time::{Instant, sleep};

use crate::postgres::Cluster;
use crate::putting::entry;
use crate::scratch::Scratch;

const STORE: &str = "CRM_OUTBOX_TEST_STORE";
const SERVER: &str = "CRM_OUTBOX_TEST_SERVER";
const KEYS: &str = "CRM_OUTBOX_TEST_KEYS";
/// Nothing is stored later than that after its connection ended.
const SETTLE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(1);

/// An instance that puts keys and delivers until it is killed. Does nothing where it runs as a test.
#[test]
fn an_instance() {
    let (Ok(store), Ok(server), Ok(keys)) =
        (std::env::var(STORE), std::env::var(SERVER), std::env::var(KEYS))
    else {
        return;
    };
    let keys: usize = keys.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let outbox = open(&store).await;
        let history = HistoryClient::builder(server).credentials(ApiKey::new(APIKEY, BOSS)).timeout(TIMEOUT);
        let history = history.retry(RetryPolicy::none()).build().unwrap();
        let deliver = outbox
            .deliver(history)
            .settle(SETTLE)
            .chunk(20)
            .flush_after(Duration::from_millis(20))
            .patience(Duration::from_secs(3));
        let _delivery = deliver.short_lease(Duration::from_secs(3)).start();
        for number in 0..keys {
            put(&outbox, number).await;
            sleep(pause(keys)).await;
        }
        std::future::pending::<()>().await;
    });
}

async fn open(store: &str) -> Outbox {
    loop {
        match Outbox::open(store).await {
            Ok(outbox) => return outbox,
            Err(_) => sleep(Duration::from_millis(100)).await, // the database is being restarted
        }
    }
}

/// Puts one activity, as often as it takes.
async fn put(outbox: &Outbox, number: usize) {
    while outbox.put(&format!("call-{number}"), &entry(&format!("звонок {number}"))).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }
}

struct Instances {
    store: String,
    server: String,
    keys: usize,
    children: Vec<Child>,
}

impl Instances {
    fn start(store: &str, server: &str, keys: usize, count: usize) -> Self {
        let mut instances =
            Self { store: store.to_owned(), server: server.to_owned(), keys, children: Vec::new() };
        for _ in 0..count {
            let child = instances.instance();
            instances.children.push(child);
        }
        instances
    }

    fn instance(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "processes::an_instance"]);
        command.env(STORE, &self.store).env(SERVER, &self.server).env(KEYS, self.keys.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Kills an instance at a random place and starts another one.
    fn kill_one(&mut self, random: &mut fastrand::Rng) {
        let place = random.usize(..self.children.len());
        let next = self.instance();
        let mut killed = std::mem::replace(&mut self.children[place], next);
        killed.kill().unwrap(); // SIGKILL
        killed.wait().unwrap();
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Lets instances be killed until every key is settled, and compares the outbox with the server.
async fn nothing_is_lost_or_doubled(
    store: &str,
    seed: u64,
    instances: usize,
    keys: usize,
    restart: impl AsyncFn(),
) {
    let sandbox = Sandbox::start().await.unwrap();
    // Something that is known to be there.
    sandbox.add_record(Record {
        content: Some("старая".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    });
    let faults = [
        Fault::close_after_commit(),
        Fault::close_before_reading(),
        Fault::commit_half(),
        Fault::cut_body(None),
        Fault::gateway_page(502),
        Fault::no_answer(),
        Fault::database_down(),
        Fault::without_ids(true),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        sandbox.add_fault(fault.on(Operation::HistoryAddList).with_probability(0.03, seed + number as u64));
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let mut running = Instances::start(store, sandbox.url(), keys, instances);
    let outbox = open(store).await;
    let (began, longest) =
        (Instant::now(), LONGEST + Duration::from_millis(60) * u32::try_from(keys).unwrap());
    let putting = {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            for number in 0..keys {
                put(&outbox, number).await;
                sleep(pause(keys)).await;
            }
        })
    };
    let mut rounds = 0;
    loop {
        sleep(Duration::from_secs(1)).await;
        rounds += 1;
        if rounds <= kills() {
            running.kill_one(&mut random);
        }
        if rounds == kills() / 2 {
            restart().await;
        }
        if let Ok(stats) = outbox.stats().await
            && stats.queued + stats.sending + stats.held == 0
            && stats.stored + stats.unknown + stats.refused == keys as u64
        {
            break;
        }
        assert!(began.elapsed() < longest, "not done: {:?}", outbox.stats().await);
    }
    putting.await.unwrap();
    drop(running);
    let mut records: HashMap<String, Vec<u64>> = HashMap::new();
    for record in sandbox.records() {
        records.entry(record.content.unwrap_or_default()).or_default().push(record.cid);
    }
    let (mut unknown, mut refused, mut reasons) = (0, 0, BTreeSet::new());
    for number in 0..keys {
        let stored = records.remove(&format!("звонок {number}")).unwrap_or_default();
        let status = outbox.status(&format!("call-{number}")).await.unwrap().unwrap();
        match &status {
            Status::Stored(id) => {
                assert_eq!(stored.len(), 1, "call-{number}: {status}, on the server {stored:?}");
                assert!(
                    id.is_none_or(|id| id.0 == stored[0]),
                    "call-{number}: {status}, on the server {stored:?}"
                );
            }
            Status::Unknown(outcome) => {
                unknown += 1;
                reasons.insert(outcome.reason.clone());
                assert!(stored.len() <= 1, "call-{number}: {status}, on the server {stored:?}");
            }
            // Alone, it got the same page of a gateway twice, and others were stored in between.
            Status::Refused(_) => {
                refused += 1;
                assert!(stored.is_empty(), "call-{number}: {status}, on the server {stored:?}");
            }
            other => panic!("call-{number}: {other}"),
        }
    }
    assert_eq!(records.len(), 1, "nothing else is on the server: {records:?}");
    eprintln!(
        "{keys} keys, {rounds} s, {refused} refused, {unknown} unknown {reasons:?}, {:?}",
        outbox.stats().await.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn processes_over_postgresql_are_killed_and_its_server_restarted_and_nothing_is_lost_or_doubled() {
    for seed in seeds() {
        let Some(cluster) = Cluster::start() else { return };
        let restart = async || {
            cluster.stop("immediate");
            cluster.resume();
        };
        nothing_is_lost_or_doubled(&cluster.url(), seed, 3, keys(), restart).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn processes_over_sqlite_are_killed_and_nothing_is_lost_or_doubled() {
    for seed in seeds() {
        let scratch = Scratch::new();
        nothing_is_lost_or_doubled(&scratch.sqlite(), seed, 2, keys(), async || ()).await;
    }
}

/// The time between two puts, so that the instances are killed while activities arrive.
fn pause(keys: usize) -> Duration {
    Duration::from_secs(kills()) / u32::try_from(keys).unwrap()
}

/// The seeds of the runs: `CRM_OUTBOX_TEST_RUNS` from `CRM_OUTBOX_TEST_SEED` on. Set them to repeat one.
fn seeds() -> std::ops::Range<u64> {
    let first = setting("CRM_OUTBOX_TEST_SEED", 1);
    first..first + setting("CRM_OUTBOX_TEST_RUNS", 1)
}

/// How many keys are put, by each instance.
fn keys() -> usize {
    usize::try_from(setting("CRM_OUTBOX_TEST_COUNT", 400)).unwrap()
}

/// For how many seconds an instance is killed in each.
fn kills() -> u64 {
    setting("CRM_OUTBOX_TEST_KILLS", 8)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

const LONGEST: Duration = Duration::from_secs(240);
