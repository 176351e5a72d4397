//! Logs phone calls, each once, even if it is killed and started again.
//!
//! Start a server with `cargo run -p crm-cli -- sandbox`. It prints the address and the keys. Then:
//! `CRM_HISTORY_URL=… CRM_APIKEY=… CRM_LOGIN=… cargo run -p crm --example log_calls`

use std::process::ExitCode;

use crm::history::{AddOutcome, ApiKey, ClientId, HistoryClient, NewEntry};

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let history = HistoryClient::builder(variable("CRM_HISTORY_URL")?)
        .credentials(ApiKey::new(variable("CRM_APIKEY")?, variable("CRM_LOGIN")?))
        .build()?;

    let day = chrono::NaiveDate::from_ymd_opt(2024, 6, 25).ok_or("no such day")?;
    let calls = (0..250).filter_map(move |number| {
        let at = day.and_hms_opt(9 + number / 60, number % 60, 0)?;
        Some(NewEntry::new(format!("Звонок {number}")).at(at).activity_type("вх.Звонок").client(ClientId(1)))
    });

    // The journal lets the next run resume. What is stored is never sent twice.
    let mut outcomes = history.import(calls).journal("calls.journal").outcomes();
    let (mut stored, mut exit) = (0, ExitCode::SUCCESS);
    while let Some(call) = outcomes.next().await {
        let call = call?;
        match call.outcome {
            AddOutcome::Created(_) | AddOutcome::StoredWithoutId => stored += 1,
            outcome => {
                eprintln!("call {}: {outcome}", call.index);
                exit = ExitCode::FAILURE;
            }
        }
    }
    println!("{stored} calls are stored");
    Ok(exit)
}
