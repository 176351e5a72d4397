//! `fields`, `tips`, `list`, `info`.

use super::errors::error;
use super::params::Params;
use super::records::Record;
use super::{Answer, History, Names, Revision, clean, date, list, names, php, sql};
use crate::account::Caller;
use crate::json::Json;

pub(super) fn fields() -> Json {
    let titles = names::FIELDS.iter().map(|(name, title)| ((*name).into(), Json::from(*title)));
    data(Json::Object(titles.collect()))
}

impl History {
    pub(super) fn tips(&self) -> Json {
        let new = self.new_tips.iter().map(|title| (title.as_str(), "#666699", "all"));
        let tips = names::TIPS.into_iter().chain(new).map(|(title, color, filter)| {
            Json::object([("title", title.into()), ("color", color.into()), ("filter", filter.into())])
        });
        data(Json::List(tips.collect()))
    }

    pub(super) fn list(&self, params: &Params, caller: &Caller<'_>) -> Answer {
        let page = list::page(&self.records, params, caller, self.revision)?;
        if page.is_empty() && self.revision == Revision::Observed {
            // Nothing was ever put into the answer, and PHP writes an empty array as a list.
            return Ok(Json::List(Vec::new()));
        }
        let entries = page.into_iter().map(|record| match self.revision {
            Revision::Observed => {
                let content = clean::listed(record.content.as_deref().unwrap_or_default());
                let contacts = contacts(record, &self.names);
                self.entry(caller, record, content.into(), (!contacts.is_empty()).then_some(contacts))
            }
            Revision::Documented => self.whole_entry(caller, record),
        });
        Ok(data(Json::List(entries.collect())))
    }

    pub(super) fn info(&self, params: &Params, caller: &Caller<'_>) -> Answer {
        let found = self.find(params, caller, "")?;
        if self.revision == Revision::Documented {
            return Ok(match found {
                Some(record) if !caller.people().contains(&record.iduser) => error(
                    403,
                    "Запись с указанным cid не найдено в пределах аккаунта указанного пользователя",
                ),
                Some(record) => data(self.whole_entry(caller, record)),
                None if self.is_without_cid(params) => error(405, "Отсутствуют параметры - сid записи"),
                None => error(404, "Не найдено"),
            });
        }
        Ok(match found {
            Some(record) => {
                // The column is read as a number there, so all but the first contact is lost.
                let first = contact(&record.pid, &self.names);
                data(self.entry(caller, record, Json::optional(record.content.as_deref()), Some(vec![first])))
            }
            None if !params.is_blank("cid") => {
                error("403", "Не найдено в пределах аккаунта указанного пользователя.")
            }
            None if params.is_blank("id") => error(405, "Отсутствуют параметры - сid записи"),
            None => error(404, "Не найдено"),
        })
    }

    /// The record that `cid` names; the vendor's page calls the parameter `id` as well. `more` is the rest of the
    /// condition in the statement, for the text of an error.
    pub(super) fn find(
        &self,
        params: &Params,
        caller: &Caller<'_>,
        more: &str,
    ) -> Result<Option<&Record>, String> {
        let by_id = self.revision == Revision::Documented && params.is_blank("cid");
        let cid = params.text(if by_id { "id" } else { "cid" });
        if self.revision == Revision::Observed {
            sql::check_values(&[&cid], || {
                let identity = caller.place + 1;
                format!("SELECT cid FROM app_history WHERE cid = '{cid}' {more} and identity = '{identity}'")
            })?;
        }
        let cid = php::leading_number(&sql::literal(&cid));
        if cid < 1.0 || cid.fract() != 0.0 {
            return Ok(None);
        }
        Ok(self.records.get(cid as u64).filter(|record| record.account == caller.place))
    }

    pub(super) fn is_without_cid(&self, params: &Params) -> bool {
        params.is_blank("cid") && (self.revision == Revision::Observed || params.is_blank("id"))
    }

    /// An entry as the vendor's page shows it, in `list` as in `info`.
    fn whole_entry(&self, caller: &Caller<'_>, record: &Record) -> Json {
        let content = record.content.as_deref().unwrap_or_default().into();
        self.entry(caller, record, content, Some(contacts(record, &self.names)))
    }

    /// A record on the wire. `person` is left out where there is none.
    fn entry(&self, caller: &Caller<'_>, record: &Record, content: Json, person: Option<Vec<Json>>) -> Json {
        let owner = caller.account.user_by_id(record.iduser);
        let mut members = Vec::with_capacity(11);
        members.extend([
            ("cid".into(), Json::from(record.cid)),
            ("datum".into(), date::write(record.datum.map(|datum| date::moved(datum, caller.shift))).into()),
            ("content".into(), content),
            ("tip".into(), Json::optional(record.tip.as_deref())),
            ("iduser".into(), Json::from(record.iduser)),
            ("user".into(), owner.map_or("", |owner| owner.login.as_str()).into()),
            ("clid".into(), Json::from(record.clid)),
            ("client".into(), self.names.client(record.clid).into()),
        ]);
        if let Some(person) = person {
            members.push(("person".into(), Json::List(person)));
        }
        members.push(("did".into(), Json::from(record.did)));
        members.push(("dogovor".into(), self.names.deal(record.did).into()));
        Json::Object(members)
    }
}

fn data(data: Json) -> Json {
    Json::object([("data", data)])
}

fn contacts(record: &Record, names: &Names) -> Vec<Json> {
    record.pid.split(';').filter(|pid| !pid.is_empty()).map(|pid| contact(pid, names)).collect()
}

fn contact(pid: &str, names: &Names) -> Json {
    let pid = php::leading_number(pid) as i64;
    Json::object([("pid", Json::from(pid)), ("person", Json::optional(names.contact(pid)))])
}
