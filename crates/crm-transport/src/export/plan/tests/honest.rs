//! An honest server: records are added at the end of its list and deleted anywhere. Exports of it are interrupted and
//! resumed. Nothing is missed, and nothing is suspected.

use super::*;

/// How many cases are drawn.
const CASES: u64 = 4_000;

#[derive(Clone, Debug)]
struct Case {
    records: u64,
    /// The number of records on a page of the server, and how many are requested.
    size: usize,
    asked: usize,
    concurrency: usize,
    /// Whether pages begin at a number of records.
    counted: bool,
    looks_far_ahead: bool,
    /// After these steps the run is interrupted.
    kills: Vec<usize>,
    /// What changes before a step.
    changes: Vec<(usize, Change)>,
    /// For the order in which pages are read and come.
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// Neighbours are deleted: how many records stay before them, and how many they are.
    Delete(usize, usize),
    /// So many are added.
    Add(u64),
}

/// Numbers at random (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((n ^ (n >> 31)) % limit as u64) as usize
    }

    fn case(&mut self) -> Case {
        let size = 1 + self.below(6);
        let pages = [3, 10, 20, 40, 70][self.below(5)];
        let records = self.below(size * pages + 1);
        let steps = 2 * (records / size) + 30;
        let (changes, most, deletions) =
            ([2, 6, 20, 60][self.below(4)], [1, 3, 25][self.below(3)], 1 + self.below(5));
        Case {
            records: records as u64,
            size,
            asked: size + if self.below(2) == 0 { self.below(4) } else { 0 },
            concurrency: 1 + self.below(5),
            counted: self.below(3) == 0,
            looks_far_ahead: self.below(3) == 0,
            kills: (0..self.below(4)).map(|_| self.below(steps)).collect(),
            changes: (0..=self.below(changes))
                .map(|_| (self.below(steps), self.change(records, most, deletions)))
                .collect(),
            seed: self.0,
        }
    }

    fn change(&mut self, records: usize, most: usize, deletions: usize) -> Change {
        let count = 1 + self.below(most);
        let place = [0, records.saturating_sub(self.below(30)), self.below(records + 1)][self.below(3)];
        if self.below(5) < deletions { Change::Delete(place, count) } else { Change::Add(count as u64) }
    }
}

/// The list, and what is known of the export.
struct World {
    ids: Vec<u64>,
    throughout: BTreeSet<u64>,
    newest: u64,
    step: usize,
    requests: usize,
    output: Vec<u64>,
    /// What a checkpoint holds: where to resume, the number of records on a page, and the length of the output.
    saved: (ResumePoint, Option<u64>, usize),
}

impl World {
    fn change(&mut self, change: Change) {
        match change {
            Change::Delete(place, count) => {
                let from = place.min(self.ids.len());
                let to = self.ids.len().min(from + count);
                for id in self.ids.drain(from..to) {
                    self.throughout.remove(&id);
                }
            }
            Change::Add(count) => {
                self.ids.extend(self.newest + 1..=self.newest + count);
                self.newest += count;
            }
        }
    }

    fn take(&mut self, plan: &mut Plan<u64>) -> bool {
        let taken = plan.take();
        let has_taken = taken.is_some();
        self.output.extend(taken.into_iter().flat_map(|taken| taken.records));
        if has_taken {
            self.saved = (plan.taken_up_to(), plan.learnt_page_size(), self.output.len());
        }
        has_taken
    }

    /// Runs until the export is over or, if so, until it is interrupted at a step. Returns whether it is over.
    fn run(&mut self, case: &Case, random: &mut Random, kill: Option<usize>) -> Result<bool, String> {
        let (from, size, len) = self.saved;
        self.output.truncate(len);
        let mut plan = Plan::new(|id| *id, case.concurrency, case.asked, from);
        if case.counted {
            plan = plan.counting_records(size);
        }
        if case.looks_far_ahead {
            plan = plan.looking_far_ahead();
        }
        let (mut asked, mut read) = (Vec::new(), Vec::new());
        loop {
            self.step += 1;
            let now = self.step;
            case.changes.iter().filter(|(step, _)| *step == now).for_each(|(_, change)| self.change(*change));
            while asked.len() + read.len() < case.concurrency
                && let Some(request) = plan.next()
            {
                let size = if case.counted { plan.learnt_page_size() } else { Some(case.size as u64) };
                asked.push((request, request.page.saturating_mul(size.unwrap_or(case.asked as u64))));
                self.requests += 1;
            }
            if self.requests > 3_000 {
                return Err("no end".to_owned());
            }
            if !asked.is_empty() && (read.is_empty() || random.below(2) == 0) {
                let (request, skip): (PageRequest, u64) = asked.swap_remove(random.below(asked.len()));
                let page = self.ids.iter().copied().skip(skip as usize).take(case.size);
                read.push((request, Page::new(page.collect())));
            } else if !read.is_empty() {
                let (request, page) = read.swap_remove(random.below(read.len()));
                plan.add(request, page).map_err(|error| format!("{error:?}"))?;
            } else if !self.take(&mut plan) {
                return if plan.is_over() { Ok(true) } else { Err("it stands still".to_owned()) };
            }
            let Moves { moved_up, contradictions, .. } = plan.moves;
            if moved_up > 0 || contradictions > 0 || plan.offset_is_ignored() {
                return Err(format!("{moved_up} moved up, contradiction: {:?}", plan.contradiction()));
            }
            while random.below(3) > 0 && self.take(&mut plan) {}
            if kill.is_some_and(|step| step <= self.step) {
                return Ok(false);
            }
        }
    }
}

