//! What every store promises. The same rules run against memory, SQLite and PostgreSQL.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crm_history::{EntryId, Rejection};
use crm_outbox::{
    Change, Filter, MemoryStore, NewActivity, PostgresStore, Request, Row, SentIn, SqliteStore, State,
    Status, Store, StoredActivity, UnknownOutcome,
};

use crate::postgres::Cluster;
use crate::scratch::Scratch;

type Rule = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()>>>;

const LEASE: Duration = Duration::from_secs(60);

/// The rules, with their names.
fn rules() -> Vec<(&'static str, Rule)> {
    vec![
        ("a key that is put again changes nothing", |store| Box::pin(a_key_that_is_put_again(store))),
        ("one sender at a time", |store| Box::pin(one_sender_at_a_time(store))),
        ("requests and outcomes", |store| Box::pin(requests_and_outcomes(store))),
        ("earlier outcomes", |store| Box::pin(a_request_comes_with_earlier_outcomes(store))),
        ("a later owner", |store| Box::pin(a_later_owner_fences_off_the_earlier_one(store))),
        ("holds", |store| Box::pin(what_is_held_comes_back(store))),
        ("decisions", |store| Box::pin(decisions_of_a_person(store))),
        ("preparation", |store| Box::pin(what_was_prepared_is_kept(store))),
        ("reconciliation", |store| Box::pin(a_reconciliation_puts_everything_in_doubt(store))),
        ("what was sent before a reconciliation", |store| {
            Box::pin(a_reconciliation_keeps_the_requests_that_were_sent(store))
        }),
        ("the oldest floor", |store| Box::pin(the_oldest_floor_outlives_its_activities(store))),
        ("what was stored before", |store| Box::pin(what_was_stored_before_a_time(store))),
        ("many are cleaned up", |store| Box::pin(many_are_cleaned_up(store))),
        ("contents and purge", |store| Box::pin(contents_are_removed_and_keys_stay(store))),
        ("what is known of stored activities", |store| Box::pin(what_is_known_of_stored_ones(store))),
        ("very long times", |store| Box::pin(a_very_long_time_is_in_the_range_of_every_store(store))),
        ("lists and counts", |store| Box::pin(lists_and_counts(store))),
    ]
}

#[tokio::test]
async fn a_store_in_memory_keeps_the_contract() {
    for (name, rule) in rules() {
        eprintln!("{name}");
        rule(Arc::new(MemoryStore::new())).await;
    }
}

#[tokio::test]
async fn a_store_in_sqlite_keeps_the_contract() {
    let scratch = Scratch::new();
    for (number, (name, rule)) in rules().into_iter().enumerate() {
        eprintln!("{name}");
        let store = SqliteStore::open(scratch.path().join(format!("{number}.db"))).await.unwrap();
        rule(Arc::new(store)).await;
    }
}

#[tokio::test]
async fn a_store_in_postgresql_keeps_the_contract() {
    let Some(cluster) = Cluster::start() else { return };
    for (number, (name, rule)) in rules().into_iter().enumerate() {
        eprintln!("{name}");
        let store =
            PostgresStore::open_in_schema(&cluster.url(), &format!("rule \"{number}\"")).await.unwrap();
        rule(Arc::new(store)).await;
    }
}

#[tokio::test]
async fn a_store_in_postgresql_behind_pgbouncer_in_transaction_mode_keeps_the_contract() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(bouncer) = cluster.bouncer() else { return };
    for (number, (name, rule)) in rules().into_iter().enumerate() {
        eprintln!("{name}");
        let store = PostgresStore::open_in_schema(&bouncer.url(), &format!("rule{number}")).await.unwrap();
        rule(Arc::new(store)).await;
    }
}

fn new(key: &str) -> NewActivity {
    let entry = crate::putting::entry(&format!("звонок {key}")).mark(format!("m-{key}"));
    let mut new = NewActivity::from_entry(key, &entry).unwrap();
    new.fingerprint = u64::MAX - key.len() as u64; // a number that uses every bit
    new
}

