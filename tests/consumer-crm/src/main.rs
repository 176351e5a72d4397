//! A night's work of a service: it logs the day's calls, tells what is refused, and reads the projects.

use crm::history::{AddOutcome, ApiKey, ClientId, EntryId, HistoryClient, NewEntry};
use crm::projects::{ProjectQuery, ProjectsClient, TokenPair};
use crm_sandbox::Sandbox;
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // In a real service: the addresses and keys of its configuration.
    let sandbox = Sandbox::start().await?;
    let history = HistoryClient::builder(sandbox.url())
        .credentials(ApiKey::new(crm_sandbox::APIKEY, crm_sandbox::BOSS))
        .build()?;
    let projects = ProjectsClient::builder(sandbox.url())
        .credentials(TokenPair::new(crm_sandbox::TOKEN, crm_sandbox::SECRET))
        .build()?;

    let ids = log_calls(&history, &["Входящий звонок, 2 мин", "Исходящий звонок, 40 с"]).await?;
    println!("logged {ids:?}");
    let first = history.entry(*ids.first().ok_or("nothing was logged")?).await?;
    expect("the content of the first call", first.content.as_deref(), Some("Входящий звонок, 2 мин"))?;
    expect("the records of the server", sandbox.record_count(), 2)?;

    let error = match history.entry(EntryId(999)).await {
        Ok(entry) => return Err(format!("there is no activity 999, and {} was read", entry.id).into()),
        Err(error) => error,
    };
    println!("as it should, this failed: {error}");
    expect("a missing activity is not found", error.is_not_found(), true)?;

    let page = projects.list(&ProjectQuery::new().count(10).order_by("id")).await?;
    println!("{} projects, the first is {}", page.len(), page.items[0].id);
    expect("projects on the page", page.len(), 10)?;
    expect("projects that cannot be read", page.unreadable.len(), 0)?;
    Ok(())
}

/// Logs the calls; whatever is not certainly stored is an error.
async fn log_calls(history: &HistoryClient, calls: &[&str]) -> Result<Vec<EntryId>, Box<dyn Error>> {
    let entries: Vec<NewEntry> = calls
        .iter()
        .map(|call| NewEntry::new(*call).activity_type("вх.Звонок").client(ClientId(1)))
        .collect();
    let mut ids = Vec::new();
    for (call, outcome) in calls.iter().zip(history.add_list(&entries).await?) {
        match outcome {
            AddOutcome::Created(id) => ids.push(id),
            other => return Err(format!("{call}: {other:?}").into()),
        }
    }
    Ok(ids)
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}
