//! Finds clients and contacts by telephone and email, and users by their internal number.

use std::cmp::Reverse;
use std::collections::HashSet;

use crm_history::NewEntry;
use crm_model::directory::{Client, ClientId, Contact, ContactId, User};
use crm_transport::json::JsonError;
use crm_transport::{Error, Operation, OperationInfo, Records};
use futures_util::future::{try_join, try_join3};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::operations::{ClientList, ClientQuery, ContactQuery, PersonList, UserList};
use crate::phone::{self, Agreement, PhoneNumber};
use crate::{DirectoryClient, email};

/// A client or a contact with the requested telephone number or email address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Match {
    /// The client: the one that was found, or the one of the contact. `None` for a contact without a client.
    pub client: Option<ClientId>,
    /// The name of the client.
    pub client_name: Option<String>,
    /// The contact. `None` if the client itself has the number or address.
    pub contact: Option<ContactId>,
    /// The name of the contact.
    pub contact_name: Option<String>,
    /// The login of the owner of the client or contact. `None` without an owner.
    pub user_login: Option<String>,
    /// The field that contains it.
    pub field: MatchField,
    /// The number or address as it is written there.
    pub value: String,
    /// Whether it is exactly the requested one. `false` if only the ends of two numbers match: one of them has no area
    /// code, or they differ in the country code.
    pub exact: bool,
}

/// A field with telephone numbers or email addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MatchField {
    /// `mob` of a contact: mobile numbers.
    ContactMobile,
    /// `tel` of a contact: telephone numbers.
    ContactPhone,
    /// `mail` of a contact: email addresses.
    ContactEmail,
    /// `phone` of a client: telephone numbers.
    ClientPhone,
    /// `mail_url` of a client: email addresses.
    ClientEmail,
}

impl MatchField {
    /// Returns the server's word: `mob`, `tel`, `mail`, `phone` or `mail_url`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContactMobile => "mob",
            Self::ContactPhone => "tel",
            Self::ContactEmail => "mail",
            Self::ClientPhone => "phone",
            Self::ClientEmail => "mail_url",
        }
    }
}

impl Match {
    /// Returns the activity with the client and the contact that were found.
    pub fn assign(&self, mut entry: NewEntry) -> NewEntry {
        if let Some(client) = self.client {
            entry = entry.client(client);
        }
        if let Some(contact) = self.contact {
            entry = entry.contacts([contact]);
        }
        entry
    }

    fn of_client(client: &Client, field: MatchField, value: String, exact: bool) -> Self {
        Self {
            client: Some(client.id),
            client_name: client.name.clone(),
            contact: None,
            contact_name: None,
            user_login: client.user_login.clone(),
            field,
            value,
            exact,
        }
    }

    fn of_contact(contact: &Contact, field: MatchField, value: String, exact: bool) -> Self {
        Self {
            client: contact.client_id,
            client_name: contact.client_name.clone(),
            contact: Some(contact.id),
            contact_name: contact.name.clone(),
            user_login: contact.user_login.clone(),
            field,
            value,
            exact,
        }
    }
}

/// Finds who has this number: one call for each of the three fields, if each result fits on a page.
pub(crate) async fn by_phone(directory: &DirectoryClient, number: &PhoneNumber) -> Result<Vec<Match>, Error> {
    let pattern = number.pattern();
    let clients = ClientQuery::new().word(&pattern).fields(["title", "phone", "iduser"]);
    let contacts = ContactQuery::new().fields(["person", "clid", "tel", "mob", "iduser"]);
    let (clients, by_phone, by_mobile) = try_join3(
        all_clients(directory, clients),
        all_contacts(directory, contacts.clone().word(&pattern)),
        all_contacts(directory, contacts.mobile(&pattern)),
    )
    .await?;
    let mut matches = Vec::new();
    for client in &clients {
        let found = best_number(client.phone.as_deref(), number);
        matches.extend(
            found.map(|(value, exact)| Match::of_client(client, MatchField::ClientPhone, value, exact)),
        );
    }
    for contact in by_phone.iter().chain(&by_mobile) {
        for (field, text) in
            [(MatchField::ContactMobile, &contact.mobile), (MatchField::ContactPhone, &contact.phone)]
        {
            let found = best_number(text.as_deref(), number);
            matches.extend(found.map(|(value, exact)| Match::of_contact(contact, field, value, exact)));
        }
    }
    Ok(most_certain_first(matches))
}

