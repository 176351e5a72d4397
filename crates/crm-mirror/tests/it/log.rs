//! The change log of each store, over whatever is written.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crm_mirror::store::{Batch, Removal, RunEnd, Store};
use crm_mirror::{
    Change, ChangeFilter, Key, MemoryStore, PostgresStore, Row, Shape, SqliteStore, Table, Value,
};

use crate::cluster::Cluster;
use crate::scratch::Scratch;

/// What is done to all stores, one step after the other.
struct Story {
    random: fastrand::Rng,
    shape: Arc<Shape>,
    run: i64,
    now: i64,
    /// The highest ID so far.
    newest: i64,
}

enum Step {
    Commit(Batch),
    End(RunEnd),
    Forget(Table, i64),
}

impl Story {
    fn new(seed: u64) -> Self {
        let columns = Table::Activities.columns().iter().map(|(name, kind)| ((*name).to_owned(), *kind));
        let shape = Arc::new(Shape { table: Table::Activities, columns: columns.collect() });
        Self { random: fastrand::Rng::with_seed(seed), shape, run: 1, now: 1_700_000_000, newest: 0 }
    }

    fn row(&mut self, id: i64) -> Row {
        let client = self.random.i64(1..4);
        let is_client = |(name, _): &(String, _)| name == "client_id";
        let value = |column| if is_client(column) { Value::Integer(client) } else { Value::Null };
        Row {
            key: Key::new(id),
            values: self.shape.columns.iter().map(value).collect(),
            raw: format!("{{\"clid\": {client}}}"),
            fingerprint: 0,
            detail: None,
            phones: Vec::new(),
        }
    }

    fn batch(&self) -> Batch {
        Batch::new(self.run, self.now, &self.shape)
    }

