//! How a page is recognized when the server returns it again, and what the pages of a list have shown so far.

use std::hash::{DefaultHasher, Hash, Hasher};

use crm_model::{Page, Unreadable};

/// Identifies a page by its records. A record that cannot be decoded counts by its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageIdentity {
    /// The first and the last ID that could be read; 0 if there is none.
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) len: usize,
    hash: u64,
}

impl PageIdentity {
    pub(super) fn new<T>(page: &Page<T>, id: fn(&T) -> u64) -> Self {
        let id_of = |item: Option<&T>| item.map_or(0, id);
        let mut hasher = DefaultHasher::new();
        page.items.iter().for_each(|item| id(item).hash(&mut hasher));
        page.unreadable.iter().for_each(|record| fingerprint(record).hash(&mut hasher));
        Self {
            first: id_of(page.items.first()),
            last: id_of(page.items.last()),
            len: page.len(),
            hash: hasher.finish(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it shows records of a page above it, or from above that. It then looks as if records below were deleted.
    pub(super) fn reaches(&self, above: PageIdentity) -> bool {
        *self != above && above.first > 0 && self.last >= above.first
    }
}

/// Tells records apart that cannot be decoded, and therefore have no ID.
pub(super) fn fingerprint(record: &Unreadable) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.raw.hash(&mut hasher);
    hasher.finish()
}

/// Whether a page of a sorted list holds a record twice. A server that does so may have left out others.
pub(super) fn holds_a_record_twice<T>(page: &Page<T>, id: fn(&T) -> u64) -> bool {
    page.items.windows(2).any(|pair| id(&pair[0]) == id(&pair[1]))
}

/// Why a list cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The server does not sort the list by id.
    Unsorted,
    /// The server returns pages in place of pages further on.
    OffsetIgnored,
}

/// What the pages have shown: how long they are, whether they are sorted, and whether the server ignores the offset.
pub(super) struct PagesSeen {
    /// How many records were requested on a page.
    asked: usize,
    /// The number of records on the longest page.
    longest: usize,
    /// The first page, to tell whether there is a different one.
    first: Option<PageIdentity>,
    are_different: bool,
    is_unsorted: bool,
    /// How many IDs there are between the first and the last of each page, and how many of them have no record.
    ids: u64,
    missing_ids: u64,
    /// The number of records on the pages that have records above them: on the first such page, and on the shortest.
    inner: Option<usize>,
    shortest_inner: usize,
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
            ids: 0,
            missing_ids: 0,
            inner: None,
            shortest_inner: usize::MAX,
            total: None,
            repeated: None,
        }
    }

    /// Takes in what a page shows. A single page in another order may be the whole list, so it is no error yet.
    pub(super) fn add<T>(&mut self, page: &Page<T>, id: fn(&T) -> u64) -> Result<PageIdentity, Unusable> {
        self.longest = self.longest.max(page.len());
        self.total = page.total.or(self.total);
        let identity = PageIdentity::new(page, id);
        if !page.is_empty() {
            self.are_different |= *self.first.get_or_insert(identity) != identity;
            self.is_unsorted |= !page.items.is_sorted_by_key(id);
            let ids = identity.last.saturating_sub(identity.first).saturating_add(1);
            self.ids = self.ids.saturating_add(ids);
            self.missing_ids = self.missing_ids.saturating_add(ids.saturating_sub(page.len() as u64));
        }
        if self.is_unsorted && self.are_different { Err(Unusable::Unsorted) } else { Ok(identity) }
    }

    /// Whether a page was in another order. That is not an error if the page is the whole list.
    pub(super) fn is_unsorted(&self) -> bool {
        self.is_unsorted
    }

    /// Takes in the length of a page that has records above it. Returns another length if there was one.
    pub(super) fn add_inner(&mut self, len: usize) -> Option<usize> {
        self.shortest_inner = self.shortest_inner.min(len);
        let other = *self.inner.get_or_insert(len);
        (other != len).then_some(other)
    }

    /// The number of records on the shortest page that has records above it.
    pub(super) fn shortest_inner(&self) -> Option<usize> {
        self.inner.map(|_| self.shortest_inner)
    }

    /// Notes that a page of this length came in place of a page further on. The longest one counts.
    pub(super) fn add_repeated(&mut self, len: usize) {
        self.repeated = self.repeated.max(Some(len));
    }

    /// Whether a full page came in place of a page further on. There may then be records that cannot be reached.
    pub(super) fn offset_is_ignored(&self) -> bool {
        let Some(len) = self.repeated else { return false };
        let is_whole_list = !self.are_different && self.total == Some(len as u64);
        let full = if self.are_different { self.longest } else { self.longest.max(self.asked) };
        len >= full && !is_whole_list
    }

    /// Whether so many IDs have no record that two neighbouring pages often do not end and begin with adjacent IDs.
    pub(super) fn ids_have_gaps(&self) -> bool {
        self.missing_ids > self.ids / 20
    }

    /// The number of records that is requested on a page.
    pub(super) fn asked(&self) -> usize {
        self.asked
    }

    /// The number of records on the longest page.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The number of records on a full page. The longest page tells it only if a page is known to have records above it:
    /// otherwise each page may have been the last one of a list that has grown since.
    pub(super) fn full(&self) -> usize {
        if self.inner.is_some() { self.longest } else { self.longest.max(self.asked) }
    }

    /// Whether a page of this length that has records above it shows how long a full page is.
    pub(super) fn is_full_length(&self, len: usize) -> bool {
        self.inner.is_none() && len == self.longest
    }
}
