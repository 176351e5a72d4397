//! The activity types of an account.

use serde_core::de::{Deserialize, Deserializer, MapAccess};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::ActivityFilter;
use crate::Extra;
use crate::json_object::{self, Object};
use crate::php::Text;

/// An activity type, such as «вх.Звонок». All keys are documented. Each account defines its own types.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActivityType {
    /// `title`: the title, as in `tip` of an activity.
    pub title: String,
    /// `color`: the color, `#rrggbb`.
    pub color: Option<String>,
    /// `filter`: where the type may be used.
    pub filter: Option<ActivityFilter>,
    /// Unknown keys, as received.
    pub extra: Extra,
}

impl Object for ActivityType {
    const WHAT: &'static str = "an activity type (an object)";

    fn empty() -> Self {
        Self { title: String::new(), color: None, filter: None, extra: Extra::new() }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "title" => self.title = map.next_value::<Text>()?.0.unwrap_or_default(),
            "color" => self.color = map.next_value::<Text>()?.non_empty(),
            "filter" => self.filter = map.next_value::<Text>()?.non_empty().map(Into::into),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn missing(&self) -> Option<&'static str> {
        self.title.is_empty().then_some("title")
    }
}

impl<'de> Deserialize<'de> for ActivityType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json_object::read(deserializer)
    }
}

impl Serialize for ActivityType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("color", self.color.as_deref().unwrap_or_default())?;
        map.serialize_entry("filter", self.filter.as_ref().map_or("", ActivityFilter::as_str))?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
