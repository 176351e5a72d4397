//! Pages in another order than that of the ids.

use super::*;

#[test]
fn a_page_in_another_order_is_returned_only_if_it_is_the_whole_list() {
    for (records, is_whole) in [(10, true), (11, false)] {
        let mut server = Server::new(records, 10);
        server.ids.reverse();
        let (mut plan, mut ended) = (plan(2, 10), true);
        while let Some(request) = plan.next() {
            ended = plan.add(request, server.page(request.page)).is_ok();
            assert!(
                plan.end.end().is_some() || plan.take().is_none(),
                "{records}: returned before the end is known"
            );
            if !ended {
                break;
            }
        }
        assert_eq!((ended, plan.take().is_some()), (is_whole, is_whole), "{records}");
    }
}

/// Reads a list, and some pages in a row in the order of the dates.
fn read_with_another_order(
    concurrency: usize,
    by_date: &Server,
    by_id: &Server,
    wrong: std::ops::Range<usize>,
) -> Option<(Vec<u64>, Plan<u64>)> {
    let (mut plan, mut records, mut requests) = (plan(concurrency, by_id.size), Vec::new(), 0);
    let mut in_flight = VecDeque::new();
    loop {
        while in_flight.len() < concurrency
            && let Some(request) = plan.next()
        {
            let server = if wrong.contains(&requests) { by_date } else { by_id };
            in_flight.push_back((request, server.page(request.page)));
            requests += 1;
        }
        let Some((request, page)) = in_flight.pop_front() else { return Some((records, plan)) };
        plan.add(request, page).ok()?;
        while let Some(taken) = plan.take() {
            records.extend(taken.records);
        }
    }
}

#[test]
fn pages_in_another_order_are_harmless_or_noticed() {
    let mut missed = Vec::new();
    for (records, size, concurrency) in [(56, 4, 1), (56, 4, 3), (61, 3, 2), (163, 4, 4)] {
        let by_id = Server::new(records, size);
        let mut newest_first = by_id.clone();
        newest_first.ids.sort_by_key(|id| (Reverse(id / 6), *id));
        let mut backdated = by_id.clone();
        backdated.ids.rotate_left(2);
        for by_date in [newest_first, backdated] {
            for (from, count) in (0..60).flat_map(|from| [(from, 1), (from, 2)]) {
                let Some((read, plan)) =
                    read_with_another_order(concurrency, &by_date, &by_id, from..from + count)
                else {
                    continue;
                };
                let is_noticed =
                    plan.moves.moved_up > 0 || plan.contradiction().is_some() || plan.offset_is_ignored();
                if !is_noticed && read != by_id.ids {
                    missed.push((records, size, concurrency, from, count, read.len()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "(records, size, calls, from request, requests, read): {missed:?}");
}
