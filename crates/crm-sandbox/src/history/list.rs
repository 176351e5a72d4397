//! `list`: which records, in which order, which page.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveDateTime};

use super::Params;
use super::account;
use super::php;
use super::records::{Record, Records, read_datum};

/// Records on a page.
pub(crate) const PAGE: usize = 200;

/// The page asked for, or the column that does not exist.
pub(crate) fn page<'r>(
    records: &'r Records,
    params: &Params,
    user: i64,
    now: NaiveDateTime,
) -> Result<Vec<&'r Record>, String> {
    let order = params.text_or("order", "datum");
    let compare = column_order(&order).ok_or_else(|| order.clone())?;
    let newest_first = params.text("first") != "old";
    let skip = php::leading_number(&params.text("offset")).max(0.0) * PAGE as f64;
    let skip = skip as usize;

    let filter = Filter::read(params, user, now);
    let matching = records.iter().filter(|record| filter.matches(record));
    if order == "cid" {
        return Ok(if newest_first {
            matching.rev().skip(skip).take(PAGE).collect()
        } else {
            matching.skip(skip).take(PAGE).collect()
        });
    }
    let in_order = |one: &&Record, other: &&Record| {
        let by_column = compare(one, other);
        let by_column = if newest_first { by_column.reverse() } else { by_column };
        by_column.then(one.cid.cmp(&other.cid))
    };
    let mut matching: Vec<&Record> = matching.collect();
    if skip >= matching.len() {
        return Ok(Vec::new());
    }
    // Only the page is sorted, not everything that matches.
    if skip > 0 {
        matching.select_nth_unstable_by(skip, in_order);
    }
    let mut page = matching.split_off(skip);
    if page.len() > PAGE {
        page.select_nth_unstable_by(PAGE, in_order);
        page.truncate(PAGE);
    }
    page.sort_unstable_by(in_order);
    Ok(page)
}

type Compare = fn(&Record, &Record) -> Ordering;

fn column_order(column: &str) -> Option<Compare> {
    Some(match column {
        "cid" => |one, other| one.cid.cmp(&other.cid),
        "datum" => |one, other| one.datum.cmp(&other.datum),
        "des" => |one, other| folded(one.content.as_deref()).cmp(&folded(other.content.as_deref())),
        "tip" => |one, other| folded(one.tip.as_deref()).cmp(&folded(other.tip.as_deref())),
        "iduser" => |one, other| one.iduser.cmp(&other.iduser),
        "clid" => |one, other| one.clid.cmp(&other.clid),
        "pid" => |one, other| one.pid.cmp(&other.pid),
        "did" => |one, other| one.did.cmp(&other.did),
        _ => return None,
    })
}

fn folded(text: Option<&str>) -> Option<String> {
    text.map(str::to_lowercase)
}

struct Filter {
    days: Option<(NaiveDate, NaiveDate)>,
    owners: Vec<i64>,
    word: String,
    clid: i64,
    did: i64,
    pid: Option<String>,
}

impl Filter {
    fn read(params: &Params, user: i64, now: NaiveDateTime) -> Filter {
        let day = |name: &str| {
            if params.is_blank(name) {
                Some(now.date())
            } else {
                read_datum(&params.text(name)).map(|at| at.date())
            }
        };
        Filter {
            days: day("dateStart").zip(day("dateEnd")),
            owners: if params.is_blank("user") {
                account::people_of(user).to_vec()
            } else {
                vec![account::user_id(&params.text("user"))]
            },
            word: params.text("word").trim().to_lowercase(),
            clid: params.int("clid"),
            did: params.int("did"),
            pid: (params.int("pid") > 0).then(|| params.text("pid")),
        }
    }

    fn matches(&self, record: &Record) -> bool {
        let Some(((start, end), datum)) = self.days.zip(record.datum) else { return false };
        let day = datum.date();
        start <= day
            && day <= end
            && self.owners.contains(&record.iduser)
            && (self.clid <= 0 || record.clid == self.clid)
            && (self.did <= 0 || record.did == self.did)
            && self.pid.as_ref().is_none_or(|pid| record.pid.split(';').any(|one| one == pid))
            && (self.word.is_empty() || self.word_in(&record.content) || self.word_in(&record.tip))
    }

    fn word_in(&self, text: &Option<String>) -> bool {
        text.as_ref().is_some_and(|text| text.to_lowercase().contains(&self.word))
    }
}
