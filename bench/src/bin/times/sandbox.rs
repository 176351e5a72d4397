//! Pages of a long list, as the sandbox makes them.

use crm_bench::{clients, row};
use crm_history::{EntryOrder, EntryQuery};

use crate::timed;

/// The slowest order, and a search. The first page of each order is not counted: the sandbox sorts then.
pub(crate) fn run(url: &str, rounds: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let history = clients::history(url, 1);
    let page =
        |query: &EntryQuery| timed(|| runtime.block_on(history.list(query)).unwrap()).as_secs_f64() * 1e3;
    let middle = |queries: &[EntryQuery]| row::median(queries.iter().map(page).collect());
    let everything = || EntryQuery::new().every_day();
    let by_order = EntryOrder::ALL.map(|order| {
        let queries: Vec<EntryQuery> = (0..=rounds as u64)
            .map(|at| everything().order_by(order).page(at * 499 / rounds as u64))
            .collect();
        page(&queries[0]);
        middle(&queries[1..])
    });
    let slowest = by_order.into_iter().fold(0.0, f64::max);
    row::print("sandbox: a page of 100,000 records, by any order", slowest, 0.0, "ms", slowest);
    let searches: Vec<EntryQuery> = (0..rounds).map(|i| everything().word(format!("{i}7"))).collect();
    let search = middle(&searches);
    row::print("sandbox: a page of 100,000 records, by a search", search, 0.0, "ms", search);
}
