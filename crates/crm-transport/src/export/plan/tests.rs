//! The plan against a list that changes between any two requests, answers in any order.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use crm_model::{Page, Unreadable};
use proptest::prelude::*;

use super::*;

mod cut;
mod honest;
mod misplaced;
mod other_order;
mod resumed;

/// A server with a list of ids.
#[derive(Clone)]
struct Server {
    ids: Vec<u64>,
    size: usize,
    beyond: Beyond,
}

/// What comes for a page beyond the end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beyond {
    Nothing,
    TheLastPage,
    /// Every page is page 0.
    TheFirstPage,
}

impl Server {
    fn new(records: u64, size: usize) -> Self {
        Self { ids: (1..=records).collect(), size, beyond: Beyond::Nothing }
    }

    fn page(&self, number: u64) -> Page<u64> {
        let mut from = usize::try_from(number).unwrap().saturating_mul(self.size);
        match self.beyond {
            Beyond::TheLastPage if from >= self.ids.len() => {
                from = self.ids.len().saturating_sub(1) / self.size * self.size;
            }
            Beyond::TheFirstPage => from = 0,
            _ => {}
        }
        Page::new(self.ids.iter().copied().skip(from).take(self.size).collect())
    }
}

fn plan(concurrency: usize, asked: usize) -> Plan<u64> {
    Plan::new(|id| *id, concurrency, asked, ResumePoint::default())
}

/// All calls in flight are answered at once, again and again: the records, the requests, and the rounds.
fn in_rounds(plan: &mut Plan<u64>, concurrency: usize, server: &Server) -> (Vec<u64>, Vec<u64>, usize) {
    let (mut records, mut requests, mut rounds) = (Vec::new(), Vec::new(), 0);
    loop {
        let requested: Vec<PageRequest> = std::iter::from_fn(|| plan.next()).take(concurrency).collect();
        if requested.is_empty() {
            assert!(plan.is_over(), "it stands still");
            return (records, requests, rounds);
        }
        rounds += 1;
        for request in requested {
            requests.push(request.page);
            plan.add(request, server.page(request.page)).unwrap();
        }
        while let Some(taken) = plan.take() {
            records.extend(taken.records);
        }
    }
}

#[test]
fn twenty_thousand_records_take_seventeen_rounds_of_eight_calls() {
    let server = Server::new(20_000, 200);
    let (records, requests, rounds) = in_rounds(&mut plan(8, 200), 8, &server);
    assert_eq!(records, server.ids);
    assert!(rounds <= 17, "{rounds} rounds");
    assert!(requests.len() <= 110, "{} requests", requests.len());
}

#[test]
fn a_list_of_any_length_is_read_with_any_number_of_calls() {
    for records in (0..200).chain([400, 1_000, 2_601, 5_000]) {
        for concurrency in [1, 2, 3, 8] {
            let server = Server::new(records, 10);
            let mut plan = plan(concurrency, 10);
            let (read, requests, _) = in_rounds(&mut plan, concurrency, &server);
            assert_eq!(plan.taken_up_to().id, records);
            assert_eq!(read, server.ids);
            let (pages, requests) = (records.div_ceil(10), requests.len() as u64);
            let most = pages + pages / 50 + 8 + concurrency as u64 / 2;
            assert!(requests <= most, "{requests} requests for {pages} pages with {concurrency} calls");
        }
    }
}

#[test]
fn a_short_list_takes_few_requests() {
    for (records, most) in [(0, 5), (1, 7), (199, 7), (200, 9), (450, 10)] {
        let (_, requests, _) = in_rounds(&mut plan(2, 200), 2, &Server::new(records, 200));
        assert!(requests.len() <= most, "{records} records: {requests:?}");
    }
}

#[test]
fn a_server_with_smaller_pages_than_asked_for_is_read_to_the_end() {
    for records in [1, 49, 50, 51, 1_000, 3_333] {
        let server = Server::new(records, 50);
        assert_eq!(in_rounds(&mut plan(4, 200), 4, &server).0, server.ids);
    }
}

#[test]
fn a_full_page_that_is_shorter_than_asked_for_is_not_taken_for_the_last() {
    let mut server = Server::new(4, 3);
    let mut plan = plan(1, 5);
    let request = plan.next().unwrap();
    plan.add(request, server.page(request.page)).unwrap();
    server.ids.remove(0); // what was on the next page is on this one now
    assert_eq!(in_rounds(&mut plan, 1, &server).0, [1, 2, 3, 4]);
}

