//! The IDs that the engine knows.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDateTime;
use crm_model::history::EntryId;

use super::driver::NewestIds;
use super::item::{Earlier, Floor, Item, View};
use super::lookup::Reading;
use super::mutations::breaks;
use super::ranges::Ranges;

/// Separates new records from old ones, and the records of settled activities from those in doubt.
#[derive(Default)]
pub(super) struct Known {
    /// The highest ID seen in any view, or confirmed.
    highest: u64,
    /// The server gave us an ID, so every older record has a lower one.
    is_confirmed: bool,
    /// The server gave us an ID, and later a higher one.
    has_grown: bool,
    /// The lowest floor of what earlier processes left in doubt. It may come at any time.
    lowest_earlier: Option<u64>,
    /// The views in which the server gave us an ID.
    confirmed_views: HashSet<View>,
    /// How many activities that earlier processes left in doubt have not come yet.
    earlier_in_doubt: usize,
    /// Activities of ours are stored whose IDs are not known, or may be.
    has_unknown_ids: bool,
    /// The views that were read, with the newest IDs that they showed at the beginning.
    read: HashMap<View, NewestIds>,
    /// The lowest floor of all requests of earlier processes. 0 if it is not known.
    oldest_floor: u64,
    /// Records of activities that are settled, above the lowest floor in use.
    claimed: Ranges,
    /// The floors of activities that are stored under an ID which the server did not say, by their identity.
    without_id: HashMap<u64, Vec<u64>>,
    /// A list kept to the days that it was requested.
    pub(super) keeps_days: bool,
    /// Why no list can be believed.
    distrust: Option<&'static str>,
    /// The IDs of our records that the server gave us, or that a list showed.
    written: BTreeMap<EntryId, Written>,
}

/// What is known about a record of ours.
struct Written {
    view: View,
    /// The time that we wrote. `None` if it has none, or if a list showed it.
    at: Option<NaiveDateTime>,
    /// The request that wrote it. `None` if an earlier process did, or if a list showed it.
    request: Option<u64>,
}

impl Known {
    /// `earlier` is what earlier processes know.
    pub(super) fn new(earlier: Earlier) -> Self {
        let Earlier {
            claimed,
            lowest_floor,
            ids_grow,
            has_grown,
            in_doubt,
            has_unknown_ids,
            oldest_floor,
            ..
        } = earlier;
        let highest = claimed.last().unwrap_or(0);
        let has_grown = ids_grow && has_grown;
        let distrust = (!ids_grow).then_some(IDS_DO_NOT_GROW);
        Self {
            highest,
            claimed,
            distrust,
            has_grown,
            lowest_earlier: lowest_floor,
            earlier_in_doubt: in_doubt,
            has_unknown_ids,
            oldest_floor,
            ..Self::default()
        }
    }

