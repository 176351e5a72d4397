//! What an outbox does that has nothing to do.

use std::time::Duration;

use crm_bench::{clients, row};
use crm_outbox::{Outbox, tokio_postgres};

use crm_bench::clients::runtime;
use crm_bench::postgres::Cluster;

/// A whole number of the periods of everything that comes again: 1 s, 15 s and 30 s.
const WATCHED: Duration = Duration::from_secs(30);

pub(crate) fn run(url: &str) {
    let Some(cluster) = Cluster::start() else { return };
    let (calls, queries) = runtime().block_on(async {
        let history = clients::history(url, 2);
        // What asks for the figures is in another database, and does not count.
        let other = cluster.url().replace("/postgres?", "/template1?");
        let (client, connection) = tokio_postgres::connect(&other, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let outbox = Outbox::open(&cluster.url()).await.unwrap();
        let _delivery = outbox.deliver(history.clone()).start();
        tokio::time::sleep(Duration::from_secs(5)).await; // it begins
        let before = transactions(&client).await;
        tokio::time::sleep(WATCHED).await;
        (history.stats().calls, transactions(&client).await - before)
    });
    row::print("calls of an idle outbox in half a minute", calls as f64, 0.0, "calls", calls as f64);
    let seconds = WATCHED.as_secs_f64();
    let name = "transactions of an idle outbox in PostgreSQL / seconds";
    row::print(name, queries as f64, seconds, "transactions", queries as f64 / seconds);
}

/// Returns how many transactions ended in the database of the outbox. The figures are a second late.
async fn transactions(client: &tokio_postgres::Client) -> i64 {
    let ask =
        "SELECT sum(xact_commit + xact_rollback)::bigint FROM pg_stat_database WHERE datname = 'postgres'";
    client.query_one(ask, &[]).await.unwrap().get(0)
}
