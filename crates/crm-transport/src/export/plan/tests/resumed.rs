//! Exports that are killed, and resume from what was saved.

use super::other_order::lists;
use super::*;

/// Reads a list with an answer to each request. The run is killed after a request, or ends with an error, and the next one
/// resumes. Returns the records, and whether anything was noticed.
pub(super) fn read_with_a_kill(
    concurrency: usize,
    size: usize,
    kill: Option<usize>,
    page: impl Fn(usize, u64) -> Page<u64>,
) -> (Vec<u64>, bool) {
    let (mut records, mut requests, mut from) = (Vec::new(), 0, ResumePoint::default());
    let mut is_noticed_before = false;
    loop {
        let mut plan = Plan::new(|id| *id, concurrency, size, from);
        let (mut in_flight, mut is_noticed) = (VecDeque::new(), is_noticed_before);
        let is_over = loop {
            let mut is_killed = false;
            while in_flight.len() < concurrency
                && !is_killed
                && let Some(request) = plan.next()
            {
                in_flight.push_back((request, page(requests, request.page)));
                requests += 1;
                is_killed = kill == Some(requests);
            }
            assert!(requests < 5_000, "no end");
            let Some((request, page)) = in_flight.pop_front().filter(|_| !is_killed) else {
                break !is_killed;
            };
            if plan.add(request, page).is_err() {
                break false;
            }
            is_noticed |=
                plan.moves.moved_up > 0 || plan.contradiction().is_some() || plan.offset_is_ignored();
            while let Some(taken) = plan.take() {
                records.extend(taken.records);
                (from, is_noticed_before) = (plan.taken_up_to(), is_noticed);
            }
        };
        if is_over {
            return (records, is_noticed);
        }
    }
}

#[test]
fn a_kill_makes_no_run_forget_a_page_that_came_in_place_of_another() {
    let mut missed = Vec::new();
    for (records, concurrency) in [(56, 3), (163, 2)] {
        for (list, (by_id, _)) in lists(records, 4).into_iter().enumerate().skip(4).step_by(3) {
            for (wrong, other) in (0..24).flat_map(|wrong| (0..=records / 4).map(move |other| (wrong, other)))
            {
                for kill in [None, Some(wrong + 3)] {
                    let (read, is_noticed) = read_with_a_kill(concurrency, 4, kill, |request, number| {
                        by_id.page(if request == wrong { other } else { number })
                    });
                    if !is_noticed && read != by_id.ids {
                        missed.push((records, concurrency, list, wrong, other, kill, read.len()));
                    }
                }
            }
        }
    }
    assert!(
        missed.is_empty(),
        "(records, calls, list, request, page in its place, killed after, read): {missed:?}"
    );
}
