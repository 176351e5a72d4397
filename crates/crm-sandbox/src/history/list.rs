//! `list`: which records, in which order, which page.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveDateTime};

use super::params::Params;
use super::records::{Record, Records};
use super::{Caller, Revision, account, collation, datum, php};

/// Records on a page.
const PAGE: usize = 200;

/// The page asked for, or the column of the order that does not exist.
pub(super) fn page<'r>(
    records: &'r Records,
    params: &Params,
    caller: Caller,
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
    // Among equal ones the order of the ids: the real server promises none at all.
    let in_order = |one: &&Record, other: &&Record| {
        let by_column = column.compare(one, other);
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

    /// Ascending; nothing goes before everything else.
    fn compare(self, one: &Record, other: &Record) -> Ordering {
        let folded = |text: &Option<String>| text.as_deref().map(collation::folded);
        match self {
            Column::Cid => one.cid.cmp(&other.cid),
            Column::Datum => one.datum.cmp(&other.datum),
            Column::Des => folded(&one.content).cmp(&folded(&other.content)),
            Column::Tip => folded(&one.tip).cmp(&folded(&other.tip)),
            Column::Iduser => one.iduser.cmp(&other.iduser),
            Column::Clid => one.clid.cmp(&other.clid),
            Column::Pid => one.pid.cmp(&other.pid),
            Column::Did => one.did.cmp(&other.did),
        }
    }
}

struct Filter {
    days: Days,
    owners: Vec<i64>,
    word: Option<collation::Pattern>,
    tip: Option<String>,
    clid: Option<f64>,
    did: Option<f64>,
    pid: Option<String>,
}

impl Filter {
    fn read(params: &Params, caller: Caller, revision: Revision) -> Filter {
        // A slip of the server: it compares the wanted kind with the names of the columns.
        let tip_counts = match revision {
            Revision::Observed => account::FIELDS.iter().any(|(name, _)| *name == params.text("tip")),
            Revision::Documented => !params.is_blank("tip"),
        };
        let id = |name: &str| (params.int(name) > 0).then(|| php::leading_number(&params.text(name)));
        let word = match revision {
            Revision::Observed => collation::Pattern::new(&php::cleaned(&params.text("word"))),
            Revision::Documented => collation::Pattern::literal(&params.text("word")),
        };
        Filter {
            days: Days::read(params, caller, revision),
            owners: if params.is_blank("user") {
                account::people_of(caller.user).to_vec()
            } else {
                vec![account::user_id(&params.text("user"))]
            },
            word: (!params.is_blank("word")).then_some(word),
            tip: tip_counts.then(|| collation::folded(&params.text("tip"))),
            clid: id("clid"),
            did: id("did"),
            pid: (params.int("pid") > 0).then(|| params.text("pid")),
        }
    }

    fn matches(&self, record: &Record) -> bool {
        record.datum.is_some_and(|datum| self.days.contain(datum.date()))
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

/// The days a list covers.
enum Days {
    /// Both ends included. The ends are times, for a caller may send one: a day counts from its midnight.
    Between(NaiveDateTime, NaiveDateTime),
    After(NaiveDateTime),
    Before(NaiveDateTime),
    /// A date that cannot be read fits nothing.
    None,
}

impl Days {
    fn read(params: &Params, caller: Caller, revision: Revision) -> Days {
        let read = |name: &str| datum::read(&params.text(name));
        let today = caller.now.date().and_time(chrono::NaiveTime::MIN);
        let (no_start, no_end) = (params.is_blank("dateStart"), params.is_blank("dateEnd"));
        if revision == Revision::Documented && no_start != no_end {
            return if no_end {
                read("dateStart").map_or(Days::None, Days::After)
            } else {
                read("dateEnd").map_or(Days::None, Days::Before)
            };
        }
        let start = if no_start { Some(today) } else { read("dateStart") };
        let end = if no_end { Some(today) } else { read("dateEnd") };
        start.zip(end).map_or(Days::None, |(start, end)| Days::Between(start, end))
    }

    fn contain(&self, day: NaiveDate) -> bool {
        let midnight = day.and_time(chrono::NaiveTime::MIN);
        match self {
            Days::Between(start, end) => *start <= midnight && midnight <= *end,
            Days::After(start) => day > start.date(),
            Days::Before(end) => day < end.date(),
            Days::None => false,
        }
    }
}
