//! `person/list` and `person/info`.

use serde_json::Value;

use super::data::Contact;
use super::dates::Limits;
use super::fields::{self, SOCIAL};
use super::search::{self, Named};
use super::table::{Condition, PAGE, Row as _};
use super::{Answer, Directory, Members, data, login, sql};
use crate::account::Caller;
use crate::history::{self, Params, Revision, errors, php};
use crate::json::Json;

impl Directory {
    pub(super) fn contact_list(&mut self, params: &Params, caller: &Caller<'_>) -> Answer {
        let fields = self.chosen(params)?;
        let conditions = self.contact_conditions(params, caller)?;
        let order = params.text_or("order", "date_create");
        let column = php::trimmed(&order).to_ascii_lowercase();
        if !search::has_column::<Contact>(&column) {
            return Err(errors::unknown_column(&order, "ORDER BY"));
        }
        let newest_first = !params.is_word("first", "old");
        let skip = skipped(params)?;
        let (total, contacts) = self.contacts.page(&conditions, &column, newest_first, skip);

        let social = params.is_word("socinfo", "yes");
        let rows: Vec<Json> =
            contacts.into_iter().map(|contact| self.contact_row(contact, &fields, social, caller)).collect();
        let count = ("count".into(), Json::from(total as u64));
        // A list that nothing was put into does not exist for PHP.
        let rows = (!rows.is_empty()).then(|| ("data".into(), Json::List(rows)));
        Ok(Json::Object(rows.into_iter().chain([count]).collect()))
    }

    pub(super) fn contact_info(&self, params: &Params, caller: &Caller<'_>) -> Answer {
        let fields = self.chosen(params)?;
        let pid = php::leading_number(&sql::value(&params.text("pid"), &sql::of_account(caller))?);
        // Without a name a contact is taken for one that does not exist.
        let contact = self.contacts.get(pid as i64).filter(|contact| {
            contact.pid as f64 == pid && contact.account == caller.place && !contact.person.is_empty()
        });
        let mut members = Members::new();
        for field in &fields {
            let value = match (field.as_str(), contact) {
                ("iduser", contact) => login(contact.map_or(0, |contact| contact.iduser), caller).into(),
                // A slip of the server: it looks for the number under another name.
                ("clientpath", _) => "".into(),
                ("loyalty", Some(contact)) => self.loyalty_title(contact.loyalty),
                (_, Some(contact)) => column(contact, field, caller),
                (_, None) => Json::Null,
            };
            members.push((field.clone().into(), value));
            if field == "clid" {
                let client = self.client_name(contact.map_or(0, |contact| contact.clid));
                members.push(("client".into(), client.into()));
            }
        }
        if params.is_word("socinfo", "yes") {
            members.push(("socials".into(), socials(contact.map_or("", |contact| &contact.social))));
        }
        // Nothing was ever put into the answer, and PHP writes an empty array as a list.
        Ok(if members.is_empty() { Json::List(Vec::new()) } else { data(Json::Object(members)) })
    }

    fn chosen(&self, params: &Params) -> Result<Vec<String>, String> {
        if params.is_composite("fields") {
            let text = "explode(): Argument #2 ($string) must be of type string, array given";
            return Err(errors::type_error(text));
        }
        Ok(fields::chosen_of_contacts(&self.contact_fields, params))
    }

    fn contact_conditions(
        &mut self,
        params: &Params,
        caller: &Caller<'_>,
    ) -> Result<Vec<Condition<Contact>>, String> {
        let (place, shift) = (caller.place, caller.shift);
        let mut conditions: Vec<Condition<Contact>> = vec![Box::new(move |kept| kept.row.account == place)];
        conditions.extend(search::word(params)?);
        let limit = |name: &str| {
            let given = (!params.is_blank(name)).then(|| params.text(name));
            given.map(|date| sql::value(&date, &sql::of_account(caller))).transpose()
        };
        let created = Limits { start: limit("dateStart")?, end: limit("dateEnd")? };
        if created.are_given() {
            let fits = created.condition(shift);
            conditions.push(Box::new(move |kept| fits(Some(kept.row.date_create))));
        }
        let owners = if params.is_blank("user") {
            caller.people()
        } else {
            vec![history::user_id(params, caller, Revision::Observed)?]
        };
        conditions.push(Box::new(move |kept| owners.contains(&kept.row.iduser)));
        for (name, value) in search::filters(params) {
            conditions.extend(self.contact_filter(&name, &value, shift)?);
        }
        Ok(conditions)
    }

