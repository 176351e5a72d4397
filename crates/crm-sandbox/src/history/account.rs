//! The account of the sandbox: the users, clients, contacts and the deal that the real server was observed with.

use crate::{APIKEY, BOSS, SELLER};

/// Every user whose records and deletions a user has a say in: own and those of all subordinates.
pub(super) fn people_of(user: i64) -> &'static [i64] {
    match user {
        1 => &[1, 2],
        2 => &[2],
        _ => &[],
    }
}

/// The database compares without regard to case.
pub(super) fn is_apikey(key: &str) -> bool {
    key.eq_ignore_ascii_case(APIKEY)
}

/// The id of a login; 0, which is nobody, for an unknown one.
pub(super) fn user_id(login: &str) -> i64 {
    match login.to_ascii_lowercase().as_str() {
        BOSS => 1,
        SELLER => 2,
        _ => 0,
    }
}

pub(super) fn user_login(id: i64) -> &'static str {
    match id {
        1 => BOSS,
        2 => SELLER,
        _ => "",
    }
}

pub(super) fn client_name(id: i64) -> &'static str {
    match id {
        1 => "КАМКАБЕЛЬ, ОАО",
        2 => "ООО \"Ромашка & Ко\"",
        ..=0 => "",
        _ => NOT_FOUND,
    }
}

/// The name of a contact; empty for no contact, `None` for one that does not exist.
pub(super) fn contact_name(id: i64) -> Option<&'static str> {
    match id {
        1 => Some("Васильев Дмитрий"),
        2 => Some("Сидорова \"Эл\""),
        ..=0 => Some(""),
        _ => None,
    }
}

pub(super) fn deal_title(id: i64) -> &'static str {
    match id {
        1 => "Поставка кабеля",
        ..=0 => "",
        _ => NOT_FOUND,
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

/// The kinds of activity: title, colour, where they apply.
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
