//! The part of the driver that looks for marks before activities are first sent. What is found is stored already.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crm_model::history::EntryId;
use tokio::time::Instant;

use super::doubts::Decision;
use super::driver::{Driver, Finished, NewestIds};
use super::item::{Ending, Floor, Item, Key, View, Waiting};
use super::lookup::{self, LookupFault};
use super::mark_search::{self, FoundMarks, MarkSearch};
use super::queue::LARGE_RESERVE;
use super::reasons::UnknownReason;
use super::store::Sending;

/// What is known about marks.
#[derive(Default)]
pub(super) struct Adoption {
    is_on: bool,
    is_reading: bool,
    /// The activities that have no record, until they end. One that has the mark of another waits for it.
    missing: HashMap<Key, Arc<Item>>,
    /// Their marks.
    missing_marks: HashSet<String>,
    /// The first activity in each view that showed nothing, and in which nothing is known to be. It is sent to find out
    /// whether the view shows it.
    probes: HashMap<View, Key>,
    /// The views whose probe was stored, and those whose first reading cannot be believed.
    to_read_again: HashSet<View>,
    /// The views that do not show what was stored, or whose lists cannot be believed, with the reason.
    hidden: HashMap<View, &'static str>,
    /// An activity of each view whose record the next search must show.
    known: HashMap<View, (Arc<Item>, EntryId)>,
    /// Searches in a row that cannot be believed.
    not_believable: u32,
}

impl Adoption {
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Returns whether an activity with this mark is being sent or in doubt.
    fn is_missing(&self, waiting: &Waiting) -> bool {
        waiting.item.entry.mark.as_ref().is_some_and(|mark| self.missing_marks.contains(mark))
    }

    fn add_missing(&mut self, item: Arc<Item>) {
        self.missing_marks.extend(item.entry.mark.clone());
        self.missing.insert(item.key, item);
    }

    /// Takes in how an activity ended.
    pub(super) fn ended(&mut self, key: Key, ending: &Ending) {
        let Some(item) = self.missing.remove(&key) else { return };
        item.entry.mark.iter().for_each(|mark| drop(self.missing_marks.take(mark)));
        let is_stored = matches!(ending, Ending::Stored { .. } | Ending::StoredWithoutId);
        if self.probes.get(&item.view) == Some(&key) {
            self.probes.remove(&item.view);
            if is_stored {
                self.to_read_again.insert(item.view.clone());
            }
        }
        if let Ending::Stored { id, .. } = ending {
            self.known.insert(item.view.clone(), (item, *id));
        }
    }
}

impl Driver {
    /// Looks for the mark of each activity before it is first sent. Call it before the first activity is taken.
    pub(crate) fn adopt_marked(&mut self) {
        self.adoption.is_on = true;
    }

    /// Returns when a search need not wait for further activities any more.
    pub(super) fn marks_due(&self) -> Option<Instant> {
        let first = self.queue.with_unknown_mark().next().filter(|_| !self.adoption.is_reading)?;
        Some(first.since + self.settings.flush_after)
    }

    /// Looks for marks when it is time.
    pub(super) fn look_for_marks(&mut self, now: Instant) {
        if !self.adoption.is_on
            || self.adoption.is_reading
            || now < self.health.reads_from
            || self.is_out_of_patience(now)
        {
            return;
        }
        if let Some(why) = self.known.distrusted() {
            return self.give_up_marks(|_| true, why);
        }
        if let Some(view) = self.adoption.to_read_again.iter().min().cloned() {
            self.adoption.to_read_again.remove(&view);
            return self.read_view_again(view);
        }
        // The more marks are looked for at once, the fewer searches there are.
        let enough_to_send = self.settings.limits.activities + LARGE_RESERVE;
        let is_time = !self.wants_more() || self.marks_due().is_some_and(|at| now >= at);
        if !is_time || self.queue.len() - self.queue.with_unknown_mark().count() > enough_to_send {
            return;
        }
        let mut passed: HashSet<View> = HashSet::new();
        loop {
            let (adoption, known) = (&self.adoption, &self.known);
            let may_be_looked_for = |waiting: &&Waiting| {
                let view = &waiting.item.view;
                known.has_read(view) && !passed.contains(view) && !adoption.is_missing(waiting)
            };
            let Some(first) = self.queue.with_unknown_mark().find(may_be_looked_for) else { return };
            let (view, is_dated) = (first.item.view.clone(), mark_search::day(&first.item).is_some());
            if let Some(&why) = adoption.hidden.get(&view) {
                self.give_up_marks(|item| item.view == view, why);
                continue;
            }
            if !known.shows_anything(&view) {
                if adoption.probes.contains_key(&view) {
                    passed.insert(view);
                } else if known.has_older_record(&view) {
                    return self.read_view_again(view);
                } else {
                    passed.insert(view.clone());
                    let item = Arc::clone(&first.item);
                    self.adoption.probes.insert(view, item.key);
                    self.queue.mark_is_known(item.key);
                    self.adoption.add_missing(item);
                }
                continue;
            }
            let group = self.queue.with_unknown_mark().filter(may_be_looked_for);
            let group = group.filter(|waiting| {
                waiting.item.view == view && mark_search::day(&waiting.item).is_some() == is_dated
            });
            let group: Vec<Arc<Item>> = group.map(|waiting| Arc::clone(&waiting.item)).collect();
            return self.search_marks(view, group);
        }
    }

