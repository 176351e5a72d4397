//! Writes every activity as a line of JSON, and ends with a verdict on whether that is everything.
//!
//! Start a server with `cargo run -p crm-cli -- sandbox --records 1000`. It prints the address and the keys. Then:
//! `CRM_HISTORY_URL=… CRM_APIKEY=… CRM_LOGIN=… cargo run -p crm --example export > activities.jsonl`

use std::io::Write;
use std::process::ExitCode;

use crm::history::{ApiKey, EntryQuery, HistoryClient};

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

    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let mut export = history.export(EntryQuery::new()).start().await?;
    while let Some(entry) = export.next().await {
        match entry {
            Ok(entry) => writeln!(output, "{}", serde_json::to_string(&entry)?)?,
            // A record that cannot be decoded hides no other.
            Err(error) => eprintln!("{error}"),
        }
    }
    output.flush()?;
    let verdict = export.finish().await;
    eprintln!("{verdict}");
    Ok(if verdict.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
