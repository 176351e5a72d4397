//! An activity as read from the server.

use std::fmt;

use chrono::NaiveDateTime;
use serde_core::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::{ClientId, ContactId, DealId, EntryId, UserId, mark};
use crate::Extra;
use crate::json_object::{self, Object};
use crate::php::{self, DateTime, Id, Text};

/// An activity (a record of the history): a call, an email or a meeting.
///
/// The vendor's page names all keys. `Serialize` writes the vendor's keys, with `0` and `""` for absent values, followed
/// by `extra`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// `cid`: the ID of the activity.
    #[doc(alias = "cid")]
    pub id: EntryId,
    /// `datum`: when it took place, in the account's local time. `None` for the zero date `0000-00-00 00:00:00`, which
    /// the server stores in place of an invalid one (observed).
    #[doc(alias = "datum")]
    pub at: Option<NaiveDateTime>,
    /// `content`: the text of the activity. `None` if the server removed everything that was written (observed).
    ///
    /// `info` returns the text as stored. `list` rewrites it for display: it removes tags and writes `<br />` before line
    /// breaks, `-` for `/` and `”` for double quotes (observed).
    #[doc(alias = "des")]
    pub content: Option<String>,
    /// `tip`: the title of the activity type, such as «вх.Звонок».
    #[doc(alias = "tip")]
    pub activity_type: Option<String>,
    /// `iduser`: the owner. `None` for an activity without an owner, such as one added with an unknown login (observed).
    #[doc(alias = "iduser")]
    pub user_id: Option<UserId>,
    /// `user`: the login of the owner (observed).
    #[doc(alias = "user")]
    pub user_login: Option<String>,
    /// `clid`: the client.
    #[doc(alias = "clid")]
    pub client_id: Option<ClientId>,
    /// `client`: the name of the client (observed).
    #[doc(alias = "client")]
    pub client_name: Option<String>,
    /// `person`: the contacts. `info` returns only the first one (observed).
    #[doc(alias = "person")]
    pub contacts: Vec<Contact>,
    /// `did`: the deal.
    #[doc(alias = "did")]
    pub deal_id: Option<DealId>,
    /// `dogovor`: the title of the deal (observed).
    #[doc(alias = "dogovor")]
    pub deal_title: Option<String>,
    /// Unknown keys, as received.
    pub extra: Extra,
}

impl Entry {
    /// Returns the mark at the end of the content, without its brackets; see [`NewEntry::mark`](super::NewEntry::mark).
    ///
    /// `list` and `info` return a mark as it was written (observed). A text that a person ended with ` [1]` looks like
    /// a mark, too, so compare the mark with your own.
    ///
    /// ```
    /// use crm_model::history::Entry;
    ///
    /// let entry: Entry = serde_json::from_str(r#"{"cid":777,"content":"вх. звонок, 2 мин [1700000000.42]"}"#)?;
    /// assert_eq!(entry.mark(), Some("1700000000.42"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        self.content.as_deref().and_then(mark::read)
    }
}

impl Object for Entry {
    const WHAT: &'static str = "an activity (an object)";

