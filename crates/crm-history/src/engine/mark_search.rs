//! Looks for the records that have certain marks.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use crm_model::history::{Entry, EntryId};

use super::item::{Item, View};
use super::lookup::{self, Asked, LookupFault};
use crate::HistoryClient;

/// A search for marks in one view.
pub(super) struct MarkSearch {
    view: View,
    marks: HashSet<String>,
    /// The first and the last day of the activities. `None`: all days, because one of them has no date.
    days: Option<(NaiveDate, NaiveDate)>,
    /// A record that the list must show.
    must_show: Option<EntryId>,
}

/// What a search found.
#[derive(Default)]
pub(super) struct FoundMarks {
    /// The oldest record that was read with each mark.
    pub(super) ids: HashMap<String, EntryId>,
    /// The marks in records that cannot be decoded.
    pub(super) unreadable: HashSet<String>,
}

impl MarkSearch {
    /// Creates a search for the marks of these activities, all of one view. `known` is one whose record must be shown.
    pub(super) fn new<'a>(
        view: View,
        activities: impl Iterator<Item = &'a Item>,
        known: Option<(&'a Item, EntryId)>,
    ) -> Self {
        let mut search = Self { view, marks: HashSet::new(), days: None, must_show: None };
        let mut days = Vec::new();
        for item in activities.chain(known.map(|(item, _)| item)) {
            search.marks.extend(item.entry.mark.clone());
            days.push(day(item));
        }
        let days: Option<Vec<NaiveDate>> = days.into_iter().collect();
        search.days = days.and_then(|days| Some((*days.iter().min()?, *days.iter().max()?)));
        search.must_show = known.map(|(_, id)| id);
        search
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// Reads pages until each mark is found, or to the end. If one is missing, it reads the list from its other end, too: a
    /// page that lacks records lacks others then. `is_first`: it is not known yet whether the server keeps to the days
    /// asked for. A page holds at least `page_size` records.
    pub(super) async fn run(
        &self,
        client: &HistoryClient,
        page_size: usize,
        is_first: bool,
    ) -> Result<FoundMarks, LookupFault> {
        if is_first {
            lookup::ask_for_a_day_without_records(client, &self.view).await?;
        }
        let mut found = FoundMarks::default();
        let mut readings = Vec::new();
        for is_oldest_first in [false, true] {
            let asked = Asked { is_oldest_first, ..self.asked() };
            readings.push(self.read(client, page_size, &asked, &mut found).await?);
            if self.marks.iter().all(|mark| found.ids.contains_key(mark)) {
                return Ok(found);
            }
        }
        match &readings[..] {
            [first, second] if agree(first, second) => Ok(found),
            _ => Err(LookupFault::NotBelievable("two readings of it do not agree")),
        }
    }

    /// Reads the list once, and adds what it shows. Returns the IDs of its records.
    async fn read(
        &self,
        client: &HistoryClient,
        page_size: usize,
        asked: &Asked,
        found: &mut FoundMarks,
    ) -> Result<HashSet<EntryId>, LookupFault> {
        for _ in 0..lookup::ATTEMPTS {
            let mut missing = self.marks.clone();
            let mut found_all = |page: &[Entry]| {
                page.iter().filter_map(Entry::mark).for_each(|mark| _ = missing.remove(mark));
                missing.is_empty()
            };
            let Some((read, _)) = lookup::read_until(client, asked, page_size, &mut found_all).await? else {
                continue;
            };
            if self.must_show.is_some_and(|id| read.records.iter().all(|record| record.id != id)) {
                return Err(LookupFault::NotBelievable("it lacks a record that is known to be there"));
            }
            let word = self.word().to_lowercase();
            if read.unreadable.iter().any(|record| !record.raw.to_lowercase().contains(&word)) {
                return Err(LookupFault::NotBelievable("it holds something else than the records asked for"));
            }
            // Of several with one mark, the oldest one counts.
            for record in &read.records {
                if let Some(mark) = record.mark().filter(|&mark| self.marks.contains(mark)) {
                    let id = found.ids.entry(mark.to_owned()).or_insert(record.id);
                    *id = record.id.min(*id);
                }
            }
            let is_in = |mark: &&String| {
                let mark = format!("[{mark}]");
                read.unreadable.iter().any(|record| record.raw.contains(&mark))
            };
            found.unreadable.extend(self.marks.iter().filter(is_in).cloned());
            return Ok(read.records.iter().map(|record| record.id).collect());
        }
        Err(LookupFault::NotBelievable("the same record was on several of its pages"))
    }

    fn asked(&self) -> Asked {
        let all = Asked::all_of(&self.view);
        let word = Some(self.word());
        let Some((first, last)) = self.days else { return Asked { word, ..all } };
        // A caller may read times shifted, and the days with them.
        let text = |day: NaiveDate| day.format("%Y-%m-%d").to_string();
        let first = first.checked_sub_signed(LARGEST_SHIFT).map_or(all.days.0, |day| text(day).into());
        let last = last.checked_add_signed(LARGEST_SHIFT).map_or(all.days.1, |day| text(day).into());
        Asked { word, days: (first, last), ..all }
    }

    /// Returns what the marks have in common: the bracket, and their longest common prefix. A single mark is whole.
    fn word(&self) -> String {
        let (Some(first), Some(last)) = (self.marks.iter().min(), self.marks.iter().max()) else {
            return String::new();
        };
        if first == last {
            return format!("[{first}]");
        }
        let common = first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a);
        std::iter::once('[').chain(common).collect()
    }
}