#[test]
fn a_server_that_repeats_the_last_page_makes_no_endless_loop() {
    for records in [1, 7, 95, 1_003] {
        let server = Server { beyond: Beyond::TheLastPage, ..Server::new(records, 10) };
        let mut plan = plan(3, 10);
        assert_eq!(in_rounds(&mut plan, 3, &server).0, server.ids);
        assert!(!plan.offset_is_ignored());
    }
}

#[test]
fn a_server_that_ignores_the_offset_makes_no_endless_loop_and_is_found_out() {
    let server = Server { beyond: Beyond::TheFirstPage, ..Server::new(10, 10) };
    for (asked, is_ignored) in [(10, true), (11, false)] {
        let mut plan = plan(3, asked);
        assert_eq!(in_rounds(&mut plan, 3, &server).0, server.ids);
        assert_eq!(plan.offset_is_ignored(), is_ignored);
    }
}

#[test]
fn a_page_that_moved_down_is_not_taken_for_one_that_came_again() {
    let mut server = Server::new(400, 1);
    let mut plan = plan(4, 1);
    let first = plan.next().unwrap();
    plan.add(first, server.page(first.page)).unwrap();
    let (low, high) = (plan.next().unwrap(), plan.next().unwrap());
    assert_eq!(high.page - low.page, 13);
    let high_page = server.page(high.page);
    server.ids.drain(0..13);
    let low_page = server.page(low.page);
    assert_eq!(low_page, high_page);
    plan.add(low, low_page).unwrap();
    plan.add(high, high_page).unwrap();
    assert!(in_rounds(&mut plan, 4, &server).0.ends_with(&server.ids));
    assert!(!plan.offset_is_ignored());
}

#[test]
fn a_list_that_is_not_sorted_is_found_out() {
    let mut server = Server::new(100, 10);
    server.ids.reverse();
    let mut plan = plan(1, 10);
    let unsorted = (0..9).any(|_| {
        let request = plan.next().unwrap();
        plan.add(request, server.page(request.page)).is_err()
    });
    assert!(unsorted);
}

#[test]
fn a_record_that_comes_into_view_after_the_last_page_was_read_hides_no_other_or_is_noticed() {
    let (records, mut suspicions) = (135, 0);
    for (deletion, later) in (0..30).flat_map(|deletion| (0..30).map(move |later| (deletion, later))) {
        let mut server = Server::new(records, 4);
        let mut plan = plan(2, 4);
        let (mut asked, mut read, mut answers, mut since_end) = (VecDeque::new(), Vec::new(), 0, 0);
        while !plan.is_over() {
            asked.extend(std::iter::from_fn(|| plan.next()).take(2 - asked.len()));
            if let Some(request) = asked.pop_front() {
                if answers == deletion && plan.closing.is_none() {
                    server.ids.drain(..41); // most places where stretches meet are elsewhere now
                }
                if plan.closing.is_some() && since_end == later && server.ids.len() < records as usize {
                    server.ids.insert(0, 7);
                }
                answers += 1;
                since_end += usize::from(plan.closing.is_some());
                plan.add(request, server.page(request.page)).unwrap();
            }
            read.extend(std::iter::from_fn(|| plan.take()).flat_map(|taken| taken.records));
        }
        let lacks = (42..=records).find(|id| !read.contains(id));
        assert!(lacks.is_none() || plan.moves.moved_up > 0, "{deletion}, {later}: {lacks:?} is missing");
        suspicions += usize::from(lacks.is_some());
    }
    assert!(suspicions > 0, "the case does not arise");
}

#[test]
fn records_that_move_up_are_noticed_where_two_stretches_meet() {
    let mut server = Server::new(300, 10);
    server.ids.retain(|&id| id != 5);
    let mut plan = plan(2, 10);
    for _ in 0..4 {
        let request = plan.next().unwrap();
        plan.add(request, server.page(request.page)).unwrap();
    }
    server.ids.insert(4, 5);
    in_rounds(&mut plan, 2, &server);
    assert!(plan.moves.moved_up > 0);
}

#[test]
fn records_that_move_up_to_the_last_page_are_noticed() {
    let mut server = Server::new(59, 6);
    server.ids.retain(|id| !(50..=52).contains(id));
    let mut plan = plan(1, 6);
    while plan.end.end().is_none() {
        let request = plan.next().unwrap();
        plan.add(request, server.page(request.page)).unwrap();
    }
    // The last page was short, and the one below it is still to be read.
    server.ids.splice(49..49, 50..=52);
    let (records, ..) = in_rounds(&mut plan, 1, &server);
    assert!(plan.moves.moved_up > 0, "{records:?}");
}

