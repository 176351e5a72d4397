//! Lists the incoming payments of the first projects of a solOS.
//!
//! Start a server with `cargo run -p crm-cli -- sandbox`. It prints the address and the keys. Then:
//! `CRM_PROJECTS_URL=… CRM_TOKEN=… CRM_SECRET=… cargo run -p crm --example payments`

use std::process::ExitCode;

use crm::projects::{Having, PaymentKind, PaymentQuery, ProjectFilter, ProjectsClient, TokenPair};

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn run() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let projects = ProjectsClient::builder(variable("CRM_PROJECTS_URL")?)
        .credentials(TokenPair::new(variable("CRM_TOKEN")?, variable("CRM_SECRET")?))
        .build()?;

    let filter = ProjectFilter::new().deleted(false).having(Having::Payments).count(5);
    for project in projects.filter(&filter).await?.items {
        let query = PaymentQuery::new().kind(PaymentKind::Income);
        for payment in projects.payments(project.id, &query).await?.items {
            // No response of solOS is documented, so each field may be missing or unreadable.
            let date = payment.date()?.map_or_else(|| "no date".to_owned(), |date| date.to_string());
            let amount = payment.amount()?.unwrap_or_default();
            println!("project {}: {date}, {amount}", project.id);
        }
    }
    Ok(ExitCode::SUCCESS)
}
