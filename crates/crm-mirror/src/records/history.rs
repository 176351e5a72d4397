//! Activities and their types.

use crm_history::{ActivityType, Entry};

use super::{Copied, without_shift};
use crate::row::{Value, fingerprint, json};
use crate::table::{ColumnKind, Table};

impl Copied for Entry {
    const TABLE: Table = Table::Activities;
    const HAS_TIMES: bool = true;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn has_time(&self) -> bool {
        self.at.is_some()
    }

    fn shift_back(&mut self, hours: i64) {
        self.at = without_shift(self.at, hours);
    }

    /// The list writes `<br />`, `-` and `”` in place of others (observed). Tags leave no trace.
    fn may_be_changed_by_list(&self) -> bool {
        let content = self.content.as_deref().unwrap_or_default();
        ["<br", "-", "”"].iter().any(|trace| content.contains(trace))
    }

    fn values(&self, _: &[(String, ColumnKind)]) -> Vec<Value> {
        let contacts: Vec<u64> = self.contacts.iter().map(|contact| contact.id.0).collect();
        vec![
            Value::time(self.at),
            Value::text(self.content.as_deref()),
            Value::text(self.activity_type.as_deref()),
            Value::id(self.user_id),
            Value::text(self.user_login.as_deref()),
            Value::id(self.client_id),
            Value::id(self.deal_id),
            Value::Json(json(&contacts)),
        ]
    }
}

impl Copied for ActivityType {
    const TABLE: Table = Table::ActivityTypes;

    /// A type has no ID, only a title. Activities name it by the title.
    fn id(&self) -> u64 {
        (fingerprint(&self.title) >> 1).unsigned_abs()
    }

    fn values(&self, _: &[(String, ColumnKind)]) -> Vec<Value> {
        vec![
            Value::text(Some(self.title.as_str())),
            Value::text(self.color.as_deref()),
            Value::text(self.filter.as_ref().map(|filter| filter.as_str())),
        ]
    }
}
