//! Many activities on their way out, beside an import of as many.

use std::time::Instant;

use crm_bench::{clients, row};
use crm_outbox::Outbox;

use crate::entry;
use crm_bench::clients::runtime;
use crm_bench::folder::Folder;

const MANY: usize = 10_000;

pub(crate) fn run(url: &str, rounds: usize) {
    let runtime = runtime();
    let history = clients::history(url, 2);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let folder = Folder::new();
        let deliver = async {
            let outbox = crate::outbox(&folder).await;
            put_all(&outbox, round).await;
            let began = Instant::now();
            outbox.deliver(history.clone()).until_empty().start().finished().await.unwrap();
            let delivered = MANY as f64 / began.elapsed().as_secs_f64();
            assert_eq!(outbox.stats().await.unwrap().stored, MANY as u64);
            delivered
        };
        let import = async {
            let began = Instant::now();
            let entries = (0..MANY).map(move |number| entry(number + (round + 1) * 1_000_000));
            let journal = folder.0.join("journal");
            let report = history.import(entries).journal(journal).run().await.unwrap();
            assert!(report.is_complete(), "{report}");
            MANY as f64 / began.elapsed().as_secs_f64()
        };
        let (delivered, imported) =
            row::by_turns(round, || runtime.block_on(deliver), || runtime.block_on(import));
        ours.push(delivered);
        theirs.push(imported);
        ratios.push(delivered / imported);
    }
    let name = "deliver 10,000 / import of 10,000 with a journal";
    row::print(name, row::median(ours), row::median(theirs), "records/s", row::median(ratios));
}

async fn put_all(outbox: &Outbox, round: usize) {
    let puts = (0..MANY).map(|number| {
        let outbox = outbox.clone();
        async move {
            let entry = entry(number + round * 10_000_000);
            outbox.put(&format!("call-{round}-{number}"), &entry).await.unwrap();
        }
    });
    futures_util::future::join_all(puts).await;
}
