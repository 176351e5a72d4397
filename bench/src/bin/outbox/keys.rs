//! What stored activities cost whose contents were removed: the room of a key, and the time of what comes again and again.

use std::time::{Duration, Instant};

use crm_bench::row;
use crm_outbox::{Outbox, PostgresStore, SqliteStore, Store, rusqlite, tokio_postgres};

use crm_bench::clients::runtime;
use crm_bench::folder::Folder;
use crm_bench::postgres::Cluster;

const FEW: u32 = 10_000;
const MANY: u32 = 1_000_000;

/// What remains of an activity, for key number `n`.
const REMAINS: &str = "state, put_at, fingerprint, request, floor, floor_is_certain, record_id, settled_at";
const COUNTED: &str =
    "UPDATE crm_outbox_meta SET value = (SELECT count(*) FROM crm_outbox_activities) WHERE name = 'stored'";

pub(crate) fn run() {
    let runtime = runtime();
    let folder = Folder::new();
    drop(runtime.block_on(crate::outbox(&folder)));
    let file = folder.0.join("outbox.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let size = || -> f64 {
        connection.execute_batch("VACUUM").unwrap();
        let size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        connection.query_row(size, [], |row| row.get::<_, i64>(0)).unwrap() as f64
    };
    let insert = |first: u32, last: u32| {
        let insert = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
             INSERT INTO crm_outbox_activities (key, {REMAINS})
             SELECT printf('call-1700000000.%010d', n), 'stored', 1700000000000 + n, random(),
                1000000000000 + n / 100, 5000000 + n - 100, 1, 5000000 + n, 1700000000000 + n FROM numbers; {COUNTED}"
        );
        connection.execute_batch(&insert).unwrap();
    };
    let store = runtime.block_on(SqliteStore::open(&file)).unwrap();
    let before = size();
    insert(1, FEW);
    let few = runtime.block_on(upkeep(&store, FEW));
    insert(FEW + 1, MANY);
    let many = runtime.block_on(upkeep(&store, MANY));
    let bytes = (size() - before) / f64::from(MANY);
    row::print("bytes of a key in SQLite", bytes, f64::from(MANY), "bytes, keys", bytes);
    let name = "upkeep of 1,000,000 stored keys / of 10,000, SQLite";
    row::print(name, many, few, "ms", many - few);

    let Some(cluster) = Cluster::start() else { return };
    let (bytes, few, many) = runtime.block_on(async {
        drop(Outbox::open(&cluster.url()).await.unwrap());
        let (client, connection) =
            tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let insert = async |first: u32, last: u32| {
            let insert = format!(
                "INSERT INTO crm_outbox_activities (key, {REMAINS})
                 SELECT 'call-1700000000.' || lpad(n::text, 10, '0'), 'stored', now(), (random() * 9e18)::bigint,
                    1000000000000 + n / 100, 5000000 + n - 100, TRUE, 5000000 + n, now()
                 FROM generate_series({first}, {last}) AS n; {COUNTED}"
            );
            client.batch_execute(&insert).await.unwrap();
            client.batch_execute("VACUUM FULL ANALYZE crm_outbox_activities").await.unwrap();
        };
        let store = PostgresStore::open(&cluster.url()).await.unwrap();
        insert(1, FEW).await;
        let few = upkeep(&store, FEW).await;
        insert(FEW + 1, MANY).await;
        let many = upkeep(&store, MANY).await;
        let size = "SELECT pg_total_relation_size('crm_outbox_activities')";
        let bytes = client.query_one(size, &[]).await.unwrap().get::<_, i64>(0) as f64 / f64::from(MANY);
        (bytes, few, many)
    });
    row::print("bytes of a key in PostgreSQL", bytes, f64::from(MANY), "bytes, keys", bytes);
    let name = "upkeep of 1,000,000 stored keys / of 10,000, PostgreSQL";
    row::print(name, many, few, "ms", many - few);
}

/// Returns how many milliseconds the sender needs for its counts and for removing old contents, where there are none.
async fn upkeep(store: &dyn Store, keys: u32) -> f64 {
    let mut times = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        assert_eq!(store.stats().await.unwrap().stored, u64::from(keys));
        assert_eq!(store.remove_contents(Duration::from_secs(30 * 24 * 3600)).await.unwrap(), 0);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    row::median(times)
}
