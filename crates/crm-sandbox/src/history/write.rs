//! `add`, `add.list`, `delete`.

use std::borrow::Cow;

use super::errors::{error, type_error};
use super::params::Params;
use super::records::Record;
use super::{Answer, History, Revision, content, datum, names};
use crate::account::{Account, Caller};
use crate::json::Json;

const NO_TEXT: &str = "strip_tags(): Argument #1 ($string) must be of type string, array given";
const DEFAULT_TIP: &str = "Событие";

impl History {
    pub(super) fn add(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let belongs = ["clid", "pid", "did"].iter().any(|name| !params.is_blank(name));
        if !belongs || params.is_blank("content") {
            return Ok(error(405, "Отсутствуют параметры"));
        }
        if params.is_composite("pid") {
            return Err(type_error("yexplode(): Argument #2 ($str) must be of type ?string, array given"));
        }
        if params.is_composite("tip") {
            return Err(type_error(NO_TEXT));
        }
        let tip = params.text_or("tip", DEFAULT_TIP);
        let tip = if self.revision == Revision::Documented { Some(tip) } else { content::stored_tip(&tip) };
        let record = self.new_record(params, owner(params, caller.account, caller.user.id), tip, caller)?;
        Ok(Json::object([("result", "Успешно".into()), ("data", self.store(record).into())]))
    }

    /// The real server uses one answer for all items and never clears it: an item that fails keeps the `data` of the
    /// one before it, and every item after it keeps its `error`.
    pub(super) fn add_list(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let owner_of_all = owner(params, caller.account, caller.user.id);
        let mut answers = Vec::new();
        let mut answer = Vec::new();
        for item in params.items("list") {
            if self.revision == Revision::Documented {
                answer.clear();
            }
            if item.is_blank("content") {
                set(&mut answer, "result", "Error".into());
                let error = [("code", 405.into()), ("text", "Отсутствуют параметры - Заголовок".into())];
                set(&mut answer, "error", Json::object(error));
            } else {
                let tip = match self.revision {
                    Revision::Observed => content::stored_raw_tip(&item.text("tip")),
                    Revision::Documented => Some(item.text_or("tip", DEFAULT_TIP)),
                };
                let record =
                    self.new_record(&item, owner(&item, caller.account, owner_of_all), tip, caller)?;
                set(&mut answer, "result", "Успешно".into());
                set(&mut answer, "data", self.store(record).into());
            }
            answers.push(Json::Object(answer.clone()));
        }
        Ok(Json::List(answers))
    }

    pub(super) fn delete(&mut self, params: &Params, caller: &Caller<'_>) -> Json {
        let people = caller.people();
        let deletable = self.find(params, caller).filter(|record| people.contains(&record.iduser));
        match deletable.map(|record| record.cid) {
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
        }
    }

    fn new_record(
        &self,
        params: &Params,
        iduser: i64,
        tip: Option<String>,
        caller: &Caller<'_>,
    ) -> Result<Record, String> {
        if params.is_composite("content") {
            return Err(type_error(NO_TEXT));
        }
        let content = params.text("content");
        let datum = params.text("datum");
        let is_now = datum.is_empty() || datum == "0";
        Ok(Record {
            cid: 0,
            datum: if is_now { Some(caller.now) } else { datum::read(&datum).and_then(datum::stored) },
            content: match self.revision {
                Revision::Observed => content::stored(&content),
                Revision::Documented => Some(content),
            },
            tip,
            iduser,
            clid: column_int(params.int("clid")),
            pid: content::stored_contacts(&joined_contacts(&params.text("pid"))),
            did: column_int(params.int("did")),
            account: caller.place,
        })
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

fn owner(params: &Params, account: &Account, default: i64) -> i64 {
    if params.is_blank("user") {
        return default;
    }
    account.user(&params.text("user")).map_or(0, |user| user.id)
}

/// What a column of type INT keeps of a number that is too large for it.
fn column_int(number: i64) -> i64 {
    number.clamp(i32::MIN.into(), i32::MAX.into())
}

/// The ids as they are stored: empty parts fall out, blanks at the ends of each go; a blank part in front leaves its
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
