//! The statements of the store in SQLite.

use std::time::{Duration, SystemTime};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Params, Transaction, named_params, params};

use crate::activity::{NewActivity, StoredActivity};
use crate::status::{Filter, OutboxStats, State};
use crate::store::{
    CLAIMED_AT_LEAST, Change, Columns, EPOCH, FIRST_SENT, IS_UNKNOWN, RECONCILED_TOGETHER, Request, Row,
    SentIn, count, from_system_time, millis, status, to_system_time,
};

/// The statement that any program may use to put an activity.
pub(crate) const INSERT: &str = "INSERT INTO crm_outbox_activities (key, activity, mark, fingerprint)
    VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING";
const SELECT: &str =
    "SELECT seq, key, activity, mark, prepared, prepared_mark, fingerprint, state, record_id,
    other_id, code, reason, request, floor, put_at, settled_at, floor_is_certain FROM crm_outbox_activities";
/// Milliseconds since 1970, in the same way as the default of `put_at`.
const NOW: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let shown = |column: usize| Ok::<_, rusqlite::Error>(text(row, column)?.map(Text::shown));
    let state = shown(7)?.unwrap_or_default();
    let (status, copy) = status(&state, number(row, 8)?, number(row, 9)?, number(row, 10)?, shown(11)?);
    let sent: Option<(i64, i64)> = number(row, 12)?.zip(number(row, 13)?);
    let floor_is_certain = number(row, 16)?.is_some_and(|is_certain| is_certain != 0);
    let request = sent.map(|(number, floor)| SentIn {
        number: number.cast_unsigned(),
        floor: floor.cast_unsigned(),
        floor_is_certain,
    });
    let key = text(row, 1)?.unwrap_or(Text::Valid(String::new()));
    Ok(Row {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        activity: activity(&key, text(row, 2)?, text(row, 3)?),
        prepared: activity(&key, text(row, 4)?, text(row, 5)?),
        key: key.shown(),
        fingerprint: number(row, 6)?.map(i64::cast_unsigned),
        status,
        request,
        copy,
        put_at: to_system_time(number(row, 14)?.unwrap_or(0)),
        settled_at: number(row, 15)?.map(to_system_time),
    })
}

/// A text of a row that another program may have inserted.
enum Text {
    /// As it is.
    Valid(String),
    /// Not UTF-8, or not a text. The replacement characters are for a person.
    Invalid(String),
}

impl Text {
    fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Valid(text.to_owned()),
            Err(_) => Self::Invalid(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// Returns it for a person.
    fn shown(self) -> String {
        match self {
            Self::Valid(text) | Self::Invalid(text) => text,
        }
    }
}

/// Returns the activity of these columns. If one of them cannot be read, it has the reason, and is refused alone.
fn activity(key: &Text, activity: Option<Text>, mark: Option<Text>) -> Option<StoredActivity> {
    Some(match (activity?, mark, key) {
        (_, _, Text::Invalid(_)) => StoredActivity::unreadable("the key is not text in UTF-8"),
        (Text::Invalid(_), _, _) => StoredActivity::unreadable("the activity is not text in UTF-8"),
        (_, Some(Text::Invalid(_)), _) => StoredActivity::unreadable("the mark is not text in UTF-8"),
        (Text::Valid(json), mark, _) => StoredActivity::new(json, mark.map(Text::shown)),
    })
}

/// Reads a text. In SQLite any column of any row may hold anything, and one row must not hide the others.
fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Text>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) => Some(Text::from_bytes(bytes)),
        ValueRef::Blob(bytes) => Some(Text::Invalid(String::from_utf8_lossy(bytes).into_owned())),
        ValueRef::Integer(number) => Some(Text::Invalid(number.to_string())),
        ValueRef::Real(number) => Some(Text::Invalid(number.to_string())),
    })
}

/// Reads a number. Anything else is none.
fn number(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    })
}

fn select(connection: &Connection, rest: &str, params: impl Params) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} {rest}"))?;
    statement.query_map(params, read)?.collect()
}

