//! The fields of one record as one text, and where each field begins and ends in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Names and JSON values, one after the other in one text: a record costs two allocations whatever it holds.
#[derive(Clone, Default)]
pub(super) struct Spans {
    text: Box<str>,
    ends: Box<[Ends]>,
    /// The fields from here on are those of the object under `data`. `None` if there is no such object.
    data: Option<u32>,
}

/// A field as it was read: its name and its JSON.
pub(super) type ReadField<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Where the name and the value of a field end. The name begins where the value before it ends.
#[derive(Clone, Copy)]
struct Ends {
    name: u32,
    value: u32,
}

impl Spans {
    /// Joins the fields of a record. Those from `data` on are the ones under `data`. `None` if they are larger than 4 GiB.
    pub(super) fn join(fields: &[ReadField<'_>], data: Option<usize>) -> Option<Self> {
        let length = fields.iter().map(|(name, json)| name.len() + json.len()).sum();
        u32::try_from(length).ok()?;
        let mut text = String::with_capacity(length);
        let field = |(name, json): &ReadField<'_>| {
            text.push_str(name);
            let name = text.len() as u32;
            text.push_str(json);
            Ends { name, value: text.len() as u32 }
        };
        let ends = fields.iter().map(field).collect();
        Some(Self { text: text.into(), ends, data: data.map(|from| from as u32) })
    }

    /// Returns the JSON of a field, the one under `data` first. The last of several equal names counts, as in PHP.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let data_from = self.data_from();
        let find = |mut places: Range<usize>| places.rfind(|&at| self.name_bytes(at) == name.as_bytes());
        find(data_from..self.ends.len()).or_else(|| find(0..data_from)).map(|at| self.value(at))
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
