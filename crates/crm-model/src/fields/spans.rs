//! The fields of one record as one text, and where each field begins and ends in it.

use std::collections::BTreeMap;

use serde::de;

use super::record::needs_check;

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
        places.find_map(|at| (self.name(at) == name).then(|| self.value(at)))
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

    fn data_from(&self) -> usize {
        self.data.map_or(self.ends.len(), |from| from as usize)
    }

    fn name(&self, at: usize) -> &str {
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before].value);
        &self.text[begin as usize..self.ends[at].name as usize]
    }

    fn value(&self, at: usize) -> &str {
        &self.text[self.ends[at].name as usize..self.ends[at].value as usize]
    }
}

/// Collects the fields of a record.
pub(super) struct SpansBuilder {
    text: String,
    ends: Vec<Ends>,
    data: Option<u32>,
    needs_check: bool,
}

impl SpansBuilder {
    pub(super) fn new() -> Self {
        Self {
            text: String::with_capacity(1024),
            ends: Vec::with_capacity(32),
            data: None,
            needs_check: false,
        }
    }

    /// Adds a field.
    pub(super) fn push<E: de::Error>(&mut self, name: &str, json: &str) -> Result<(), E> {
        self.text.push_str(name);
        let name = self.end()?;
        self.text.push_str(json);
        let value = self.end()?;
        self.needs_check |= needs_check(json);
        self.ends.push(Ends { name, value });
        Ok(())
    }

    /// What is added from now on is under `data`.
    pub(super) fn begin_data<E: de::Error>(&mut self) -> Result<(), E> {
        self.data = Some(u32::try_from(self.ends.len()).map_err(E::custom)?);
        Ok(())
    }

    /// Returns whether a value may be one that cannot be parsed.
    pub(super) fn needs_check(&self) -> bool {
        self.needs_check
    }

    /// Returns the text of all names and values.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn build(self) -> Spans {
        Spans { text: self.text.into(), ends: self.ends.into(), data: self.data }
    }

    fn end<E: de::Error>(&self) -> Result<u32, E> {
        u32::try_from(self.text.len()).map_err(|_| E::custom("the record is larger than 4 GiB"))
    }
}
