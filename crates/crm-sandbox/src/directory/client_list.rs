//! `client/list`.

use serde_json::Value;

use super::data::Client;
use super::dates::Limits;
use super::fields::{self, BANK};
use super::search::{self, Named};
use super::table::{Condition, PAGE, Row as _};
use super::{Answer, Directory, Members, login, sql};
use crate::account::Caller;
use crate::history::{self, Params, Revision, collation, errors, php};
use crate::json::Json;

impl Directory {
    pub(super) fn client_list(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let conditions = self.client_conditions(params, caller)?;
        // The default is a column that does not exist.
        let order = match params.text_or("order", "datum") {
            other_name if other_name == "date_change" => "date_edit".to_owned(),
            order => order,
        };
        let column = php::trimmed(&order).to_ascii_lowercase();
        if !search::has_column::<Client>(&column) {
            return Err(errors::unknown_column(&order, "ORDER BY"));
        }
        let page = usize::try_from(params.int("offset")).unwrap_or(0);
        let (total, clients) = self.clients.page(&conditions, &column, true, page.saturating_mul(PAGE));

        let fields = fields::chosen_of_clients(&self.client_fields, params);
        let with_bank = !params.is_empty("bankinfo");
        let rows: Vec<Json> =
            clients.into_iter().map(|client| self.client_row(client, &fields, with_bank, caller)).collect();
        let count = Json::from(rows.len() as u64);
        let about = Json::object([
            ("page", Json::from(page.max(1) as u64)),
            ("pageall", Json::from(total.div_ceil(PAGE) as u64)),
            ("ord", order.into()),
            ("tuda", "DESC".into()),
            ("count", count.clone()),
        ]);
        Ok(Json::object([("data", Json::List(rows)), ("params", about), ("count", count)]))
    }

    fn client_conditions(
        &mut self,
        params: &Params,
        caller: &Caller<'_>,
    ) -> Result<Vec<Condition<Client>>, String> {
        let (place, shift) = (caller.place, caller.shift);
        let mut conditions: Vec<Condition<Client>> = vec![Box::new(move |kept| kept.row.account == place)];
        conditions.extend(search::word(params)?);

        let limit = |name: &str| {
            let given = (!params.is_empty(name)).then(|| params.text(name));
            given.map(|date| sql::value(&date, &sql::of_account(caller))).transpose()
        };
        let created = Limits { start: limit("dateStart")?, end: limit("dateEnd")? };
        if created.are_given() {
            let fits = created.condition(shift);
            conditions.push(Box::new(move |kept| fits(Some(kept.row.date_create))));
        }
        let mut changed = Limits { start: limit("dateChangeStart")?, end: limit("dateChangeEnd")? };
        if changed.are_given() {
            // A slip of the server: without the end it compares with the other start.
            if changed.end.is_none() {
                changed.start = Some(created.start.clone().unwrap_or_default());
            }
            let fits = changed.condition(shift);
            conditions.push(Box::new(move |kept| fits(kept.row.date_edit)));
        }

        if !params.is_blank("user") {
            let owner = history::user_id(params, caller, Revision::Observed)?;
            conditions.push(Box::new(move |kept| kept.row.iduser == owner));
        }
        if params.int("iduser") > 0 {
            let owner = sql::value(&params.text("iduser"), &sql::of_account(caller))?;
            let owner = php::leading_number(&owner);
            conditions.push(Box::new(move |kept| kept.row.iduser as f64 == owner));
        } else if !caller.user.administrator {
            let circle = caller.people();
            conditions.push(Box::new(move |kept| circle.contains(&kept.row.iduser)));
        }
        for (name, value) in search::filters(params) {
            if !php::is_blank(Some(&value)) {
                conditions.extend(self.client_filter(&name, &value, shift)?);
            }
        }
        Ok(conditions)
    }

    /// The condition of one filter; `None` for one that the server passes over.
    fn client_filter(
        &mut self,
        name: &str,
        value: &Value,
        shift: chrono::TimeDelta,
    ) -> Result<Option<Condition<Client>>, String> {
        Ok(Some(match name {
            "relations" => {
                let relation = search::text(value)?;
                Box::new(move |kept| {
                    kept.row.tip_cmr.as_deref().is_some_and(|own| collation::equal(own, &relation))
                })
            }
            "type" => {
                let kind = search::text(value)?;
                Box::new(move |kept| collation::equal(&kept.row.kind, &kind))
            }
            "idcategory" => {
                let category = match search::named(value)? {
                    Named::Number(number) => number,
                    Named::Title(title) => self.guides.category_id(&title),
                };
                Box::new(move |kept| kept.row.idcategory == category)
            }
            "territory" => {
                let territory = match search::named(value)? {
                    Named::Number(number) => number,
                    Named::Title(title) => self.guides.territory_id(&title),
                };
                Box::new(move |kept| kept.row.territory == territory)
            }
            "clientpath" => {
                let source = match search::named(value)? {
                    Named::Number(number) => number,
                    Named::Title(title) => self.guides.source_id(&title),
                };
                Box::new(move |kept| kept.row.clientpath == source)
            }
            "trash" => {
                let wanted = !php::is_empty(Some(value));
                Box::new(move |kept| kept.row.trash == wanted)
            }
            name if name.contains("input") && self.client_fields.iter().any(|(field, _)| field == name) => {
                search::column_holds(name, &search::text(value)?, shift)
            }
            _ => return Ok(None),
        }))
    }

    fn client_row(&self, client: &Client, fields: &[String], with_bank: bool, caller: &Caller<'_>) -> Json {
        let mut members = Members::new();
        for field in fields {
            let title = match field.as_str() {
                "iduser" => Some(("user", login(client.iduser, caller).into())),
                "idcategory" => Some(("idcategoryTitle", self.category_title(client.idcategory))),
                // A slip of the server: the number of a client is looked up among the categories.
                "head_clid" => Some(("head_clidTitle", self.category_title(client.head_clid))),
                "territory" => Some(("territoryTitle", self.territory_title(client.territory))),
                "clientpath" => Some(("clientpathTitle", self.source_title(client.clientpath).into())),
                "pid" => Some(("person", self.contact_name(client.pid))),
                _ => None,
            };
            members.extend(title.map(|(name, title)| (name.into(), title)));
            let value = client.column(field).map_or(Json::Null, |value| value.json(caller.shift));
            members.push((field.clone().into(), value));
        }
        if with_bank {
            let bank = BANK.iter().enumerate();
            let bank = bank.map(|(place, name)| ((*name).into(), Json::optional(client.bank_detail(place))));
            members.push(("bankinfo".into(), Json::Object(bank.collect())));
        }
        // PHP writes an empty array as a list.
        if members.is_empty() { Json::List(Vec::new()) } else { Json::Object(members) }
    }

    fn category_title(&self, id: i64) -> Json {
        if id > 0 {
            self.guides.category(id).unwrap_or_default().into()
        } else {
            "--не определено--".into()
        }
    }

    fn territory_title(&self, id: i64) -> Json {
        if id > 0 { self.guides.territory(id).unwrap_or_default().into() } else { Json::Null }
    }

    /// The name of a contact; empty for no contact, NULL for one that does not exist.
    fn contact_name(&self, id: i64) -> Json {
        if id > 0 {
            Json::optional(self.contacts.get(id).map(|contact| contact.person.as_str()))
        } else {
            "".into()
        }
    }
}