/// Returns the row that the key had before.
pub(crate) fn put(connection: &Connection, new: &NewActivity) -> rusqlite::Result<Option<Row>> {
    let NewActivity { key, activity, fingerprint } = new;
    let inserted = connection.prepare_cached(INSERT)?.execute(params![
        key,
        activity.json,
        activity.mark,
        fingerprint.cast_signed()
    ])?;
    if inserted > 0 { Ok(None) } else { get(connection, key) }
}

pub(super) fn get(connection: &Connection, key: &str) -> rusqlite::Result<Option<Row>> {
    Ok(select(connection, "WHERE key = ?1", [key])?.pop())
}

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Row>> {
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    let after = filter.after.cast_signed();
    match filter.state {
        None => select(connection, "WHERE seq > ?1 ORDER BY seq LIMIT ?2", params![after, limit]),
        Some(State::Stored) => {
            let rest = "WHERE state = 'stored' AND seq > ?1 ORDER BY seq LIMIT ?2";
            select(connection, rest, params![after, limit])
        }
        Some(State::Unknown) => {
            let rest = format!("WHERE state <> 'stored' AND {IS_UNKNOWN} AND seq > ?1 ORDER BY seq LIMIT ?2");
            select(connection, &rest, params![after, limit])
        }
        Some(state) => {
            let rest = "WHERE state <> 'stored' AND state = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2";
            select(connection, rest, params![after, limit, state.as_str()])
        }
    }
}

pub(super) fn stats(connection: &Connection) -> rusqlite::Result<OutboxStats> {
    let mut stats = OutboxStats::default();
    let counts = "SELECT state, count(*) FROM crm_outbox_activities WHERE state <> 'stored' GROUP BY state
        UNION ALL SELECT name, value FROM crm_outbox_meta WHERE name = 'stored'";
    let mut counts = connection.prepare_cached(counts)?;
    let counts = counts.query_map([], |row| Ok((text(row, 0)?, row.get::<_, i64>(1)?)))?;
    for counted in counts {
        let (state, activities) = counted?;
        count(&mut stats, &state.map(Text::shown).unwrap_or_default(), activities);
    }
    // Of each state the first, because the index has no time.
    let first = |state: &str| {
        format!(
            "SELECT put_at FROM (SELECT put_at FROM crm_outbox_activities
                WHERE state <> 'stored' AND state = '{state}' ORDER BY seq LIMIT 1)"
        )
    };
    let age = format!(
        "SELECT CAST({NOW} - min(put_at) AS INTEGER) FROM ({} UNION ALL {} UNION ALL {})",
        first("queued"),
        first("held"),
        first("sending")
    );
    let age: Option<i64> = connection.query_row(&age, [], |row| row.get(0))?;
    stats.oldest = age.map(|age| Duration::from_millis(u64::try_from(age).unwrap_or(0)));
    Ok(stats)
}

/// Records what becomes of an activity.
pub(super) fn apply(connection: &Connection, seq: u64, change: &Change) -> rusqlite::Result<()> {
    let seq = seq.cast_signed();
    if let Change::Prepared { activity, fingerprint } = change {
        let prepared = "UPDATE crm_outbox_activities SET prepared = ?2, prepared_mark = ?3, fingerprint = ?4
            WHERE seq = ?1";
        connection.prepare_cached(prepared)?.execute(params![
            seq,
            activity.as_ref().map(|activity| &activity.json),
            activity.as_ref().and_then(|activity| activity.mark.as_ref()),
            fingerprint.cast_signed(),
        ])?;
    }
    let Some(columns) = Columns::new(change) else { return Ok(()) };
    let update = format!(
        "UPDATE crm_outbox_activities SET state = :state, record_id = :record_id, other_id = :other_id,
            code = :code, reason = :reason, due_at = {NOW} + :delay,
            request = CASE WHEN :state = 'stored' THEN request END,
            floor = CASE WHEN :state = 'stored' THEN floor END,
            settled_at = CASE WHEN :is_final THEN {NOW} END WHERE seq = :seq"
    );
    connection.prepare_cached(&update)?.execute(named_params! {
        ":seq": seq,
        ":state": columns.state,
        ":record_id": columns.record_id,
        ":other_id": columns.other_id,
        ":code": columns.code,
        ":reason": columns.reason,
        ":delay": columns.delay,
        ":is_final": columns.is_final,
    })?;
    Ok(())
}

