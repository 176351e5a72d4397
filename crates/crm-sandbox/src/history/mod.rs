//! SalesMan CRM, history v3: the answers of the real server, or those its vendor promises.

pub(crate) mod clean;
pub(crate) mod collation;
pub(crate) mod date;
pub(crate) mod errors;
pub(crate) mod events;
mod generate;
mod list;
mod names;
mod params;
pub(crate) mod php;
mod public;
mod read;
pub(crate) mod records;
pub(crate) mod sql;
mod table;
mod write;

use std::str::FromStr;

use self::errors::error;
pub(crate) use self::generate::generate;
pub(crate) use self::names::Names;
pub(crate) use self::params::Shape;
pub(crate) use self::params::{Call, Params};
use self::records::Records;
use crate::account::{Account, Caller};
use crate::directory::Directory;
use crate::json::Json;
use crate::received::{Credential, Credentials};
use chrono::{DateTime, TimeDelta, Utc};

/// The start of every path of the API.
pub(crate) const PREFIX: &str = "/developer/v3";

/// The server that the sandbox imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Revision {
    /// The one that was observed, with all its faults.
    #[default]
    Observed,
    /// The one the vendor's page describes: half-open date ranges, a `tip` that filters, all contacts in `info`,
    /// parameters in the query string too, content that comes back as it was written, answers of `add.list` without
    /// leftovers. Code 400 for a wrong key is assumed.
    Documented,
}

impl FromStr for Revision {
    type Err = String;

    fn from_str(name: &str) -> Result<Revision, String> {
        match name {
            "observed" => Ok(Revision::Observed),
            "documented" => Ok(Revision::Documented),
            _ => Err(format!("no revision {name:?}: it is observed or documented")),
        }
    }
}

/// The history of all accounts.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) revision: Revision,
    pub(crate) records: Records,
    pub(crate) names: Names,
    pub(crate) directory: Directory,
    /// Kinds of activity that writing brought into the directory; only the documented revision does that.
    pub(crate) new_tips: Vec<String>,
    /// How far each account was ahead of Greenwich when its records were last looked at.
    pub(crate) offsets: Vec<TimeDelta>,
}

/// The body of an answer, or the HTML of a PHP error in its place.
type Answer = Result<Json, String>;

impl History {
    /// The body of the answer; its HTTP status is 200 whatever happens.
    pub(crate) fn answer(&mut self, accounts: &[Account], moment: DateTime<Utc>, call: &Call<'_>) -> String {
        self.settle(accounts, moment);
        let params = Params::read(call, self.revision);
        let caller = match caller(accounts, moment, &params, self.revision) {
            Ok(caller) => caller,
            Err(refused) => return refused,
        };
        let (method, action) = params.route(call.path);
        if let Some(answer) = self.directory.answer(&method, &action, &params, &caller) {
            return answer.map_or_else(|html| html, |json| json.to_text());
        }
        if method != "history" {
            return String::new();
        }
        let sets_parameters = matches!(action.as_str(), "list" | "add" | "add.list");
        let answer = match action.as_str() {
            "info" | "delete" | "list" | "add" | "add.list" if params.shape == Shape::Text => {
                Err(errors::offset_on_string())
            }
            _ if sets_parameters && params.shape == Shape::Scalar => Err(errors::scalar_as_array()),
            "fields" => Ok(read::fields()),
            "tips" => Ok(self.tips()),
            "list" => self.list(&params, &caller),
            "info" => self.info(&params, &caller),
            "add" => self.add(&params, &caller),
            "add.list" => self.add_list(&params, &caller),
            "delete" => self.delete(&params, &caller),
            _ => Ok(error(404, "Не понимаю чЁ происходит. Может в следующий раз?")),
        };
        answer.map_or_else(|html| html, |json| json.to_text())
    }

    /// The IDs of the records on the first page of the list that a call asks for.
    pub(crate) fn ids_of_first_page(
        &mut self,
        accounts: &[Account],
        moment: DateTime<Utc>,
        call: &Call<'_>,
    ) -> Vec<u64> {
        self.settle(accounts, moment);
        let params = Params::read(call, self.revision).of_first_page();
        let page = caller(accounts, moment, &params, self.revision)
            .ok()
            .and_then(|caller| list::page(&self.records, &params, &caller, self.revision).ok());
        page.into_iter().flatten().map(|record| record.cid).collect()
    }
}

