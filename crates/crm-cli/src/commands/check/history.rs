//! The checks of a SalesMan CRM.

use std::time::Duration;

use chrono::NaiveDate;
use crm::directory::{DirectoryClient, User};
use crm::history::{Entry, EntryId, EntryQuery, HistoryClient};
use crm::{Error, ReadMethod, RetryPolicy};

use super::findings::Findings;
use super::input::Input;
use super::{probe, writing};
use crate::commands::directory::users::undecodable;
use crate::connection::HistoryConnection;
use crate::exit::{Exit, Failure};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What is checked beside the connection.
pub(super) struct Options<'a> {
    pub(super) input: Option<Input>,
    pub(super) second_login: Option<&'a str>,
    pub(super) may_write: bool,
}

/// Checks the server. What cannot work without an earlier check is left out.
pub(super) async fn check(
    connection: &HistoryConnection,
    options: Options<'_>,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let client = match client(connection, ReadMethod::Post) {
        Ok(client) => client,
        Err(error) => {
            let values = [("error", findings.messages().error(&error).into())];
            return findings.bad("check-row-address", Exit::Usage, "check-bad-address", &values);
        }
    };
    if !probe::check(&connection.url, &connection.sources, connection.network(), findings).await? {
        return Ok(());
    }
    match client.fields().await {
        Ok(_) => {
            let login = [("login", connection.login.as_str().into())];
            findings.good("check-row-key", "check-key", &login)?;
        }
        Err(error) => return findings.failed("check-row-key", &error),
    }
    let users = users(&client, &connection.login, findings).await?;
    get_body(connection, findings).await?;
    if let Some(input) = options.input {
        input.check(&client, users.as_deref(), findings).await?;
    }
    let written = if options.may_write { writing::check(&client, findings).await? } else { Vec::new() };
    if let Some(login) = options.second_login {
        shifts(&client, connection, login, written.first().copied(), findings).await?;
    }
    writing::delete(&client, &written, findings).await
}

fn client(connection: &HistoryConnection, method: ReadMethod) -> Result<HistoryClient, Error> {
    connection.builder().read_method(method).retry(RetryPolicy::none()).timeout(TIMEOUT).build()
}

/// Says who sees what, and returns the users; `None` if they are not all known.
async fn users(
    client: &HistoryClient,
    login: &str,
    findings: &mut Findings<'_>,
) -> Result<Option<Vec<User>>, Failure> {
    let directory = DirectoryClient::from(client);
    let listed = directory.users().await.and_then(|page| match page.unreadable.into_iter().next() {
        // It could be a user of the file.
        Some(user) => Err(undecodable(user)),
        None => Ok(page.items),
    });
    let users = match listed {
        Ok(users) => users,
        Err(error) => {
            findings.failed("check-row-users", &error)?;
            return Ok(None);
        }
    };
    let is_same = |user: &&User| user.login.as_deref().is_some_and(|known| is_same_login(known, login));
    let role = match users.iter().find(is_same) {
        Some(user) => directory.user(user.id).await.ok().and_then(|user| user.role),
        None => None,
    };
    // By the role, as read in the source of the server.
    let text = match role.as_deref() {
        Some(
            "Руководитель организации" | "Поддержка продаж" | "Руководитель с доступом" | "Администратор",
        ) => "check-sees-all",
        Some("Руководитель подразделения") => "check-sees-division",
        Some("Руководитель отдела") => "check-sees-department",
        Some(_) => "check-sees-own",
        None => "check-sees-unknown",
    };
    let blocked = users.iter().filter(|user| user.is_active == Some(false)).count() as u64;
    let values = [
        ("role", crate::language::one_line(&role.unwrap_or_default()).into()),
        ("users", (users.len() as u64).into()),
        ("blocked", blocked.into()),
    ];
    findings.good("check-row-users", text, &values)?;
    Ok(Some(users))
}

/// Returns whether the database takes two logins for the same one: it ignores case and spaces at the end.
pub(super) fn is_same_login(one: &str, other: &str) -> bool {
    one.trim_end().to_lowercase() == other.trim_end().to_lowercase()
}

/// Asks with a GET for an activity that does not exist. Without the body, the server misses the ID instead.
async fn get_body(connection: &HistoryConnection, findings: &mut Findings<'_>) -> Result<(), Failure> {
    /// No account has so many activities.
    const ABSENT: EntryId = EntryId(4_000_000_000);

    let found = match client(connection, ReadMethod::Get) {
        Ok(client) => client.entry(ABSENT).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(_) => findings.good("check-row-get", "check-get", &[]),
        Err(error) if error.is_not_found() || error.api_code() == Some(403) => {
            findings.good("check-row-get", "check-get", &[])
        }
        Err(error) if error.api_code() == Some(405) => {
            findings.bad("check-row-get", Exit::Person, "check-get-lost", &[])
        }
        // This says nothing of GET requests.
        Err(error) if Exit::from_error(&error) == Exit::Again => findings.failed("check-row-get", &error),
        Err(error) => {
            let values = [("error", findings.messages().error(&error).into())];
            findings.bad("check-row-get", Exit::Person, "check-get-failed", &values)
        }
    }
}

/// Compares the times that two logins read.
async fn shifts(
    client: &HistoryClient,
    connection: &HistoryConnection,
    login: &str,
    written: Option<EntryId>,
    findings: &mut Findings<'_>,
) -> Result<(), Failure> {
    let second = match client.with_credentials(connection.credentials_of(login)) {
        Ok(second) => second,
        Err(error) => return findings.failed("check-row-second-login", &error),
    };
    if let Err(error) = second.fields().await {
        return findings.failed("check-row-second-login", &error);
    }
    let id = match written {
        Some(id) => Some(id),
        None => match client.list(&EntryQuery::new().between(FIRST_DAY, LAST_DAY)).await {
            Ok(page) => page.items.iter().find(|entry| entry.at.is_some()).map(|entry| entry.id),
            Err(error) => return findings.failed("check-row-second-login", &error),
        },
    };
    let Some(id) = id else {
        return findings.unknown("check-row-second-login", "check-shift-nothing", &[]);
    };
    let (one, other) = (client.entry(id).await, second.entry(id).await);
    let (one, other) = match (one, other) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(error), _) | (_, Err(error)) => return findings.failed("check-row-second-login", &error),
    };
    match hours_between(&one, &other) {
        None => findings.unknown("check-row-second-login", "check-shift-nothing", &[]),
        Some(0) => findings.good("check-row-second-login", "check-shifts-equal", &[("login", login.into())]),
        Some(hours) => {
            let values = [("login", login.into()), ("hours", format!("{hours:+}").into())];
            findings.bad("check-row-second-login", Exit::Person, "check-shifts-differ", &values)
        }
    }
}

/// The days that the database can hold.
const FIRST_DAY: NaiveDate = day(1970, 1, 1);
const LAST_DAY: NaiveDate = day(2038, 1, 19);

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

/// Returns by how many hours the second time is later.
fn hours_between(one: &Entry, other: &Entry) -> Option<i64> {
    Some((other.at? - one.at?).num_minutes().div_euclid(60))
}