/// Returns the day of an activity as the server stores it, or `None` if it has no date.
pub(super) fn day(item: &Item) -> Option<NaiveDate> {
    item.entry.stored_at().map(|at| at.date())
}

/// Returns whether two readings show the same records. Others may have written newer ones meanwhile.
fn agree(first: &HashSet<EntryId>, second: &HashSet<EntryId>) -> bool {
    let newest = first.iter().max();
    let are_newer = || newest.is_some() && second.difference(first).all(|id| Some(id) > newest);
    first == second || (first.is_subset(second) && are_newer())
}

/// More than the hours by which a caller may read times shifted.
const LARGEST_SHIFT: TimeDelta = TimeDelta::days(2);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crm_model::history::{ClientId, NewEntry};

    use super::*;

    fn search(marks: &[&str]) -> Asked {
        let day = |day: u32| NaiveDate::from_ymd_opt(2024, 6, day).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let entry = |mark: &&str| NewEntry::new("x").client(ClientId(1)).mark(*mark);
        let entries = marks.iter().map(entry).zip(10..).map(|(entry, n)| entry.at(day(n)));
        let items: Vec<Item> = entries.map(|entry| Item::new(0, entry, |_| false)).collect();
        MarkSearch::new(View(None), items.iter(), None).asked()
    }

    #[test]
    fn marks_are_searched_by_what_they_have_in_common_around_their_own_days() {
        let word = |marks: &[&str]| search(marks).word.unwrap();
        assert_eq!(word(&["1700000000.42"]), "[1700000000.42]");
        assert_eq!(word(&["1700000000.42", "1700000001.7", "17000000"]), "[17000000");
        assert_eq!(word(&["a", "b"]), "[");
        let days = search(&["1", "2", "3"]).days;
        assert_eq!((&*days.0, &*days.1), ("2024-06-08", "2024-06-14"));
    }

    #[test]
    fn a_mark_without_a_date_is_searched_in_all_days() {
        let entry = NewEntry::new("x").mark("1");
        let dated = entry.clone().at("2024-06-25T10:00:00".parse().unwrap());
        let items = [dated, entry].map(|entry| Item::new(0, entry, |_| false));
        let days = MarkSearch::new(View(None), items.iter(), None).asked().days;
        assert_eq!((&*days.0, &*days.1), ("0000-00-00", "9999-12-31"));
    }
}
