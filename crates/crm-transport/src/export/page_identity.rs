//! How a page is recognized when the server returns it again, and what the pages of a list have shown so far.

use crm_model::Page;

/// Identifies a page by its first id, its last id and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageIdentity {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) len: usize,
}

impl PageIdentity {
    pub(super) fn new<T>(page: &Page<T>, id: fn(&T) -> u64) -> Self {
        let id_of = |item: Option<&T>| item.map_or(0, id);
        Self { first: id_of(page.items.first()), last: id_of(page.items.last()), len: page.len() }
    }
}

/// The server does not sort the list by id.
#[derive(Debug)]
pub(super) struct Unsorted;

/// What the pages have shown: how long they are, whether they are sorted, and whether the server ignores the offset.
pub(super) struct PagesSeen {
    /// How many records were asked for on a page.
    asked: usize,
    /// The number of records on the longest page.
    longest: usize,
    /// The first page, to tell whether there is a different one.
    first: Option<PageIdentity>,
    are_different: bool,
    is_unsorted: bool,
    /// The number of records in the list, if the server returns it.
    total: Option<u64>,
    /// The length of a page that came again in place of a page further on.
    repeated: Option<usize>,
}

impl PagesSeen {
    pub(super) fn new(asked: usize) -> Self {
        Self {
            asked,
            longest: 0,
            first: None,
            are_different: false,
            is_unsorted: false,
            total: None,
            repeated: None,
        }
    }

    /// Takes in what a page shows. A single page in another order may be the whole list, so it is no error yet.
    pub(super) fn add<T>(&mut self, page: &Page<T>, id: fn(&T) -> u64) -> Result<PageIdentity, Unsorted> {
        self.longest = self.longest.max(page.len());
        self.total = page.total.or(self.total);
        let identity = PageIdentity::new(page, id);
        if !page.is_empty() {
            self.are_different |= *self.first.get_or_insert(identity) != identity;
            self.is_unsorted |= !page.items.is_sorted_by_key(id);
        }
        if self.is_unsorted && self.are_different { Err(Unsorted) } else { Ok(identity) }
    }

    /// Notes that a page of this length came in place of a page further on.
    pub(super) fn add_repeated(&mut self, len: usize) {
        self.repeated = Some(len);
    }

    /// Whether a full page came in place of a page further on. There may then be records that cannot be reached.
    pub(super) fn offset_is_ignored(&self) -> bool {
        let Some(len) = self.repeated else { return false };
        let is_whole_list = !self.are_different && self.total == Some(len as u64);
        len >= self.full() && !is_whole_list
    }

    /// The number of records on the longest page.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The number of records on a full page. The longest page tells it only if there are others to compare it with.
    pub(super) fn full(&self) -> usize {
        if self.are_different { self.longest } else { self.longest.max(self.asked) }
    }
}
