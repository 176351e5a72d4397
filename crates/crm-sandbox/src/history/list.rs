//! `list`: which records, in which order, which page.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::params::Params;
use super::records::{Record, Records};
use super::{Revision, collation, datum, names, php};
use crate::account::Caller;

/// Records on a page.
const PAGE: usize = 200;

/// The page asked for, or the column of the order that does not exist.
pub(super) fn page<'r>(
    records: &'r Records,
    params: &Params,
    caller: &Caller<'_>,
    revision: Revision,
) -> Result<Vec<&'r Record>, String> {
    let order = params.text_or("order", "datum");
    let column = match (Column::read(&order), revision) {
        (Some(column), _) => column,
        (None, Revision::Observed) => return Err(order),
        (None, Revision::Documented) => Column::Datum,
    };
    let newest_first = params.text("first") != "old";
    let skip = (php::leading_number(&params.text("offset")).max(0.0) * PAGE as f64) as usize;

    let filter = Filter::read(params, caller, revision);
    let matching = records.iter().filter(|record| filter.matches(record));
    if column == Column::Cid {
        return Ok(if newest_first {
            matching.rev().skip(skip).take(PAGE).collect()
        } else {
            matching.skip(skip).take(PAGE).collect()
        });
    }
    Ok(match column {
        Column::Cid => sorted(matching, |record| record.cid, newest_first, skip),
        Column::Datum => sorted(matching, |record| record.datum, newest_first, skip),
        Column::Des => sorted(matching, |record| folded(record.content.as_deref()), newest_first, skip),
        Column::Tip => sorted(matching, |record| folded(record.tip.as_deref()), newest_first, skip),
        Column::Iduser => sorted(matching, |record| record.iduser, newest_first, skip),
        Column::Clid => sorted(matching, |record| record.clid, newest_first, skip),
        Column::Pid => sorted(matching, |record| record.pid.as_str(), newest_first, skip),
        Column::Did => sorted(matching, |record| record.did, newest_first, skip),
    })
}

/// A page in the order of a column. Nothing goes before everything else; among equal ones the order is that of the
/// ids, which the real server does not promise.
fn sorted<'r, K: Ord>(
    records: impl Iterator<Item = &'r Record>,
    column: impl Fn(&'r Record) -> K,
    newest_first: bool,
    skip: usize,
) -> Vec<&'r Record> {
    let mut keyed: Vec<(K, &Record)> = records.map(|record| (column(record), record)).collect();
    if skip >= keyed.len() {
        return Vec::new();
    }
    let in_order = |(one_key, one): &(K, &Record), (other_key, other): &(K, &Record)| {
        let by_column = one_key.cmp(other_key);
        let by_column = if newest_first { by_column.reverse() } else { by_column };
        by_column.then_with(|| one.cid.cmp(&other.cid))
    };
    // Only the page is sorted, not everything that matches.
    if skip > 0 {
        keyed.select_nth_unstable_by(skip, in_order);
    }
    let mut page = keyed.split_off(skip);
    if page.len() > PAGE {
        page.select_nth_unstable_by(PAGE, in_order);
        page.truncate(PAGE);
    }
    page.sort_unstable_by(in_order);
    page.into_iter().map(|(_, record)| record).collect()
}

fn folded(text: Option<&str>) -> Option<String> {
    text.map(collation::folded)
}

/// A column that a list can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Cid,
    Datum,
    Des,
    Tip,
    Iduser,
    Clid,
    Pid,
    Did,
}

impl Column {
    fn read(name: &str) -> Option<Column> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "cid" => Column::Cid,
            "datum" => Column::Datum,
            "des" => Column::Des,
            "tip" => Column::Tip,
            "iduser" => Column::Iduser,
            "clid" => Column::Clid,
            "pid" => Column::Pid,
            "did" => Column::Did,
            _ => return None,
        })
    }
}

struct Filter {
    account: usize,
    days: Option<Days>,
    owners: Vec<i64>,
    word: Option<collation::Pattern>,
    tip: Option<String>,
    clid: Option<f64>,
    did: Option<f64>,
    pid: Option<String>,
}

impl Filter {
    fn read(params: &Params, caller: &Caller<'_>, revision: Revision) -> Filter {
        // A slip of the server: it compares the wanted kind with the names of the columns.
        let tip_counts = match revision {
            Revision::Observed => names::FIELDS.iter().any(|(name, _)| *name == params.text("tip")),
            Revision::Documented => !params.is_blank("tip"),
        };
        let id = |name: &str| (params.int(name) > 0).then(|| php::leading_number(&params.text(name)));
        let word = match revision {
            Revision::Observed => collation::Pattern::new(&php::cleaned(&params.text("word"))),
            Revision::Documented => collation::Pattern::literal(&params.text("word")),
        };
        Filter {
            days: days(params, caller, revision),
            owners: if params.is_blank("user") {
                caller.people()
            } else {
                vec![caller.account.user(&params.text("user")).map_or(0, |user| user.id)]
            },
            account: caller.place,
            word: (!params.is_blank("word")).then_some(word),
            tip: tip_counts.then(|| collation::folded(&params.text("tip"))),
            clid: id("clid"),
            did: id("did"),
            pid: (params.int("pid") > 0).then(|| params.text("pid")),
        }
    }

    fn matches(&self, record: &Record) -> bool {
        self.days.zip(record.datum).is_some_and(|((from, until), datum)| from <= datum && datum < until)
            && record.account == self.account
            && self.owners.contains(&record.iduser)
            && self.clid.is_none_or(|clid| record.clid as f64 == clid)
            && self.did.is_none_or(|did| record.did as f64 == did)
            && self.pid.as_ref().is_none_or(|pid| record.pid.split(';').any(|one| one == pid))
            && self
                .tip
                .as_ref()
                .is_none_or(|tip| record.tip.as_deref().map(collation::folded).as_ref() == Some(tip))
            && self.word.as_ref().is_none_or(|word| {
                [&record.content, &record.tip].into_iter().flatten().any(|text| word.is_in(text))
            })
    }
}

/// The times from the first to before the second, which is what whole days come to.
type Days = (NaiveDateTime, NaiveDateTime);

/// The days a list covers; `None` where a date cannot be read, for that fits nothing. A caller may send a time with a
/// date: a day counts from its midnight.
fn days(params: &Params, caller: &Caller<'_>, revision: Revision) -> Option<Days> {
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    let next_midnight = |day: NaiveDate| midnight(day.succ_opt().unwrap_or(day));
    let read = |name: &str| {
        if params.is_blank(name) {
            Some(midnight(caller.now.date()))
        } else {
            datum::read(&params.text(name))
        }
    };
    let (start, end) = (read("dateStart")?, read("dateEnd")?);
    let (no_start, no_end) = (params.is_blank("dateStart"), params.is_blank("dateEnd"));
    if revision == Revision::Documented && no_start != no_end {
        return Some(if no_end {
            (next_midnight(start.date()), NaiveDateTime::MAX)
        } else {
            (NaiveDateTime::MIN, midnight(end.date()))
        });
    }
    let from = if start == midnight(start.date()) { start } else { next_midnight(start.date()) };
    Some((from, next_midnight(end.date())))
}