    fn search_marks(&mut self, view: View, group: Vec<Arc<Item>>) {
        let known = self.adoption.known.get(&view);
        let is_dated = |item: &Item| mark_search::day(item).is_some();
        let is_alike = |(known, _): &&(Arc<Item>, EntryId)| {
            group.first().is_some_and(|first| is_dated(first) == is_dated(known))
        };
        let known = known.filter(is_alike).map(|(item, id)| (&**item, *id));
        let search = MarkSearch::new(view, group.iter().map(|item| &**item), known);
        let is_first = !self.known.keeps_days;
        let client = self.client.clone();
        self.adoption.is_reading = true;
        let page_size = self.known.page_size();
        self.read(async move {
            let found = search.run(&client, page_size, is_first).await;
            Finished::Marks(search.view().clone(), group, found)
        });
    }

    /// Notes a reading that cannot be believed. Returns whether there were too many of them in a row.
    fn gives_up_reading(&mut self, why: &'static str) -> bool {
        self.health.read_failed(why.to_owned(), Some(self.pause(Duration::ZERO)));
        self.health.read_worked();
        self.adoption.not_believable = (self.adoption.not_believable + 1) % MAX_NOT_BELIEVABLE;
        self.adoption.not_believable == 0
    }

    /// Notes that the first reading of a view cannot be believed.
    pub(super) fn view_is_not_believable(&mut self, view: &View) {
        if self.adoption.is_on {
            self.adoption.to_read_again.insert(view.clone());
        }
    }

    fn read_view_again(&mut self, view: View) {
        let client = self.client.clone();
        self.adoption.is_reading = true;
        self.read(async move {
            let newest = lookup::newest_ids(&client, &view, true).await;
            Finished::NewestAgain(view, newest)
        });
    }

    /// Takes in whether a view shows the activity that was stored first in it.
    pub(super) fn view_was_read_again(&mut self, view: View, result: Result<NewestIds, LookupFault>) {
        self.adoption.is_reading = false;
        match result {
            Ok(Some(newest)) => {
                self.health.read_worked();
                self.known.keeps_days = true;
                self.known.view_read(view, Some(newest));
            }
            Ok(None) => drop(self.adoption.hidden.insert(view, HIDES)),
            Err(LookupFault::NotBelievable(why)) => {
                if self.gives_up_reading(why) {
                    self.adoption.hidden.insert(view, why);
                } else {
                    self.adoption.to_read_again.insert(view);
                }
            }
            Err(LookupFault::Failed(error)) => {
                self.adoption.to_read_again.insert(view);
                self.read_failed(&error);
            }
        }
    }

    /// Takes in which marks were found.
    pub(super) fn marks_were_looked_for(
        &mut self,
        view: &View,
        group: &[Arc<Item>],
        result: Result<FoundMarks, LookupFault>,
    ) {
        self.adoption.is_reading = false;
        if self.stop.is_some() {
            return;
        }
        let found = match result {
            Ok(found) => found,
            Err(LookupFault::Failed(error)) => return self.read_failed(&error),
            Err(LookupFault::NotBelievable(why)) => {
                if self.gives_up_reading(why) {
                    self.adoption.known.remove(view);
                    let keys: HashSet<Key> = group.iter().map(|item| item.key).collect();
                    self.give_up_marks(|item| keys.contains(&item.key), why);
                }
                return;
            }
        };
        self.health.read_worked();
        self.adoption.not_believable = 0;
        self.known.keeps_days = true;
        let mut adopted: Vec<(Waiting, EntryId)> = Vec::new();
        for item in group {
            let Some(mark) = &item.entry.mark else { continue };
            if let Some(&id) = found.ids.get(mark) {
                self.adoption.known.insert(view.clone(), (Arc::clone(item), id));
                adopted.extend(self.queue.remove(item.key).map(|waiting| (waiting, id)));
            } else if found.unreadable.contains(mark) {
                self.give_up_marks(|other| other.key == item.key, UNREADABLE);
            } else if !self.adoption.missing_marks.contains(mark) {
                self.queue.mark_is_known(item.key);
                self.adoption.add_missing(Arc::clone(item));
            }
        }
        self.record_adopted(adopted);
    }

    /// Records activities that are stored already. A store knows outcomes only of what was sent, so they are recorded as a
    /// request first. A process that finds this request without outcomes finds the marks again.
    fn record_adopted(&mut self, mut adopted: Vec<(Waiting, EntryId)>) {
        // The ids of a request grow.
        adopted.sort_by_key(|(_, id)| *id);
        let Some((_, lowest)) = adopted.first() else { return };
        let lowest = lowest.0;
        let request = self.next_number();
        let keys = adopted.iter().map(|(waiting, _)| waiting.item.key).collect();
        let floor = Floor { id: lowest.saturating_sub(1), is_certain: true };
        adopted.iter().for_each(|(waiting, _)| self.queue.hold(waiting));
        let decided = adopted.into_iter().map(|(waiting, id)| (waiting, Decision::Stored(id, None)));
        self.record_after(Some(Sending { request, keys, floor }), decided.collect());
    }

    /// Ends with activities for whose marks nobody can look.
    fn give_up_marks(&mut self, is_meant: impl Fn(&Item) -> bool, why: &'static str) {
        let items = self.queue.with_unknown_mark().map(|waiting| &*waiting.item);
        let keys: Vec<Key> = items.filter(|item| is_meant(item)).map(|item| item.key).collect();
        for key in keys {
            self.queue.remove(key);
            self.endings.push_back((key, Ending::Unknown(UnknownReason::MarkNotSearchable(why))));
        }
    }
}

/// Searches in a row that cannot be believed, after which they are given up.
const MAX_NOT_BELIEVABLE: u32 = 3;
const HIDES: &str = "the list of its owner does not show what is stored";
const UNREADABLE: &str = "a record that cannot be decoded has its mark";
