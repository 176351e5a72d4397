//! What one process leaves in a store, and the next one makes of it. The same rules run against every store of the
//! engine: the journal of an import, memory, SQLite and PostgreSQL.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use crm_history::{AddOutcome, HistoryClient};
use crm_outbox::{Deliver, Filter, MemoryStore, Outbox, PostgresStore, Role, SqliteStore, Status};

use crate::postgres::Cluster;
use crate::putting::entry;
use crate::scratch::Scratch;
use crate::server::{Fate, Server};

/// A store of the engine that outlives processes.
enum Place {
    Journal(PathBuf),
    Outbox(Outbox),
}

/// How an activity ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    Stored(u64),
    StoredWithoutId,
    Refused(String),
    Other(String),
}

impl Place {
    /// Runs a process that sends these activities, which are all of the job, until nothing is left.
    async fn process(&self, server: &Server, contents: &[&str]) -> Vec<Ended> {
        match self {
            Self::Journal(path) => {
                let import =
                    client(server).import(contents.iter().map(|content| entry(content)).collect::<Vec<_>>());
                let import = import.journal(path).chunk(CHUNK).settle(SETTLE).patience(PATIENCE);
                let mut outcomes = import.outcomes();
                let mut ended = Vec::new();
                while let Some(outcome) = outcomes.next().await {
                    ended.push(match outcome.unwrap().outcome {
                        AddOutcome::Created(id) => Ended::Stored(id.0),
                        AddOutcome::StoredWithoutId => Ended::StoredWithoutId,
                        AddOutcome::Rejected(rejection) => Ended::Refused(rejection.text),
                        other => Ended::Other(other.to_string()),
                    });
                }
                ended
            }
            Self::Outbox(outbox) => {
                put(outbox, contents).await;
                deliver(outbox, server).until_empty().start().finished().await.unwrap();
                let listed = outbox.list(&Filter::new()).await.unwrap();
                let ended = listed.into_iter().map(|entry| match entry.status {
                    Status::Stored(Some(id)) => Ended::Stored(id.0),
                    Status::Stored(None) => Ended::StoredWithoutId,
                    Status::Refused(rejection) => Ended::Refused(rejection.text),
                    other => Ended::Other(other.to_string()),
                });
                ended.collect()
            }
        }
    }

    /// Runs a process that crashes when the server has received this write.
    async fn crash(&self, server: &Server, contents: &[&str], write: usize) {
        tokio::select! {
            _ = self.process(server, contents) => panic!("it ended before it crashed"),
            () = server.written(write) => {}
        }
    }

    /// Tries to run a second process beside another one. Returns `true` if it does not become the sender.
    async fn stands_by(&self, server: &Server, contents: &[&str]) -> bool {
        match self {
            Self::Journal(path) => {
                let entries: Vec<_> = contents.iter().map(|content| entry(content)).collect();
                client(server).import(entries).journal(path).run().await.is_err()
            }
            Self::Outbox(outbox) => {
                let delivery = deliver(outbox, server).start();
                let mut health = delivery.watch_health();
                let began = health.wait_for(|health| health.role != Role::Starting).await.unwrap();
                began.role == Role::Standby
            }
        }
    }
}

fn client(server: &Server) -> HistoryClient {
    server.client_with_timeout(TIMEOUT)
}

fn deliver(outbox: &Outbox, server: &Server) -> Deliver {
    let deliver = outbox.deliver(client(server)).chunk(CHUNK).settle(SETTLE).patience(PATIENCE);
    deliver.short_lease(Duration::from_millis(400))
}

async fn put(outbox: &Outbox, contents: &[&str]) {
    for (number, content) in contents.iter().enumerate() {
        outbox.put(&number.to_string(), &entry(content)).await.unwrap();
    }
}

type Rule = for<'a> fn(&'a Place) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

const RULES: &[(&str, Rule)] = &[
    ("what is stored is not sent again", |place| Box::pin(what_is_stored_is_not_sent_again(place))),
    ("what is refused is not sent again", |place| Box::pin(what_is_refused_is_not_sent_again(place))),
    ("stored without an id", |place| Box::pin(what_is_stored_without_an_id_is_not_sent_again(place))),
    ("in flight and stored", |place| Box::pin(what_was_in_flight_and_is_stored_is_found(place))),
    ("in flight and not stored", |place| Box::pin(what_was_in_flight_and_is_missing_is_sent_once(place))),
    ("equal activities", |place| Box::pin(each_of_equal_activities_gets_a_record_of_its_own(place))),
    ("one process at a time", |place| Box::pin(one_process_sends_at_a_time(place))),
];

async fn what_is_stored_is_not_sent_again(place: &Place) {
    let server = Server::new();
    let ended = place.process(&server, &["a", "b", "c"]).await;
    assert!(ended.iter().all(|ended| matches!(ended, Ended::Stored(_))), "{ended:?}");
    let writes = server.writes();
    assert_eq!(place.process(&server, &["a", "b", "c"]).await, ended);
    assert_eq!((server.writes(), server.contents().len()), (writes, 3));
}