    /// Some of the IDs so far, and a few above them.
    fn some_ids(&mut self) -> Vec<i64> {
        let count = self.random.usize(1..40);
        let mut ids: Vec<i64> = (0..count).map(|_| self.random.i64(1..self.newest + 10)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn step(&mut self) -> Step {
        // The clock is often set back.
        self.now += self.random.i64(-90_000..110_000);
        let mut batch = self.batch();
        match self.random.u8(0..13) {
            0..3 => {
                for _ in 0..self.random.usize(180..240) {
                    self.newest += self.random.i64(1..4);
                    batch.puts.push(self.row(self.newest));
                }
            }
            3..6 => {
                let ids = self.some_ids();
                self.newest = self.newest.max(*ids.last().unwrap());
                batch.puts = ids.into_iter().map(|id| self.row(id)).collect();
            }
            6..9 => {
                let all = [Removal::Delete, Removal::SoftDelete, Removal::OutOfView];
                let removal = self.random.choice(all).unwrap();
                batch.removals = self.some_ids().into_iter().map(|id| (Key::new(id), removal)).collect();
            }
            9 => {
                // The newest ones go, so that others get their place.
                let ids = (self.newest - self.random.i64(0..300)).max(1)..=self.newest;
                self.newest = ids.start() - 1;
                batch.removals = ids.map(|id| (Key::new(id), Removal::Delete)).collect();
            }
            10 => {
                if self.random.bool() {
                    return Step::Forget(Table::Activities, self.random.i64(1..self.newest + 10));
                }
                return Step::Forget(Table::Clients, self.random.i64(1..4));
            }
            _ => {
                let end = RunEnd {
                    run: self.run,
                    ended_at: self.now,
                    mode: "full",
                    verdict: "complete",
                    figures: "{}".to_owned(),
                    error: None,
                    shift_hours: None,
                    settings: Vec::new(),
                    keep_since: self.now - self.random.i64(0..300_000),
                };
                return Step::End(end);
            }
        }
        Step::Commit(batch)
    }
}

async fn take(store: &dyn Store, step: &Step) -> String {
    let fence = 1;
    match step {
        Step::Commit(batch) => format!("{:?}", store.commit(fence, vec![batch.clone()]).await.unwrap()),
        Step::End(end) => format!("{:?}", store.end_run(fence, end).await.unwrap()),
        Step::Forget(table, id) => format!("{:?}", store.forget(fence, *table, *id).await.unwrap()),
    }
}

/// The entries of a log without their positions, which must grow and be after what was removed.
async fn log(store: &dyn Store, filter: &ChangeFilter) -> Vec<String> {
    let pruned = store.settings().await.unwrap().get("pruned").map_or(0, |seq| seq.parse().unwrap());
    let newest = store.newest_change().await.unwrap();
    let mut filter = filter.clone();
    let mut lines = Vec::new();
    loop {
        let some = store.changes(&filter).await.unwrap();
        assert!(some.len() <= filter.limit as usize);
        for mut change in some.iter().cloned() {
            assert!(change.seq > filter.after && change.seq > pruned && change.seq <= newest, "{change:?}");
            filter.after = change.seq;
            change.seq = 0;
            lines.push(format!("{change:?}"));
        }
        if some.is_empty() {
            return lines;
        }
    }
}

async fn tell(stores: &[&dyn Store], seed: u64) {
    for store in stores {
        assert_eq!(store.lock().await.unwrap(), Some(1));
        assert_eq!(store.begin_run(1, 1, "full").await.unwrap(), 1);
    }
    let mut story = Story::new(seed);
    for step in 0..25 {
        let what = story.step();
        let one = take(stores[0], &what).await;
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(story.now.unsigned_abs() - 200_000);
        let filters = [
            ChangeFilter::new().limit(story.random.u32(1..900)),
            ChangeFilter::new().since(start),
            ChangeFilter::new().table(Table::Clients),
        ];
        let mut logs = Vec::new();
        for filter in &filters {
            logs.push(log(stores[0], filter).await);
        }
        for store in &stores[1..] {
            assert_eq!(take(*store, &what).await, one, "seed {seed}, step {step}");
            for (filter, expected) in filters.iter().zip(&logs) {
                let other = log(*store, filter).await;
                let differ = other.iter().zip(expected).find(|(a, b)| a != b);
                assert_eq!(differ, None, "seed {seed}, step {step}");
                assert_eq!(other.len(), expected.len(), "seed {seed}, step {step}");
            }
        }
    }
}

/// The view `changes` as the store reads it.
async fn lines_of(store: &dyn Store) -> Vec<String> {
    let all = store.changes(&ChangeFilter::new().limit(u32::MAX)).await.unwrap();
    let line = |change: &Change| {
        let [before, after] = [&change.before, &change.after].map(|json| json.as_deref().unwrap_or("none"));
        format!("{} {} {} {before} {after}", change.seq, change.kind.as_str(), change.key.id)
    };
    all.iter().map(line).collect()
}

/// The same in SQL.
const LINE: &str = "seq || ' ' || change || ' ' || id || ' ' || coalesce(CAST(before AS text), 'none') || ' '
    || coalesce(CAST(after AS text), 'none')";

#[tokio::test]
async fn every_store_has_the_same_log_whatever_is_written_and_its_view_too() {
    let cluster = Cluster::start();
    for seed in 0..4 {
        let scratch = Scratch::new();
        let memory = MemoryStore::new();
        let path = scratch.path().join("crm.db");
        let sqlite = SqliteStore::open(&path).await.unwrap();
        let mut stores: Vec<&dyn Store> = vec![&memory, &sqlite];
        let mut postgres = None;
        let schema = format!("copy_{seed}");
        if let Some(cluster) = &cluster {
            let store = PostgresStore::open_in_schema(&cluster.url(), &schema).await.unwrap();
            stores.push(postgres.insert(store));
        }
        tell(&stores, seed).await;

        let reader = rusqlite::Connection::open(&path).unwrap();
        let mut view = reader.prepare(&format!("SELECT {LINE} FROM changes ORDER BY seq")).unwrap();
        let lines: Vec<String> = view.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(!lines.is_empty());
        assert_eq!(lines, lines_of(&sqlite).await);
        if let (Some(cluster), Some(store)) = (&cluster, &postgres) {
            let sql = format!("SELECT {LINE} FROM {schema}.changes ORDER BY seq");
            assert_eq!(cluster.query(&sql).await, lines_of(store).await);
        }
    }
}

#[tokio::test]
async fn a_page_goes_on_after_a_load_whose_last_row_was_forgotten() {
    let scratch = Scratch::new();
    let sqlite = SqliteStore::open(scratch.path().join("crm.db")).await.unwrap();
    let cluster = Cluster::start();
    let mut stores: Vec<Box<dyn Store>> = vec![Box::new(sqlite), Box::new(MemoryStore::new())];
    if let Some(cluster) = &cluster {
        stores.push(Box::new(PostgresStore::open(&cluster.url()).await.unwrap()));
    }
    for store in stores {
        let fence = store.lock().await.unwrap().unwrap();
        let mut story = Story::new(0);
        for ids in [1..201, 201..401] {
            let puts = ids.map(|id| story.row(id)).collect();
            store.commit(fence, vec![Batch { puts, ..story.batch() }]).await.unwrap();
        }
        store.forget(fence, Table::Activities, 200).await.unwrap();
        let page = |after| {
            let filter = ChangeFilter::new().after(after).limit(1);
            let store = &store;
            async move { store.changes(&filter).await.unwrap().pop().unwrap() }
        };
        let mut change = page(0).await;
        while change.key.id < 199 {
            change = page(change.seq).await;
        }
        assert_eq!(page(change.seq).await.key.id, 201);
    }
}
