//! Made-up records, the same in every run.

use chrono::{Days, NaiveDate, TimeDelta};

use super::records::{Record, Records};

/// Records 1 to `count`: ten at each time, the times 7 hours and 13 minutes apart over the years 2023 to 2025, and
/// from the start again. Both users, both clients, three types of the account, none to two contacts.
pub(crate) fn generate(count: u64) -> Records {
    let mut records = Records::with_capacity(usize::try_from(count).unwrap_or(0).min(10_000_000));
    for number in 1..=count {
        records.add(record(number));
    }
    records
}

fn record(number: u64) -> Record {
    const MINUTES_APART: u64 = 7 * 60 + 13;
    const DAYS: u64 = 3 * 365;
    let minutes = number / 10 * MINUTES_APART;
    let day = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap_or_default() + Days::new(minutes / 1_440 % DAYS);
    let time = TimeDelta::minutes(i64::try_from(minutes % 1_440).unwrap_or(0));
    let seller = number % 2 == 1;
    let (tip, pid) = match number % 3 {
        0 => ("вх.Звонок", "1;2"),
        1 => ("Встреча", "1"),
        _ => ("Событие", ""),
    };
    Record {
        cid: number,
        datum: Some(day.and_time(chrono::NaiveTime::MIN) + time),
        content: Some(format!("Запись номер {number}")),
        tip: Some(tip.to_owned()),
        iduser: if seller { 2 } else { 1 },
        clid: if seller { 2 } else { 1 },
        pid: pid.to_owned(),
        did: i64::from(seller),
        account: 0,
    }
}