pub(super) fn decide(
    transaction: &Transaction<'_>,
    key: &str,
    from: &[State],
    change: &Change,
) -> rusqlite::Result<bool> {
    let Some(row) = get(transaction, key)? else { return Ok(false) };
    let is_lost = *change == Change::Queued && row.activity.is_none();
    // The status of a row shows a state of a later version as unknown.
    let state = "SELECT state FROM crm_outbox_activities WHERE seq = ?1";
    let state = transaction.query_row(state, [row.seq.cast_signed()], |row| text(row, 0))?;
    let state = state.map(Text::shown).unwrap_or_default().parse();
    if !state.is_ok_and(|state| from.contains(&state)) || is_lost {
        return Ok(false);
    }
    apply(transaction, row.seq, change)?;
    let forget = "UPDATE crm_outbox_activities SET request = NULL, floor = NULL WHERE seq = ?1";
    transaction.execute(forget, [row.seq.cast_signed()])?;
    if *change == Change::Queued {
        let forget = "UPDATE crm_outbox_activities SET prepared = NULL, prepared_mark = NULL WHERE seq = ?1";
        transaction.execute(forget, [row.seq.cast_signed()])?;
    }
    Ok(true)
}

pub(super) fn highest_id_before(connection: &Connection, since: SystemTime) -> rusqlite::Result<Option<u64>> {
    // SQLite's `max` of two is NULL where one of them is.
    let highest = "SELECT max(max(coalesce(record_id, floor), coalesce(floor, record_id)))
        FROM crm_outbox_activities WHERE state = 'stored' AND settled_at < ?1";
    let id: Option<i64> = connection.query_row(highest, [from_system_time(since)], |row| row.get(0))?;
    Ok(id.map(i64::cast_unsigned))
}

pub(super) fn reconcile(transaction: &Transaction<'_>, floor: u64) -> rusqlite::Result<u64> {
    let earlier = "SELECT min(floor) FROM crm_outbox_activities
        WHERE state <> 'stored' AND state = 'sending' AND request < ?1";
    let first_sent = FIRST_SENT.cast_signed();
    let earlier: Option<i64> = transaction.query_row(earlier, [first_sent], |row| row.get(0))?;
    let floor = earlier.map_or(floor, |earlier| floor.min(earlier.cast_unsigned()));
    has_floor(transaction, floor)?;
    let noted = "INSERT INTO crm_outbox_meta (name, value) VALUES ('reconciled', 1) ON CONFLICT DO NOTHING";
    transaction.execute(noted, [])?;
    let sent = "SELECT count(*) FROM crm_outbox_activities
        WHERE state <> 'stored' AND state = 'sending' AND request >= ?1";
    let sent: i64 = transaction.query_row(sent, [first_sent], |row| row.get(0))?;
    let reconcile =
        "UPDATE crm_outbox_activities SET state = 'sending', due_at = NULL, request = 1 + seq / ?2,
        floor_is_certain = TRUE, floor = ?1
        WHERE state <> 'stored' AND (state IN ('queued', 'held') OR (state = 'sending' AND request < ?3))";
    let together = RECONCILED_TOGETHER.cast_signed();
    let reconciled = transaction.execute(reconcile, params![floor.cast_signed(), together, first_sent])?;
    Ok(reconciled as u64 + sent.cast_unsigned())
}