    /// Returns the floor of a request that is sent now, with activities of these views.
    pub(super) fn floor<'a>(&self, mut views: impl Iterator<Item = &'a View>) -> Floor {
        Floor { id: self.highest, is_certain: views.all(|view| self.has_certain_floor(view)) }
    }

    /// Returns whether every older record of this view is known to have an ID at or below the floor. A view that
    /// showed nothing may have hidden them.
    pub(super) fn has_certain_floor(&self, view: &View) -> bool {
        self.is_confirmed || self.shows_anything(view) || breaks("an-empty-view-has-no-floor")
    }

    /// Returns whether a record of this view is known that is older than all requests from now on. A list that does not
    /// show it, or another one that is as old, may show only the newest records.
    pub(super) fn has_older_record(&self, view: &View) -> bool {
        self.confirmed_views.contains(view) || self.shows_anything(view)
    }

    pub(super) fn highest(&self) -> u64 {
        self.highest
    }

    /// Returns down to which ID lists are read for requests with this floor. As long as it is not known whether IDs grow, that
    /// is the state before the first request.
    pub(super) fn read_down_to(&self, floor: u64) -> u64 {
        let newest = self.read.values().flatten().filter_map(|newest| newest.iter().max());
        let oldest = Some(self.oldest_floor).filter(|&floor| floor > 0);
        if self.has_grown { floor } else { newest.map(|id| id.0).chain(oldest).fold(floor, u64::min) }
    }

    pub(super) fn has_read(&self, view: &View) -> bool {
        self.read.contains_key(view)
    }

    /// Returns whether this view showed a record.
    pub(super) fn shows_anything(&self, view: &View) -> bool {
        self.read.get(view).is_some_and(Option::is_some)
    }

    /// Returns how many records a page holds at least: as many as the longest first page that was seen.
    pub(super) fn page_size(&self) -> usize {
        self.read.values().flatten().map(HashSet::len).max().unwrap_or(0)
    }

    /// Notes the newest IDs in a view; `None` if nothing can be said about it.
    pub(super) fn view_read(&mut self, view: View, newest: NewestIds) {
        let highest = newest.iter().flatten().max();
        self.highest = self.highest.max(highest.map_or(0, |id| id.0));
        self.read.insert(view, newest);
    }

    /// Returns whether this record of a view may have been written since the first request. `is_earlier`: an earlier process
    /// may have sent that.
    pub(super) fn may_be_new(&self, view: &View, id: EntryId, is_earlier: bool) -> bool {
        match self.read.get(view) {
            _ if is_earlier => id.0 > self.oldest_floor,
            Some(Some(newest)) => {
                let is_above_oldest = || newest.iter().min().is_none_or(|&oldest| id > oldest);
                !newest.contains(&id) && (!self.has_grown || is_above_oldest())
            }
            Some(None) | None => true,
        }
    }

    /// Notes what lists show. None of it belongs to a request that is sent later.
    pub(super) fn seen(&mut self, reading: &Reading) {
        let newest = reading.0.iter().filter_map(|(_, view)| view.records.last());
        self.highest = newest.fold(self.highest, |highest, record| highest.max(record.id.0));
    }

    /// Notes that no list can be believed from now on.
    pub(super) fn distrust(&mut self, why: &'static str) {
        if !breaks("ids-grow") {
            self.distrust.get_or_insert(why);
        }
    }

    /// Returns why no list can be believed.
    pub(super) fn distrusted(&self) -> Option<&'static str> {
        self.distrust
    }

    /// Notes that the server gave an activity this ID in this request, whose floor was `floor`.
    pub(super) fn confirm(&mut self, item: &Item, id: EntryId, request: u64, floor: Floor) {
        if id.0 <= floor.id {
            self.distrust(IDS_DO_NOT_GROW);
        }
        self.has_grown |= self.is_confirmed && id.0 > floor.id;
        self.is_confirmed = true;
        self.confirmed_views.insert(item.view.clone());
        self.claim(id);
        let at = item.entry.stored_at();
        self.written.insert(id, Written { view: item.view.clone(), at, request: Some(request) });
    }

    /// Notes that an activity has come which an earlier process left in doubt.
    pub(super) fn earlier_doubt_has_come(&mut self) {
        self.earlier_in_doubt = self.earlier_in_doubt.saturating_sub(1);
    }

    /// Returns whether activities that earlier processes left in doubt have not come yet.
    pub(super) fn awaits_earlier(&self) -> bool {
        self.earlier_in_doubt > 0
    }

    /// Returns whether each record of ours has a known ID, or belongs to an activity in doubt or in flight.
    pub(super) fn accounts_for_all(&self) -> bool {
        !self.awaits_earlier() && !self.has_unknown_ids
    }

    /// Notes what an earlier process stored.
    pub(super) fn stored_before(&mut self, view: &View, id: EntryId, at: Option<NaiveDateTime>) {
        self.confirmed_views.insert(view.clone());
        self.written.insert(id, Written { view: view.clone(), at, request: None });
        if self.written.len() > KEPT && self.lowest_earlier.is_none_or(|lowest| id.0 > lowest) {
            self.written.pop_first();
        }
    }

    /// Notes that an activity is stored, and that the server did not say under which ID.
    pub(super) fn confirm_without_id(&mut self, identity: u64, floor: Floor) {
        self.has_unknown_ids = true;
        let floors = self.without_id.entry(identity).or_default();
        floors.push(floor.id);
        floors.sort_unstable();
    }

    /// Notes that an activity is stored or not, and that this will not be found out.
    pub(super) fn leave_undecided(&mut self) {
        self.has_unknown_ids = true;
    }

    /// Notes what earlier processes stored without an ID.
    pub(super) fn stored_without_id_before(&mut self, identity: u64, floors: Vec<u64>) {
        self.without_id.entry(identity).or_insert(floors);
    }

    /// Returns the floors of the activities of this identity that are stored without a known ID, the lowest first.
    pub(super) fn stored_without_id(&self, identity: u64) -> &[u64] {
        if breaks("stored-without-id-has-a-record") {
            &[]
        } else {
            self.without_id.get(&identity).map_or(&[], Vec::as_slice)
        }
    }

    /// Notes that a list of this view showed the record of an activity. Whose it is does not prove when it was written.
    pub(super) fn found(&mut self, view: &View, id: EntryId) {
        self.claim(id);
        let written = || Written { view: view.clone(), at: None, request: None };
        self.written.entry(id).or_insert_with(written);
    }

    /// Notes that this record belongs to a settled activity.
    fn claim(&mut self, id: EntryId) {
        self.highest = self.highest.max(id.0);
        self.claimed.insert(id.0);
    }

    /// Returns whether this record belongs to an activity that is settled. So it is known to be there.
    pub(super) fn is_claimed(&self, id: EntryId) -> bool {
        !breaks("a-record-belongs-to-one-activity")
            && (self.claimed.contains(id.0) || self.written.contains_key(&id))
    }

    /// Returns the time that we wrote in this record.
    pub(super) fn written_at(&self, id: EntryId) -> Option<NaiveDateTime> {
        self.written.get(&id).and_then(|written| written.at)
    }

    /// Returns whether the records between these two are ours, all of them, from requests up to this one.
    pub(super) fn wrote_all_between(&self, first: EntryId, last: EntryId, last_request: u64) -> bool {
        let wrote = |id| self.written.get(&EntryId(id)).and_then(|written| written.request);
        first < last
            && (first.0 + 1..last.0).all(|id| wrote(id).is_some_and(|request| request <= last_request))
    }

    /// Returns records that a view must show: those of ours, and the newest at the beginning.
    pub(super) fn must_show(&self, view: &View) -> Vec<EntryId> {
        let written = self.written.iter().filter(|(_, written)| written.view == *view).map(|(id, _)| *id);
        let newest = self.read.get(view).into_iter().flatten().flatten().max().copied();
        written.chain(newest).collect()
    }

    /// Forgets what no request at or above this floor needs.
    pub(super) fn forget_below(&mut self, lowest: u64) {
        let lowest = self.lowest_earlier.map_or(lowest, |earlier| earlier.min(lowest));
        // The last ones stay: they prove that a list shows what is there, and teach its shift of time.
        while self.claimed.len() > KEPT as u64
            && let Some(id) = self.claimed.first().filter(|id| *id < lowest)
        {
            self.claimed.remove(id);
        }
        while self.written.len() > KEPT
            && let Some((&id, _)) = self.written.first_key_value()
            && id.0 < lowest
        {
            self.written.pop_first();
        }
    }
}

const IDS_DO_NOT_GROW: &str = "the ids of its records do not grow";
/// How many IDs are kept in any case: as many as a page shows.
const KEPT: usize = 200;
