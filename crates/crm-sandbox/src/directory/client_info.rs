//! `client/info`.

use super::data::{Client, Contact};
use super::fields::BANK;
use super::table::Row as _;
use super::{Answer, Directory, Members, data, sql};
use crate::account::Caller;
use crate::history::errors::error;
use crate::history::{Params, collation, date, php};
use crate::json::Json;

impl Directory {
    pub(super) fn client_info(&self, params: &Params, caller: &Caller<'_>) -> Answer {
        let Some(client) = self.find_client(params, caller)? else {
            return Ok(if params.int("clid") > 0 {
                error(403, "Клиент не найден в пределах аккаунта указанного пользователя.")
            } else if params.is_blank("uid") && params.is_blank("inn") {
                error(405, "Отсутствуют параметры клиента")
            } else {
                error(404, "Не найдено")
            });
        };
        let mut members = self.whole_client(client, caller);
        if !params.is_empty("bankinfo") {
            members.push(("bankinfo".into(), bank_details(client)));
        }
        if !params.is_empty("uids") {
            members.push(("uids".into(), Json::List(Vec::new())));
        }
        members.push(("person".into(), self.contacts.get(client.pid).map_or(Json::Null, main_contact)));
        if !params.is_empty("contacts") {
            members.push(("contacts".into(), self.own_contacts(client, caller)));
        }
        Ok(data(Json::Object(members)))
    }

    /// The client that the parameters name, among those of the users that the caller's role shows. `uid` goes before
    /// `clid`; `inn` has to fit as well.
    fn find_client(&self, params: &Params, caller: &Caller<'_>) -> Result<Option<&Client>, String> {
        let people = caller.people();
        let ids: Vec<String> = people.iter().map(i64::to_string).collect();
        let rest = format!(" AND iduser IN ({}){}", ids.join(","), sql::of_account(caller));
        let quoted = |name: &str| {
            let given = !params.is_blank(name);
            given.then(|| sql::value(&params.text(name), &rest)).transpose()
        };
        let (uid, inn) = (quoted("uid")?, quoted("inn")?);
        let clid = if uid.is_none() { quoted("clid")? } else { None };
        if uid.is_none() && clid.is_none() && inn.is_none() {
            return Ok(None);
        }
        let clid = clid.as_deref().map(php::leading_number);
        let fits = |client: &Client| {
            client.account == caller.place
                && people.contains(&client.iduser)
                && clid.is_none_or(|clid| client.clid as f64 == clid)
                && uid.as_deref().is_none_or(|uid| is_uid(client, uid))
                && inn.as_deref().is_none_or(|inn| has_bank_detail(client, inn))
        };
        if let Some(clid) = clid {
            return Ok(self.clients.get(clid as i64).filter(|client| fits(client)));
        }
        Ok(self.clients.iter().find(|client| fits(client)))
    }

    fn whole_client(&self, client: &Client, caller: &Caller<'_>) -> Members {
        let shift = caller.shift;
        let text = |text: &Option<String>| Json::optional(text.as_deref());
        let yes = |yes: bool| Json::from(if yes { "yes" } else { "no" });
        let user = |id: i64| {
            Json::from(caller.account.user_by_id(id).map_or("не определено", |user| user.title.as_str()))
        };
        let created = client.date_create + shift;
        let edited = client.date_edit.map(|at| at + shift);
        let shown = |at: chrono::NaiveDateTime| at.format("%d.%m.%y,  %H:%M").to_string();
        let known = [
            ("clid", Json::from(client.clid)),
            ("uid", text(&client.uid)),
            ("clientUID", text(&client.uid)),
            ("iduser", client.iduser.into()),
            ("title", client.title.as_str().into()),
            ("des", text(&client.des)),
            ("idcategory", client.idcategory.into()),
            ("category", self.guides.category(client.idcategory).unwrap_or_default().into()),
            ("phone", text(&client.phone)),
            ("fax", text(&client.fax)),
            ("site_url", text(&client.site_url)),
            ("mail_url", text(&client.mail_url)),
            ("address", text(&client.address)),
            ("pid", client.pid.into()),
            ("fav", yes(client.fav)),
            ("trash", yes(client.trash)),
            ("head_clid", client.head_clid.into()),
            ("head", self.client_name(client.head_clid).into()),
            ("scheme", Json::Null),
            ("tip_cmr", text(&client.tip_cmr)),
            ("relation", text(&client.tip_cmr)),
            ("territory", client.territory.into()),
            ("territoryname", self.guides.territory(client.territory).unwrap_or_default().into()),
            ("created", date::write(Some(created)).into()),
            ("creator", user(client.creator)),
            ("creatorID", client.creator.into()),
            ("date_create", shown(created).into()),
            ("edited", edited.map_or(Json::Null, |at| date::write(Some(at)).into())),
            ("editor", user(client.editor)),
            ("editorID", client.editor.into()),
            ("date_edit", edited.map(shown).unwrap_or_default().into()),
            ("dostup", Json::List(client.dostup.iter().map(|id| Json::from(*id)).collect())),
            ("clientpath", self.source_title(client.clientpath).into()),
            ("clientpath2", client.clientpath.into()),
            ("type", client.kind.as_str().into()),
            ("priceLevel", client.price_level.as_str().into()),
        ];
        let own = self.client_fields.iter().filter(|(name, _)| name.starts_with("input"));
        let own = own.map(|(name, _)| {
            (name.clone().into(), client.column(name).map_or(Json::Null, |value| value.json(shift)))
        });
        known.into_iter().map(|(name, value)| (name.into(), value)).chain(own).collect()
    }