async fn what_is_refused_is_not_sent_again(place: &Place) {
    let server = Server::new();
    let ended = place.process(&server, &["a", "яд", "c"]).await;
    assert!(matches!(&ended[1], Ended::Refused(text) if text.contains("1264")), "{ended:?}");
    let writes = server.writes();
    // A journal does not keep the words of the server.
    let again = place.process(&server, &["a", "яд", "c"]).await;
    assert!(matches!(again[1], Ended::Refused(_)), "{again:?}");
    assert_eq!((&again[0], &again[2]), (&ended[0], &ended[2]));
    assert_eq!((server.writes(), server.contents().len()), (writes, 2));
}

async fn what_is_stored_without_an_id_is_not_sent_again(place: &Place) {
    let server = Server::new();
    server.next_writes([Fate::WithoutIds, Fate::WithoutIds]);
    let ended = place.process(&server, &["a", "b"]).await;
    assert_eq!(ended, [Ended::StoredWithoutId, Ended::StoredWithoutId]);
    let writes = server.writes();
    assert_eq!(place.process(&server, &["a", "b"]).await, ended);
    assert_eq!((server.writes(), server.contents().len()), (writes, 2));
}

async fn what_was_in_flight_and_is_stored_is_found(place: &Place) {
    let server = Server::new();
    server.next_writes([Fate::StoredAndStuck]);
    place.crash(&server, &["a", "b", "c"], 1).await;
    let ended = place.process(&server, &["a", "b", "c", "later"]).await;
    assert!(ended.iter().all(|ended| matches!(ended, Ended::Stored(_))), "{ended:?}");
    assert_eq!(ended[0], Ended::Stored(2), "the first record after the old one");
    assert_eq!(server.contents().len(), 4);
}

async fn what_was_in_flight_and_is_missing_is_sent_once(place: &Place) {
    let server = Server::new();
    server.next_writes([Fate::Stuck]);
    place.crash(&server, &["a", "b", "c"], 1).await;
    let ended = place.process(&server, &["a", "b", "c", "later"]).await;
    assert!(ended.iter().all(|ended| matches!(ended, Ended::Stored(_))), "{ended:?}");
    assert_eq!(server.contents().len(), 4);
}

async fn each_of_equal_activities_gets_a_record_of_its_own(place: &Place) {
    let server = Server::new();
    // One of each pair is stored.
    server.next_writes([Fate::HalfStoredAndStuck]);
    place.crash(&server, &["a", "b", "a", "b"], 1).await;
    let ended = place.process(&server, &["a", "b", "a", "b", "later"]).await;
    let ids: std::collections::BTreeSet<_> = ended.iter().map(|ended| format!("{ended:?}")).collect();
    assert_eq!(ids.len(), 5, "{ended:?}");
    assert!(ended.iter().all(|ended| matches!(ended, Ended::Stored(_))), "{ended:?}");
    let mut contents = server.contents();
    contents.sort();
    assert_eq!(contents, ["a", "a", "b", "b", "later"]);
}

async fn one_process_sends_at_a_time(place: &Place) {
    let server = Server::new();
    server.next_writes([Fate::Stuck]);
    let contents = ["a"];
    tokio::select! {
        _ = place.process(&server, &contents) => panic!("it ended before the other one was tried"),
        stands_by = async {
            server.written(1).await;
            place.stands_by(&server, &contents).await
        } => assert!(stands_by),
    }
    assert_eq!(server.writes(), 1);
}

async fn keeps_all(places: impl AsyncFn(usize) -> Place) {
    for (number, (name, rule)) in RULES.iter().enumerate() {
        eprintln!("{name}");
        rule(&places(number).await).await;
    }
}

#[tokio::test]
async fn the_journal_keeps_what_the_next_process_needs() {
    let scratch = Scratch::new();
    keeps_all(async |number| Place::Journal(scratch.path().join(format!("{number}.journal")))).await;
}

#[tokio::test]
async fn memory_keeps_what_the_next_process_needs() {
    keeps_all(async |_| Place::Outbox(Outbox::with_store(MemoryStore::new()))).await;
}

#[tokio::test]
async fn sqlite_keeps_what_the_next_process_needs() {
    let scratch = Scratch::new();
    keeps_all(async |number| {
        let store = SqliteStore::open(scratch.path().join(format!("{number}.db"))).await.unwrap();
        Place::Outbox(Outbox::with_store(store))
    })
    .await;
}

#[tokio::test]
async fn postgresql_keeps_what_the_next_process_needs() {
    let Some(cluster) = Cluster::start() else { return };
    keeps_all(async |number| {
        let store = PostgresStore::open_in_schema(&cluster.url(), &format!("process{number}")).await.unwrap();
        Place::Outbox(Outbox::with_postgres(store))
    })
    .await;
}

const CHUNK: usize = 10;
const SETTLE: Duration = Duration::from_millis(20);
const TIMEOUT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(10);
