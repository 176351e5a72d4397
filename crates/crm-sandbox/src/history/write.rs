//! `add`, `add.list`, `delete`.

use std::borrow::Cow;

use super::errors::{error, offset_on_string, type_error};
use super::params::{Params, Shape};
use super::records::Record;
use super::table::{self, Refusal};
use super::{Answer, History, Revision, clean, date, names, user_id};
use crate::account::{Caller, SqlMode};
use crate::json::Json;

const NO_TEXT: &str = "strip_tags(): Argument #1 ($string) must be of type string, array given";
const NOT_ESCAPABLE: &str =
    "mysqli_real_escape_string(): Argument #2 ($string) must be of type string, array given";
const DEFAULT_TIP: &str = "Событие";

/// What a record is written with: the values of a call, or of one item.
struct Values<'p> {
    params: &'p Params,
    iduser: i64,
    /// The type as it goes to the database.
    tip: String,
}

/// Why a record is not stored.
enum Failure {
    /// The page of a PHP error: the call ends here.
    Page(String),
    /// An error of the database, which the server tells as code 500.
    Database(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Database(refusal)
    }
}

impl History {
    pub(super) fn add(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let iduser = self.owner(params, caller, caller.user.id)?;
        if params.is_composite("tip") {
            return Err(type_error(NO_TEXT));
        }
        let tip = params.text_or("tip", DEFAULT_TIP);
        let tip = if self.revision == Revision::Documented { tip } else { clean::untagged(&tip) };
        let belongs = ["clid", "pid", "did"].iter().any(|name| !params.is_blank(name));
        if !belongs || params.is_blank("content") {
            return Ok(error(405, "Отсутствуют параметры"));
        }
        if params.is_composite("pid") {
            return Err(type_error("yexplode(): Argument #2 ($str) must be of type ?string, array given"));
        }
        match self.new_record(&Values { params, iduser, tip }, caller) {
            Ok(record) => {
                Ok(Json::object([("result", "Успешно".into()), ("data", self.store(record).into())]))
            }
            Err(Failure::Page(page)) => Err(page),
            Err(Failure::Database(refusal)) => Ok(error(500, refusal.message())),
        }
    }

    /// The real server uses one answer for all items and never clears it: an item that fails keeps the `data` of the
    /// one before it, and every item after it keeps its `error`.
    pub(super) fn add_list(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let owner_of_all = self.owner(params, caller, caller.user.id)?;
        let mut answers = Vec::new();
        let mut answer = Vec::new();
        for item in params.items("list") {
            if item.shape == Shape::Text {
                return Err(offset_on_string());
            }
            if self.revision == Revision::Documented {
                answer.clear();
            }
            let failure = if item.is_blank("content") {
                Some((405, "Отсутствуют параметры - Заголовок".to_owned()))
            } else {
                let iduser = self.owner(&item, caller, owner_of_all)?;
                let tip = match self.revision {
                    Revision::Observed => item.text("tip"),
                    Revision::Documented => item.text_or("tip", DEFAULT_TIP),
                };
                match self.new_record(&Values { params: &item, iduser, tip }, caller) {
                    Ok(record) => {
                        set(&mut answer, "result", "Успешно".into());
                        set(&mut answer, "data", self.store(record).into());
                        None
                    }
                    Err(Failure::Page(page)) => return Err(page),
                    Err(Failure::Database(refusal)) => Some((500, refusal.message())),
                }
            };
            if let Some((code, text)) = failure {
                set(&mut answer, "result", "Error".into());
                set(&mut answer, "error", Json::object([("code", code.into()), ("text", text.into())]));
            }
            answers.push(Json::Object(answer.clone()));
        }
        Ok(Json::List(answers))
    }

