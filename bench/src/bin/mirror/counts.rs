//! Requests of runs in which nothing is new. They are the same in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crm_bench::row;
use crm_mirror::{MemoryStore, Mirror, Mode, Sync, Table, Texts};

use crm_bench::canned::{Canned, PAGE, now};
use crm_bench::clients::runtime;

/// A quick run with nothing new.
pub(crate) fn quick() {
    runtime().block_on(async {
        let crm = Canned::new(20_000, 0);
        let mirror = Mirror::with_store(MemoryStore::new()).with_clock(now);
        let sync = || Sync::new().history(&crm.history()).texts(Texts::AsListed);
        assert!(mirror.run(sync()).await.unwrap().is_complete());
        crm.counted().activities.store(0, Ordering::Relaxed);
        let report = mirror.run(sync().mode(Mode::Quick)).await.unwrap();
        assert!(report.is_complete(), "{report}");
        let read = report.table(Table::Activities).unwrap().read;
        let (requests, most) = (crm.counted().activities.load(Ordering::Relaxed), read.div_ceil(PAGE) + 4);
        let name = "requests of a quick run with nothing new / pages of its window + 4";
        row::print(name, requests as f64, most as f64, "requests", requests as f64 / most as f64);
    });
}

/// A second run over unchanged projects, a day later.
pub(crate) fn projects(count: u64) {
    runtime().block_on(async {
        let crm = Canned::new(0, count);
        let days = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&days);
        let mirror = Mirror::with_store(MemoryStore::new())
            .with_clock(move || now() + Duration::from_secs(clock.load(Ordering::Relaxed) * 86_400));
        let sync = || Sync::new().projects(&crm.projects());
        assert!(mirror.run(sync()).await.unwrap().is_complete());
        crm.counted().projects.store(0, Ordering::Relaxed);
        days.store(1, Ordering::Relaxed);
        let report = mirror.run(sync()).await.unwrap();
        assert!(report.is_complete(), "{report}");
        let requests = crm.counted().projects.load(Ordering::Relaxed);
        // Five lists belong to each project.
        let least = count.div_ceil(100) + count.div_ceil(7) * 5;
        let name = "requests of a second run over unchanged projects / the list and the rotation";
        row::print(name, requests as f64, least as f64, "requests", requests as f64 / least as f64);
    });
}
