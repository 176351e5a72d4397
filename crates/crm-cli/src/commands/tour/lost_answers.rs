//! Calls are logged while answers are lost, and each is stored once.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use crm::history::{ApiKey, ClientId, HistoryClient, ImportReport, NewEntry};
use crm_sandbox::{Fault, Operation, Sandbox};

use super::show::Tour;
use crate::exit::Failure;

const CALLS: usize = 60;
const IN_ONE_REQUEST: usize = 10;

/// Loses answers, and shows what is stored.
pub(super) async fn show(tour: &mut Tour) -> Result<(), Failure> {
    let sandbox = tour.sandbox(Sandbox::builder()).await?;
    // Stored, and the connection is closed without an answer.
    sandbox.add_fault(Fault::close_after_commit().on(Operation::HistoryAddList).each(2));
    tour.chapter("tour-chapter-lost-answers", sandbox.url())?;
    let calls = [("calls", (CALLS as u64).into()), ("chunk", (IN_ONE_REQUEST as u64).into())];
    tour.say("tour-lost-answers", &calls)?;

    let report = log_calls(&sandbox).await.map_err(|error| tour.call_failure(&error))?;
    let requests = sandbox.requests();
    let sent = requests.iter().filter(|request| request.operation == Some(Operation::HistoryAddList)).count();
    let records = sandbox.records();
    let different: BTreeSet<_> = records.iter().map(|record| record.content.clone()).collect();
    let lost: u64 = sandbox.faults().iter().map(crm_sandbox::Rule::struck).sum();
    let values = [
        ("requests", (sent as u64).into()),
        ("lost", lost.into()),
        ("reported", report.totals.created.into()),
        ("stored", (records.len() as u64).into()),
        ("different", (different.len() as u64).into()),
    ];
    tour.say("tour-lost-answers-result", &values)?;
    tour.check(report.is_complete() && records.len() == CALLS && different.len() == CALLS);
    Ok(())
}

async fn log_calls(sandbox: &Sandbox) -> Result<ImportReport, crm::Error> {
    let key = ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS);
    let history = HistoryClient::builder(sandbox.url()).credentials(key).build()?;
    let first = NaiveDate::from_ymd_opt(2024, 6, 25).unwrap_or_default().and_time(NaiveTime::MIN);
    let calls = (1..=CALLS).map(move |number| {
        let at = first + TimeDelta::minutes(number as i64);
        NewEntry::new(format!("Звонок {number}")).at(at).client(ClientId(1))
    });
    // The sandbox has finished its work when it closes a connection, so nothing has to settle.
    let import = history.import(calls).chunk(IN_ONE_REQUEST).concurrency(1).settle(Duration::ZERO);
    import.sole_writer().run().await
}
