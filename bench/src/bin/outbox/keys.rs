//! How much room a key takes whose content was removed.

use crm_bench::row;
use crm_outbox::{Outbox, rusqlite, tokio_postgres};

use crate::postgres::Cluster;
use crate::{Folder, runtime};

const KEYS: u32 = 200_000;

/// What remains of an activity, for key number `n`.
const REMAINS: &str = "state, put_at, fingerprint, request, floor, floor_is_certain, record_id, settled_at";

pub(crate) fn run() {
    let runtime = runtime();
    let folder = Folder::new();
    drop(runtime.block_on(folder.outbox()));
    let connection = rusqlite::Connection::open(folder.0.join("outbox.db")).unwrap();
    let size = || -> f64 {
        connection.execute_batch("VACUUM").unwrap();
        let size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        connection.query_row(size, [], |row| row.get::<_, i64>(0)).unwrap() as f64
    };
    let before = size();
    let insert = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {KEYS})
         INSERT INTO crm_outbox_activities (key, {REMAINS})
         SELECT printf('call-1700000000.%010d', n), 'stored', 1700000000000 + n, random(), 1000000000000 + n / 100,
            5000000 + n - 100, 1, 5000000 + n, 1700000000000 + n FROM numbers"
    );
    connection.execute_batch(&insert).unwrap();
    let bytes = (size() - before) / f64::from(KEYS);
    row::print("bytes of a key in SQLite", bytes, f64::from(KEYS), "bytes, keys", bytes);

    let Some(cluster) = Cluster::start() else { return };
    let bytes = runtime.block_on(async {
        drop(Outbox::open(&cluster.url()).await.unwrap());
        let (client, connection) =
            tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let insert = format!(
            "INSERT INTO crm_outbox_activities (key, {REMAINS})
             SELECT 'call-1700000000.' || lpad(n::text, 10, '0'), 'stored', now(), (random() * 9e18)::bigint,
                1000000000000 + n / 100, 5000000 + n - 100, TRUE, 5000000 + n, now()
             FROM generate_series(1, {KEYS}) AS n"
        );
        client.batch_execute(&insert).await.unwrap();
        client.batch_execute("VACUUM FULL crm_outbox_activities").await.unwrap();
        let size = "SELECT pg_total_relation_size('crm_outbox_activities')";
        client.query_one(size, &[]).await.unwrap().get::<_, i64>(0) as f64 / f64::from(KEYS)
    });
    row::print("bytes of a key in PostgreSQL", bytes, f64::from(KEYS), "bytes, keys", bytes);
}
