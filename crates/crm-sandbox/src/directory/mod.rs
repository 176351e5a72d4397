//! SalesMan CRM, API v3: the methods `user`, `client`, `person` and `guides`, read only. Both revisions answer alike.

mod client_info;
mod client_list;
mod contacts;
pub(crate) mod data;
mod dates;
mod events;
mod fields;
mod generate;
pub(crate) mod guides;
mod like;
mod public;
mod search;
mod sql;
mod table;
mod users;

use std::borrow::Cow;

use self::data::{Client, Contact};
use self::fields::Fields;
pub use self::generate::{Generated, generated_phone};
use self::guides::Guides;
use self::table::Table;
use crate::account::Caller;
use crate::history::errors::{self, error};
use crate::history::{Names, Params, Shape};
use crate::json::Json;

/// The body of an answer, or the HTML of a PHP error in its place.
type Answer = Result<Json, String>;

/// The members of an object.
type Members = Vec<(Cow<'static, str>, Json)>;

/// The clients, contacts and guides of all accounts.
#[derive(Debug)]
pub(crate) struct Directory {
    clients: Table<Client>,
    contacts: Table<Contact>,
    client_fields: Fields,
    contact_fields: Fields,
    guides: Guides,
}

impl Directory {
    /// The directory of the recordings, and so many made-up clients and contacts more.
    pub(crate) fn new(clients: u64, contacts: u64) -> Directory {
        let mut directory = Directory {
            clients: Table::default(),
            contacts: Table::default(),
            client_fields: fields::of_clients(),
            contact_fields: fields::of_contacts(),
            guides: Guides::default(),
        };
        generate::fill(&mut directory, clients, contacts);
        directory
    }

    /// The names that history records show.
    pub(crate) fn names(&self) -> Names {
        Names {
            clients: self.clients.iter().map(|client| (client.clid, client.title.clone())).collect(),
            contacts: self.contacts.iter().map(|contact| (contact.pid, contact.person.clone())).collect(),
            ..Names::default()
        }
    }

    /// The answer of a method; `None` where it is not one of these.
    pub(crate) fn answer(
        &mut self,
        method: &str,
        action: &str,
        params: &Params,
        caller: &Caller<'_>,
    ) -> Option<Answer> {
        Some(match (method, action) {
            ("client" | "person", _) | ("user", "info") if params.shape == Shape::Text => {
                Err(errors::offset_on_string())
            }
            ("client", "list") if params.shape == Shape::Scalar => Err(errors::scalar_as_array()),
            ("user", "list") => Ok(users::list(caller)),
            ("user", "info") => users::info(params, caller),
            // Nothing was ever put into the answer, and PHP writes an empty array as a list.
            ("user", _) => Ok(Json::List(Vec::new())),
            ("client", "fields") => Ok(fields::client_titles(&self.client_fields)),
            ("client", "list") => self.client_list(params, caller),
            ("client", "info") => self.client_info(params, caller),
            ("client", _) => Ok(error(402, "Неизвестный метод")),
            ("person", "fields") => Ok(fields::contact_titles(&self.contact_fields)),
            ("person", "list") => self.contact_list(params, caller),
            ("person", "info") => self.contact_info(params, caller),
            ("person", _) => Ok(error(404, "Неизвестный метод")),
            ("guides", action) => Ok(self.guides.answer(action)),
            _ => return None,
        })
    }

    fn client_name(&self, id: i64) -> &str {
        const NOT_FOUND: &str = "--не найден--";
        if id > 0 { self.clients.get(id).map_or(NOT_FOUND, |client| &client.title) } else { "" }
    }

    /// The title of a source; empty for none.
    fn source_title(&self, id: i64) -> &str {
        self.guides.source(id).unwrap_or_default()
    }

    /// The title of a loyalty: NULL for none, empty for one that does not exist.
    fn loyalty_title(&self, id: i64) -> Json {
        if id > 0 { self.guides.loyalty(id).map_or("", |row| row.title.as_str()).into() } else { Json::Null }
    }
}

/// The login of a user; empty for nobody.
fn login<'c>(id: i64, caller: &Caller<'c>) -> &'c str {
    caller.account.user_by_id(id).map_or("", |user| &user.login)
}

fn data(data: Json) -> Json {
    Json::object([("data", data)])
}
