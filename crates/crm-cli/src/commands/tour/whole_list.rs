//! An export ends with a verdict on whether that is everything.

use crm::Verdict;
use crm::history::{ApiKey, EntryQuery, HistoryClient};
use crm_sandbox::Sandbox;

use super::show::Tour;
use crate::exit::Failure;

const RECORDS: u64 = 1_000;

/// Exports a list, and shows the verdict.
pub(super) async fn show(tour: &mut Tour) -> Result<(), Failure> {
    let sandbox = tour.sandbox(Sandbox::builder().records(RECORDS)).await?;
    tour.chapter("tour-chapter-export", sandbox.url())?;
    tour.say("tour-export", &[("records", RECORDS.into())])?;
    let verdict = export(&sandbox).await.map_err(|error| tour.call_failure(&error))?;
    tour.verdict(&verdict)?;
    tour.check(verdict.is_complete() && verdict.figures().records == RECORDS);
    Ok(())
}

async fn export(sandbox: &Sandbox) -> Result<Verdict, crm::Error> {
    let key = ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS);
    let history = HistoryClient::builder(sandbox.url()).credentials(key).build()?;
    let mut export = history.export(EntryQuery::new()).start().await?;
    while let Some(entry) = export.next().await {
        entry?;
    }
    Ok(export.finish().await)
}
