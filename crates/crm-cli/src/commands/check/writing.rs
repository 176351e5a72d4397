//! What only writing shows: the shift of the login's clock, and the mode of the database. Both activities are deleted.

use chrono::{NaiveDate, NaiveDateTime};
use crm::history::{AddOutcome, EntryId, HistoryClient, NewEntry};

use super::findings::Findings;
use crate::exit::{Exit, Failure};

/// A text that a person who finds it understands. The activity belongs to no client.
const TEXT: &str = "crm check: проверка связи, запись можно удалить";

/// Adds two activities: one with a time, and one whose type is too long for the database. Returns the stored ones.
pub(super) async fn check(
    client: &HistoryClient,
    findings: &mut Findings<'_>,
) -> Result<Vec<EntryId>, Failure> {
    let at =
        NaiveDate::from_ymd_opt(2024, 6, 25).and_then(|day| day.and_hms_opt(12, 0, 0)).unwrap_or_default();
    let entries = [NewEntry::new(TEXT).at(at), NewEntry::new(TEXT).at(at).activity_type("х".repeat(60))];
    let outcomes = match client.add_list(&entries).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            findings.failed("check-row-write", &error)?;
            return Ok(Vec::new());
        }
    };
    let [dated, long] = &outcomes[..] else { return Ok(Vec::new()) };
    shift(client, dated, at, findings).await?;
    match long {
        AddOutcome::Rejected(_) if dated.is_stored() => {
            findings.good("check-row-sql-mode", "check-sql-strict", &[])?;
        }
        outcome if outcome.is_stored() => findings.good("check-row-sql-mode", "check-sql-lenient", &[])?,
        _ => findings.unknown("check-row-sql-mode", "check-sql-unknown", &[])?,
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.id().is_none() && !is_refused(outcome)) {
        let values = [("text", TEXT.into()), ("outcome", findings.messages().outcome(outcome, None).into())];
        findings.bad("check-row-write", Exit::Person, "check-write-unknown", &values)?;
    }
    Ok(outcomes.iter().filter_map(AddOutcome::id).collect())
}

fn is_refused(outcome: &AddOutcome) -> bool {
    matches!(outcome, AddOutcome::Rejected(_))
}

/// Reads the activity back, and compares the time with the one that was written.
async fn shift(
    client: &HistoryClient,
    outcome: &AddOutcome,
    written: NaiveDateTime,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let Some(id) = outcome.id() else {
        if is_refused(outcome) {
            let values = [("outcome", findings.messages().outcome(outcome, None).into())];
            findings.bad("check-row-write", Exit::Person, "check-write-refused", &values)?;
        }
        return Ok(());
    };
    let read = match client.entry(id).await {
        Ok(entry) => entry.at,
        Err(error) => return findings.failed("check-row-shift", &error),
    };
    match read.map(|read| (read - written).num_minutes().div_euclid(60)) {
        Some(0) => findings.good("check-row-shift", "check-shift", &[]),
        Some(hours) => {
            let values = [("hours", format!("{hours:+}").into())];
            findings.bad("check-row-shift", Exit::Person, "check-shift-differs", &values)
        }
        None => findings.bad("check-row-shift", Exit::Person, "check-date-lost", &[]),
    }
}

/// Deletes what was added.
pub(super) async fn delete(
    client: &HistoryClient,
    ids: &[EntryId],
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    for id in ids {
        if let Err(error) = client.delete(*id).await {
            let values = [("id", id.to_string().into()), ("error", findings.messages().error(&error).into())];
            findings.bad("check-row-write", Exit::Person, "check-not-deleted", &values)?;
        }
    }
    Ok(())
}