    /// The contacts of a client that have an email address and belong to the caller. All their IDs are texts.
    fn own_contacts(&self, client: &Client, caller: &Caller<'_>) -> Json {
        let text = |text: &Option<String>| Json::optional(text.as_deref());
        let number = |number: i64| Json::from(number.to_string());
        let own = self.contacts.iter().filter(|contact| {
            contact.clid == client.clid
                && contact.iduser == caller.user.id
                && contact.mail.as_deref().is_some_and(|mail| !mail.is_empty())
        });
        let own = own.map(|contact| {
            let loyalty = self.guides.loyalty(contact.loyalty);
            Json::object([
                ("pid", number(contact.pid)),
                ("person", contact.person.as_str().into()),
                ("ptitle", text(&contact.ptitle)),
                ("clid", number(contact.clid)),
                ("tel", text(&contact.tel)),
                ("mob", text(&contact.mob)),
                ("mail", text(&contact.mail)),
                ("iduser", number(contact.iduser)),
                ("rol", text(&contact.rol)),
                ("date_create", date::write(Some(contact.date_create + caller.shift)).into()),
                ("client", client.title.as_str().into()),
                ("user", caller.user.title.as_str().into()),
                ("color", Json::optional(loyalty.map(|row| row.color.as_str()))),
                ("relation", Json::optional(loyalty.map(|row| row.title.as_str()))),
                ("clientpath", Json::optional(self.guides.source(contact.clientpath))),
            ])
        });
        Json::List(own.collect())
    }
}

fn is_uid(client: &Client, uid: &str) -> bool {
    client.uid.as_deref().is_some_and(|own| collation::equal(own, uid))
}

/// `FIND_IN_SET`: a comma in a part divides it, and a text with a comma is found nowhere.
fn has_bank_detail(client: &Client, inn: &str) -> bool {
    client.recv.split([';', ',']).any(|part| collation::equal(part, inn))
}

fn bank_details(client: &Client) -> Json {
    let part = |name: &str| {
        Json::optional(
            BANK.iter().position(|known| *known == name).and_then(|place| client.bank_detail(place)),
        )
    };
    let (first, rest) = (BANK[0], BANK[1..].iter().map(|name| ((*name).into(), part(name))));
    let mut members = vec![
        ("clid".into(), Json::from(client.clid)),
        (first.into(), part(first)),
        ("castUrNameShort".into(), Json::optional(client.bank_detail(BANK.len()))),
        ("castName".into(), client.title.as_str().into()),
    ];
    members.extend(rest);
    members.push(("castFacAddr".into(), Json::optional(client.address.as_deref())));
    members.push(("castType".into(), client.kind.as_str().into()));
    Json::Object(members)
}

fn main_contact(contact: &Contact) -> Json {
    let text = |text: &Option<String>| Json::optional(text.as_deref());
    Json::object([
        ("pid", contact.pid.into()),
        ("title", contact.person.as_str().into()),
        ("post", text(&contact.ptitle)),
        ("phone", text(&contact.tel)),
        ("mob", text(&contact.mob)),
        ("email", text(&contact.mail)),
    ])
}