/// Finds who has this email address: one call for clients and one for contacts, if each result fits on a page.
pub(crate) async fn by_email(directory: &DirectoryClient, address: &str) -> Result<Vec<Match>, Error> {
    let word = email::word(address);
    let clients = ClientQuery::new().word(&word).fields(["title", "mail_url", "iduser"]);
    let contacts = ContactQuery::new().word(&word).fields(["person", "clid", "mail", "iduser"]);
    let (clients, contacts) =
        try_join(all_clients(directory, clients), all_contacts(directory, contacts)).await?;
    let has = |text: &Option<String>| {
        email::addresses_in(text.as_deref().unwrap_or_default()).any(|found| found == address)
    };
    let mut matches = Vec::new();
    for client in clients.iter().filter(|client| has(&client.email)) {
        matches.push(Match::of_client(client, MatchField::ClientEmail, address.to_owned(), true));
    }
    for contact in contacts.iter().filter(|contact| has(&contact.email)) {
        matches.push(Match::of_contact(contact, MatchField::ContactEmail, address.to_owned(), true));
    }
    Ok(most_certain_first(matches))
}

/// The number of a text that agrees best with the one that was requested, as it is written, and whether it is exact.
fn best_number(text: Option<&str>, asked: &PhoneNumber) -> Option<(String, bool)> {
    let mut best = None;
    for (number, written) in phone::written_in(text?) {
        match number.agrees_with(asked) {
            Some(Agreement::Exact) => return Some((written, true)),
            Some(Agreement::Tail) => best = best.or(Some((written, false))),
            None => {}
        }
    }
    best
}

/// Sorts matches and leaves one for each client and contact: exact ones first, then contacts, then the smallest ID.
fn most_certain_first(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by_key(|found| {
        (Reverse(found.exact), found.contact.is_none(), found.contact, found.client, found.field)
    });
    let mut known = HashSet::new();
    matches.retain(|found| known.insert((found.client, found.contact)));
    matches
}

/// Returns every client of a query. The first page is the last one if the server says so.
async fn all_clients(directory: &DirectoryClient, query: ClientQuery) -> Result<Vec<Client>, Error> {
    let first = directory.clients(&query).await?;
    match first.total {
        Some(total) if total <= first.len() as u64 => readable(ClientList::INFO, first),
        _ if first.is_empty() => Ok(Vec::new()),
        _ => collect(directory.stream_clients(query)).await,
    }
}

/// Returns every contact of a query. The first page is the last one if the server says so.
async fn all_contacts(directory: &DirectoryClient, query: ContactQuery) -> Result<Vec<Contact>, Error> {
    let first = directory.contacts(&query).await?;
    match first.total {
        Some(total) if total <= first.len() as u64 => readable(PersonList::INFO, first),
        _ if first.is_empty() => Ok(Vec::new()),
        _ => collect(directory.stream_contacts(query)).await,
    }
}

async fn collect<T>(mut records: Records<T>) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    while let Some(record) = records.next().await {
        found.push(record?);
    }
    Ok(found)
}

/// Returns the records of a page. One that cannot be decoded could be the one that is looked for.
fn readable<T>(info: OperationInfo, page: crm_model::Page<T>) -> Result<Vec<T>, Error> {
    match page.unreadable.into_iter().next() {
        Some(record) => Err(Error::undecodable(&info, JsonError::new(record.path, record.reason))),
        None => Ok(page.items),
    }
}

/// Fetches every user that is not blocked, with the internal number: one call for the list and one for each user.
pub(crate) async fn users_with_numbers(directory: &DirectoryClient) -> Result<Vec<User>, Error> {
    let listed = readable(UserList::INFO, directory.users().await?)?;
    let active = listed.into_iter().filter(|user| user.is_active != Some(false));
    let info = |user: User| async move {
        match directory.user(user.id).await {
            Ok(user) => Ok(Some(user)),
            // Deleted since it was listed.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    };
    stream::iter(active.map(info)).buffered(2).try_filter_map(async |user| Ok(user)).try_collect().await
}

/// Whether an internal number is among those that were typed for a user.
pub(crate) fn has_extension(user: &User, extension: &str) -> bool {
    let typed = user.extension.as_deref().unwrap_or_default();
    typed.split(|sign: char| !sign.is_ascii_digit()).any(|number| number == extension)
}