async fn put(store: &dyn Store, keys: &[&str]) -> Vec<u64> {
    let activities: Vec<NewActivity> = keys.iter().map(|key| new(key)).collect();
    assert!(store.put(&activities).await.unwrap().iter().all(Option::is_none));
    let mut seqs = Vec::new();
    for key in keys {
        seqs.push(get(store, key).await.seq);
    }
    seqs
}

async fn get(store: &dyn Store, key: &str) -> Row {
    store.get(key).await.unwrap().unwrap()
}

async fn status(store: &dyn Store, key: &str) -> Status {
    get(store, key).await.status
}

fn keys(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.key.as_str()).collect()
}

fn request(number: u64, floor: u64, seqs: &[u64]) -> Request {
    Request {
        sent: SentIn { number, floor, floor_is_certain: number.is_multiple_of(2) },
        seqs: seqs.to_vec(),
    }
}

async fn a_key_that_is_put_again(store: Arc<dyn Store>) {
    assert_eq!(store.get("a").await.unwrap(), None);
    put(&*store, &["b", "a"]).await;
    let other = NewActivity { activity: StoredActivity::new("{}".to_owned(), None), ..new("a") };
    let before = store.put(&[new("c"), other]).await.unwrap();
    assert_eq!(before[0], None);
    let row = before[1].as_ref().unwrap();
    assert_eq!((row.key.as_str(), row.activity.as_ref()), ("a", Some(&new("a").activity)));
    assert_eq!((row.status.clone(), row.fingerprint), (Status::Queued, Some(new("a").fingerprint)));
    assert_eq!(get(&*store, "a").await.activity, Some(new("a").activity));
    assert_eq!(keys(&store.queued(0, 10).await.unwrap()), ["b", "a", "c"], "in the order of put");
}

async fn one_sender_at_a_time(store: Arc<dyn Store>) {
    let first = store.acquire(LEASE).await.unwrap().unwrap();
    assert_eq!(store.acquire(LEASE).await.unwrap(), None);
    assert!(store.renew(first, LEASE).await.unwrap());
    store.release(first).await.unwrap();
    let second = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(second > first);
    assert!(!store.renew(first, LEASE).await.unwrap());
}

async fn requests_and_outcomes(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c", "d", "e"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(store.sending(fence, LEASE, &request(1 << 33, 7, &seqs), &[]).await.unwrap());
    let rows = store.in_doubt().await.unwrap();
    assert_eq!(keys(&rows), ["a", "b", "c", "d", "e"]);
    assert!(
        rows.iter()
            .all(|row| row.request == Some(request(1 << 33, 7, &[]).sent) && row.status == Status::Sending)
    );
    assert!(store.queued(0, 10).await.unwrap().is_empty());
    let stored = Change::Stored { id: Some(EntryId(8)), copy: Some(EntryId(9)) };
    let refused = Change::Refused(Rejection::new(Some(405), "нет\0 данных"));
    let unknown = Change::Unknown(UnknownOutcome::new("похожа", Some(EntryId(4))));
    let changes = [
        (seqs[0], stored),
        (seqs[1], refused),
        (seqs[2], Change::Queued),
        (seqs[3], unknown),
        (seqs[4], Change::Stored { id: None, copy: None }),
    ];
    assert!(store.settle(fence, &changes).await.unwrap());
    let row = get(&*store, "a").await;
    assert_eq!((row.status, row.copy), (Status::Stored(Some(EntryId(8))), Some(EntryId(9))));
    assert!(row.settled_at.is_some());
    let Status::Refused(rejection) = status(&*store, "b").await else { panic!() };
    assert_eq!((rejection.code, rejection.text.replace('\0', "").as_str()), (Some(405), "нет данных"));
    assert_eq!((status(&*store, "c").await, get(&*store, "c").await.settled_at), (Status::Queued, None));
    let unknown = UnknownOutcome::new("похожа", Some(EntryId(4)));
    assert_eq!(status(&*store, "d").await, Status::Unknown(unknown));
    assert_eq!(status(&*store, "e").await, Status::Stored(None));
    let mut claimed = store.claimed(0).await.unwrap();
    claimed.sort_unstable();
    assert_eq!(claimed, [8, 9]);
    assert!(store.in_doubt().await.unwrap().is_empty());
}