/// Who calls: the user whose credentials the call carries; or the body of the answer that refuses the call.
pub(crate) fn caller<'a>(
    accounts: &'a [Account],
    moment: DateTime<Utc>,
    params: &Params,
    revision: Revision,
) -> Result<Caller<'a>, String> {
    let unknown = || error(401, "Неизвестный пользователь").to_text();
    if revision == Revision::Documented {
        let (apikey, login) = params.credentials().ok_or_else(unknown)?;
        let found = by_key(accounts, apikey);
        let (place, account) = found.ok_or_else(|| error(400, "Не верный API key").to_text())?;
        let user = account.user(login).ok_or_else(unknown)?;
        return Ok(Caller::new((place, account), user, moment, TimeDelta::zero()));
    }
    if params.shape == Shape::Text && params.apikey().is_none() {
        return Err(errors::offset_on_string());
    }
    let (apikey, login) = params.credentials().ok_or_else(unknown)?;
    sql::check_values(&[apikey], || {
        format!("SELECT id, api_key, timezone FROM app_settings WHERE api_key = '{apikey}'")
    })?;
    let found = by_key(accounts, &sql::literal(apikey));
    let identity = found.map_or(0, |(place, _)| place + 1);
    sql::check_values(&[login], || {
        format!(
            "SELECT title, iduser, isadmin, tip FROM app_user WHERE login = '{login}' and identity = '{identity}'"
        )
    })?;
    let (place, account) = found.ok_or_else(unknown)?;
    let user = account.user(&sql::literal(login));
    // The clock is set before the user is looked at, so its errors come first.
    let shift = date::shift(account.zone.offset(moment), user.map_or(Some(0), |user| user.tzone))?;
    let user = user.filter(|user| !user.title.is_empty() && user.title != "0").ok_or_else(unknown)?;
    Ok(Caller::new((place, account), user, moment, shift))
}

/// The ID of the user whose login the parameter `user` is; 0, which is nobody, for an unknown one.
pub(crate) fn user_id(params: &Params, caller: &Caller<'_>, revision: Revision) -> Result<i64, String> {
    if params.is_empty("user") {
        return Ok(0);
    }
    let login = params.text("user");
    let id = |login: &str| Ok(caller.account.user(login).map_or(0, |user| user.id));
    if revision == Revision::Documented {
        return id(&login);
    }
    sql::check_values(&[&login], || {
        let identity = caller.place + 1;
        format!("SELECT iduser FROM app_user WHERE login = '{login}' AND identity = '{identity}'")
    })?;
    id(&sql::literal(&login))
}

fn by_key<'a>(accounts: &'a [Account], apikey: &str) -> Option<(usize, &'a Account)> {
    accounts.iter().enumerate().find(|(_, account)| collation::equal(&account.apikey, apikey))
}

/// The method and the action of a path: its third and fourth part. Without a method it is `client`.
pub(crate) fn route(path: &str) -> (String, String) {
    let mut parts = path.trim_matches([' ', '/']).split('/').skip(2);
    let mut part = || parts.next().unwrap_or_default();
    let (method, action) = (part(), part());
    let method = if matches!(method, "" | "0") { "client" } else { method };
    (method.to_owned(), action.to_owned())
}

/// The body of an error with any code and text.
pub(crate) fn error_text(code: i32, text: String) -> String {
    error(code, text).to_text()
}

/// How the credentials of a call are described to whoever looks at the requests.
pub(crate) fn credentials_seen(accounts: &[Account], params: &Params) -> Credentials {
    let account = params.apikey().map(|apikey| by_key(accounts, apikey));
    let is_login = |login: &str| match account.flatten() {
        Some((_, account)) => account.user(login).is_some(),
        None => accounts.iter().any(|account| account.user(login).is_some()),
    };
    let login = params.login().map(is_login);
    [
        ("apikey", Credential::from_check(account.map(|found| found.is_some()))),
        ("login", Credential::from_check(login)),
    ]
}
