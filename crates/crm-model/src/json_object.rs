//! Reading JSON objects: a type takes the keys that it knows, the others are kept.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde_core::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::Extra;
use crate::bounded::Budget;

/// A record that is read key by key.
pub(crate) trait Object: Sized {
    /// The name of the record in an error: `"an activity"`.
    const WHAT: &'static str;

    /// Creates the record before its first key is read.
    fn empty() -> Self;

    /// Takes the value of `key` from `map` and returns true. Returns false for an unknown key and leaves its value.
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Returns the map of the unknown keys.
    fn extra(&mut self) -> &mut Extra;

    /// Returns a required key that was absent.
    fn missing(&self) -> Option<&'static str>;
}

/// Reads a record. Known keys cost as much as with a derived `Deserialize`. Only unknown keys allocate.
pub(crate) fn read<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    // Without the hint, reading a key is not inlined into it: 4 % more instructions for a page of activities.
    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut record = T::empty();
        let mut budget = Budget::new();
        while let Some(Key(key)) = map.next_key()? {
            if !record.take(&key, &mut map)? {
                let value = map.next_value_seed(budget.value())?;
                record.extra().insert(key.into_owned(), value);
            }
        }
        match record.missing() {
            None => Ok(record),
            Some(key) => Err(de::Error::missing_field(key)),
        }
    }
}

/// A key, borrowed from the input if it has no escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}
