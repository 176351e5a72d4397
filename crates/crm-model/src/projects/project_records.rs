//! Records that belong to a project: steps, actions, checklists, goods and payments.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};
use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::{
    ActionId, ActionTypeId, ChecklistId, CurrencyId, GoodId, PaymentId, PaymentKind, StepId, UserId,
};
use crate::fields::read_record;
use crate::{FieldError, Fields};

/// A record that belongs to a project.
///
/// solOS documents no responses, so every key is *assumed*, `id` included. A record without an ID cannot be decoded.
/// Each method reads the key that its documentation begins with, and returns `Ok(None)` if the key is absent or empty.
/// Other spellings are in [`fields`](Self::fields).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record<I> {
    /// `id`: the ID of the record.
    pub id: I,
    /// All other fields.
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
/// A payment of a project.
pub type Payment = Record<PaymentId>;

impl Step {
    /// `name` (*assumed*): the name of the step.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn name(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("name")
    }

    /// `order` (*assumed*): the position of the step in its funnel.
    ///
    /// # Errors
    /// Fails if the field does not hold a whole number.
    pub fn order(&self) -> Result<Option<u64>, FieldError> {
        self.fields.as_u64("order")
    }

    /// `date` (*assumed*): when the project entered the step, in the account's local time.
    ///
    /// # Errors
    /// Fails if the field does not hold a date.
    pub fn date(&self) -> Result<Option<NaiveDateTime>, FieldError> {
        self.fields.as_datetime("date")
    }

    /// `user_id` (*assumed*): the user who moved the project to the step.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn user_id(&self) -> Result<Option<UserId>, FieldError> {
        self.fields.as_id("user_id")
    }
}

impl Action {
    /// `actions_type_id` (*assumed*): the type of the action.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    #[doc(alias = "actions_type_id")]
    pub fn type_id(&self) -> Result<Option<ActionTypeId>, FieldError> {
        self.fields.as_id("actions_type_id")
    }

    /// `name` (*assumed*): the name of the type.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn name(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("name")
    }

    /// `date` (*assumed*): when the action takes place, in the account's local time.
    ///
    /// # Errors
    /// Fails if the field does not hold a date.
    pub fn date(&self) -> Result<Option<NaiveDateTime>, FieldError> {
        self.fields.as_datetime("date")
    }

    /// `user_id` (*assumed*): the user who performs the action.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn user_id(&self) -> Result<Option<UserId>, FieldError> {
        self.fields.as_id("user_id")
    }

    /// `comment` (*assumed*): the text of the action.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn comment(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("comment")
    }
}

impl Checklist {
    /// `name` (*assumed*): the name of the checklist.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn name(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("name")
    }
}

impl Good {
    /// `name` (*assumed*): the name of the good.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn name(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("name")
    }

    /// `count` (*assumed*): the quantity, as decimal digits.
    ///
    /// # Errors
    /// Fails if the field does not hold a decimal number.
    pub fn count(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_decimal_str("count")
    }

    /// `price` (*assumed*): the price of one unit, as decimal digits.
    ///
    /// # Errors
    /// Fails if the field does not hold a decimal number.
    pub fn price(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_decimal_str("price")
    }
}

impl Payment {
    /// `type` (*assumed* to have the documented values of `filter_type`): income (`1`) or expense (`0`).
    ///
    /// # Errors
    /// Fails if the field does not hold a flag.
    #[doc(alias = "type")]
    pub fn kind(&self) -> Result<Option<PaymentKind>, FieldError> {
        let kind = |income| if income { PaymentKind::Income } else { PaymentKind::Expense };
        Ok(self.fields.as_bool("type")?.map(kind))
    }

    /// `amount` (*assumed*): the amount, as decimal digits.
    ///
    /// # Errors
    /// Fails if the field does not hold a decimal number.
    pub fn amount(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_decimal_str("amount")
    }

    /// `currency_id` (*assumed*): the currency of the amount.
    ///
    /// # Errors
    /// Fails if the field does not hold an ID.
    pub fn currency_id(&self) -> Result<Option<CurrencyId>, FieldError> {
        self.fields.as_id("currency_id")
    }

    /// `date` (*assumed*): the day of the payment.
    ///
    /// # Errors
    /// Fails if the field does not hold a date.
    pub fn date(&self) -> Result<Option<NaiveDate>, FieldError> {
        self.fields.as_date("date")
    }

    /// `comment` (*assumed*): the comment on the payment.
    ///
    /// # Errors
    /// Fails if the field does not hold a text.
    pub fn comment(&self) -> Result<Option<Cow<'_, str>>, FieldError> {
        self.fields.as_str("comment")
    }
}

impl<'de, I: From<u64>> Deserialize<'de> for Record<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, fields) = read_record(deserializer)?;
        Ok(Self { id, fields })
    }
}