/// Reads a list, and passes each page with its number among all requests. Returns the records.
fn read_with(
    plan: &mut Plan<u64>,
    concurrency: usize,
    mut page: impl FnMut(usize, u64) -> Page<u64>,
) -> Vec<u64> {
    let (mut records, mut requests, mut in_flight) = (Vec::new(), 0, VecDeque::new());
    loop {
        while in_flight.len() < concurrency
            && let Some(request) = plan.next()
        {
            in_flight.push_back((request, page(requests, request.page)));
            requests += 1;
        }
        if let Some((request, page)) = in_flight.pop_front() {
            plan.add(request, page).unwrap();
        } else {
            assert!(plan.is_over(), "it stands still");
            return records;
        }
        while let Some(taken) = plan.take() {
            records.extend(taken.records);
        }
    }
}

#[test]
fn any_page_in_place_of_another_is_harmless_or_noticed() {
    let mut missed = Vec::new();
    for (records, concurrency) in [(56, 1), (56, 3), (56, 5), (163, 2), (163, 4)] {
        let server = Server::new(records, 4);
        let pages = records.div_ceil(4);
        let mut requests = 0;
        read_with(&mut plan(concurrency, 4), concurrency, |request, number| {
            requests = request;
            server.page(number)
        });
        for wrong in 0..=requests {
            for other in 0..=pages {
                let mut plan = plan(concurrency, 4);
                let read = read_with(&mut plan, concurrency, |request, number| {
                    server.page(if request == wrong { other } else { number })
                });
                let is_noticed =
                    plan.moves.moved_up > 0 || plan.contradiction().is_some() || plan.offset_is_ignored();
                if !is_noticed && read != server.ids {
                    missed.push((records, concurrency, wrong, other, read.len()));
                }
            }
        }
    }
    assert!(missed.is_empty(), "(records, calls, request, page in its place, read): {missed:?}");
}

#[test]
fn a_server_that_ignores_the_offset_and_now_and_then_sends_an_unreadable_list_makes_no_endless_loop() {
    let server = Server { beyond: Beyond::TheFirstPage, ..Server::new(500, 20) };
    for (junk, concurrency) in [1, 2, 3, 6].into_iter().flat_map(|junk| [1, 2, 4].map(|calls| (junk, calls)))
    {
        let mut requests = 0;
        let mut plan = plan(concurrency, 20);
        let read = read_with(&mut plan, concurrency, |request, number| {
            requests = request;
            let mut page = server.page(number);
            if request > 0 && request % junk == 0 {
                page = Page::new(Vec::new());
                page.unreadable = vec![Unreadable::new("$", "", "{")];
            }
            page
        });
        assert!(requests < 2_000, "{junk} {concurrency}: {requests} requests");
        assert_eq!(read, server.ids[..20]);
        // If each further list is unreadable, one page is left out as such.
        assert!(junk == 1 || plan.contradiction().is_some() || plan.offset_is_ignored());
    }
}

#[test]
fn the_length_of_a_long_list_is_told_early() {
    let server = Server::new(1_000_000, 200);
    let mut plan = plan(2, 200).looking_far_ahead();
    for _ in 0..60 {
        let request = plan.next().unwrap();
        plan.add(request, server.page(request.page)).unwrap();
        while plan.take().is_some() {}
    }
    let pages = plan.pages().unwrap();
    assert!((4_500..5_500).contains(&pages), "{pages}");
}

#[test]
fn an_unreadable_record_comes_once_and_hides_no_other() {
    let server = Server::new(300, 10);
    let mut plan = plan(2, 10);
    let (mut records, mut unreadable) = (Vec::new(), 0);
    while let Some(request) = plan.next() {
        let mut page = server.page(request.page);
        let bad: Vec<u64> = page.items.extract_if(.., |id| matches!(*id, 131..=140 | 200 | 291..)).collect();
        page.unreadable = bad.iter().map(|id| Unreadable::new("$", "", id.to_string())).collect();
        plan.add(request, page).unwrap();
        while let Some(taken) = plan.take() {
            records.extend(taken.records);
            unreadable += taken.unreadable.len();
        }
    }
    let readable = server.ids.iter().filter(|id| !matches!(**id, 131..=140 | 200 | 291..));
    assert_eq!(records, readable.copied().collect::<Vec<u64>>());
    assert_eq!(unreadable, 21);
}

