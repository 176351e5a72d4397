//! The queries of the guide run over a copy.

use crm_mirror::{Mirror, Mode, PostgresStore};
use crm_sandbox::{Payment, Sandbox};

use crate::cluster::Cluster;
use crate::world::World;

const PAGES: [(&str, &str); 4] = [
    ("mirror.md", include_str!("../../../../docs/guide/mirror.md")),
    ("ru/mirror.md", include_str!("../../../../docs/guide/ru/mirror.md")),
    ("reconcile.md", include_str!("../../../../docs/guide/reconcile.md")),
    ("ru/reconcile.md", include_str!("../../../../docs/guide/ru/reconcile.md")),
];

/// The queries of a page. Those for SQLite run in PostgreSQL, too, except where the page has another one for it.
fn queries(page: &str) -> Vec<&str> {
    blocks(page, "sql")
}

/// The queries of a page for PostgreSQL alone.
fn postgres_queries(page: &str) -> Vec<&str> {
    blocks(page, "sql,postgresql")
}

fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let blocks = page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| block.trim_end().trim_end_matches(';')).collect()
}

/// A copy of the same CRM in PostgreSQL.
async fn copy_in(cluster: &Cluster, world: &World) -> Mirror {
    world.with_clock(Mirror::with_store(PostgresStore::open(&cluster.url()).await.unwrap()))
}

#[tokio::test]
async fn every_query_of_the_guide_runs_and_the_pages_in_both_languages_have_the_same() {
    let world = World::with(Sandbox::builder().records(60).clients(5).contacts(5).projects(9));
    let sync = crate::world::sync().history(&world.history()).directory(&world.directory());
    assert!(world.mirror().await.run(sync.projects(&world.projects())).await.unwrap().is_complete());
    world.query("CREATE TABLE ledger (date TEXT, kind TEXT, amount TEXT)");
    for (name, page) in PAGES {
        let queries = queries(page);
        assert!(!queries.is_empty(), "{name}");
        for query in queries {
            world.query(query);
        }
    }
    assert_eq!(queries(PAGES[0].1), queries(PAGES[1].1));
    assert_eq!(queries(PAGES[2].1), queries(PAGES[3].1));
    assert_eq!(postgres_queries(PAGES[0].1), postgres_queries(PAGES[1].1));
    assert_eq!(postgres_queries(PAGES[2].1), postgres_queries(PAGES[3].1));
    // The days and the number are those of the reader's own data.
    let number = world.query("SELECT tail FROM phones LIMIT 1").remove(0);
    for query in &queries(PAGES[0].1)[..3] {
        let query = query.replace("2024-06-01", "2023-01-01").replace("3422067201", &number);
        assert!(!world.query(&query).is_empty(), "{query}");
    }
}

#[tokio::test]
async fn every_query_of_the_guide_runs_in_postgresql_or_has_another_one_for_it() {
    let Some(cluster) = Cluster::start() else { return };
    let world = World::with(Sandbox::builder().records(60).clients(5).contacts(5).projects(9));
    let sync = crate::world::sync().history(&world.history()).directory(&world.directory());
    let copy = copy_in(&cluster, &world).await;
    assert!(copy.run(sync.projects(&world.projects())).await.unwrap().is_complete());
    cluster.execute(LEDGER).await;
    for (name, page) in PAGES {
        let own = postgres_queries(page);
        let (of_sqlite, of_both): (Vec<&str>, Vec<&str>) = queries(page)
            .into_iter()
            .partition(|query| query.contains("json_extract") || query.contains("printf"));
        assert_eq!(of_sqlite.len(), own.len(), "{name}");
        let months = ["datetime('now', '-3 months')", "now() - interval '3 months'"];
        assert!(!name.ends_with("mirror.md") || months.iter().all(|months| page.contains(months)), "{name}");
        for query in own.into_iter().chain(of_both) {
            cluster.query(&as_text(&query.replace(months[0], months[1]))).await;
        }
    }
}

/// The query with each row as one text.
fn as_text(query: &str) -> String {
    format!("SELECT row::text FROM ({query}) AS row")
}

