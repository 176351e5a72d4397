//! The checks of a solOS.

use crm::RetryPolicy;
use crm::projects::ProjectQuery;

use super::findings::Findings;
use super::probe;
use crate::connection::ProjectsConnection;
use crate::exit::{Exit, Failure};

/// Checks the server, and asks for one project. solOS documents no responses, so the form of the answer is checked, too.
pub(super) async fn check(
    connection: &ProjectsConnection,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let client = match connection.builder().retry(RetryPolicy::none()).build() {
        Ok(client) => client,
        Err(error) => {
            let values = [("error", findings.messages().error(&error).into())];
            return findings.bad("check-row-address", Exit::Usage, "check-bad-address", &values);
        }
    };
    if !probe::check(&connection.url, &connection.sources, connection.network(), findings).await? {
        return Ok(());
    }
    match client.list(&ProjectQuery::new().count(1)).await {
        Ok(page) if page.unreadable.is_empty() => {
            findings.good("check-row-token", "check-token", &[])?;
            let text = if page.is_empty() { "check-no-project" } else { "check-projects" };
            findings.good("check-row-projects", text, &[])
        }
        Ok(_) => {
            findings.good("check-row-token", "check-token", &[])?;
            findings.bad("check-row-projects", Exit::Person, "check-project-unreadable", &[])
        }
        Err(error) => findings.failed("check-row-token", &error),
    }
}
