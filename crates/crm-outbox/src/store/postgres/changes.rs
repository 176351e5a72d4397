//! Records in PostgreSQL what the sender does, each time with one statement.

use std::time::Duration;

use crm_transport::Error;
use tokio_postgres::types::Type;

use super::link::Link;
use super::rows::{Param, Statements};
use crate::store::{Change, Columns, Request, SentIn, millis};

/// The columns of changes, as arrays.
#[derive(Default)]
struct Arrays {
    seqs: Vec<i64>,
    states: Vec<&'static str>,
    record_ids: Vec<Option<i64>>,
    other_ids: Vec<Option<i64>>,
    codes: Vec<Option<i64>>,
    reasons: Vec<Option<String>>,
    delays: Vec<Option<i64>>,
    are_final: Vec<bool>,
}

impl Arrays {
    fn add(&mut self, seq: u64, columns: Columns) {
        let Columns { state, record_id, other_id, code, reason, delay, is_final } = columns;
        self.seqs.push(seq.cast_signed());
        self.states.push(state);
        self.record_ids.push(record_id);
        self.other_ids.push(other_id);
        self.codes.push(code);
        // PostgreSQL's texts cannot hold it.
        self.reasons.push(reason.map(|reason| reason.replace('\0', "")));
        self.delays.push(delay);
        self.are_final.push(is_final);
    }
}

/// What becomes of the columns of `old` by `new`.
pub(super) const SET: &str = "state = new.state, record_id = new.record_id, other_id = new.other_id, code = new.code,
    reason = new.reason, due_at = clock_timestamp() + new.delay * interval '1 millisecond',
    request = CASE WHEN new.keeps_floor THEN request END,
    floor = CASE WHEN new.keeps_floor THEN floor END, settled_at = CASE WHEN new.is_final THEN clock_timestamp() END";

/// The parameters of the statements that record changes.
#[derive(Default)]
struct Changes<'a> {
    arrays: Arrays,
    prepared: Prepared<'a>,
}

/// The columns of prepared activities, as arrays.
#[derive(Default)]
struct Prepared<'a> {
    seqs: Vec<i64>,
    json: Vec<Option<&'a str>>,
    marks: Vec<Option<&'a str>>,
    fingerprints: Vec<i64>,
}

impl<'a> Changes<'a> {
    fn new(changes: &'a [(u64, Change)]) -> Self {
        let mut all = Self::default();
        let Self { arrays, prepared } = &mut all;
        for (seq, change) in changes {
            if let Change::Prepared { activity, fingerprint } = change {
                prepared.seqs.push(seq.cast_signed());
                prepared.json.push(activity.as_ref().map(|activity| activity.json.as_str()));
                prepared.marks.push(activity.as_ref().and_then(|activity| activity.mark.as_deref()));
                prepared.fingerprints.push(fingerprint.cast_signed());
            }
            if let Some(columns) = Columns::new(change) {
                arrays.add(*seq, columns);
            }
        }
        all
    }

    /// Returns the parameters from `$2` on.
    fn params(&self) -> [Param<'_>; 12] {
        let Self { arrays, prepared } = self;
        [
            (&arrays.seqs, Type::INT8_ARRAY),
            (&arrays.states, Type::TEXT_ARRAY),
            (&arrays.record_ids, Type::INT8_ARRAY),
            (&arrays.other_ids, Type::INT8_ARRAY),
            (&arrays.codes, Type::INT8_ARRAY),
            (&arrays.reasons, Type::TEXT_ARRAY),
            (&arrays.delays, Type::INT8_ARRAY),
            (&arrays.are_final, Type::BOOL_ARRAY),
            (&prepared.seqs, Type::INT8_ARRAY),
            (&prepared.json, Type::TEXT_ARRAY),
            (&prepared.marks, Type::TEXT_ARRAY),
            (&prepared.fingerprints, Type::INT8_ARRAY),
        ]
    }
}

/// Returns the subqueries that record changes, if the subquery `lease` returns a row.
fn recorded(table: &str) -> String {
    format!(
        "settled AS (
            UPDATE {table} AS old SET {SET}
            FROM (SELECT *, state = 'stored' AS keeps_floor FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
                AS columns (seq, state, record_id, other_id, code, reason, delay, is_final)) AS new
            WHERE old.seq = new.seq AND EXISTS (SELECT 1 FROM lease)),
         prepared AS (
            UPDATE {table} AS old
            SET prepared = new.json, prepared_mark = new.mark, fingerprint = new.fingerprint
            FROM unnest($10, $11, $12, $13) AS new (seq, json, mark, fingerprint)
            WHERE old.seq = new.seq AND EXISTS (SELECT 1 FROM lease))"
    )
}

pub(super) async fn settle(
    link: &Link,
    statements: &Statements,
    fence: u64,
    changes: &[(u64, Change)],
) -> Result<bool, Error> {
    // The lease is locked, so that nobody takes it over before this is committed.
    let statement = format!(
        "WITH lease AS (SELECT 1 FROM {} WHERE name = 'sender' AND fence = $1 FOR SHARE), {} SELECT 1 FROM lease",
        statements.lease,
        recorded(&statements.table),
    );
    let (fence, changes) = (fence.cast_signed(), Changes::new(changes));
    let params = [&[(&fence as _, Type::INT8)][..], &changes.params()].concat();
    Ok(!link.query("outbox.deliver", &statement, &params).await?.is_empty())
}

pub(super) async fn sending(
    link: &Link,
    statements: &Statements,
    fence: u64,
    lease: Duration,
    request: &Request,
    outcomes: &[(u64, Change)],
) -> Result<bool, Error> {
    let seqs: Vec<i64> = request.seqs.iter().map(|seq| seq.cast_signed()).collect();
    let (fence, lease) = (fence.cast_signed(), millis(lease));
    let SentIn { number, floor, floor_is_certain } = request.sent;
    let (number, floor) = (number.cast_signed(), floor.cast_signed());
    let count = i64::try_from(seqs.len()).unwrap_or(i64::MAX);
    let statement = format!(
        "WITH usable AS (
            SELECT seq FROM {table} WHERE seq = ANY($15) AND state IN ('queued', 'held', 'sending') FOR UPDATE),
         lease AS (
            UPDATE {lease} SET expires_at = clock_timestamp() + $14 * interval '1 millisecond',
                oldest_floor = least(oldest_floor, $18)
            WHERE name = 'sender' AND fence = $1 AND expires_at > clock_timestamp()
                AND (SELECT count(*) FROM usable) = $16 RETURNING 1),
         {recorded}
         UPDATE {table} SET state = 'sending', due_at = NULL, reason = NULL, request = $17, floor = $18,
            floor_is_certain = $19
         WHERE seq = ANY($15) AND EXISTS (SELECT 1 FROM lease) RETURNING 1",
        table = statements.table,
        lease = statements.lease,
        recorded = recorded(&statements.table),
    );
    let outcomes = Changes::new(outcomes);
    let of_request: [Param<'_>; 6] = [
        (&lease, Type::INT8),
        (&seqs, Type::INT8_ARRAY),
        (&count, Type::INT8),
        (&number, Type::INT8),
        (&floor, Type::INT8),
        (&floor_is_certain, Type::BOOL),
    ];
    let params = [&[(&fence as _, Type::INT8)][..], &outcomes.params(), &of_request].concat();
    Ok(!link.query("outbox.deliver", &statement, &params).await?.is_empty())
}