async fn a_request_comes_with_earlier_outcomes(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(store.sending(fence, LEASE, &request(1, 0, &seqs[..2]), &[]).await.unwrap());
    let outcomes =
        [(seqs[0], Change::Stored { id: Some(EntryId(8)), copy: None }), (seqs[1], Change::Queued)];
    assert!(store.sending(fence, LEASE, &request(2, 8, &seqs[2..]), &outcomes).await.unwrap());
    assert_eq!(status(&*store, "a").await, Status::Stored(Some(EntryId(8))));
    assert_eq!(status(&*store, "b").await, Status::Queued);
    assert_eq!(status(&*store, "c").await, Status::Sending);
    assert_eq!(store.stats().await.unwrap().stored, 1);
    // Both, or neither.
    let refused = [(seqs[2], Change::Refused(Rejection::new(None, "no")))];
    assert!(!store.sending(fence, LEASE, &request(3, 8, &seqs[..2]), &refused).await.unwrap());
    assert_eq!(status(&*store, "c").await, Status::Sending);
    assert_eq!(status(&*store, "b").await, Status::Queued);
}

async fn a_later_owner_fences_off_the_earlier_one(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b"]).await;
    let first = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(store.sending(first, LEASE, &request(1, 0, &seqs[..1]), &[]).await.unwrap());
    store.release(first).await.unwrap();
    let second = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(!store.sending(first, LEASE, &request(2, 0, &seqs), &[]).await.unwrap());
    let stored = Change::Stored { id: Some(EntryId(8)), copy: None };
    assert!(!store.settle(first, &[(seqs[0], stored)]).await.unwrap());
    assert_eq!(status(&*store, "a").await, Status::Sending);
    assert_eq!(status(&*store, "b").await, Status::Queued);
    // All activities of a request, or none.
    let refused = Change::Refused(Rejection::new(None, "no"));
    assert!(store.settle(second, &[(seqs[0], refused)]).await.unwrap());
    assert!(!store.sending(second, LEASE, &request(3, 0, &seqs), &[]).await.unwrap());
    assert_eq!(status(&*store, "b").await, Status::Queued);
}

async fn what_is_held_comes_back(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let hold = |delay| Change::Held { delay, reason: "нет клиента".to_owned() };
    let changes = [(seqs[0], hold(Duration::ZERO)), (seqs[1], hold(Duration::from_secs(3600)))];
    assert!(store.settle(fence, &changes).await.unwrap());
    assert_eq!(status(&*store, "b").await, Status::Held("нет клиента".to_owned()));
    let rows = store.queued(0, 10).await.unwrap();
    assert_eq!(keys(&rows), ["a"]);
    assert!(store.sending(fence, LEASE, &request(1, 0, &seqs[..1]), &[]).await.unwrap());
    assert_eq!(status(&*store, "a").await, Status::Sending);
    assert!(store.queued(0, 10).await.unwrap().is_empty());
}

async fn decisions_of_a_person(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(!store.decide("a", &[State::Unknown], &Change::Queued).await.unwrap());
    assert!(!store.decide("x", &[State::Unknown], &Change::Queued).await.unwrap());
    let prepared = Change::Prepared { activity: Some(new("b").activity), fingerprint: 1 };
    let unknown = Change::Unknown(UnknownOutcome::new("?", None));
    assert!(store.settle(fence, &[(seqs[0], prepared)]).await.unwrap());
    assert!(store.settle(fence, &[(seqs[0], unknown)]).await.unwrap());
    assert!(store.decide("a", &[State::Refused, State::Unknown], &Change::Queued).await.unwrap());
    let row = get(&*store, "a").await;
    assert_eq!((row.status, row.prepared, row.settled_at), (Status::Queued, None, None));
}

