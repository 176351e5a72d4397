//! A project.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::{CurrencyId, GroupId, ProjectId, SalesFunnelId, StepId, UserId};
use crate::fields::read_record;
use crate::{FieldError, Fields};

/// A project with all its fields.
///
/// Only `id` is required. A method reads the built-in field of the same name. These names are documented as parameters
/// of the filter; that responses use them too is *assumed*. A method returns `Ok(None)` if the field is absent or empty.
/// All fields are in [`fields`](Self::fields).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Project {
    /// `id`: the ID of the project.
    pub id: ProjectId,
    /// All other fields, built-in and custom: `project.fields.get("contract_date")`.
    pub fields: Fields,
}

impl Project {
    /// `created`: when the project was created, in the account's local time.
    ///
    /// # Errors
    /// Fails if the field does not hold a date and time.
    pub fn created(&self) -> Result<Option<NaiveDateTime>, FieldError> {
        self.fields.as_datetime("created")
    }

    /// `sales_funnel_id`: the sales funnel of the project.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn sales_funnel_id(&self) -> Result<Option<SalesFunnelId>, FieldError> {
        self.fields.as_id("sales_funnel_id")
    }

    /// `step_id`: the current step of the funnel.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn step_id(&self) -> Result<Option<StepId>, FieldError> {
        self.fields.as_id("step_id")
    }

    /// `user_id`: the user responsible for the project.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn user_id(&self) -> Result<Option<UserId>, FieldError> {
        self.fields.as_id("user_id")
    }

    /// `group_id`: the group responsible for the project.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn group_id(&self) -> Result<Option<GroupId>, FieldError> {
        self.fields.as_id("group_id")
    }

    /// `price`: the price, as decimal digits.
    ///
    /// # Errors
    /// Fails if the field does not hold a decimal number.
    pub fn price(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_decimal_str("price")
    }

    /// `currency_id`: the currency of the price.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn currency_id(&self) -> Result<Option<CurrencyId>, FieldError> {
        self.fields.as_id("currency_id")
    }

    /// `participants_user_id`: the participating users. Empty if there are none.
    ///
    /// # Errors
    /// Fails if the field does not hold IDs.
    #[doc(alias = "participants_user_id")]
    pub fn participant_users(&self) -> Result<Vec<UserId>, FieldError> {
        Ok(self.fields.as_ids("participants_user_id")?.into_iter().map(UserId).collect())
    }

    /// `participants_group_id`: the participating groups. Empty if there are none.
    ///
    /// # Errors
    /// Fails if the field does not hold IDs.
    #[doc(alias = "participants_group_id")]
    pub fn participant_groups(&self) -> Result<Vec<GroupId>, FieldError> {
        Ok(self.fields.as_ids("participants_group_id")?.into_iter().map(GroupId).collect())
    }
}

impl<'de> Deserialize<'de> for Project {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, fields) = read_record(deserializer)?;
        Ok(Self { id, fields })
    }
}

impl Serialize for Project {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        for (key, value) in self.fields.top_level() {
            map.serialize_entry(key, &value)?;
        }
        map.end()
    }
}
