//! The queries of the guide run over a copy.

use crm_sandbox::Sandbox;

use crate::world::World;

const PAGES: [(&str, &str); 4] = [
    ("mirror.md", include_str!("../../../../docs/guide/mirror.md")),
    ("ru/mirror.md", include_str!("../../../../docs/guide/ru/mirror.md")),
    ("reconcile.md", include_str!("../../../../docs/guide/reconcile.md")),
    ("ru/reconcile.md", include_str!("../../../../docs/guide/ru/reconcile.md")),
];

/// The queries of a page.
fn queries(page: &str) -> Vec<&str> {
    page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
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
    let shown = |page: usize, query: usize| world.query(queries(PAGES[page].1)[query]);
    assert!(!shown(0, 0).is_empty() && !shown(0, 1).is_empty(), "the views are empty");
    let number = world.query("SELECT tail FROM phones LIMIT 1").remove(0);
    let who_called = queries(PAGES[0].1)[2].replace("3422067201", &number);
    assert!(!world.query(&who_called).is_empty());
}

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
}