#[tokio::test]
async fn the_query_for_a_closed_month_finds_payments_that_were_moved_into_it_or_out_of_it() {
    let world = World::with(Sandbox::builder().projects(3));
    let payments = |payments: &[(u64, &str, u32)]| {
        let sample =
            world.sandbox.projects().iter().find_map(|project| project.payments.first().cloned()).unwrap();
        let payment = |(id, date, amount): &(u64, &str, u32)| {
            let mut payment = sample.clone();
            (payment.id, payment.date, payment.amount) = (*id, date.parse().unwrap(), (*amount).into());
            payment
        };
        let payments: Vec<Payment> = payments.iter().map(payment).collect();
        assert!(world.sandbox.change_project(1, |project| project.payments = payments));
    };
    let cluster = Cluster::start();
    let mut copies = vec![world.mirror().await];
    if let Some(cluster) = &cluster {
        copies.push(copy_in(cluster, &world).await);
    }
    let run = async || {
        for copy in &copies {
            let sync = crate::world::sync().projects(&world.projects()).mode(Mode::Full);
            assert!(copy.run(sync).await.unwrap().is_complete());
        }
    };
    payments(&[
        (901, "2024-06-30", 1),
        (902, "2024-07-01", 1),
        (903, "2024-06-01", 1),
        (904, "2024-07-01", 1),
        (905, "2024-05-31", 1),
        (906, "2024-06-15", 1),
        (907, "2024-05-31", 1),
    ]);
    run().await;
    world.hours(24 * 10); // it is July
    payments(&[
        (901, "2024-07-01", 1), // moved out of June
        (902, "2024-06-30", 1), // moved into June, from July
        (903, "2024-06-01", 2), // another amount
        (904, "2024-07-01", 2), // of July
        (905, "2024-05-31", 2), // of May
        // 906 was deleted.
        (907, "2024-06-01", 1), // moved into June, from May
        (908, "2024-06-02", 1), // entered late
    ]);
    run().await;
    let expected = ["delete 906", "insert 908", "update 901", "update 902", "update 903", "update 907"];
    let page = PAGES[0].1;
    let of_june = |queries: Vec<&str>| {
        let query = queries.into_iter().find(|query| query.contains("FROM changes")).unwrap();
        format!("SELECT change || ' ' || id FROM ({query}) AS found ORDER BY 1")
    };
    assert_eq!(world.query(&of_june(queries(page))), expected);
    if let Some(cluster) = &cluster {
        assert_eq!(cluster.query(&of_june(postgres_queries(page))).await, expected);
    }
}

/// The table of the guide for the ledger in PostgreSQL.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS ledger (date date, kind text, amount numeric)";

#[tokio::test]
async fn the_query_for_accounting_finds_what_one_side_lacks() {
    let world = World::with(Sandbox::builder().projects(3));
    let sample =
        world.sandbox.projects().iter().find_map(|project| project.payments.first().cloned()).unwrap();
    let payment = |id, amount| {
        let mut payment = sample.clone();
        (payment.id, payment.income, payment.amount, payment.currency_id) = (id, true, amount, 1);
        payment.date = "2020-01-08".parse().unwrap();
        payment
    };
    for project in world.sandbox.projects() {
        let payments = [payment(901, 3000), payment(902, 7400)];
        world.sandbox.change_project(project.id, |project| {
            project.payments = if project.id == 1 { payments.to_vec() } else { Vec::new() };
        });
    }
    let sync = crate::world::sync().projects(&world.projects());
    assert!(world.mirror().await.run(sync).await.unwrap().is_complete());
    world.query("CREATE TABLE ledger (date TEXT, kind TEXT, amount TEXT)");
    for amount in ["3000.00", "7300.50"] {
        world.query(&format!("INSERT INTO ledger VALUES ('2020-01-08', 'income', '{amount}')"));
    }
    let found = world.query(queries(PAGES[2].1)[0]);
    let expected = ["2020-01-08 | income | 7300.50 | 0 | 1", "2020-01-08 | income | 7400.00 | 1 | 0"];
    assert_eq!(found, expected);

    let Some(cluster) = Cluster::start() else { return };
    let copy = copy_in(&cluster, &world).await;
    assert!(copy.run(crate::world::sync().projects(&world.projects())).await.unwrap().is_complete());
    assert!(PAGES[2..].iter().all(|(_, page)| page.contains(LEDGER)));
    cluster.execute(LEDGER).await;
    for amount in ["3000.00", "7300.5"] {
        cluster.execute(&format!("INSERT INTO ledger VALUES ('2020-01-08', 'income', '{amount}')")).await;
    }
    let found = cluster.query(&as_text(postgres_queries(PAGES[2].1)[0])).await;
    assert_eq!(found, ["(2020-01-08,income,7300.50,0,1)", "(2020-01-08,income,7400.00,1,0)"]);
}