async fn what_was_prepared_is_kept(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let prepared = Change::Prepared { activity: Some(new("b").activity), fingerprint: 3 };
    assert!(store.settle(fence, &[(seqs[0], prepared)]).await.unwrap());
    assert!(store.sending(fence, LEASE, &request(1, 0, &seqs), &[]).await.unwrap());
    assert!(store.settle(fence, &[(seqs[0], Change::Queued)]).await.unwrap());
    let row = get(&*store, "a").await;
    assert_eq!((row.activity, row.prepared), (Some(new("a").activity), Some(new("b").activity)));
    assert_eq!((row.fingerprint, row.status), (Some(3), Status::Queued));
}

async fn a_reconciliation_puts_everything_in_doubt(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c", "d"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let stored = Change::Stored { id: Some(EntryId(50)), copy: None };
    let held = Change::Held { delay: LEASE, reason: "later".to_owned() };
    assert!(store.settle(fence, &[(seqs[0], stored), (seqs[1], held)]).await.unwrap());
    assert!(!store.has_unknown_ids().await.unwrap());
    assert_eq!(store.reconcile(50).await.unwrap(), 3);
    // The CRM may have records of activities that the backup does not contain.
    assert!(store.has_unknown_ids().await.unwrap());
    let rows = store.in_doubt().await.unwrap();
    assert_eq!(keys(&rows), ["b", "c", "d"]);
    assert!(rows.iter().all(|row| row.request.is_some_and(|sent| sent.number < 1 << 32 && sent.floor == 50)));
    // The lowest floor of several reconciliations counts.
    assert_eq!(store.reconcile(40).await.unwrap(), 3);
    assert_eq!(store.reconcile(60).await.unwrap(), 3);
    assert!(store.in_doubt().await.unwrap().iter().all(|row| row.request.unwrap().floor == 40));
    assert_eq!(status(&*store, "a").await, Status::Stored(Some(EntryId(50))));
}

async fn a_reconciliation_keeps_the_requests_that_were_sent(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let number = fence << 20;
    let certain =
        Request { sent: SentIn { number, floor: 70, floor_is_certain: true }, seqs: seqs[..1].to_vec() };
    assert!(store.sending(fence, LEASE, &certain, &[]).await.unwrap());
    assert!(store.sending(fence, LEASE, &request(number + 1, 0, &seqs[1..2]), &[]).await.unwrap());
    assert_eq!(store.reconcile(50).await.unwrap(), 3);
    assert_eq!(store.reconcile(40).await.unwrap(), 3);
    let rows = store.in_doubt().await.unwrap();
    let sent: Vec<_> = rows.iter().map(|row| (row.key.as_str(), row.request.unwrap())).collect();
    let sent_in = |number, floor, floor_is_certain| SentIn { number, floor, floor_is_certain };
    let expected = [
        ("c", sent_in(sent[0].1.number, 40, true)),
        ("a", sent_in(number, 70, true)),
        ("b", sent_in(number + 1, 0, false)),
    ];
    assert_eq!(sent, expected, "an equal record above the floor of b may be an older one");
}

