//! `list`: which records, in which order, which page.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::Value;

use super::date::{self, Written};
use super::params::Params;
use super::records::{Record, Records, TextColumn};
use super::{Revision, collation, errors, names, php, sql, user_id};
use crate::account::{Caller, SqlMode};

/// Records on a page.
const PAGE: usize = 200;

/// The page asked for, or the page of a PHP error in its place.
pub(super) fn page<'r>(
    records: &'r Records,
    params: &Params,
    caller: &Caller<'_>,
    revision: Revision,
) -> Result<Vec<&'r Record>, String> {
    let skip = match revision {
        Revision::Observed => skip(params.value("offset"))?,
        Revision::Documented => {
            (php::leading_number(&params.text("offset")) as usize).saturating_mul(PAGE).to_string()
        }
    };
    let order = params.text_or("order", "datum");
    let newest_first = params.text("first") != "old";
    let filter = Filter::read(params, caller, revision)?;
    if revision == Revision::Observed {
        check_statement(params, caller, &filter.owners, (&order, newest_first), &skip)?;
    }
    let skip = skip.parse().unwrap_or(usize::MAX);
    let column = match (Column::read(&order), revision) {
        (Some(column), _) => column,
        (None, Revision::Observed) => return Err(errors::unknown_column(&order, "ORDER BY")),
        (None, Revision::Documented) => Column::Datum,
    };

    if column == Column::Cid && skip == 0 {
        let matching = records.iter().filter(|record| filter.matches(record));
        return Ok(by_id(matching, newest_first, skip));
    }
    let matching = records.matching(filter);
    let matching = matching.iter().filter_map(|&cid| records.get(cid));
    let by_text = |column| {
        let ranks = records.ranks(column);
        sorted(matching.clone(), |record| ranks[record.cid as usize - 1], newest_first, skip)
    };
    Ok(match column {
        Column::Cid => by_id(matching, newest_first, skip),
        Column::Datum => sorted(matching, |record| record.datum, newest_first, skip),
        Column::Des => by_text(TextColumn::Content),
        Column::Tip => by_text(TextColumn::Tip),
        Column::Iduser => sorted(matching, |record| record.iduser, newest_first, skip),
        Column::Clid => sorted(matching, |record| record.clid, newest_first, skip),
        Column::Pid => by_text(TextColumn::Pid),
        Column::Did => sorted(matching, |record| record.did, newest_first, skip),
    })
}

/// A page in the order of the IDs, of records that come in it.
fn by_id<'r>(
    records: impl DoubleEndedIterator<Item = &'r Record>,
    newest_first: bool,
    skip: usize,
) -> Vec<&'r Record> {
    if newest_first {
        records.rev().skip(skip).take(PAGE).collect()
    } else {
        records.skip(skip).take(PAGE).collect()
    }
}

/// A page in the order of a column. Nothing goes before everything else; among equal ones the order is that of the
/// IDs, which the real server does not promise.
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

/// How many records the pages before take, as it stands in the statement. A text that is not a number cannot be
/// multiplied.
fn skip(offset: Option<&Value>) -> Result<String, String> {
    let cannot_multiply =
        |kind: &str| errors::type_error(&format!("Unsupported operand types: {kind} * int"));
    let (whole, number) = match offset {
        Some(Value::Array(_) | Value::Object(_)) => return Err(cannot_multiply("array")),
        Some(Value::String(text)) => {
            let number = php::numeric_start(text);
            // A text that is not a number is compared with 0 as a text.
            if number.is_empty() && text.as_str() > "0" {
                return Err(cannot_multiply("string"));
            }
            (number.parse().ok(), number.parse().unwrap_or(0.0))
        }
        Some(Value::Number(number)) => (number.as_i64(), number.as_f64().unwrap_or(0.0)),
        Some(Value::Bool(true)) => (Some(1), 1.0),
        _ => (Some(0), 0.0),
    };
    let records = whole.and_then(|page: i64| page.max(0).checked_mul(PAGE as i64));
    Ok(records.map_or_else(|| php::float_text(number.max(0.0) * PAGE as f64), |records| records.to_string()))
}

/// Whether the database can read the statement of the list, which takes most parameters as they are.
fn check_statement(
    params: &Params,
    caller: &Caller<'_>,
    owners: &[i64],
    (order, newest_first): (&str, bool),
    skip: &str,
) -> Result<(), String> {
    let values = ["dateStart", "dateEnd", "clid", "did", "pid"].map(|name| params.text(name));
    let is_whole = skip.bytes().all(|digit| digit.is_ascii_digit());
    if is_whole && Column::read(order).is_some() && values.iter().all(|value| sql::is_plain(value)) {
        return Ok(());
    }
    let today = date::moved(caller.now, caller.shift).date().to_string();
    let [start, end] = ["dateStart", "dateEnd"].map(|name| params.text_or(name, &today));
    let [.., clid, did, pid] = values;
    let owners: Vec<String> = owners.iter().map(i64::to_string).collect();
    let owners = owners.join(",");
    let mut filters = if params.is_blank("user") {
        format!(" and app_history.iduser IN ({owners})")
    } else {
        format!(" and app_history.iduser = '{owners}'")
    };
    for (name, value) in [("clid", clid), ("did", did)] {
        if params.int(name) > 0 {
            filters.push_str(&format!(" and app_history.{name} = '{value}'"));
        }
    }
    if params.int("pid") > 0 {
        filters.push_str(&format!(" and FIND_IN_SET('{pid}', REPLACE(app_history.pid, ';',',')) > 0"));
    }
    let direction = if newest_first { "DESC" } else { "" };
    let identity = caller.place + 1;
    sql::check(&format!(
        "SELECT * FROM app_history WHERE cid > 0  and (DATE(datum) BETWEEN '{start}' and '{end}'){filters} and \
         identity = '{identity}' ORDER BY {order} {direction} LIMIT {skip},{PAGE}"
    ))?;
    // LIMIT takes no number with a point or an exponent.
    if is_whole { Ok(()) } else { Err(errors::syntax_error(&format!("{skip},{PAGE}"), 1)) }
}

