//! Pages in another order than that of the ids.

use super::resumed::read_with_a_kill;
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

/// Lists in the order of the ids and of the dates: newest first, one record backdated, and dates at random with few days.
pub(super) fn lists(records: u64, size: usize) -> Vec<(Server, Server)> {
    let by_id = Server::new(records, size);
    let mut newest_first = by_id.clone();
    newest_first.ids.sort_by_key(|id| (Reverse(id / 6), *id));
    let mut backdated = by_id.clone();
    backdated.ids.rotate_left(2);
    let mut lists = vec![(by_id.clone(), newest_first), (by_id, backdated)];
    for seed in 0..6_u64 {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut id = 0;
        let ids = (0..records).map(|_| {
            id += if draw() % 10 < seed { 2 } else { 1 };
            id
        });
        let by_id = Server { ids: ids.collect(), ..Server::new(0, size) };
        let mut dated: Vec<(u64, u64)> =
            by_id.ids.iter().map(|id| (draw() % (records / size as u64 / 2 + 1), *id)).collect();
        dated.sort_unstable();
        let by_date = Server { ids: dated.into_iter().map(|(_, id)| id).collect(), ..Server::new(0, size) };
        lists.push((by_id, by_date));
    }
    lists
}

#[test]
fn pages_in_another_order_are_harmless_or_noticed() {
    let mut missed = Vec::new();
    for (records, size, concurrency) in [(56, 4, 1), (56, 4, 3), (61, 3, 2), (163, 4, 4)] {
        for (list, (by_id, by_date)) in lists(records, size).into_iter().enumerate() {
            for (from, count) in (0..60).flat_map(|from| [(from, 1), (from, 2)]) {
                for kill in [None, Some(from + 3), Some(from + 20)] {
                    let (read, is_noticed) = read_with_a_kill(concurrency, size, kill, |request, number| {
                        let is_wrong = (from..from + count).contains(&request);
                        if is_wrong { by_date.page(number) } else { by_id.page(number) }
                    });
                    if !is_noticed && read != by_id.ids {
                        missed.push((records, concurrency, list, from, count, kill, read.len()));
                    }
                }
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} (records, calls, list, from request, requests, killed at, read): {missed:?}",
        missed.len()
    );
}

#[test]
fn pages_in_another_order_after_an_empty_one_are_harmless_or_noticed() {
    let mut missed = Vec::new();
    for (records, size, concurrency) in [(56, 4, 1), (56, 4, 3), (61, 3, 2), (163, 4, 4)] {
        for (list, (by_id, by_date)) in lists(records, size).into_iter().enumerate() {
            for (from, count) in (0..60).flat_map(|from| [(from, 1), (from, 2)]) {
                let (read, is_noticed) = read_with_a_kill(concurrency, size, None, |request, number| {
                    if request == from {
                        Page::new(Vec::new())
                    } else if (from + 1..=from + count).contains(&request) {
                        by_date.page(number)
                    } else {
                        by_id.page(number)
                    }
                });
                if !is_noticed && read != by_id.ids {
                    missed.push((records, concurrency, list, from, count, read.len()));
                }
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} (records, calls, list, from request, requests, read): {missed:?}",
        missed.len()
    );
}

#[test]
fn a_page_in_another_order_is_not_the_whole_list_because_others_are_deleted_meanwhile() {
    let mut missed = Vec::new();
    for (records, concurrency) in (3..12).flat_map(|records| [(records, 1), (records, 2), (records, 5)]) {
        // A page that is sorted by chance cannot be told from one after deletions.
        let looks_wrong = |by_date: &Server| !by_date.page(0).items.is_sorted();
        let lists = lists(records, 4).into_iter().enumerate().filter(|(_, lists)| looks_wrong(&lists.1));
        for (list, (by_id, by_date)) in lists {
            for (wrong, delete, left) in (0..6)
                .flat_map(|wrong| (1..12).map(move |delete| (wrong, delete)))
                .flat_map(|(wrong, delete)| (1..5).map(move |left| (wrong, delete, left)))
            {
                let mut fewer = (by_id.clone(), by_date.clone());
                fewer.0.ids.truncate(left);
                fewer.1.ids.retain(|id| fewer.0.ids.contains(id));
                let (read, is_noticed) = read_with_a_kill(concurrency, 4, None, |request, number| {
                    let is_fewer = request >= delete;
                    match (request == wrong, is_fewer) {
                        (false, false) => by_id.page(number),
                        (true, false) => by_date.page(number),
                        (false, true) => fewer.0.page(number),
                        (true, true) => fewer.1.page(number),
                    }
                });
                if !is_noticed && !fewer.0.ids.iter().all(|id| read.contains(id)) {
                    missed.push((records, concurrency, list, wrong, delete, left));
                }
            }
        }
    }
    let some = &missed[..missed.len().min(20)];
    assert!(
        missed.is_empty(),
        "{} (records, calls, list, wrong request, deleted at, left): {some:?}",
        missed.len()
    );
}