/// Notes the floor of a request.
fn has_floor(transaction: &Transaction<'_>, floor: u64) -> rusqlite::Result<()> {
    let lower = "INSERT INTO crm_outbox_meta (name, value) VALUES ('oldest_floor', ?1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value < value";
    transaction.prepare_cached(lower)?.execute([floor.cast_signed()]).map(drop)
}

pub(super) fn oldest_floor(connection: &Connection) -> rusqlite::Result<u64> {
    let floor = "SELECT value FROM crm_outbox_meta WHERE name = 'oldest_floor'";
    let floor: Option<i64> = connection.query_row(floor, [], |row| row.get(0)).optional()?;
    Ok(floor.unwrap_or(0).cast_unsigned())
}

/// Removes the contents of some activities. Returns how many these are.
pub(super) fn remove_some_contents(
    connection: &Connection,
    older_than: Duration,
    most: u64,
) -> rusqlite::Result<u64> {
    let remove = format!(
        "UPDATE crm_outbox_activities SET activity = NULL, mark = NULL, prepared = NULL, prepared_mark = NULL
         WHERE seq IN (SELECT seq FROM crm_outbox_activities
            WHERE state = 'stored' AND activity IS NOT NULL AND record_id IS NOT NULL
                AND settled_at <= {NOW} - ?1 LIMIT ?2)"
    );
    Ok(connection.prepare_cached(&remove)?.execute(params![millis(older_than), most.cast_signed()])? as u64)
}

/// Looks at some activities after this position, and removes those that are settled and older. Returns how many these
/// are, and the position of the last one that was looked at.
pub(super) fn purge_some(
    connection: &Connection,
    after: i64,
    older_than: Duration,
    most: u64,
) -> rusqlite::Result<(u64, Option<i64>)> {
    let last = "SELECT max(seq) FROM
        (SELECT seq FROM crm_outbox_activities WHERE seq > ?1 ORDER BY seq LIMIT ?2)";
    let last =
        connection.prepare_cached(last)?.query_row(params![after, most.cast_signed()], |row| row.get(0))?;
    let purge = format!(
        "DELETE FROM crm_outbox_activities
         WHERE seq > ?1 AND seq <= ?2 AND state IN ('stored', 'refused') AND settled_at <= {NOW} - ?3"
    );
    let removed = connection.prepare_cached(&purge)?.execute(params![after, last, millis(older_than)])?;
    Ok((removed as u64, last))
}

pub(super) fn next_fence(connection: &Transaction<'_>) -> rusqlite::Result<u64> {
    let next = format!(
        "UPDATE crm_outbox_meta SET value = max(value + 1, {NOW} - {EPOCH}) WHERE name = 'fence' RETURNING value"
    );
    connection.query_row(&next, [], |row| row.get(0)).map(i64::cast_unsigned)
}

pub(super) fn has_fence(connection: &Connection, fence: u64) -> rusqlite::Result<bool> {
    let current = "SELECT value FROM crm_outbox_meta WHERE name = 'fence'";
    let current: Option<i64> = connection.query_row(current, [], |row| row.get(0)).optional()?;
    Ok(current == Some(fence.cast_signed()))
}

pub(super) fn queued(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<Row>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = format!("WHERE due_at <= {NOW} AND state = 'held' ORDER BY due_at LIMIT ?1");
    let mut rows = select(connection, &due, [limit])?;
    let queued = "WHERE state <> 'stored' AND state = 'queued' AND seq > ?1 ORDER BY seq LIMIT ?2";
    rows.extend(select(connection, queued, params![after.cast_signed(), limit])?);
    Ok(rows)
}

pub(super) fn in_doubt(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    select(connection, "WHERE state <> 'stored' AND state = 'sending' ORDER BY request, seq", [])
}

