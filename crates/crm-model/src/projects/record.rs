//! What belongs to a project: steps, actions, checklists, goods, payments.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{ActionId, ChecklistId, GoodId, PaymentId, StepId};
use crate::Fields;
use crate::fields::read_record;

/// A record that belongs to a project. Nothing of it is documented; the key `id` is assumed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record<I> {
    /// `id`, where the record has one.
    pub id: Option<I>,
    /// All its other fields.
    pub fields: Fields,
}

/// A step (stage) of a project.
pub type Step = Record<StepId>;
/// An action (event) of a project.
pub type Action = Record<ActionId>;
/// A checklist of a project.
pub type Checklist = Record<ChecklistId>;
/// A good of a project.
pub type Good = Record<GoodId>;
/// A payment of a project; its `type` is assumed to be a word of [`PaymentKind`](super::PaymentKind).
#[doc(alias = "type")]
pub type Payment = Record<PaymentId>;

impl<'de, I: From<u64>> Deserialize<'de> for Record<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, fields) = read_record(deserializer)?;
        Ok(Self { id: id.map(I::from), fields })
    }
}

impl<I: Serialize> Serialize for Record<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        for (key, value) in self.fields.raw() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
