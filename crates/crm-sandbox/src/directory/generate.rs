//! The clients and contacts of the recordings, and made-up ones that are the same in every run.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::Directory;
use super::data::{Client, Contact};

/// How many ways there are to write a number.
const WAYS: i64 = 12;

/// Fills an empty directory.
pub(super) fn fill(directory: &mut Directory, clients: u64, contacts: u64) {
    for client in recorded_clients() {
        directory.clients.add(client);
    }
    for contact in recorded_contacts() {
        directory.contacts.add(contact);
    }
    let last = |count: u64| i64::try_from(count).unwrap_or(i64::MAX).saturating_add(2);
    for clid in 3..=last(clients) {
        directory.clients.add(client(clid));
    }
    for pid in 3..=last(contacts) {
        let clid = if directory.clients.get(pid).is_some() { pid } else { 1 };
        directory.contacts.add(contact(pid, clid));
    }
}

/// Returns the ten digits of the number of the generated client or contact with this ID. All numbers are different, and
/// differ from the recorded ones.
///
/// The number is written in twelve ways, by the ID modulo 12: `+79123456789`, `89123456789`, `9123456789`,
/// `+7 (912) 345-67-89`, `8(912)345-67-89`, `8-912-345-67-89`, `+7 912 345 67 89` with no-break spaces, `7.912.345.67.89`,
/// `8 912/3456789`, `+7(9123)45-67-89`, `+7 (912) 345–67–89, доб. 12` and, behind another number,
/// `8(499)…, 8 912 345 67 89`.
pub fn generated_phone(of: Generated, id: i64) -> String {
    let codes = match of {
        Generated::Client => ["345", "496", "812", "343"],
        Generated::Contact => ["912", "916", "903", "921"],
    };
    let code = codes[usize::try_from(id.rem_euclid(4)).unwrap_or(0)];
    format!("{code}{}", seven_digits(id))
}

/// The kind of record for which a number is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Generated {
    Client,
    Contact,
}

/// Seven digits that are others for each ID below ten millions, and do not look like it.
fn seven_digits(id: i64) -> String {
    format!("{:07}", id.wrapping_mul(7_654_321).wrapping_add(1_234_567).rem_euclid(10_000_000))
}

fn written(digits: &str, id: i64) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (code, three, two, last) = (part(0, 3), part(3, 6), part(6, 8), part(8, 10));
    match id.rem_euclid(WAYS) {
        0 => format!("+7{digits}"),
        1 => format!("8{digits}"),
        2 => digits.to_owned(),
        3 => format!("+7 ({code}) {three}-{two}-{last}"),
        4 => format!("8({code}){three}-{two}-{last}"),
        5 => format!("8-{code}-{three}-{two}-{last}"),
        6 => format!("+7\u{a0}{code}\u{a0}{three}\u{a0}{two}\u{a0}{last}"),
        7 => format!("7.{code}.{three}.{two}.{last}"),
        8 => format!("8 {code}/{three}{two}{last}"),
        9 => format!("+7({}){}-{two}-{last}", part(0, 4), part(4, 6)),
        10 => format!("+7 ({code}) {three}–{two}–{last}, доб. 12"),
        _ => format!("8(499){}, 8 {code} {three} {two} {last}", seven_digits(id + 5_000_000)),
    }
}

fn client(clid: i64) -> Client {
    let date_create = created(clid);
    Client {
        clid,
        phone: Some(written(&generated_phone(Generated::Client, clid), clid)),
        mail_url: Some(format!("client{clid}@example.test")),
        date_edit: (clid % 3 == 0).then(|| date_create + TimeDelta::hours(30)),
        editor: if clid % 3 == 0 { owner(clid) } else { 0 },
        ..Client::new(format!("Клиент {clid}"), owner(clid), date_create)
    }
}

fn contact(pid: i64, clid: i64) -> Contact {
    let phone = Some(written(&generated_phone(Generated::Contact, pid), pid));
    let (tel, mob) = if pid % 2 == 0 { (None, phone) } else { (phone, None) };
    Contact {
        pid,
        tel,
        mob,
        mail: Some(format!("contact{pid}@example.test")),
        ..Contact::new(format!("Контакт {pid}"), clid, owner(pid), created(pid))
    }
}

fn owner(id: i64) -> i64 {
    if id % 2 == 1 { 2 } else { 1 }
}

/// The times are 7 hours and 13 minutes apart over the years 2023 to 2025, and from the start again.
fn created(id: i64) -> NaiveDateTime {
    let minutes = id.wrapping_mul(7 * 60 + 13).rem_euclid(3 * 365 * 24 * 60);
    let start = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap_or_default();
    start.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minutes)
}

/// When the clients and contacts of the recordings were created.
fn recorded() -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap_or_default();
    day.and_hms_opt(22, 23, 54).unwrap_or_default()
}

fn recorded_clients() -> [Client; 2] {
    let client = |clid: i64, title: &str, phone: &str, mail: &str| Client {
        clid,
        phone: Some(phone.to_owned()),
        mail_url: Some(mail.to_owned()),
        creator: 1,
        ..Client::new(title, 2, recorded())
    };
    [
        client(1, "КАМКАБЕЛЬ, ОАО", "+7(342)2067201, 8(342)254-55-77", "info@kamkabel.example"),
        client(2, "ООО \"Ромашка & Ко\"", "8(495)123-45-67", "romashka@example.test"),
    ]
}

fn recorded_contacts() -> [Contact; 2] {
    let contact = |pid: i64, person: &str, texts: [&str; 4]| {
        let [ptitle, tel, mob, mail] = texts.map(|text| Some(text.to_owned()));
        Contact { pid, ptitle, tel, mob, mail, ..Contact::new(person, pid, 2, recorded()) }
    };
    [
        contact(
            1,
            "Васильев Дмитрий",
            ["Директор", "+7(342)2067202", "+7(912)3456789", "vasiliev@kamkabel.example"],
        ),
        contact(
            2,
            "Сидорова \"Эл\"",
            ["Бухгалтер", "8(495)123-45-68", "89161234567", "sidorova@example.test"],
        ),
    ]
}
