//! Users, clients and contacts.

use crm_directory::{Client, Contact, User, phone_numbers_in};

use super::{Copied, without_shift};
use crate::row::{Phone, Value};
use crate::table::{ColumnKind, Table};

impl Copied for User {
    const TABLE: Table = Table::Users;

    fn id(&self) -> u64 {
        self.id.0
    }

    /// The list has no role, no position and no telephone numbers (observed).
    fn may_be_changed_by_list(&self) -> bool {
        true
    }

    fn values(&self, _: &[(String, ColumnKind)]) -> Vec<Value> {
        vec![
            Value::text(self.uid.as_deref()),
            Value::text(self.department_uid.as_deref()),
            Value::text(self.name.as_deref()),
            Value::text(self.login.as_deref()),
            Value::text(self.email.as_deref()),
            Value::flag(self.is_active),
            Value::text(self.role.as_deref()),
            Value::text(self.position.as_deref()),
            Value::text(self.phone.as_deref()),
            Value::text(self.extension.as_deref()),
            Value::text(self.mobile.as_deref()),
        ]
    }
}

impl Copied for Client {
    const TABLE: Table = Table::Clients;
    const HAS_TIMES: bool = true;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn has_time(&self) -> bool {
        self.created.is_some()
    }

    fn shift_back(&mut self, hours: i64) {
        self.created = without_shift(self.created, hours);
        self.changed = without_shift(self.changed, hours);
    }

    fn values(&self, _: &[(String, ColumnKind)]) -> Vec<Value> {
        vec![
            Value::text(self.uid.as_deref()),
            Value::text(self.client_type.as_ref().map(|kind| kind.as_str())),
            Value::time(self.created),
            Value::time(self.changed),
            Value::text(self.name.as_deref()),
            Value::id(self.user_id),
            Value::text(self.user_login.as_deref()),
            Value::text(self.phone.as_deref()),
            Value::text(self.fax.as_deref()),
            Value::text(self.site.as_deref()),
            Value::text(self.email.as_deref()),
            Value::text(self.address.as_deref()),
            Value::text(self.description.as_deref()),
            Value::id(self.category_id),
            Value::text(self.category.as_deref()),
            Value::id(self.territory_id),
            Value::text(self.territory.as_deref()),
            Value::id(self.source_id),
            Value::text(self.source.as_deref()),
            Value::text(self.relation.as_deref()),
            Value::id(self.main_contact_id),
            Value::id(self.parent_id),
        ]
    }

    fn phones(&self, id: i64) -> Vec<Phone> {
        phones("phone", self.phone.as_deref(), Some(id), None)
    }
}

impl Copied for Contact {
    const TABLE: Table = Table::Contacts;
    const HAS_TIMES: bool = true;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn has_time(&self) -> bool {
        self.created.is_some()
    }

    fn shift_back(&mut self, hours: i64) {
        self.created = without_shift(self.created, hours);
        self.changed = without_shift(self.changed, hours);
    }

    fn values(&self, _: &[(String, ColumnKind)]) -> Vec<Value> {
        vec![
            Value::time(self.created),
            Value::time(self.changed),
            Value::id(self.client_id),
            Value::text(self.position.as_deref()),
            Value::text(self.name.as_deref()),
            Value::text(self.phone.as_deref()),
            Value::text(self.fax.as_deref()),
            Value::text(self.mobile.as_deref()),
            Value::text(self.email.as_deref()),
            Value::id(self.user_id),
            Value::text(self.user_login.as_deref()),
            Value::text(self.loyalty.as_deref()),
            Value::text(self.source.as_deref()),
            Value::text(self.role.as_deref()),
        ]
    }

    fn phones(&self, id: i64) -> Vec<Phone> {
        let client = self.client_id.and_then(|id| i64::try_from(id.0).ok());
        let mut numbers = phones("phone", self.phone.as_deref(), client, Some(id));
        numbers.extend(phones("mobile", self.mobile.as_deref(), client, Some(id)));
        numbers
    }
}

/// Returns the numbers in a text, normalized as a search by telephone does.
fn phones(
    field: &'static str,
    text: Option<&str>,
    client_id: Option<i64>,
    contact_id: Option<i64>,
) -> Vec<Phone> {
    let numbers = phone_numbers_in(text.unwrap_or_default());
    let phone = |number: crm_directory::WrittenPhoneNumber| Phone {
        tail: number.tail().to_owned(),
        number: number.digits,
        written: number.written,
        field,
        client_id,
        contact_id,
    };
    numbers.into_iter().map(phone).collect()
}