    /// The condition of one filter; `None` for a value that is no filter.
    fn contact_filter(
        &mut self,
        name: &str,
        value: &Value,
        shift: chrono::TimeDelta,
    ) -> Result<Option<Condition<Contact>>, String> {
        let blank = php::is_blank(Some(value));
        Ok(Some(match name {
            "clid" => {
                let clid = php::to_int(Some(value));
                if clid <= 0 {
                    return Ok(None);
                }
                Box::new(move |kept| kept.row.clid == clid)
            }
            "loyalty" | "clientpath" | "uid" if blank => return Ok(None),
            "loyalty" => {
                let loyalty = match search::named(value)? {
                    Named::Number(number) => number,
                    Named::Title(title) => self.guides.loyalty_id(&title),
                };
                Box::new(move |kept| kept.row.loyalty == loyalty)
            }
            "clientpath" => {
                let source = match search::named(value)? {
                    Named::Number(number) => number,
                    Named::Title(title) => self.guides.source_id(&title),
                };
                Box::new(move |kept| kept.row.clientpath == source)
            }
            // The sandbox keeps no ids of other systems for contacts.
            "uid" => Box::new(|_| false),
            column if search::has_column::<Contact>(column) => {
                search::column_holds(column, &search::text(value)?, shift)
            }
            unknown => return Err(errors::unknown_column(unknown, "WHERE")),
        }))
    }

    fn contact_row(&self, contact: &Contact, fields: &[String], social: bool, caller: &Caller<'_>) -> Json {
        let mut members = Members::new();
        for field in fields {
            if field == "iduser" {
                members.push(("user".into(), login(contact.iduser, caller).into()));
            }
            let value = match field.as_str() {
                "loyalty" => self.loyalty_title(contact.loyalty),
                "clientpath" => self.source_title(contact.clientpath).into(),
                _ => column(contact, field, caller),
            };
            members.push((field.clone().into(), value));
            if field == "clid" {
                members.push(("client".into(), self.client_name(contact.clid).into()));
            }
        }
        if social {
            members.push(("socials".into(), socials(&contact.social)));
        }
        // PHP writes an empty array as a list.
        if members.is_empty() { Json::List(Vec::new()) } else { Json::Object(members) }
    }
}

fn column(contact: &Contact, name: &str, caller: &Caller<'_>) -> Json {
    contact.column(name).map_or(Json::Null, |value| value.json(caller.shift))
}

/// The parts of a text without any are one empty text and nothing behind it.
fn socials(social: &str) -> Json {
    let mut parts = social.split(';');
    Json::object(SOCIAL.map(|(name, _)| (name, Json::optional(parts.next()))))
}

/// How many records come before the page. PHP multiplies the value, so it has to be a number of some kind.
fn skipped(params: &Params) -> Result<usize, String> {
    let cannot = |kind: &str| errors::type_error(&format!("Unsupported operand types: {kind} * int"));
    let page = match params.value("offset") {
        None | Some(Value::Null | Value::Bool(false)) => 0.0,
        Some(Value::Bool(true)) => 1.0,
        Some(Value::Number(number)) => number.as_f64().unwrap_or(0.0),
        Some(Value::Array(_) | Value::Object(_)) => return Err(cannot("array")),
        // A text that is no number is compared with "0" as a text.
        Some(Value::String(text)) if !php::numeric_start(text).is_empty() => php::leading_number(text),
        Some(Value::String(text)) if text.as_str() > "0" => return Err(cannot("string")),
        Some(Value::String(_)) => 0.0,
    };
    let skipped = page.max(0.0) * PAGE as f64;
    if skipped.fract() != 0.0 || skipped >= 1e15 {
        return Err(errors::syntax_error(&format!("{},{PAGE}", php::float_text(skipped)), 1));
    }
    Ok(skipped as usize)
}