async fn the_oldest_floor_outlives_its_activities(store: Arc<dyn Store>) {
    assert_eq!(store.oldest_floor().await.unwrap(), 0);
    let seqs = put(&*store, &["a", "b", "c"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(store.sending(fence, LEASE, &request(fence << 20, 30, &seqs[..1]), &[]).await.unwrap());
    let stored = (seqs[0], Change::Stored { id: Some(EntryId(31)), copy: None });
    assert!(
        store.sending(fence, LEASE, &request((fence << 20) + 1, 31, &seqs[1..2]), &[stored]).await.unwrap()
    );
    assert_eq!(store.purge(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(store.oldest_floor().await.unwrap(), 30);
    assert_eq!(store.reconcile(25).await.unwrap(), 2);
    assert_eq!(store.oldest_floor().await.unwrap(), 25);
}

async fn a_very_long_time_is_in_the_range_of_every_store(store: Arc<dyn Store>) {
    const LONG: Duration = Duration::from_secs(10_000_000_000_000);
    let seqs = put(&*store, &["a"]).await;
    let fence = store.acquire(LONG).await.unwrap().unwrap();
    let held = Change::Held { delay: LONG, reason: "later".to_owned() };
    assert!(store.settle(fence, &[(seqs[0], held)]).await.unwrap());
    assert_eq!(store.purge(LONG).await.unwrap(), 0);
    assert_eq!(store.remove_contents(LONG).await.unwrap(), 0);
    assert!(store.queued(0, 10).await.unwrap().is_empty());
}

async fn what_was_stored_before_a_time(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    assert!(store.sending(fence, LEASE, &request(1 << 33, 7, &seqs), &[]).await.unwrap());
    let refused = Change::Refused(Rejection::new(None, "no"));
    assert!(store.settle(fence, &[(seqs[0], refused)]).await.unwrap());
    assert_eq!(store.highest_id_before(later).await.unwrap(), None, "nothing is stored");
    let without_id = Change::Stored { id: None, copy: None };
    assert!(store.settle(fence, &[(seqs[1], without_id)]).await.unwrap());
    assert_eq!(store.highest_id_before(later).await.unwrap(), Some(7), "the floor of its request");
    let stored = Change::Stored { id: Some(EntryId(50)), copy: None };
    assert!(store.settle(fence, &[(seqs[2], stored)]).await.unwrap());
    assert_eq!(store.highest_id_before(later).await.unwrap(), Some(50));
    assert_eq!(store.highest_id_before(SystemTime::UNIX_EPOCH).await.unwrap(), None);
}

async fn many_are_cleaned_up(store: Arc<dyn Store>) {
    let keys: Vec<String> = (0..4500).map(|number| number.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let activities: Vec<NewActivity> = keys.iter().map(|key| new(key)).collect();
    assert!(store.put(&activities).await.unwrap().iter().all(Option::is_none));
    let rows = store.queued(0, keys.len()).await.unwrap();
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let stored = |row: &Row| (row.seq, Change::Stored { id: Some(EntryId(row.seq)), copy: None });
    let changes: Vec<_> = rows[..4400].iter().map(stored).collect();
    assert!(store.settle(fence, &changes).await.unwrap());
    // The same again, because the first answer of the database was lost.
    assert!(store.settle(fence, &changes).await.unwrap());
    let counts = async || {
        let stats = store.stats().await.unwrap();
        (stats.queued, stats.stored)
    };
    assert_eq!(counts().await, (100, 4400));
    assert_eq!(store.remove_contents(Duration::ZERO).await.unwrap(), 4400);
    assert_eq!(store.purge(Duration::ZERO).await.unwrap(), 4400);
    assert_eq!(counts().await, (100, 0));
}

async fn contents_are_removed_and_keys_stay(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c", "d"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let stored = Change::Stored { id: Some(EntryId(50)), copy: None };
    let without_id = Change::Stored { id: None, copy: None };
    let refused = Change::Refused(Rejection::new(None, "no"));
    let changes = [(seqs[0], stored), (seqs[1], refused), (seqs[3], without_id)];
    assert!(store.settle(fence, &changes).await.unwrap());
    assert_eq!(store.remove_contents(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(store.remove_contents(Duration::ZERO).await.unwrap(), 1, "only of what is stored with an id");
    assert_eq!(get(&*store, "d").await.activity, Some(new("d").activity));
    assert_eq!(store.remove_contents(Duration::ZERO).await.unwrap(), 0);
    let row = get(&*store, "a").await;
    assert_eq!((row.activity, row.prepared), (None, None));
    assert_eq!(
        (row.status, row.fingerprint),
        (Status::Stored(Some(EntryId(50))), Some(new("a").fingerprint))
    );
    assert!(store.last_stored(5).await.unwrap().is_empty());
    assert!(!store.decide("a", &[State::Stored], &Change::Queued).await.unwrap(), "nothing is left to send");
    assert_eq!(store.purge(Duration::from_secs(3600)).await.unwrap(), 0);
    assert_eq!(store.purge(Duration::ZERO).await.unwrap(), 3);
    assert_eq!(store.get("a").await.unwrap(), None);
    assert_eq!(status(&*store, "c").await, Status::Queued);
}

async fn lists_and_counts(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b", "c"]).await;
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    let refused = Change::Refused(Rejection::new(None, "no"));
    assert!(store.settle(fence, &[(seqs[1], refused)]).await.unwrap());
    let list = |filter: Filter| {
        let store = Arc::clone(&store);
        async move { store.list(&filter).await.unwrap().into_iter().map(|row| row.key).collect::<Vec<_>>() }
    };
    assert_eq!(list(Filter::new()).await, ["a", "b", "c"]);
    assert_eq!(list(Filter::new().after(seqs[0]).limit(1)).await, ["b"]);
    assert_eq!(list(Filter::new().state(State::Queued)).await, ["a", "c"]);
    assert_eq!(list(Filter::new().state(State::Queued).after(seqs[0])).await, ["c"]);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.queued, stats.refused, stats.stored), (2, 1, 0));
    assert!(stats.oldest.is_some_and(|age| age < LEASE));
    let held = Change::Held { delay: LEASE, reason: "no time zone".to_owned() };
    assert!(store.settle(fence, &[(seqs[0], held.clone()), (seqs[2], held)]).await.unwrap());
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.queued, stats.held), (0, 2));
    assert!(stats.oldest.is_some_and(|age| age < LEASE), "what is held is not settled");
}

async fn what_is_known_of_stored_ones(store: Arc<dyn Store>) {
    let seqs = put(&*store, &["a", "b"]).await;
    let mut equal = [new("c"), new("d"), new("e")];
    equal.iter_mut().for_each(|new| new.activity = StoredActivity::new("{}".to_owned(), None));
    store.put(&equal).await.unwrap();
    let [c, d, e] = [get(&*store, "c").await.seq, get(&*store, "d").await.seq, get(&*store, "e").await.seq];
    let fence = store.acquire(LEASE).await.unwrap().unwrap();
    assert!(store.sending(fence, LEASE, &request(1, 7, &[seqs[0], seqs[1], c, d]), &[]).await.unwrap());
    let stored = |id| Change::Stored { id: Some(EntryId(id)), copy: None };
    assert!(store.settle(fence, &[(seqs[0], stored(9)), (seqs[1], stored(8))]).await.unwrap());
    assert!(!store.has_id_below_floor().await.unwrap());
    assert_eq!(keys(&store.last_stored(1).await.unwrap()), ["a"]);
    assert_eq!(keys(&store.last_stored(5).await.unwrap()), ["a", "b"]);
    assert_eq!(store.stored_without_id().await.unwrap(), []);
    assert!(!store.has_unknown_ids().await.unwrap());
    let without_id = Change::Stored { id: None, copy: None };
    assert!(store.settle(fence, &[(c, without_id)]).await.unwrap());
    assert_eq!(store.stored_without_id().await.unwrap(), [(d, 7)], "the one that is queued is in no doubt");
    assert!(store.has_unknown_ids().await.unwrap());
    // A person may name any id.
    assert!(store.settle(fence, &[(d, Change::Unknown(UnknownOutcome::new("?", None)))]).await.unwrap());
    assert!(store.decide("d", &[State::Unknown], &stored(2)).await.unwrap());
    assert!(!store.has_id_below_floor().await.unwrap());
    assert!(store.sending(fence, LEASE, &request(2, 20, &[e]), &[]).await.unwrap());
    assert!(store.settle(fence, &[(e, stored(20))]).await.unwrap());
    assert!(store.has_id_below_floor().await.unwrap());
    let mut claimed = store.claimed(u64::MAX >> 1).await.unwrap();
    claimed.sort_unstable();
    assert_eq!(claimed, [2, 8, 9, 20]);
}
