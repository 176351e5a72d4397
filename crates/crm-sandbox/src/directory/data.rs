//! Clients and contacts, as the database holds them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use super::table::{Row, Value};

/// A client as it is stored. The names are those of the wire, except [`Client::kind`].
///
/// [`Default`] is a client without a name, an owner or anything else, created at the start of 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The ID. 0 in [`Sandbox::add_client`](crate::Sandbox::add_client) means the next free one.
    pub clid: i64,
    /// The account: its place in the list of accounts, 0 for the first. Not on the wire. Ids are unique across accounts.
    pub account: usize,
    /// The ID in another system.
    pub uid: Option<String>,
    /// On the wire `type`: `client` (the default), `person`, `concurent`, `contractor` or `parnter` (spelled so).
    pub kind: String,
    /// The name.
    pub title: String,
    /// The ID of the owner; 0 is nobody.
    pub iduser: i64,
    /// The telephone numbers as typed, several in one text.
    pub phone: Option<String>,
    /// The fax numbers as typed.
    pub fax: Option<String>,
    /// The site.
    pub site_url: Option<String>,
    /// The email addresses as typed, several in one text.
    pub mail_url: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// The description.
    pub des: Option<String>,
    /// The category, a number of [`Guides::categories`](crate::Guides::categories); 0 is none.
    pub idcategory: i64,
    /// The territory, a number of [`Guides::territories`](crate::Guides::territories); 0 is none.
    pub territory: i64,
    /// The source, a number of [`Guides::sources`](crate::Guides::sources); 0 is none.
    pub clientpath: i64,
    /// The relation, as a title.
    pub tip_cmr: Option<String>,
    /// The main contact; 0 is none.
    pub pid: i64,
    /// The parent client; 0 is none.
    pub head_clid: i64,
    /// Created at, in the account's local time.
    pub date_create: NaiveDateTime,
    /// Changed at, in the account's local time; `None` until the first change.
    pub date_edit: Option<NaiveDateTime>,
    /// The ID of the user who created it; 0 is none.
    pub creator: i64,
    /// The ID of the user who changed it last; 0 is none.
    pub editor: i64,
    /// Whether it is in the trash.
    pub trash: bool,
    /// Whether it is marked as a key client.
    pub fav: bool,
    /// The IDs of other users with access.
    pub dostup: Vec<i64>,
    /// The price level; `price_1` by default.
    pub price_level: String,
    /// The bank details: up to 16 parts joined by `;`, in the order `castUrName`, `castInn`, `castKpp`, `castBank`,
    /// `castBankKs`, `castBankRs`, `castBankBik`, `castOkpo`, `castOgrn`, `castDirName`, `castDirSignature`,
    /// `castDirStatus`, `castDirStatusSig`, `castDirOsnovanie`, `castUrAddr`, `castUrNameShort`.
    pub recv: String,
    /// The custom fields, `input1` to `input10`.
    pub inputs: BTreeMap<String, String>,
}

impl Client {
    /// Returns a client with this name and owner, created at this local time of the account.
    pub fn new(title: impl Into<String>, iduser: i64, date_create: NaiveDateTime) -> Client {
        Client { title: title.into(), iduser, creator: iduser, date_create, ..Client::default() }
    }

    /// A part of the bank details; `None` where there are fewer parts.
    pub(super) fn bank_detail(&self, place: usize) -> Option<&str> {
        self.recv.split(';').nth(place)
    }
}

impl Default for Client {
    fn default() -> Client {
        Client {
            clid: 0,
            account: 0,
            uid: None,
            kind: "client".to_owned(),
            title: String::new(),
            iduser: 0,
            phone: None,
            fax: None,
            site_url: None,
            mail_url: None,
            address: None,
            des: None,
            idcategory: 0,
            territory: 0,
            clientpath: 0,
            tip_cmr: None,
            pid: 0,
            head_clid: 0,
            date_create: NaiveDateTime::default(),
            date_edit: None,
            creator: 0,
            editor: 0,
            trash: false,
            fav: false,
            dostup: Vec::new(),
            price_level: "price_1".to_owned(),
            recv: String::new(),
            inputs: BTreeMap::new(),
        }
    }
}

/// A contact (a person) as it is stored. The names are those of the wire.
///
/// [`Default`] is a contact without a name, an owner or anything else, created at the start of 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// The ID. 0 in [`Sandbox::add_contact`](crate::Sandbox::add_contact) means the next free one.
    pub pid: i64,
    /// The account: its place in the list of accounts, 0 for the first. Not on the wire. Ids are unique across accounts.
    pub account: usize,
    /// The client; 0 is none.
    pub clid: i64,
    /// The name. Without one the contact reads as a record of nulls by `info`.
    pub person: String,
    /// The position.
    pub ptitle: Option<String>,
    /// The landline numbers as typed, several in one text.
    pub tel: Option<String>,
    /// The fax numbers as typed.
    pub fax: Option<String>,
    /// The mobile numbers as typed, several in one text.
    pub mob: Option<String>,
    /// The email addresses as typed.
    pub mail: Option<String>,
    /// The ID of the owner; 0 is nobody.
    pub iduser: i64,
    /// The loyalty, a number of `Guides::loyalty`; 0 is none.
    pub loyalty: i64,
    /// The source, a number of [`Guides::sources`](crate::Guides::sources); 0 is none.
    pub clientpath: i64,
    /// The role in the deal.
    pub rol: Option<String>,
    /// Social networks and the like: up to eight parts joined by `;`, in the order `blog`, `mysite`, `twitter`, `icq`,
    /// `skype`, `google`, `yandex`, `mykrug`.
    pub social: String,
    /// Created at, in the account's local time.
    pub date_create: NaiveDateTime,
    /// Changed at, in the account's local time; `None` until the first change.
    pub date_edit: Option<NaiveDateTime>,
    /// The custom fields, `input1` to `input10`.
    pub inputs: BTreeMap<String, String>,
}

