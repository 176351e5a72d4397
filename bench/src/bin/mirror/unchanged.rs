//! A full run over a CRM in which nothing has changed.

use std::time::Instant;

use crm_mirror::{Mirror, Mode, Sync, Texts};

use crm_bench::canned::{Canned, now};
use crm_bench::clients::runtime;

/// Copies so many activities into a file.
pub(crate) fn fill(file: &str, count: u64) {
    runtime().block_on(async {
        let report = mirror(file).await.run(sync(count)).await.unwrap();
        assert!(report.is_complete(), "{report}");
    });
}

/// Compares them again. Prints the seconds, and the peak of memory in KiB.
pub(crate) fn full(file: &str, count: u64) {
    runtime().block_on(async {
        let started = Instant::now();
        let report = mirror(file).await.run(sync(count)).await.unwrap();
        let seconds = started.elapsed().as_secs_f64();
        let table = report.tables.iter().find(|table| table.table == crm_mirror::Table::Activities).unwrap();
        assert!(report.is_complete() && table.read == count && table.updated == 0, "{report}");
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        println!("{seconds} {}", peak.trim().trim_end_matches(" kB"));
    });
}

async fn mirror(file: &str) -> Mirror {
    Mirror::open(&format!("sqlite:{file}")).await.unwrap().with_clock(now)
}

fn sync(count: u64) -> Sync {
    Sync::new().history(&Canned::new(count, 0).history()).texts(Texts::AsListed).mode(Mode::Full)
}
