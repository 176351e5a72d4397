//! Pages that come in place of others, while records are added and deleted.

use super::*;

/// Ids with a gap after each.
fn sparse(server: Server) -> Server {
    Server { ids: server.ids.iter().map(|id| id * 3).collect(), ..server }
}

#[test]
fn a_page_in_place_of_the_one_above_it_hides_nothing_after_deletions() {
    const SIZE: usize = 4;
    let mut missed = Vec::new();
    for concurrency in [1, 3] {
        for list in [Server::new(47, SIZE), sparse(Server::new(47, SIZE))] {
            // A whole page of deletions makes a page look like the one above it, as it was before.
            for deleted in [1, SIZE - 1, SIZE + 2] {
                for (deletion, wrong) in (0..16).flat_map(|from| (from..25).map(move |to| (from, to))) {
                    let (mut server, mut plan) = (list.clone(), plan(concurrency, SIZE));
                    let read = read_with(&mut plan, concurrency, |request, number| {
                        if request == deletion {
                            server.ids.drain(0..deleted);
                        }
                        server.page(if request == wrong { number.saturating_sub(1) } else { number })
                    });
                    let is_noticed = plan.moves.moved_up > 0 || plan.contradiction().is_some();
                    if !is_noticed && server.ids.iter().any(|id| !read.contains(id)) {
                        missed.push((concurrency, list.ids[0], deleted, deletion, wrong));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "(calls, first id, deleted, at request, wrong request): {missed:?}");
}

#[test]
fn a_server_that_ignores_the_offset_makes_no_endless_loop_while_its_list_changes() {
    for (records, concurrency) in [(0, 1), (3, 2), (20, 1), (20, 3), (90, 2)] {
        for (each, added, deleted) in [(1, 1, 0), (1, 0, 1), (1, 1, 1), (2, 5, 4), (3, 40, 38), (4, 2, 2)] {
            let mut server = Server { beyond: Beyond::TheFirstPage, ..Server::new(records, 50) };
            let (mut plan, mut newest, mut requests) = (plan(concurrency, 50), records, 0);
            let mut in_flight = VecDeque::new();
            let ended = loop {
                while in_flight.len() < concurrency
                    && let Some(request) = plan.next()
                {
                    requests += 1;
                    if requests % each == 0 {
                        server.ids.drain(..deleted.min(server.ids.len()));
                        server.ids.extend(newest + 1..=newest + added);
                        newest += added;
                    }
                    in_flight.push_back((request, server.page(request.page)));
                }
                let Some((request, page)) = in_flight.pop_front() else { break plan.is_over() };
                if plan.add(request, page).is_err() {
                    break true;
                }
                while plan.take().is_some() {}
                assert!(requests < 500, "{records} {concurrency} {each} {added} {deleted}: no end");
            };
            assert!(ended, "it stands still");
        }
    }
}

#[test]
fn a_page_that_is_always_empty_is_noticed_although_records_are_deleted_meanwhile() {
    const SIZE: usize = 2;
    let mut missed = Vec::new();
    for (records, concurrency, hidden) in [(9, 1, 2), (9, 3, 2), (9, 6, 2), (20, 1, 5), (20, 2, 7)] {
        for (deletion, at, deleted) in (0..20)
            .flat_map(|request| (0..8).flat_map(move |at| (1..4).map(move |count| (request, at, count))))
        {
            let (mut server, mut plan) = (Server::new(records, SIZE), plan(concurrency, SIZE));
            let read = read_with(&mut plan, concurrency, |request, number| {
                if request == deletion {
                    server.ids.drain(at..(at + deleted).min(server.ids.len()));
                }
                if number == hidden { Page::new(Vec::new()) } else { server.page(number) }
            });
            // A hidden last page looks like the end.
            let is_last = server.ids.len() <= (hidden as usize + 1) * SIZE;
            if !is_last && plan.contradiction().is_none() && server.ids.iter().any(|id| !read.contains(id)) {
                missed.push((records, concurrency, hidden, deletion, at, deleted));
            }
        }
    }
    assert!(missed.is_empty(), "(records, calls, hidden page, at request, place, deleted): {missed:?}");
}

#[test]
fn a_page_that_came_before_does_not_hide_what_is_behind_an_empty_one() {
    for hidden in 1..5 {
        for wrong in 0..20 {
            let (server, mut plan) = (Server::new(50, 10), plan(2, 20));
            read_with(&mut plan, 2, |request, number| match number {
                _ if request == wrong => server.page(0),
                _ if number == hidden => Page::new(Vec::new()),
                _ => server.page(number),
            });
            let is_noticed = plan.contradiction().is_some() || plan.moves.moved_up > 0;
            // A hidden last page looks like the end.
            assert!(hidden == 4 || is_noticed, "page {hidden}, request {wrong}");
        }
    }
}

#[test]
fn an_empty_page_above_a_short_one_is_read_again() {
    for short in 1..28 {
        for concurrency in [1, 3] {
            let (server, mut plan) = (Server::new(300, 10), plan(concurrency, 10));
            let mut readings = vec![0; 1_000];
            let read = read_with(&mut plan, concurrency, |_, number| {
                readings[number as usize] += 1;
                let mut page = server.page(number);
                match readings[number as usize] {
                    1 | 2 if number == short => page.items.truncate(4),
                    2 if number == short + 1 => page.items.clear(),
                    _ => {}
                }
                page
            });
            assert!(read == server.ids || plan.contradiction().is_some(), "page {short}: {}", read.len());
        }
    }
}

#[test]
fn an_unreadable_list_now_and_then_makes_no_endless_loop() {
    for (records, size) in [(7, 4), (240, 4), (95, 10)] {
        for (junk, concurrency) in (2..14).flat_map(|junk| [(junk, 1), (junk, 2), (junk, 5)]) {
            let server = Server::new(records, size);
            for mut plan in [plan(concurrency, 10), plan(concurrency, 10).looking_far_ahead()] {
                let mut requests = 0;
                read_with(&mut plan, concurrency, |request, number| {
                    requests = request;
                    assert!(
                        request < 3_000,
                        "{records} records, every {junk}th list, {concurrency} calls: no end"
                    );
                    let mut page = server.page(number);
                    if request % junk == junk - 1 {
                        page.items.clear();
                        page.unreadable = vec![Unreadable::new("$", "", "0"); size];
                    }
                    page
                });
            }
        }
    }
}

#[test]
fn a_page_that_is_empty_once_hides_nothing_after_the_list_has_become_shorter() {
    let mut missed = Vec::new();
    for concurrency in [1, 4] {
        for (deletion, deleted) in (4..16).flat_map(|request| [1, 4, 5, 9].map(|count| (request, count))) {
            for empty in deletion..deletion + 16 {
                let (mut server, mut plan) = (Server::new(41, 4), plan(concurrency, 4));
                let read = read_with(&mut plan, concurrency, |request, number| {
                    if request == deletion {
                        server.ids.drain(4..4 + deleted);
                    }
                    if request == empty { Page::new(Vec::new()) } else { server.page(number) }
                });
                if plan.contradiction().is_none() && server.ids.iter().any(|id| !read.contains(id)) {
                    missed.push((concurrency, deletion, deleted, empty));
                }
            }
        }
    }
    assert!(missed.is_empty(), "(calls, at request, deleted, empty request): {missed:?}");
}

#[test]
fn the_page_below_does_not_hide_that_a_page_is_always_empty() {
    // Where several pages are read at once, nothing may be left to read above that page afterwards.
    for (records, concurrency, hidden) in [(60, 1, 3), (60, 1, 8), (137, 1, 16)] {
        for wrong in 0..60 {
            let (server, mut plan) = (sparse(Server::new(records, 4)), plan(concurrency, 4));
            read_with(&mut plan, concurrency, |request, number| match number {
                _ if request == wrong => server.page(number.saturating_sub(1)),
                _ if number == hidden => Page::new(Vec::new()),
                _ => server.page(number),
            });
            let is_noticed = plan.contradiction().is_some() || plan.moves.moved_up > 0;
            assert!(is_noticed, "{records} records, {concurrency} calls, page {hidden}, request {wrong}");
        }
    }
}

#[test]
fn a_list_that_grows_by_pages_at_any_moment_does_not_contradict_itself() {
    for (records, concurrency) in [(0, 1), (7, 1), (8, 3), (41, 2), (41, 5)] {
        for (growth, added) in (0..40).flat_map(|request| [1, 4, 9, 90].map(|count| (request, count))) {
            let (mut server, mut plan) = (Server::new(records, 4), plan(concurrency, 4));
            let read = read_with(&mut plan, concurrency, |request, number| {
                if request == growth {
                    server.ids.extend(records + 1..=records + added);
                }
                server.page(number)
            });
            assert!(read.starts_with(&server.ids[..records as usize]));
            let seen = plan.contradiction();
            assert!(
                seen.is_none() && plan.moves.moved_up == 0,
                "{records} {concurrency} {growth} {added}: {seen:?}"
            );
        }
    }
}

#[test]
fn a_page_that_was_empty_twice_and_then_holds_records_is_named_once() {
    let mut named = BTreeSet::new();
    for (empty, concurrency) in (0..60).flat_map(|request| [(request, 1), (request, 2), (request, 4)]) {
        let (server, mut plan) = (Server::new(160, 4), plan(concurrency, 4));
        let mut pages = BTreeSet::new();
        read_with(&mut plan, concurrency, |request, number| {
            // Pages that are asked for from some moment on are empty at first.
            if request >= empty && request < empty + 8 && pages.len() < 3 {
                pages.insert(number);
            }
            let is_empty = request >= empty && request < empty + 8 && pages.contains(&number);
            if is_empty { Page::new(Vec::new()) } else { server.page(number) }
        });
        let contradiction = plan.contradiction().unwrap_or_default().to_owned();
        let numbers: Vec<&str> =
            contradiction.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
        assert!(numbers.len() < 2 || numbers[0] != numbers[1], "{contradiction}");
        named.insert(contradiction.split_whitespace().skip(2).collect::<Vec<_>>().join(" "));
    }
    assert!(named.contains("was empty, and then held older records"), "{named:?}");
}
