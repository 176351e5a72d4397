//! A few hundred seeds with every test run.

use simulation::{Campaign, Job, Selection, Until, report, simulate};

#[test]
fn no_seed_loses_or_doubles_an_activity() {
    let selection = Selection::default();
    let campaign = Campaign::run(1, Until::Seeds(200), &selection, 3);
    let failed: Vec<String> =
        campaign.failed().iter().map(|finished| report(finished, &selection, 40)).collect();
    assert!(failed.is_empty(), "{}\n{}", campaign.summary(), failed.join("\n"));
    assert!(campaign.median_requests() > 3, "{}", campaign.summary());
}

#[test]
fn no_seed_of_an_outbox_loses_or_doubles_an_activity() {
    let selection = Selection::default().with_job(Job::Outbox);
    let campaign = Campaign::run(1, Until::Seeds(100), &selection, 3);
    let failed: Vec<String> =
        campaign.failed().iter().map(|finished| report(finished, &selection, 40)).collect();
    assert!(failed.is_empty(), "{}\n{}", campaign.summary(), failed.join("\n"));
    assert!(campaign.median_requests() > 3, "{}", campaign.summary());
}

#[test]
fn no_activity_is_doubled_where_ids_go_down_and_processes_crash() {
    let groups = "crash,torn,undated,owners,old_equal,seller,nearly_equal,ids_going_down,close_late,\
                  close_after_commit,commit_half,no_answer_late,cut_body,slow_answer";
    let selection = Selection::only(groups).unwrap_or_default();
    for seed in [1_000_682, 1_001_389, 1_002_336, 1_002_422, 1_002_599, 1_002_747, 1_003_631] {
        let finished = simulate(seed, &selection);
        assert!(finished.violations.is_empty(), "{}", report(&finished, &selection, 40));
    }
}

#[test]
fn no_outbox_takes_an_older_record_for_its_own_or_stays_in_doubt_because_of_it() {
    let selection = Selection::default().with_job(Job::Outbox);
    for seed in [
        100_154, 105_621, 107_088, 101_903, 106_860, 100_701, 103_691, 106_133, 412_786, 415_388, 416_795,
        419_860,
    ] {
        let finished = simulate(seed, &selection);
        assert!(finished.violations.is_empty(), "{}", report(&finished, &selection, 40));
    }
}

#[test]
fn seeds_that_once_doubled_or_lost_an_activity_do_neither() {
    let outbox = Selection::default().with_job(Job::Outbox);
    for (seed, selection) in [
        // A list that shows the newest records only lacks one whose ID is not known. An equal record stood for it.
        (230_050_789, Selection::default()),
        // A list that shows nothing was tested with another activity in each run.
        (240_028_367, Selection::default()),
        // After a takeover the record of an activity whose ID is not known was taken for another one, an hour away.
        (350_022_618, outbox.clone()),
        (350_063_183, outbox.clone()),
        // So was one that is read with the very time of the activity in doubt, and one that a restored backup had forgotten.
        (370_151_444, outbox.clone()),
        (370_115_342, outbox),
    ] {
        let finished = simulate(seed, &selection);
        assert!(finished.violations.is_empty(), "{}", report(&finished, &selection, 40));
    }
}

#[test]
fn a_seed_runs_the_same_way_each_time() {
    let outbox = Selection::default().with_job(Job::Outbox);
    for selection in [Selection::default(), Selection::all(), outbox] {
        for seed in 1_000..1_010 {
            let (first, second) = (simulate(seed, &selection), simulate(seed, &selection));
            assert_eq!(first.trace, second.trace, "seed {seed}{}", selection.option());
            assert_eq!(first.hash, second.hash);
        }
    }
}