    fn empty() -> Self {
        Self {
            id: EntryId(0),
            at: None,
            content: None,
            activity_type: None,
            user_id: None,
            user_login: None,
            client_id: None,
            client_name: None,
            contacts: Vec::new(),
            deal_id: None,
            deal_title: None,
            extra: Extra::new(),
        }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "cid" => self.id = map.next_value()?,
            "datum" => self.at = map.next_value::<DateTime>()?.0,
            "content" => self.content = map.next_value::<Text>()?.0,
            "tip" => self.activity_type = map.next_value::<Text>()?.non_empty(),
            "iduser" => self.user_id = map.next_value::<Id>()?.0.map(UserId),
            "user" => self.user_login = map.next_value::<Text>()?.non_empty(),
            "clid" => self.client_id = map.next_value::<Id>()?.0.map(ClientId),
            "client" => self.client_name = map.next_value::<Text>()?.non_empty(),
            "person" => self.contacts = map.next_value::<Contacts>()?.0,
            "did" => self.deal_id = map.next_value::<Id>()?.0.map(DealId),
            "dogovor" => self.deal_title = map.next_value::<Text>()?.non_empty(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn missing(&self) -> Option<&'static str> {
        (self.id.0 == 0).then_some("cid")
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json_object::read(deserializer)
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("cid", &self.id)?;
        let at = self.at.map_or_else(|| "0000-00-00 00:00:00".to_owned(), php::format_datetime);
        map.serialize_entry("datum", &at)?;
        map.serialize_entry("content", &self.content)?;
        map.serialize_entry("tip", &self.activity_type)?;
        map.serialize_entry("iduser", &self.user_id.map_or(0, |id| id.0))?;
        map.serialize_entry("user", self.user_login.as_deref().unwrap_or_default())?;
        map.serialize_entry("clid", &self.client_id.map_or(0, |id| id.0))?;
        map.serialize_entry("client", self.client_name.as_deref().unwrap_or_default())?;
        if !self.contacts.is_empty() {
            map.serialize_entry("person", &self.contacts)?;
        }
        map.serialize_entry("did", &self.deal_id.map_or(0, |id| id.0))?;
        map.serialize_entry("dogovor", self.deal_title.as_deref().unwrap_or_default())?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A contact of an activity: a person at the client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// `pid`: the ID of the contact.
    #[doc(alias = "pid")]
    pub id: ContactId,
    /// `person`: the name (observed). `None` for a contact that no longer exists (observed).
    #[doc(alias = "person")]
    pub name: Option<String>,
    /// Unknown keys, as received.
    pub extra: Extra,
}

impl Object for Contact {
    const WHAT: &'static str = "a contact (an object)";

    fn empty() -> Self {
        Self { id: ContactId(0), name: None, extra: Extra::new() }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "pid" => self.id = ContactId(map.next_value::<Id>()?.0.unwrap_or(0)),
            "person" => self.name = map.next_value::<Text>()?.non_empty(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.extra
    }

    fn missing(&self) -> Option<&'static str> {
        (self.id.0 == 0).then_some("pid")
    }
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json_object::read(deserializer)
    }
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pid", &self.id)?;
        map.serialize_entry("person", self.name.as_deref().unwrap_or_default())?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The contacts of an activity. `info` sends a contact without ID and name if there are none (observed).
struct Contacts(Vec<Contact>);

impl<'de> Deserialize<'de> for Contacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContactsVisitor).map(Self)
    }
}

struct ContactsVisitor;

impl<'de> Visitor<'de> for ContactsVisitor {
    type Value = Vec<Contact>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of contacts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut contacts = Vec::new();
        while let Some(MaybeContact(contact)) = seq.next_element()? {
            contacts.extend(contact);
        }
        Ok(contacts)
    }

    /// Reads a PHP array whose keys are not 0, 1, 2 …
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut contacts = Vec::new();
        while let Some((IgnoredAny, MaybeContact(contact))) = map.next_entry()? {
            contacts.extend(contact);
        }
        Ok(contacts)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if value { Err(E::invalid_type(de::Unexpected::Bool(true), &self)) } else { Ok(Vec::new()) }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::invalid_type(de::Unexpected::Other("text"), &self))
        }
    }
}

/// A contact, or `None` for `{"pid":0,"person":""}`.
struct MaybeContact(Option<Contact>);

impl Object for MaybeContact {
    const WHAT: &'static str = Contact::WHAT;

    fn empty() -> Self {
        Self(Some(Contact::empty()))
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        self.0.get_or_insert_with(Contact::empty).take(key, map)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.0.get_or_insert_with(Contact::empty).extra
    }

    fn missing(&self) -> Option<&'static str> {
        // A name without an id is neither a usable contact nor the placeholder for "no contacts".
        self.0.as_ref().filter(|contact| contact.id.0 == 0 && contact.name.is_some()).map(|_| "pid")
    }
}

impl<'de> Deserialize<'de> for MaybeContact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Self(contact) = json_object::read(deserializer)?;
        Ok(Self(contact.filter(|contact| contact.id.0 != 0)))
    }
}