fn export(case: &Case) -> Result<(), String> {
    let ids: Vec<u64> = (1..=case.records).collect();
    let mut world = World {
        throughout: ids.iter().copied().collect(),
        ids,
        newest: case.records,
        step: 0,
        requests: 0,
        output: Vec::new(),
        saved: Default::default(),
    };
    let mut random = Random(case.seed);
    let mut kills = case.kills.clone();
    kills.sort_unstable();
    for kill in kills.into_iter().map(Some).chain([None]) {
        if world.run(case, &mut random, kill)? {
            break;
        }
    }
    let World { output, throughout, ids, .. } = world;
    if !output.is_sorted_by(|a, b| a < b) {
        return Err("not in order, or twice".to_owned());
    }
    let missed = throughout.iter().filter(|id| output.binary_search(id).is_err()).count();
    if missed > 0 {
        return Err(format!("{missed} missed"));
    }
    // What was added meanwhile may be missing, but only above everything else: who goes on from the greatest ID finds it.
    let greatest = output.last().copied().unwrap_or(0);
    let passed_by = ids.iter().find(|id| **id < greatest && output.binary_search(id).is_err());
    passed_by.map_or(Ok(()), |id| Err(format!("{id} is missing below {greatest}")))
}

#[test]
fn an_honest_server_is_read_to_its_end_and_never_suspected() {
    for seed in 0..CASES {
        let case = Random(seed).case();
        assert_eq!(export(&case), Ok(()), "{seed}: {case:?}");
    }
}

/// A case with few changes.
fn case(records: u64, size: usize, concurrency: usize, changes: &[(usize, Change)]) -> Case {
    Case {
        records,
        size,
        asked: size,
        concurrency,
        counted: false,
        looks_far_ahead: false,
        kills: Vec::new(),
        changes: changes.to_vec(),
        seed: 0,
    }
}

#[test]
fn a_run_that_begins_further_down_than_its_checkpoint_keeps_the_place_of_its_greatest_id() {
    let changes = [(13, Change::Delete(0, 1))];
    for kill in 14..60 {
        let case = Case { kills: vec![35, kill], seed: 6, ..case(3, 1, 1, &changes) };
        assert_eq!(export(&case), Ok(()), "{case:?}");
    }
}

#[test]
fn a_list_that_grows_and_shrinks_while_its_end_is_proven_has_no_hole() {
    for (growth, decline) in (1..40).flat_map(|growth| (growth..40).map(move |decline| (growth, decline))) {
        for (records, concurrency) in [(0, 1), (56, 2)] {
            let changes = [(growth, Change::Add(10)), (decline, Change::Delete(0, 21))];
            let case = case(records, 5, concurrency, &changes);
            assert_eq!(export(&case), Ok(()), "{case:?}");
        }
    }
}

#[test]
fn a_page_that_was_the_last_one_does_not_tell_how_long_a_full_page_is() {
    let changes = [(17, Change::Add(3)), (19, Change::Delete(0, 3)), (25, Change::Add(1))];
    for kill in 1..20 {
        let case = Case { kills: vec![kill], ..case(3, 5, 3, &changes) };
        assert_eq!(export(&case), Ok(()), "{case:?}");
    }
}

#[test]
fn a_list_with_one_record_that_grows_is_read_in_pages_of_one_record() {
    for growth in 1..20 {
        let case = Case { counted: true, ..case(1, 5, 1, &[(growth, Change::Add(7))]) };
        assert_eq!(export(&case), Ok(()), "{case:?}");
    }
}

#[test]
fn no_page_is_counted_before_the_number_of_records_on_a_page_is_known() {
    let changes = [(6, Change::Add(3)), (10, Change::Delete(0, 3)), (12, Change::Add(15))];
    for seed in 0..20 {
        let case = Case { counted: true, asked: 2, seed, ..case(0, 1, 4, &changes) };
        assert_eq!(export(&case), Ok(()), "{case:?}");
    }
}