    pub(super) fn delete(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let people = caller.people();
        let found = self.find(params, caller, "and iduser IN (1)")?;
        let deletable = found.filter(|record| people.contains(&record.iduser)).map(|record| record.cid);
        Ok(match deletable {
            Some(cid) => {
                self.records.remove(cid);
                Json::object([("result", "Успешно".into())])
            }
            None if self.is_without_cid(params) => match self.revision {
                Revision::Observed => error(405, "Отсутствуют параметры - cid записи"),
                Revision::Documented => error(405, "Отсутствуют параметры - tid напоминания"),
            },
            None => match self.revision {
                Revision::Observed => error(403, "Запись не найдена."),
                Revision::Documented => error(403, "Запись не найдена"),
            },
        })
    }

    fn new_record(&self, values: &Values<'_>, caller: &Caller<'_>) -> Result<Record, Failure> {
        let params = values.params;
        let is_observed = self.revision == Revision::Observed;
        if let Some(refusal) = date::unwritable(caller.offset).filter(|_| is_observed) {
            return Err(refusal.into());
        }
        if params.is_composite("content") {
            return Err(Failure::Page(type_error(NO_TEXT)));
        }
        let is_now = params.is_blank("datum") || (params.is_composite("datum") && params.is_empty("datum"));
        let is_not_escapable = |name: &str| params.is_composite(name) && !params.is_empty(name);
        if is_not_escapable("datum") || is_not_escapable("tip") {
            return Err(Failure::Page(type_error(NOT_ESCAPABLE)));
        }
        // What the vendor's page promises needs no other SQL mode.
        let mode = if is_observed { caller.account.sql_mode } else { SqlMode::Lenient };
        let content = params.text("content");
        let contacts = joined_contacts(&params.text("pid"));
        // In the order of the columns in the statement: the first one that is refused is named.
        Ok(Record {
            cid: 0,
            iduser: values.iduser,
            clid: table::id("clid", params.int("clid"), mode)?,
            pid: table::text(table::CONTACTS, &contacts, mode)?.unwrap_or_default(),
            did: table::id("did", params.int("did"), mode)?,
            datum: if is_now {
                Some(date::moved(caller.now, caller.shift))
            } else {
                table::moment(&params.text("datum"), caller.offset, mode)?
            },
            content: if is_observed {
                table::text(table::CONTENT, &clean::untagged(&content), mode)?
            } else {
                Some(content)
            },
            tip: if is_observed {
                table::text(table::TIP, &values.tip, mode)?
            } else {
                Some(values.tip.clone())
            },
            account: caller.place,
        })
    }

    fn owner(&self, params: &Params, caller: &Caller<'_>, default: i64) -> Result<i64, String> {
        if params.is_blank("user") { Ok(default) } else { user_id(params, caller, self.revision) }
    }

    fn store(&mut self, record: Record) -> u64 {
        if self.revision == Revision::Documented {
            let known = |title: &str| names::TIPS.iter().any(|(known, ..)| *known == title);
            if let Some(tip) = record.tip.as_deref().filter(|tip| !known(tip))
                && !self.new_tips.iter().any(|known| known == tip)
            {
                self.new_tips.push(tip.to_owned());
            }
        }
        self.records.add(record)
    }
}

/// The IDs as they are stored: empty parts fall out, blanks at the ends of each go; a blank part in front leaves its
/// separator behind.
fn joined_contacts(ids: &str) -> String {
    let mut joined = String::new();
    for (index, id) in ids.split([',', ';']).filter(|id| !id.is_empty()).map(str::trim).enumerate() {
        if !id.is_empty() {
            if index > 0 {
                joined.push(';');
            }
            joined.push_str(id);
        }
    }
    joined
}

fn set(answer: &mut Vec<(Cow<'static, str>, Json)>, name: &'static str, value: Json) {
    match answer.iter_mut().find(|(key, _)| key == name) {
        Some(member) => member.1 = value,
        None => answer.push((name.into(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_empty_parts_of_the_contacts_are_dropped() {
        assert_eq!(joined_contacts("1, 2,,3;4"), "1;2;3;4");
        assert_eq!(joined_contacts(",2"), "2");
        assert_eq!(joined_contacts(" ,2"), ";2");
    }
}