pub(super) fn claimed(connection: &Connection, lowest: u64) -> rusqlite::Result<Vec<u64>> {
    let last = format!(
        "SELECT record_id FROM crm_outbox_activities WHERE record_id IS NOT NULL ORDER BY record_id DESC
         LIMIT max({CLAIMED_AT_LEAST}, (SELECT count(*) FROM crm_outbox_activities WHERE record_id >= ?1))"
    );
    let mut statement = connection.prepare(&last)?;
    let mut ids: Vec<i64> =
        statement.query_map([lowest.cast_signed()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let copies = "SELECT other_id FROM crm_outbox_activities
        WHERE record_id >= ?1 AND state = 'stored' AND other_id IS NOT NULL";
    let mut copies = connection.prepare(copies)?;
    let copies = copies.query_map([lowest.cast_signed()], |row| row.get(0))?;
    ids.extend(copies.collect::<Result<Vec<i64>, _>>()?);
    Ok(ids.into_iter().map(i64::cast_unsigned).collect())
}

pub(super) fn has_id_below_floor(connection: &Connection) -> rusqlite::Result<bool> {
    let below = "SELECT 1 FROM crm_outbox_activities WHERE record_id <= floor LIMIT 1";
    connection.prepare(below)?.exists([])
}

pub(super) fn stored_without_id(connection: &Connection) -> rusqlite::Result<Vec<(u64, u64)>> {
    let equal = "SELECT doubt.seq, stored.floor
        FROM crm_outbox_activities AS stored JOIN crm_outbox_activities AS doubt
            ON coalesce(stored.prepared, stored.activity) = coalesce(doubt.prepared, doubt.activity)
        WHERE stored.state = 'stored' AND stored.record_id IS NULL AND stored.floor IS NOT NULL
            AND doubt.state <> 'stored' AND doubt.state = 'sending'";
    let mut equal = connection.prepare(equal)?;
    let pairs = equal.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let unsigned = |(seq, floor): (i64, i64)| (seq.cast_unsigned(), floor.cast_unsigned());
    pairs.map(|pair| pair.map(unsigned)).collect()
}

pub(super) fn has_unknown_ids(connection: &Connection) -> rusqlite::Result<bool> {
    let stored = "SELECT 1 FROM crm_outbox_activities WHERE state = 'stored' AND record_id IS NULL LIMIT 1";
    let unknown = "SELECT 1 FROM crm_outbox_activities WHERE state <> 'stored' AND state = 'unknown' LIMIT 1";
    let reconciled = "SELECT 1 FROM crm_outbox_meta WHERE name = 'reconciled'";
    for exists in [stored, unknown, reconciled] {
        if connection.prepare(exists)?.exists([])? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn last_stored(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Row>> {
    let last = "WHERE activity IS NOT NULL AND seq IN (SELECT seq FROM crm_outbox_activities
        WHERE record_id IS NOT NULL ORDER BY record_id DESC LIMIT ?1) ORDER BY record_id DESC";
    select(connection, last, [i64::try_from(limit).unwrap_or(i64::MAX)])
}

pub(super) fn sending(
    transaction: &Transaction<'_>,
    fence: u64,
    request: &Request,
) -> rusqlite::Result<bool> {
    if !has_fence(transaction, fence)? {
        return Ok(false);
    }
    let can_be_sent =
        "SELECT 1 FROM crm_outbox_activities WHERE seq = ?1 AND state IN ('queued', 'held', 'sending')";
    let mut can_be_sent = transaction.prepare_cached(can_be_sent)?;
    for seq in &request.seqs {
        if !can_be_sent.exists([seq.cast_signed()])? {
            return Ok(false);
        }
    }
    let update =
        "UPDATE crm_outbox_activities SET state = 'sending', due_at = NULL, reason = NULL, request = ?2,
        floor = ?3, floor_is_certain = ?4 WHERE seq = ?1";
    let mut update = transaction.prepare_cached(update)?;
    let SentIn { number, floor, floor_is_certain } = request.sent;
    let (number, floor) = (number.cast_signed(), floor.cast_signed());
    for seq in &request.seqs {
        update.execute(params![seq.cast_signed(), number, floor, floor_is_certain])?;
    }
    has_floor(transaction, request.sent.floor)?;
    Ok(true)
}