impl Contact {
    /// Returns a contact with this name, client and owner, created at this local time of the account.
    pub fn new(person: impl Into<String>, clid: i64, iduser: i64, date_create: NaiveDateTime) -> Contact {
        Contact { person: person.into(), clid, iduser, date_create, ..Contact::default() }
    }
}

impl Row for Client {
    fn id(&self) -> i64 {
        self.clid
    }

    fn set_id(&mut self, id: i64) {
        self.clid = id;
    }

    fn column(&self, name: &str) -> Option<Value<'_>> {
        Some(match name {
            "clid" => Value::Int(self.clid),
            "uid" => Value::optional(self.uid.as_deref()),
            "type" => Value::from(&*self.kind),
            "date_create" => Value::Time(self.date_create),
            "date_edit" => self.date_edit.map_or(Value::Null, Value::Time),
            "title" => Value::from(&*self.title),
            "iduser" => Value::Int(self.iduser),
            "phone" => Value::optional(self.phone.as_deref()),
            "fax" => Value::optional(self.fax.as_deref()),
            "site_url" => Value::optional(self.site_url.as_deref()),
            "mail_url" => Value::optional(self.mail_url.as_deref()),
            "address" => Value::optional(self.address.as_deref()),
            "des" => Value::optional(self.des.as_deref()),
            "idcategory" => Value::Int(self.idcategory),
            "territory" => Value::Int(self.territory),
            "clientpath" => Value::Int(self.clientpath),
            "tip_cmr" => Value::optional(self.tip_cmr.as_deref()),
            "pid" => Value::Int(self.pid),
            "head_clid" => Value::Int(self.head_clid),
            "creator" => Value::Int(self.creator),
            "editor" => Value::Int(self.editor),
            "trash" => yes_no(self.trash),
            "fav" => yes_no(self.fav),
            "pricelevel" => Value::from(&*self.price_level),
            "recv" => Value::from(&*self.recv),
            name => own_field(&self.inputs, name)?,
        })
    }

    fn searched_phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }

    fn searched_texts(&self) -> Vec<Option<&str>> {
        vec![
            Some(&*self.title),
            self.des.as_deref(),
            self.mail_url.as_deref(),
            self.site_url.as_deref(),
            self.address.as_deref(),
        ]
    }
}

impl Row for Contact {
    fn id(&self) -> i64 {
        self.pid
    }

    fn set_id(&mut self, id: i64) {
        self.pid = id;
    }

    fn column(&self, name: &str) -> Option<Value<'_>> {
        Some(match name {
            "pid" => Value::Int(self.pid),
            "clid" => Value::Int(self.clid),
            "date_create" => Value::Time(self.date_create),
            "date_edit" => self.date_edit.map_or(Value::Null, Value::Time),
            "ptitle" => Value::optional(self.ptitle.as_deref()),
            "person" => Value::from(&*self.person),
            "tel" => Value::optional(self.tel.as_deref()),
            "fax" => Value::optional(self.fax.as_deref()),
            "mob" => Value::optional(self.mob.as_deref()),
            "mail" => Value::optional(self.mail.as_deref()),
            "iduser" => Value::Int(self.iduser),
            "loyalty" => Value::Int(self.loyalty),
            "clientpath" => Value::Int(self.clientpath),
            "rol" => Value::optional(self.rol.as_deref()),
            "social" => Value::from(&*self.social),
            name => own_field(&self.inputs, name)?,
        })
    }

    fn searched_phone(&self) -> Option<&str> {
        self.tel.as_deref()
    }

    fn searched_texts(&self) -> Vec<Option<&str>> {
        vec![Some(&*self.person), self.ptitle.as_deref(), self.mail.as_deref()]
    }
}

fn yes_no(yes: bool) -> Value<'static> {
    Value::Text(Cow::Borrowed(if yes { "yes" } else { "no" }))
}

/// `input1` to `input10` are columns whether the account has enabled them or not.
fn own_field<'r>(inputs: &'r BTreeMap<String, String>, name: &str) -> Option<Value<'r>> {
    let number: u8 = name.strip_prefix("input")?.parse().ok()?;
    (1..=10).contains(&number).then(|| Value::optional(inputs.get(name).map(String::as_str)))
}
