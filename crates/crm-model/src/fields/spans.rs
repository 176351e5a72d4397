//! The fields of one record as one text, and where each field begins and ends in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Names and JSON values, one after the other in one text: a record costs two allocations whatever it holds.
#[derive(Clone, Default)]
pub(super) struct Spans {
    text: Box<str>,
    ends: Box<[Ends]>,
    /// The fields from here on are those of the object under `data`. `None` if there is no such object.
    data: Option<u32>,
}

/// Where the name and the value of a field end. The name begins where the value before it ends.
#[derive(Clone, Copy)]
struct Ends {
    name: u32,
    value: u32,
}

impl Spans {
    /// Returns the JSON of a field, the one under `data` first. The last of several equal names counts, as in PHP.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let outer = 0..self.data_from();
        let inner = self.data_from()..self.ends.len();
        let mut places = inner.rev().chain(outer.rev());
        places.find_map(|at| (self.name_bytes(at) == name.as_bytes()).then(|| self.value(at)))
    }

    /// Returns the fields beside `data` by name.
    pub(super) fn outer(&self) -> BTreeMap<&str, &str> {
        (0..self.data_from()).map(|at| (self.name(at), self.value(at))).collect()
    }

    /// Returns the fields under `data` by name. `None` if there is no such object.
    pub(super) fn data(&self) -> Option<BTreeMap<&str, &str>> {
        self.data?;
        Some((self.data_from()..self.ends.len()).map(|at| (self.name(at), self.value(at))).collect())
    }

    /// Returns the text of all names and values.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn data_from(&self) -> usize {
        self.data.map_or(self.ends.len(), |from| from as usize)
    }

    fn name(&self, at: usize) -> &str {
        &self.text[self.name_begin(at)..self.ends[at].name as usize]
    }

    /// Returns the name without a look at the borders of its letters.
    fn name_bytes(&self, at: usize) -> &[u8] {
        &self.text.as_bytes()[self.name_begin(at)..self.ends[at].name as usize]
    }

    fn name_begin(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.ends[before].value as usize)
    }

    fn value(&self, at: usize) -> &str {
        &self.text[self.ends[at].name as usize..self.ends[at].value as usize]
    }
}

/// A field as it was read: its name and its JSON.
pub(super) type ReadField<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Joins the fields of a record. `None` if they are larger than 4 GiB.
pub(super) fn join(outer: &[ReadField<'_>], data: Option<&[ReadField<'_>]>) -> Option<Spans> {
    let fields = || outer.iter().chain(data.unwrap_or_default());
    let length = fields().map(|(name, json)| name.len() + json.len()).sum();
    u32::try_from(length).ok()?;
    let mut text = String::with_capacity(length);
    let mut ends = Vec::with_capacity(outer.len() + data.map_or(0, <[_]>::len));
    for (name, json) in fields() {
        text.push_str(name);
        let name = text.len() as u32;
        text.push_str(json);
        ends.push(Ends { name, value: text.len() as u32 });
    }
    let data = data.map(|_| outer.len() as u32);
    Some(Spans { text: text.into(), ends: ends.into(), data })
}