impl<I: Serialize> Serialize for Record<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        for (key, value) in self.fields.top_level() {
            map.serialize_entry(key, &value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<I: From<u64>>(json: &str) -> Record<I> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_record_without_an_id_is_unreadable() {
        for json in [r#"{"amount":1000}"#, r#"{"id":0,"amount":1000}"#, r#"{"id":"","amount":1000}"#] {
            let error = serde_json::from_str::<Payment>(json).unwrap_err().to_string();
            assert!(error.starts_with("missing field `id`"), "{json}: {error}");
            assert!(serde_json::from_str::<Step>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_record_is_written_back_as_it_was_received() {
        let json = r#"{"brand_new":[1],"id":7,"type":"1"}"#;
        let written = serde_json::to_value(read::<PaymentId>(json)).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(json).unwrap());
    }

    #[test]
    fn a_payment_gives_its_kind_amount_currency_day_and_comment() {
        let payment: Payment = read(
            r#"{"id":"7","type":"1","amount":"1500.50","currency_id":"2","date":"2021-05-21","comment":"аванс"}"#,
        );
        assert_eq!(payment.id, PaymentId(7));
        assert_eq!(payment.kind(), Ok(Some(PaymentKind::Income)));
        assert_eq!(payment.amount().unwrap().unwrap(), "1500.50");
        assert_eq!(payment.currency_id(), Ok(Some(CurrencyId(2))));
        assert_eq!(payment.date(), Ok(NaiveDate::from_ymd_opt(2021, 5, 21)));
        assert_eq!(payment.comment().unwrap().unwrap(), "аванс");
    }

    #[test]
    fn the_kind_of_a_payment_is_read_in_every_spelling_of_the_flag() {
        use PaymentKind::{Expense, Income};
        for (json, kind) in [("\"0\"", Expense), ("0", Expense), ("\"1\"", Income), ("1", Income)] {
            let payment: Payment = read(&format!(r#"{{"id":7,"type":{json}}}"#));
            assert_eq!(payment.kind(), Ok(Some(kind)), "{json}");
        }
        assert!(read::<PaymentId>(r#"{"id":7,"type":"2"}"#).kind().is_err());
    }

    #[test]
    fn an_action_gives_its_type_name_time_user_and_comment() {
        let action: Action = read(
            r#"{"id":1,"actions_type_id":"3","name":"Встреча","date":"2021-05-21 12:30:00","user_id":2,"comment":"x"}"#,
        );
        assert_eq!(action.type_id(), Ok(Some(ActionTypeId(3))));
        assert_eq!(action.name().unwrap().unwrap(), "Встреча");
        assert_eq!(action.date().unwrap().unwrap().to_string(), "2021-05-21 12:30:00");
        assert_eq!(action.user_id(), Ok(Some(UserId(2))));
        assert_eq!(action.comment().unwrap().unwrap(), "x");
    }

    #[test]
    fn a_step_gives_its_name_position_time_and_user() {
        let step: Step =
            read(r#"{"id":1,"name":"Заявка","order":"2","date":"2021-05-21 12:30:00","user_id":"4"}"#);
        assert_eq!(step.name().unwrap().unwrap(), "Заявка");
        assert_eq!(step.order(), Ok(Some(2)));
        assert_eq!(step.date().unwrap().unwrap().to_string(), "2021-05-21 12:30:00");
        assert_eq!(step.user_id(), Ok(Some(UserId(4))));
    }

    #[test]
    fn a_good_gives_its_name_quantity_and_price() {
        let good: Good = read(r#"{"id":10,"name":"Кабель","count":"2.5","price":150}"#);
        assert_eq!(good.name().unwrap().unwrap(), "Кабель");
        assert_eq!(good.count().unwrap().unwrap(), "2.5");
        assert_eq!(good.price().unwrap().unwrap(), "150");
    }

    #[test]
    fn an_absent_field_is_none_and_another_type_is_an_error() {
        let empty: Payment = read(r#"{"id":7,"currency_id":0,"date":"0000-00-00","comment":""}"#);
        assert_eq!(
            (empty.kind(), empty.amount(), empty.currency_id(), empty.date(), empty.comment()),
            (Ok(None), Ok(None), Ok(None), Ok(None), Ok(None)),
        );
        let broken: Payment = read(r#"{"id":7,"amount":"много","date":"завтра"}"#);
        assert_eq!(broken.amount().unwrap_err().name(), "amount");
        assert_eq!(broken.date().unwrap_err().name(), "date");
        assert_eq!(
            read::<ChecklistId>(r#"{"id":1,"name":"Документы"}"#).name().unwrap().unwrap(),
            "Документы"
        );
    }
}
