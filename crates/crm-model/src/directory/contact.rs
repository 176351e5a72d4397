//! A contact: a person, usually at a client.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::keys::Keys;
use super::{ClientId, ContactId, UserId};
use crate::{Extra, php};

/// A contact: a person, usually at a client.
///
/// `person/info` sends the owner's login in place of the ID, and never the source (observed).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// `pid`: the ID of the contact.
    #[doc(alias = "pid")]
    pub id: ContactId,
    /// `date_create`: when it was created, in the account's local time.
    #[doc(alias = "date_create")]
    pub created: Option<NaiveDateTime>,
    /// `date_edit`: when it was changed last; `None` until the first change.
    #[doc(alias = "date_edit")]
    pub changed: Option<NaiveDateTime>,
    /// `clid`: the client.
    #[doc(alias = "clid")]
    pub client_id: Option<ClientId>,
    /// `client`: the name of the client.
    #[doc(alias = "client")]
    pub client_name: Option<String>,
    /// `ptitle`: the position.
    #[doc(alias = "ptitle")]
    pub position: Option<String>,
    /// `person`: the name.
    #[doc(alias = "person")]
    pub name: Option<String>,
    /// `tel`: telephone numbers, as typed, often several in one text.
    #[doc(alias = "tel")]
    pub phone: Option<String>,
    /// `fax`: fax numbers, as typed.
    pub fax: Option<String>,
    /// `mob`: mobile numbers, as typed, often several in one text.
    #[doc(alias = "mob")]
    pub mobile: Option<String>,
    /// `mail`: email addresses, as typed, often several in one text.
    #[doc(alias = "mail")]
    pub email: Option<String>,
    /// `iduser`: the owner. `None` without an owner, and in `person/info`.
    #[doc(alias = "iduser")]
    pub user_id: Option<UserId>,
    /// `user`: the login of the owner. `person/info` sends it under `iduser` (observed).
    #[doc(alias = "user")]
    pub user_login: Option<String>,
    /// `loyalty`: the title of the loyalty.
    pub loyalty: Option<String>,
    /// `clientpath`: the title of the source. `person/info` always sends it empty (observed).
    #[doc(alias = "clientpath")]
    pub source: Option<String>,
    /// `rol`: the role at the client.
    #[doc(alias = "rol")]
    pub role: Option<String>,
    /// `socials`: accounts in social networks by the server's names, such as `skype`. Sent only on request.
    pub socials: BTreeMap<String, String>,
    /// Unknown keys, as received. The custom fields, `input1` to `input10`, are among them.
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keys::read(deserializer, |mut keys| {
            let is_login = keys.get("user").is_none() && matches!(keys.get("iduser"), Some(Value::String(_)));
            let (user_id, user_login) = if is_login {
                (None, keys.text("iduser")?)
            } else {
                (keys.id("iduser")?, keys.text("user")?)
            };
            Ok(Self {
                id: keys.own_id("pid")?,
                created: keys.time("date_create")?,
                changed: keys.time("date_edit")?,
                client_id: keys.id("clid")?,
                client_name: keys.title("client", "--не найден--")?,
                position: keys.text("ptitle")?,
                name: keys.text("person")?,
                phone: keys.text("tel")?,
                fax: keys.text("fax")?,
                mobile: keys.text("mob")?,
                email: keys.text("mail")?,
                user_id,
                user_login,
                loyalty: keys.text("loyalty")?,
                source: keys.text("clientpath")?,
                role: keys.text("rol")?,
                socials: keys.texts("socials")?,
                extra: keys.rest(),
            })
        })
    }
}

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pid", &self.id)?;
        map.serialize_entry("date_create", &self.created.map(php::format_datetime))?;
        map.serialize_entry("date_edit", &self.changed.map(php::format_datetime))?;
        map.serialize_entry("clid", &self.client_id.map_or(0, u64::from))?;
        map.serialize_entry("client", self.client_name.as_deref().unwrap_or_default())?;
        map.serialize_entry("ptitle", &self.position)?;
        map.serialize_entry("person", &self.name)?;
        map.serialize_entry("tel", &self.phone)?;
        map.serialize_entry("fax", &self.fax)?;
        map.serialize_entry("mob", &self.mobile)?;
        map.serialize_entry("mail", &self.email)?;
        map.serialize_entry("user", self.user_login.as_deref().unwrap_or_default())?;
        map.serialize_entry("iduser", &self.user_id.map_or(0, u64::from))?;
        map.serialize_entry("loyalty", &self.loyalty)?;
        map.serialize_entry("clientpath", self.source.as_deref().unwrap_or_default())?;
        map.serialize_entry("rol", &self.role)?;
        if !self.socials.is_empty() {
            map.serialize_entry("socials", &self.socials)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
