//! The fields that an account has enabled, and the choice of a call among them.

use crate::history::{Params, php};
use crate::json::Json;

/// The enabled fields in the order of the account: wire name and title.
pub(super) type Fields = Vec<(String, String)>;

/// The fields that every client has.
const CLIENT: [(&str, &str); 5] = [
    ("clid", "Уникальный идентификатор записи клиента в CRM"),
    ("uid", "Уникальный идентификатор записи клиента в вашей ИС"),
    ("type", "Тип записи (допустимые - client,person,concurent,contractor,parnter)"),
    ("date_create", "Дата создания. Timestamp"),
    ("date_edit", "Дата последнего изменения. Timestamp"),
];

/// The fields that every contact has.
const CONTACT: [(&str, &str); 3] = [
    ("pid", "Уникальный идентификатор записи контакта"),
    ("date_create", "Дата создания. Timestamp"),
    ("date_edit", "Дата последнего изменения. Timestamp"),
];

/// The parts of [`Contact::social`](crate::Contact::social): wire name and title.
pub(super) const SOCIAL: [(&str, &str); 8] = [
    ("blog", "Блог"),
    ("mysite", "Сайт"),
    ("twitter", "Twitter"),
    ("icq", "ICQ"),
    ("skype", "Skype"),
    ("google", "Google"),
    ("yandex", "Я.ru"),
    ("mykrug", "Мой круг"),
];

/// The parts of [`Client::recv`](crate::Client::recv) that `client/list` shows. `info` knows one more behind them.
pub(super) const BANK: [&str; 15] = [
    "castUrName",
    "castInn",
    "castKpp",
    "castBank",
    "castBankKs",
    "castBankRs",
    "castBankBik",
    "castOkpo",
    "castOgrn",
    "castDirName",
    "castDirSignature",
    "castDirStatus",
    "castDirStatusSig",
    "castDirOsnovanie",
    "castUrAddr",
];

/// The client fields of the account of the recordings.
pub(super) fn of_clients() -> Fields {
    owned(&[
        ("title", "Название"),
        ("iduser", "Ответственный"),
        ("address", "Адрес"),
        ("phone", "Телефон"),
        ("fax", "Факс"),
        ("site_url", "Сайт"),
        ("mail_url", "Почта"),
        ("recv", "Реквизиты"),
    ])
}

/// The contact fields of the account of the recordings.
pub(super) fn of_contacts() -> Fields {
    owned(&[
        ("clid", "Клиент"),
        ("ptitle", "Должность"),
        ("person", "Ф.И.О."),
        ("tel", "Тел."),
        ("fax", "Факс"),
        ("mob", "Моб."),
        ("mail", "Почта"),
        ("iduser", "Куратор"),
        ("input7", "Добавочный"),
    ])
}

/// The answer of `client/fields`.
pub(super) fn client_titles(enabled: &Fields) -> Json {
    data(Json::Object(titles(&CLIENT, enabled)))
}

/// The answer of `person/fields`.
pub(super) fn contact_titles(enabled: &Fields) -> Json {
    let mut members = titles(&CONTACT, enabled);
    let social = SOCIAL.map(|(name, title)| (name, title.into()));
    members.push(("social".into(), Json::object(social)));
    data(Json::Object(members))
}

/// The fields of a client that a list returns: those asked for, or all. `recv` is never among them.
pub(super) fn chosen_of_clients(enabled: &Fields, params: &Params) -> Vec<String> {
    let enabled = enabled.iter().filter(|(name, _)| name != "recv");
    choose(&CLIENT, enabled, &params.text("fields"))
}

/// The fields of a contact that an answer returns: those asked for, or all.
pub(super) fn chosen_of_contacts(enabled: &Fields, params: &Params) -> Vec<String> {
    choose(&CONTACT, enabled.iter(), &params.text("fields"))
}

fn choose<'f>(
    always: &[(&str, &str)],
    enabled: impl Iterator<Item = &'f (String, String)>,
    wanted: &str,
) -> Vec<String> {
    let always = always.iter().map(|(name, _)| (*name).to_owned());
    let known: Vec<String> = always.chain(enabled.map(|(name, _)| name.clone())).collect();
    if wanted.is_empty() {
        return known;
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in wanted.split(',').map(php::trimmed) {
        if known.iter().any(|known| known == name) && chosen.iter().all(|chosen| chosen != name) {
            chosen.push(name.to_owned());
        }
    }
    chosen
}

fn titles(always: &[(&'static str, &str)], enabled: &Fields) -> super::Members {
    let always = always.iter().map(|(name, title)| ((*name).into(), Json::from(*title)));
    always
        .chain(enabled.iter().map(|(name, title)| (name.clone().into(), Json::from(title.as_str()))))
        .collect()
}

fn data(data: Json) -> Json {
    Json::object([("data", data)])
}

pub(super) fn owned(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, title)| ((*name).to_owned(), (*title).to_owned())).collect()
}
