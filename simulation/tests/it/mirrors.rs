//! A few dozen seeds of mirrors with every test run.

use simulation::{Campaign, Until, report_mirror, simulate_mirror};

#[test]
fn no_seed_leaves_a_copy_that_is_not_the_crm() {
    let campaign = Campaign::run_mirrors(1, Until::Seeds(40), 3);
    let failed: Vec<String> = campaign.failed().iter().map(|finished| report_mirror(finished, 40)).collect();
    assert!(failed.is_empty(), "{}\n{}", campaign.summary(), failed.join("\n"));
    assert!(campaign.median_requests() > 3, "{}", campaign.summary());
}

#[test]
fn a_seed_of_a_mirror_runs_the_same_way_each_time() {
    for seed in 1_000..1_006 {
        let (first, second) = (simulate_mirror(seed), simulate_mirror(seed));
        assert_eq!(first.trace, second.trace, "seed {seed}");
        assert_eq!(first.hash, second.hash);
    }
}
