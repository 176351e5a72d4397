//! A page that lacks its end once.

use super::resumed::read_with_a_kill;
use super::*;

/// Two times, some records are deleted.
#[test]
fn a_page_that_is_cut_once_loses_nothing_unnoticed_while_records_are_deleted() {
    let mut missed = Vec::new();
    for (records, size, concurrency) in [(56, 4, 1), (30, 4, 2), (61, 3, 2)] {
        let all = Server::new(records, size);
        let half = all.ids.len() / 2;
        let deletions = [(0, size - 1), (0, 2 * size), (half, size)];
        let times = (1..50).step_by(2).flat_map(|at| [0, 1, 7].map(|more| (at, at + more)));
        for (at, then) in [(99, 99)].into_iter().chain(times) {
            for (from, count) in deletions {
                let mut fewer = all.clone();
                fewer.ids.drain(from..from + count);
                let mut fewest = fewer.clone();
                fewest.ids.drain(half - size..half - 1);
                for (cut, left) in (0..40).flat_map(|cut| [(cut, 1), (cut, size - 1)]) {
                    let (read, is_noticed) = read_with_a_kill(concurrency, size, None, |request, number| {
                        let list = if request < at {
                            &all
                        } else if request < then {
                            &fewer
                        } else {
                            &fewest
                        };
                        let mut page = list.page(number);
                        page.items.truncate(if request == cut { left } else { size });
                        page
                    });
                    if !is_noticed && !fewest.ids.iter().all(|id| read.contains(id)) {
                        missed.push((records, size, concurrency, (from, count), at, then, cut, left));
                    }
                }
            }
        }
    }
    let some = &missed[..missed.len().min(20)];
    assert!(
        missed.is_empty(),
        "{} (records, size, calls, deletion, its request, next one, cut request, left): {some:?}",
        missed.len()
    );
}