const CASES: u32 = 400;

/// What happens next, in a run that is left to chance.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The server reads one of the requests in flight.
    Read(usize),
    /// One of its answers comes.
    Answer(usize),
    /// Finished records are taken.
    Take,
    /// Some neighbours are deleted.
    Delete(usize, u8),
    /// Some are added.
    Add(u8),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let index = any::<usize>;
    let event = prop_oneof![
        8 => index().prop_map(Event::Read),
        8 => index().prop_map(Event::Answer),
        3 => Just(Event::Take),
        2 => (index(), 1..60u8).prop_map(|(at, count)| Event::Delete(at, count)),
        2 => (1..20u8).prop_map(Event::Add),
    ];
    prop::collection::vec(event, 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 500, ..ProptestConfig::with_cases(CASES) })]

    /// The heart of the matter.
    #[test]
    fn each_record_that_existed_throughout_comes_once(
        records in 0..700u64,
        size in 1..8usize,
        asked_for_more in 0..4usize,
        concurrency in 1..10usize,
        from in prop::option::of((0..300u64, 0..60u64)),
        looks_far_ahead: bool,
        beyond in prop_oneof![
            4 => Just(Beyond::Nothing), 1 => Just(Beyond::TheLastPage), 1 => Just(Beyond::TheFirstPage)
        ],
        events in events(),
    ) {
        let mut server = Server { beyond, ..Server::new(records, size) };
        // A run that goes on from a checkpoint; the page may be far off by now.
        let given = from.map_or_else(ResumePoint::default, |(id, page)| ResumePoint { id, page: Some(page), end: None });
        // A server that ignores the offset is found out by a full page only.
        let asked = size + if beyond == Beyond::TheFirstPage { 0 } else { asked_for_more };
        let mut plan: Plan<u64> = Plan::new(|id| *id, concurrency, asked, given);
        if looks_far_ahead {
            plan = plan.looking_far_ahead();
        }
        let mut throughout: BTreeSet<u64> = server.ids.iter().copied().filter(|&id| id > given.id).collect();
        let (mut asked, mut read, mut given) = (Vec::new(), Vec::new(), Vec::new());
        let mut requests = 0;
        let mut next_id = records + 1;
        let calm = (0..).map(|i| match i % 3 {
            0 => Event::Read(0),
            1 => Event::Answer(0),
            _ => Event::Take,
        });
        for event in events.into_iter().chain(calm) {
            while asked.len() + read.len() < concurrency && let Some(request) = plan.next() {
                asked.push(request);
                requests += 1;
            }
            prop_assert!(requests < 20_000, "no end");
            if asked.is_empty() && read.is_empty() && !plan.is_over() {
                let taken = plan.take();
                prop_assert!(taken.is_some(), "it stands still");
                given.extend(taken.into_iter().flat_map(|taken| taken.records));
            }
            match event {
                Event::Read(at) if !asked.is_empty() => {
                    let request: PageRequest = asked.swap_remove(at % asked.len());
                    read.push((request, server.page(request.page)));
                }
                Event::Answer(at) if !read.is_empty() => {
                    let (request, page) = read.swap_remove(at % read.len());
                    if plan.add(request, page).is_err() {
                        prop_assert!(beyond != Beyond::Nothing, "an honest server is refused");
                        return Ok(());
                    }
                }
                Event::Take => given.extend(plan.take().into_iter().flat_map(|taken| taken.records)),
                Event::Delete(at, count) if !server.ids.is_empty() => {
                    let at = at % server.ids.len();
                    let end = server.ids.len().min(at + usize::from(count));
                    for id in server.ids.drain(at..end) {
                        throughout.remove(&id);
                    }
                }
                Event::Add(count) => {
                    server.ids.extend(next_id..next_id + u64::from(count));
                    next_id += u64::from(count);
                }
                _ => {}
            }
            if plan.is_over() {
                break;
            }
        }
        prop_assert!(given.is_sorted_by(|a, b| a < b), "not in order, or twice");
        let given: BTreeSet<u64> = given.into_iter().collect();
        let missed: Vec<&u64> = throughout.difference(&given).collect();
        prop_assert!(missed.is_empty() || (beyond != Beyond::Nothing && plan.offset_is_ignored()), "missed: {missed:?}");
        prop_assert!(plan.moves.moved_up + plan.moves.contradictions == 0 || from.is_some() || beyond != Beyond::Nothing);
        prop_assert!(!plan.offset_is_ignored() || beyond != Beyond::Nothing);
    }
}