/// Which records a list has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    account: usize,
    days: Days,
    owners: Vec<i64>,
    word: Option<collation::Pattern>,
    tip: Option<String>,
    clid: Option<f64>,
    did: Option<f64>,
    pid: Option<String>,
}

impl Filter {
    fn read(params: &Params, caller: &Caller<'_>, revision: Revision) -> Result<Filter, String> {
        let is_observed = revision == Revision::Observed;
        if is_observed && params.is_composite("word") {
            return Err(errors::type_error(
                "trim(): Argument #1 ($string) must be of type string, array given",
            ));
        }
        let tip = params.text("tip");
        // A slip of the server: it compares the wanted type with the names of the columns. `true` is equal to any.
        let tip_counts = match revision {
            Revision::Observed => {
                params.value("tip") == Some(&Value::Bool(true))
                    || names::FIELDS.iter().any(|(name, _)| *name == tip)
            }
            Revision::Documented => !params.is_blank("tip"),
        };
        let id = |name: &str| {
            (params.int(name) > 0).then(|| php::leading_number(&sql::literal(&params.text(name))))
        };
        let word = match revision {
            Revision::Observed => collation::Pattern::new(&php::cleaned(&params.text("word"))),
            Revision::Documented => collation::Pattern::literal(&params.text("word")),
        };
        Ok(Filter {
            account: caller.place,
            days: Days::read(params, caller, revision),
            owners: if params.is_blank("user") {
                caller.people()
            } else {
                vec![user_id(params, caller, revision)?]
            },
            word: (!params.is_blank("word")).then_some(word),
            tip: tip_counts.then(|| collation::folded(&tip)),
            clid: id("clid"),
            did: id("did"),
            pid: (params.int("pid") > 0).then(|| sql::literal(&params.text("pid"))),
        })
    }

    pub(super) fn matches(&self, record: &Record) -> bool {
        self.days.hold(record.datum)
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

/// The days of a list.
#[derive(Clone, Debug, PartialEq)]
struct Days {
    /// From the first time to before the second, by the clock of the account.
    from: NaiveDateTime,
    until: NaiveDateTime,
    /// Whether records with the zero date are among them.
    has_zero: bool,
}

impl Days {
    /// The database compares the midnight of a record's day with both dates; a date that it cannot read is the zero date.
    /// The days are those of the reader's clock.
    fn read(params: &Params, caller: &Caller<'_>, revision: Revision) -> Days {
        let today = date::moved(caller.now, caller.shift).date();
        let read = |name: &str| Written::read(&sql::literal(&params.text(name)));
        let written = |name: &str| read(name).filter(|day| !day.is_zero());
        let (no_start, no_end) = (params.is_blank("dateStart"), params.is_blank("dateEnd"));
        let start = if no_start { Some(today) } else { written("dateStart").and_then(Written::first_day) };
        let end = if no_end { Some(today) } else { written("dateEnd").and_then(Written::last_day) };
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
        let next = |day: NaiveDate| midnight(day.succ_opt().unwrap_or(day));
        let is_half_open = revision == Revision::Documented && no_start != no_end;
        let (from, until) = match (start, end) {
            (Some(start), _) if is_half_open && no_end => (next(start), NaiveDateTime::MAX),
            (_, Some(end)) if is_half_open && no_start => (NaiveDateTime::MIN, midnight(end)),
            // The vendor's page knows no other dates. Every day is after the zero date.
            (None, _) if revision == Revision::Documented && read("dateStart").is_none() => {
                (NaiveDateTime::MAX, NaiveDateTime::MIN)
            }
            (start, end) => {
                (start.map_or(NaiveDateTime::MIN, midnight), end.map_or(NaiveDateTime::MIN, next))
            }
        };
        let by_account = |time: NaiveDateTime| date::moved(time, -caller.shift);
        Days {
            from: by_account(from),
            until: by_account(until),
            has_zero: revision == Revision::Observed
                && start.is_none()
                && caller.account.sql_mode != SqlMode::StrictNoZeroDate,
        }
    }

    fn hold(&self, datum: Option<NaiveDateTime>) -> bool {
        datum.map_or(self.has_zero, |datum| self.from <= datum && datum < self.until)
    }
}
