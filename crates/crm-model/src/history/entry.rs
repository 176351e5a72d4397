//! An activity as it is read.

use std::fmt;

use chrono::NaiveDateTime;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{ClientId, ContactId, DealId, EntryId, UserId};
use crate::Extra;
use crate::object::{self, Object};
use crate::php::{self, DateTime, Id, Text};

/// An activity: a call, a letter, a meeting (a record of the history).
///
/// All keys are documented. Written back it has the vendor's keys and spellings, `0` and `""` for what is
/// absent, and then what `extra` holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// `cid`: its id.
    #[doc(alias = "cid")]
    pub id: EntryId,
    /// `datum`: when it happened, in the account's local time. `None` where the server stored an invalid date
    /// (`0000-00-00 00:00:00`, observed).
    #[doc(alias = "datum")]
    pub at: Option<NaiveDateTime>,
    /// `content`: what happened. `None` where nothing was left of what was written (observed).
    ///
    /// From `info` it is as stored; a `list` rewrites it for display: tags gone, line breaks as `<br />`,
    /// `/` as `-`, double quotes as `”` (observed).
    #[doc(alias = "des")]
    pub content: Option<String>,
    /// `tip`: the title of its type, such as «вх.Звонок».
    #[doc(alias = "tip")]
    pub activity_type: Option<String>,
    /// `iduser`: whose it is; `None` for nobody's, as after an unknown login was given (observed).
    #[doc(alias = "iduser")]
    pub user_id: Option<UserId>,
    /// `user`: the login of that user.
    #[doc(alias = "user")]
    pub user_login: Option<String>,
    /// `clid`: its client.
    #[doc(alias = "clid")]
    pub client_id: Option<ClientId>,
    /// `client`: the name of the client.
    #[doc(alias = "client")]
    pub client_name: Option<String>,
    /// `person`: its contacts. From `info` only the first of them (observed).
    #[doc(alias = "person")]
    pub contacts: Vec<Contact>,
    /// `did`: its deal.
    #[doc(alias = "did")]
    pub deal_id: Option<DealId>,
    /// `dogovor`: the title of the deal.
    #[doc(alias = "dogovor")]
    pub deal_title: Option<String>,
    /// Keys that have no name here, as they came.
    pub extra: Extra,
}

impl Object for Entry {
    const WHAT: &'static str = "an activity (an object)";

    fn blank() -> Self {
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
        object::read(deserializer)
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
    /// `pid`: their id.
    #[doc(alias = "pid")]
    pub id: ContactId,
    /// `person`: their name.
    #[doc(alias = "person")]
    pub name: Option<String>,
    /// Keys that have no name here, as they came.
    pub extra: Extra,
}

impl Object for Contact {
    const WHAT: &'static str = "a contact (an object)";

    fn blank() -> Self {
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
        object::read(deserializer)
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

/// The contacts of an activity. A contact with no id and no name is how `info` spells «none» (observed).
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

    /// A PHP array whose keys are not 0, 1, 2 …
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut contacts = Vec::new();
        while let Some((serde::de::IgnoredAny, MaybeContact(contact))) = map.next_entry()? {
            contacts.extend(contact);
        }
        Ok(contacts)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        if value { Err(E::invalid_type(serde::de::Unexpected::Bool(true), &self)) } else { Ok(Vec::new()) }
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::invalid_type(serde::de::Unexpected::Other("text"), &self))
        }
    }
}

/// A contact, or `None` for `{"pid":0,"person":""}`.
struct MaybeContact(Option<Contact>);

impl Object for MaybeContact {
    const WHAT: &'static str = Contact::WHAT;

    fn blank() -> Self {
        Self(Some(Contact::blank()))
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        self.0.get_or_insert_with(Contact::blank).take(key, map)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.0.get_or_insert_with(Contact::blank).extra
    }

    fn missing(&self) -> Option<&'static str> {
        // A name without an id is no contact we could point at, and no «none» either.
        self.0.as_ref().filter(|contact| contact.id.0 == 0 && contact.name.is_some()).map(|_| "pid")
    }
}

impl<'de> Deserialize<'de> for MaybeContact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Self(contact) = object::read(deserializer)?;
        Ok(Self(contact.filter(|contact| contact.id.0 != 0)))
    }
}
