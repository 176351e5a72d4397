//! Takes the known keys out of a record that was read as JSON. What is left is its `extra`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde_core::de::{Deserializer, Error, MapAccess};
use serde_json::Value;

use crate::Extra;
use crate::json_object::{self, Object};
use crate::php::Scalar;

/// The keys of a record that were not taken yet.
pub(super) struct Keys(Extra);

impl Object for Keys {
    const WHAT: &'static str = "a record (an object)";

    fn empty() -> Self {
        Self(Extra::new())
    }

    /// Leaves every key to `extra`: which one means what depends on the others.
    fn take<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.0
    }

    fn missing(&self) -> Option<&'static str> {
        None
    }
}

/// A value that does not fit its key. Begins with the path of the key, for errors of the client.
pub(super) type Misfit = String;

impl Keys {
    /// Reads a record and lets `take` build it from its keys.
    pub(super) fn read<'de, T, D: Deserializer<'de>>(
        deserializer: D,
        take: impl FnOnce(Self) -> Result<T, Misfit>,
    ) -> Result<T, D::Error> {
        take(json_object::read(deserializer)?).map_err(D::Error::custom)
    }

    /// Takes an ID; `None` for 0 and for nothing.
    pub(super) fn id<T: From<u64>>(&mut self, key: &str) -> Result<Option<T>, Misfit> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        let number = Scalar::from_value(&value).and_then(|scalar| scalar.unsigned().ok());
        match number {
            Some(number) => Ok(number.filter(|&id| id != 0).map(T::from)),
            None => Err(misfit(key, "an id (digits)", &value)),
        }
    }

    /// Takes the ID of the record itself.
    pub(super) fn own_id<T: From<u64>>(&mut self, key: &str) -> Result<T, Misfit> {
        self.id(key)?.ok_or_else(|| format!("`.{key}`: expected an id, found nothing or 0"))
    }

    /// Takes a text; `None` for `""` and for nothing.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Misfit> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        match Scalar::from_value(&value) {
            Some(scalar) => Ok(scalar.text().map(Cow::into_owned).filter(|text| !text.is_empty())),
            None => Err(misfit(key, "a text", &value)),
        }
    }

    /// Takes the title of something, where `none` is the server's word for nothing.
    pub(super) fn title(&mut self, key: &str, none: &str) -> Result<Option<String>, Misfit> {
        Ok(self.text(key)?.filter(|title| title != none))
    }

    /// Takes a local time; `None` for the zero date and for nothing.
    pub(super) fn time(&mut self, key: &str) -> Result<Option<NaiveDateTime>, Misfit> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        let time = Scalar::from_value(&value).and_then(|scalar| scalar.datetime().ok());
        time.ok_or_else(|| misfit(key, "a time as YYYY-MM-DD HH:MM:SS", &value))
    }

    /// Takes `yes` or `no`.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Misfit> {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        match Scalar::from_value(&value).map(Scalar::text).as_ref().map(Option::as_deref) {
            Some(Some("yes" | "1")) => Ok(Some(true)),
            Some(Some("no" | "0")) => Ok(Some(false)),
            Some(None | Some("")) => Ok(None),
            _ => Err(misfit(key, "yes or no", &value)),
        }
    }

    /// Takes the texts of an object by their keys, without those that are empty.
    pub(super) fn texts(&mut self, key: &str) -> Result<BTreeMap<String, String>, Misfit> {
        let Some(value) = self.0.remove(key) else { return Ok(BTreeMap::new()) };
        match (value, key) {
            (Value::Object(texts), _) => {
                let mut texts = Self(texts);
                let keys: Vec<String> = texts.0.keys().cloned().collect();
                let mut taken = BTreeMap::new();
                for part in keys {
                    let text =
                        texts.text(&part).map_err(|misfit| misfit.replacen("`.", &format!("`.{key}."), 1));
                    taken.extend(text?.map(|text| (part, text)));
                }
                Ok(taken)
            }
            (value, _) if Scalar::from_value(&value).is_some_and(|scalar| scalar.text().is_none()) => {
                Ok(BTreeMap::new())
            }
            (value, key) => Err(misfit(key, "an object of texts", &value)),
        }
    }

    /// Takes a list of IDs.
    pub(super) fn ids<T: From<u64>>(&mut self, key: &str) -> Result<Vec<T>, Misfit> {
        match self.0.remove(key) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let id = |item: &Value| Scalar::from_value(item)?.unsigned().ok()?.filter(|&id| id != 0);
                let ids: Option<Vec<u64>> = items.iter().map(id).collect();
                let ids = ids.ok_or_else(|| format!("`.{key}`: expected a list of ids"))?;
                Ok(ids.into_iter().map(T::from).collect())
            }
            Some(value) => Err(misfit(key, "a list of ids", &value)),
        }
    }

    /// Returns a value that was not taken yet.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Returns what was not taken.
    pub(super) fn rest(self) -> Extra {
        self.0
    }
}

/// Describes a value that does not fit. Leaves out a text, because it may be personal data.
fn misfit(key: &str, expected: &str, value: &Value) -> Misfit {
    let found = match Scalar::from_value(value) {
        Some(scalar) => scalar.found(),
        None if value.is_array() => "a list".to_owned(),
        None => "an object".to_owned(),
    };
    format!("`.{key}`: expected {expected}, found {found}")
}
