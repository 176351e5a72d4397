//! The account of the sandbox: the users, clients, contacts and the deal that the real server was observed with.

use crate::{APIKEY, BOSS, SELLER};

/// Every user whose records and deletions a user has a say in: own and those of all subordinates.
pub(crate) fn people_of(user: i64) -> &'static [i64] {
    match user {
        1 => &[1, 2],
        2 => &[2],
        _ => &[],
    }
}

pub(crate) fn is_apikey(key: &str) -> bool {
    key == APIKEY
}

/// The id of a login; 0, which is nobody, for an unknown one.
pub(crate) fn user_id(login: &str) -> i64 {
    match login {
        BOSS => 1,
        SELLER => 2,
        _ => 0,
    }
}

pub(crate) fn user_login(id: i64) -> &'static str {
    match id {
        1 => BOSS,
        2 => SELLER,
        _ => "",
    }
}

pub(crate) fn client_name(id: i64) -> &'static str {
    match id {
        1 => "КАМКАБЕЛЬ, ОАО",
        2 => "ООО \"Ромашка & Ко\"",
        _ => "",
    }
}

pub(crate) fn contact_name(id: i64) -> &'static str {
    match id {
        1 => "Васильев Дмитрий",
        2 => "Сидорова \"Эл\"",
        _ => "",
    }
}

pub(crate) fn deal_title(id: i64) -> &'static str {
    match id {
        1 => "Поставка кабеля",
        _ => "",
    }
}

/// The fields of a record: wire name and title.
pub(crate) const FIELDS: [(&str, &str); 8] = [
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
pub(crate) const TIPS: [(&str, &str, &str); 12] = [
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
