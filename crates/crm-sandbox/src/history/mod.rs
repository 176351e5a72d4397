//! SalesMan CRM, history v3: the answers of the real server, or those its vendor promises.

mod account;
mod collation;
mod content;
mod datum;
mod errors;
mod generate;
mod list;
mod params;
mod php;
mod read;
pub(crate) mod records;
mod write;

use std::str::FromStr;

use self::errors::error;
pub(crate) use self::generate::generate;
pub(crate) use self::params::{Call, Params};
use self::records::Records;
pub(crate) use self::write::halve;
use crate::json::Json;
use crate::received::{Credential, Credentials};
use chrono::NaiveDateTime;

/// The start of every path of the API.
pub(crate) const PREFIX: &str = "/developer/v3";

/// Which server the sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Revision {
    /// The one that was observed, with all its faults.
    #[default]
    Observed,
    /// The one the vendor's page describes: half-open date ranges, a `tip` that filters, 400 for a wrong key, all
    /// contacts in `info`, parameters in the query string too, content that comes back as it was written, answers
    /// of `add.list` without leftovers.
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

/// The history of the account.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) revision: Revision,
    pub(crate) records: Records,
    /// Kinds of activity that writing brought into the directory; only the documented revision does that.
    pub(crate) new_tips: Vec<String>,
}

/// Who calls, and when.
#[derive(Debug, Clone, Copy)]
struct Caller {
    user: i64,
    now: NaiveDateTime,
}

/// The body of an answer, or the HTML of a PHP error in its place.
type Answer = Result<Json, String>;

impl History {
    /// The body of the answer; its HTTP status is 200 whatever happens.
    pub(crate) fn answer(&mut self, now: NaiveDateTime, call: &Call<'_>) -> String {
        let params = Params::read(call, self.revision);
        let user = match self.user_of(&params) {
            Ok(user) => user,
            Err(refused) => return refused.to_text(),
        };
        let (method, action) = params.route(call.path);
        if method != "history" {
            return String::new();
        }
        let caller = Caller { user, now };
        let answer = match action.as_str() {
            "fields" => Ok(read::fields()),
            "tips" => Ok(self.tips()),
            "list" => self.list(&params, caller),
            "info" => Ok(self.info(&params, caller)),
            "add" => self.add(&params, caller),
            "add.list" => self.add_list(&params, caller),
            "delete" => Ok(self.delete(&params, caller)),
            _ => Ok(error(404, "Не понимаю чЁ происходит. Может в следующий раз?")),
        };
        answer.map_or_else(|html| html, |json| json.to_text())
    }

    /// Deletes the first records of the first page of a list, and adds copies of its first record under new ids.
    pub(crate) fn change_first_page(
        &mut self,
        now: NaiveDateTime,
        call: &Call<'_>,
        add: usize,
        delete: usize,
    ) {
        let params = Params::read(call, self.revision).of_first_page();
        let Ok(user) = self.user_of(&params) else { return };
        let caller = Caller { user, now };
        let Ok(page) = list::page(&self.records, &params, caller, self.revision) else { return };
        let Some(first) = page.first().map(|record| (*record).clone()) else { return };
        let doomed: Vec<u64> = page.iter().take(delete).map(|record| record.cid).collect();
        for cid in doomed {
            self.records.remove(cid);
        }
        for _ in 0..add {
            self.records.add(first.clone());
        }
    }

    fn user_of(&self, params: &Params) -> Result<i64, Json> {
        let unknown = || error(401, "Неизвестный пользователь");
        let (apikey, login) = params.credentials().ok_or_else(unknown)?;
        if !account::is_apikey(apikey) {
            return Err(match self.revision {
                Revision::Observed => unknown(),
                Revision::Documented => error(400, "Не верный API key"),
            });
        }
        match account::user_id(login) {
            0 => Err(unknown()),
            user => Ok(user),
        }
    }
}

/// The method and the action of a path: its third and fourth part.
pub(crate) fn route(path: &str) -> (String, String) {
    let mut parts = path.trim_matches([' ', '/']).split('/').skip(2);
    let mut part = || parts.next().unwrap_or_default().to_owned();
    (part(), part())
}

/// The body of an error with any code and text.
pub(crate) fn error_text(code: i32, text: String) -> String {
    error(code, text).to_text()
}

/// How the credentials of a call are described to whoever looks at the requests.
pub(crate) fn credentials_seen(params: &Params) -> Credentials {
    let apikey = params.apikey().map(account::is_apikey);
    let login = params.login().map(|login| account::user_id(login) > 0);
    [("apikey", Credential::of(apikey)), ("login", Credential::of(login))]
}
