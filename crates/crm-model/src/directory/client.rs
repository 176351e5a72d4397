//! A client: a company or a person with whom the account does business.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::keys::{Keys, Misfit};
use super::{ClientId, ClientType, ContactId, UserId};
use crate::{Extra, php};

/// The server's word for a category or a person that is not set.
const UNDEFINED: &str = "--не определено--";

/// A client: a company or a person with whom the account does business.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Client {
    /// `clid`: the ID of the client.
    #[doc(alias = "clid")]
    pub id: ClientId,
    /// `uid`: the ID of the client in another system.
    pub uid: Option<String>,
    /// `type`: what kind of client it is.
    #[doc(alias = "type")]
    pub client_type: Option<ClientType>,
    /// `date_create`, in `client/info` `created`: when it was created, in the account's local time.
    #[doc(alias = "date_create")]
    pub created: Option<NaiveDateTime>,
    /// `date_edit`, in `client/info` `edited`: when it was changed last; `None` until the first change.
    #[doc(alias = "date_edit")]
    pub changed: Option<NaiveDateTime>,
    /// `title`: the name.
    #[doc(alias = "title")]
    pub name: Option<String>,
    /// `iduser`: the owner. `None` without an owner.
    #[doc(alias = "iduser")]
    pub user_id: Option<UserId>,
    /// `user`: the login of the owner. `client/info` does not send it (observed).
    #[doc(alias = "user")]
    pub user_login: Option<String>,
    /// `phone`: telephone numbers, as typed, often several in one text.
    pub phone: Option<String>,
    /// `fax`: fax numbers, as typed.
    pub fax: Option<String>,
    /// `site_url`: web sites, as typed.
    #[doc(alias = "site_url")]
    pub site: Option<String>,
    /// `mail_url`: email addresses, as typed, often several in one text.
    #[doc(alias = "mail_url")]
    pub email: Option<String>,
    /// `address`: the postal address.
    pub address: Option<String>,
    /// `des`: the description.
    #[doc(alias = "des")]
    pub description: Option<String>,
    /// `idcategory`: the category.
    #[doc(alias = "idcategory")]
    pub category_id: Option<u64>,
    /// `idcategoryTitle`, in `client/info` `category`: the title of the category.
    #[doc(alias = "idcategoryTitle")]
    pub category: Option<String>,
    /// `territory`: the territory.
    #[doc(alias = "territory")]
    pub territory_id: Option<u64>,
    /// `territoryTitle`, in `client/info` `territoryname`: the title of the territory.
    #[doc(alias("territoryTitle", "territoryname"))]
    pub territory: Option<String>,
    /// `clientpath`, in `client/info` `clientpath2`: where the client came from.
    #[doc(alias("clientpath", "clientpath2"))]
    pub source_id: Option<u64>,
    /// `clientpathTitle`, in `client/info` `clientpath`: the title of the source.
    #[doc(alias = "clientpathTitle")]
    pub source: Option<String>,
    /// `tip_cmr`: the title of the relation, such as «4 - Постоянный клиент».
    #[doc(alias = "tip_cmr")]
    pub relation: Option<String>,
    /// `pid`: the main contact.
    #[doc(alias = "pid")]
    pub main_contact_id: Option<ContactId>,
    /// `person`: the name of the main contact.
    #[doc(alias = "person")]
    pub main_contact_name: Option<String>,
    /// `head_clid`: the parent client.
    #[doc(alias = "head_clid")]
    pub parent_id: Option<ClientId>,
    /// `head`: the name of the parent client. Only `client/info` sends it. `head_clidTitle` of `client/list` is the title
    /// of a category with this number (observed), so it stays in `extra`.
    #[doc(alias = "head")]
    pub parent_name: Option<String>,
    /// `creatorID`: who created it. Only `client/info` sends it.
    #[doc(alias = "creatorID")]
    pub creator_id: Option<UserId>,
    /// `editorID`: who changed it last. Only `client/info` sends it.
    #[doc(alias = "editorID")]
    pub editor_id: Option<UserId>,
    /// `dostup`: other users with access. Only `client/info` sends them.
    #[doc(alias = "dostup")]
    pub access: Vec<UserId>,
    /// `trash`: whether it is in the trash. Only `client/info` sends it; `client/list` lists the trash, too (observed).
    #[doc(alias = "trash")]
    pub is_in_trash: Option<bool>,
    /// `bankinfo`: bank and tax details by the server's names, such as `castInn`. Sent only on request.
    #[doc(alias = "bankinfo")]
    pub bank_details: BTreeMap<String, String>,
    /// Unknown keys, as received. The custom fields, `input1` to `input10`, are among them.
    pub extra: Extra,
}

impl Client {
    /// Returns the tax ID (ИНН), if the bank details were requested and hold one.
    #[doc(alias("castInn", "inn"))]
    #[must_use]
    pub fn tax_id(&self) -> Option<&str> {
        self.bank_details.get("castInn").map(String::as_str)
    }

