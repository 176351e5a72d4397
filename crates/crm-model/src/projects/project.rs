//! A project.

use chrono::NaiveDateTime;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

use super::{CurrencyId, GroupId, ProjectId, SalesFunnelId, StepId, UserId};
use crate::fields::read_record;
use crate::{FieldError, Fields};

/// A project with all its fields.
///
/// Only `id` must be there. The built-in fields have readers named after the documented parameters of the filter
/// (that answers use the same names is assumed); each gives `Ok(None)` where the field is absent, and an error
/// that says what was found where it holds something else. Everything is in [`fields`](Self::fields).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// All other fields, built-in and dynamic: `project.fields.get("contract_date")`.
    pub fields: Fields,
}

impl Project {
    /// `created`: when it was made, in the account's local time.
    ///
    /// # Errors
    /// The field holds no date and time.
    pub fn created(&self) -> Result<Option<NaiveDateTime>, FieldError> {
        self.fields.as_datetime("created")
    }

    /// `sales_funnel_id`: its sales funnel.
    ///
    /// # Errors
    /// The field holds no id.
    pub fn sales_funnel_id(&self) -> Result<Option<SalesFunnelId>, FieldError> {
        self.id_of("sales_funnel_id")
    }

    /// `step_id`: its step of the funnel.
    ///
    /// # Errors
    /// The field holds no id.
    pub fn step_id(&self) -> Result<Option<StepId>, FieldError> {
        self.id_of("step_id")
    }

    /// `user_id`: the user who answers for it.
    ///
    /// # Errors
    /// The field holds no id.
    pub fn user_id(&self) -> Result<Option<UserId>, FieldError> {
        self.id_of("user_id")
    }

    /// `group_id`: the group that answers for it.
    ///
    /// # Errors
    /// The field holds no id.
    pub fn group_id(&self) -> Result<Option<GroupId>, FieldError> {
        self.id_of("group_id")
    }

    /// `price`: its price as decimal digits.
    ///
    /// # Errors
    /// The field holds no decimal number.
    pub fn price(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_decimal_str("price")
    }

    /// `currency_id`: the currency of the price.
    ///
    /// # Errors
    /// The field holds no id.
    pub fn currency_id(&self) -> Result<Option<CurrencyId>, FieldError> {
        self.id_of("currency_id")
    }

    /// `participants_user_id`: the users who take part.
    ///
    /// # Errors
    /// The field holds no ids.
    #[doc(alias = "participants_user_id")]
    pub fn participant_users(&self) -> Result<Vec<UserId>, FieldError> {
        Ok(self.fields.as_ids("participants_user_id")?.into_iter().map(UserId).collect())
    }

    /// `participants_group_id`: the groups that take part.
    ///
    /// # Errors
    /// The field holds no ids.
    #[doc(alias = "participants_group_id")]
    pub fn participant_groups(&self) -> Result<Vec<GroupId>, FieldError> {
        Ok(self.fields.as_ids("participants_group_id")?.into_iter().map(GroupId).collect())
    }

    fn id_of<I: From<u64>>(&self, name: &str) -> Result<Option<I>, FieldError> {
        Ok(self.fields.as_u64(name)?.filter(|&id| id != 0).map(I::from))
    }
}

impl<'de> Deserialize<'de> for Project {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, fields) = read_record(deserializer)?;
        let id = id.map(ProjectId).ok_or_else(|| de::Error::missing_field("id"))?;
        Ok(Self { id, fields })
    }
}

impl Serialize for Project {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        for (key, value) in self.fields.raw() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
