//! Brings a copy of SalesMan CRM up to date, and says whether it is complete. Run it every night.
//!
//! Start a server with `cargo run -p crm-cli -- sandbox --records 1000`. It prints the address and the keys. Then:
//! `CRM_HISTORY_URL=… CRM_APIKEY=… CRM_LOGIN=… cargo run -p crm-mirror --example nightly`

use std::process::ExitCode;

use crm_directory::DirectoryClient;
use crm_history::{ApiKey, HistoryClient};
use crm_mirror::{Mirror, Sync};

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
    let directory = DirectoryClient::from(&history); // the same connections and limits

    let mirror = Mirror::open("sqlite:crm.db").await?;
    let report = mirror.run(Sync::new().history(&history).directory(&directory)).await?;
    println!("{report}");
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