    fn from_keys(mut keys: Keys) -> Result<Self, Misfit> {
        let id = keys.own_id("clid")?;
        // Only `info` has `created`. Its `date_create` and `date_edit` are for display: `25.11.26,  22:24`.
        let (created, changed) = if keys.get("created").is_some() {
            (keys.time("created")?, keys.time("edited")?)
        } else {
            (keys.time("date_create")?, keys.time("date_edit")?)
        };
        // Only `info` has `clientpath2`. Its `clientpath` is a title.
        let (source_id, source) = if keys.get("clientpath2").is_some() {
            (keys.id("clientpath2")?, keys.text("clientpath")?)
        } else {
            (keys.id("clientpath")?, keys.text("clientpathTitle")?)
        };
        let main_contact_name = match keys.get("person") {
            // The rest of the contact stays in `extra`.
            Some(Value::Object(contact)) => contact.get("title").and_then(Value::as_str).map(str::to_owned),
            _ => keys.text("person")?,
        };
        let uid = keys.text("uid")?;
        let same_uid = keys.text("clientUID")?;
        let relation = keys.text("tip_cmr")?;
        let same_relation = keys.text("relation")?;
        Ok(Self {
            id,
            uid: uid.or(same_uid),
            client_type: keys.text("type")?.map(ClientType::from),
            created,
            changed,
            name: keys.text("title")?,
            user_id: keys.id("iduser")?,
            user_login: keys.text("user")?,
            phone: keys.text("phone")?,
            fax: keys.text("fax")?,
            site: keys.text("site_url")?,
            email: keys.text("mail_url")?,
            address: keys.text("address")?,
            description: keys.text("des")?,
            category_id: keys.id("idcategory")?,
            category: keys.title("idcategoryTitle", UNDEFINED)?.or(keys.title("category", UNDEFINED)?),
            territory_id: keys.id("territory")?,
            territory: keys.text("territoryTitle")?.or(keys.text("territoryname")?),
            source_id,
            source,
            relation: relation.or(same_relation),
            main_contact_id: keys.id("pid")?,
            main_contact_name: main_contact_name.filter(|name| !name.is_empty()),
            parent_id: keys.id("head_clid")?,
            parent_name: keys.text("head")?,
            creator_id: keys.id("creatorID")?,
            editor_id: keys.id("editorID")?,
            access: keys.ids("dostup")?,
            is_in_trash: keys.flag("trash")?,
            bank_details: keys.texts("bankinfo")?,
            extra: keys.rest(),
        })
    }
}

impl<'de> Deserialize<'de> for Client {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keys::read(deserializer, Self::from_keys)
    }
}

impl Serialize for Client {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("clid", &self.id)?;
        map.serialize_entry("uid", &self.uid)?;
        map.serialize_entry("type", &self.client_type.as_ref().map(ClientType::as_str))?;
        map.serialize_entry("date_create", &self.created.map(php::format_datetime))?;
        map.serialize_entry("date_edit", &self.changed.map(php::format_datetime))?;
        map.serialize_entry("title", &self.name)?;
        map.serialize_entry("user", self.user_login.as_deref().unwrap_or_default())?;
        map.serialize_entry("iduser", &self.user_id.map_or(0, u64::from))?;
        map.serialize_entry("phone", &self.phone)?;
        map.serialize_entry("fax", &self.fax)?;
        map.serialize_entry("site_url", &self.site)?;
        map.serialize_entry("mail_url", &self.email)?;
        map.serialize_entry("address", &self.address)?;
        map.serialize_entry("des", &self.description)?;
        map.serialize_entry("idcategoryTitle", self.category.as_deref().unwrap_or(UNDEFINED))?;
        map.serialize_entry("idcategory", &self.category_id.unwrap_or(0))?;
        map.serialize_entry("territoryTitle", &self.territory)?;
        map.serialize_entry("territory", &self.territory_id.unwrap_or(0))?;
        map.serialize_entry("clientpathTitle", self.source.as_deref().unwrap_or_default())?;
        map.serialize_entry("clientpath", &self.source_id.unwrap_or(0))?;
        map.serialize_entry("tip_cmr", &self.relation)?;
        if !self.extra.contains_key("person") {
            map.serialize_entry("person", self.main_contact_name.as_deref().unwrap_or_default())?;
        }
        map.serialize_entry("pid", &self.main_contact_id.map_or(0, u64::from))?;
        map.serialize_entry("head_clid", &self.parent_id.map_or(0, u64::from))?;
        let optional = [
            ("head", self.parent_name.as_deref().map(Value::from)),
            ("creatorID", self.creator_id.map(Value::from)),
            ("editorID", self.editor_id.map(Value::from)),
            ("dostup", (!self.access.is_empty()).then(|| self.access.clone().into())),
            ("trash", self.is_in_trash.map(|trash| if trash { "yes" } else { "no" }.into())),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                map.serialize_entry(key, &value)?;
            }
        }
        if !self.bank_details.is_empty() {
            map.serialize_entry("bankinfo", &self.bank_details)?;
        }
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
