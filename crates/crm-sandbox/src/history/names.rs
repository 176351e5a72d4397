//! The names that records show: clients, contacts, deals, fields and activity types.

use std::collections::BTreeMap;

/// The names of the clients, contacts and deals of all accounts, by ID.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) clients: BTreeMap<i64, String>,
    pub(crate) contacts: BTreeMap<i64, String>,
    pub(crate) deals: BTreeMap<i64, String>,
}

impl Names {
    pub(super) fn client(&self, id: i64) -> &str {
        if id > 0 { self.clients.get(&id).map_or(NOT_FOUND, String::as_str) } else { "" }
    }

    /// The name of a contact; empty for no contact, `None` for one that does not exist.
    pub(super) fn contact(&self, id: i64) -> Option<&str> {
        if id > 0 { self.contacts.get(&id).map(String::as_str) } else { Some("") }
    }

    pub(super) fn deal(&self, id: i64) -> &str {
        if id > 0 { self.deals.get(&id).map_or(NOT_FOUND, String::as_str) } else { "" }
    }
}

impl Default for Names {
    /// Those of the recordings.
    fn default() -> Names {
        let names =
            |names: &[(i64, &str)]| names.iter().map(|(id, name)| (*id, (*name).to_owned())).collect();
        Names {
            clients: names(&[(1, "КАМКАБЕЛЬ, ОАО"), (2, "ООО \"Ромашка & Ко\"")]),
            contacts: names(&[(1, "Васильев Дмитрий"), (2, "Сидорова \"Эл\"")]),
            deals: names(&[(1, "Поставка кабеля")]),
        }
    }
}

/// What stands for the name of a client or a deal that does not exist.
const NOT_FOUND: &str = "--не найден--";

/// The fields of a record: wire name and title.
pub(super) const FIELDS: [(&str, &str); 8] = [
    ("cid", "Идентификатор записи"),
    ("datum", "Дата"),
    ("des", "Содержание"),
    ("tip", "Тип активности"),
    ("iduser", "Ответственный"),
    ("clid", "ID клиента"),
    ("pid", "ID контакта (массив)"),
    ("did", "ID сделки"),
];

/// The activity types: title, color, where they apply.
pub(super) const TIPS: [(&str, &str, &str); 12] = [
    ("Первичный звонок", "#009900", "all"),
    ("Факс", "#cc00cc", "activ"),
    ("Встреча", "#ffcc00", "all"),
    ("Задача", "#ff6600", "all"),
    ("Предложение", "#66ccff", "activ"),
    ("Событие", "#666699", "activ"),
    ("исх.Почта", "#cccc00", "all"),
    ("вх.Звонок", "#99cc00", "all"),
    ("вх.Почта", "#cc3300", "all"),
    ("Поздравление", "#009999", "task"),
    ("исх.2.Звонок", "#339966", "all"),
    ("Отправка КП", "#ff0000", "all"),
];
