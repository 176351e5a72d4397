//! An activity to add.

use std::borrow::Cow;

use chrono::{DateTime as Instant, NaiveDateTime, SecondsFormat, Utc};
use serde_core::de::{self, Deserialize, Deserializer, MapAccess};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::stored::Cleaning;
use super::{ClientId, ContactId, DealId, LossKind, mark};
use crate::Extra;
use crate::json_object::{self, Object};
use crate::php::{self, DateTime, Id, Text};

/// An activity to add.
///
/// The server changes some of what it stores. [`losses`](Self::losses) returns the changes,
/// [`as_stored`](Self::as_stored) the result.
///
/// `add` requires the content and at least one of client, contact and deal. `add.list` requires only the content
/// (observed).
///
/// ```
/// use crm_model::history::{ClientId, ContactId, NewEntry};
///
/// let entry = NewEntry::new("Отправлено КП").activity_type("Предложение").client(ClientId(1781))
///     .contacts([ContactId(2475), ContactId(2723)]);
/// assert_eq!(
///     serde_json::to_string(&entry)?,
///     r#"{"tip":"Предложение","content":"Отправлено КП","clid":1781,"pid":"2475,2723"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct NewEntry {
    /// `user`: the login of the owner (default: the current user, whose login is in the request).
    pub user: Option<String>,
    /// `datum`: when it took place, in the account's local time (default: now). Sent as `YYYY-MM-DD HH:MM:SS`.
    #[doc(alias = "datum")]
    pub at: Option<NaiveDateTime>,
    /// `datum`: when it took place, as an instant; see [`at_instant`](Self::at_instant). Takes precedence over `at`.
    /// Default: none.
    #[doc(alias = "datum")]
    pub at_instant: Option<Instant<Utc>>,
    /// `tip`: the title of the activity type, from the directory «Типы напоминаний» (documented). The default is «Событие»
    /// in `add` and no type in `add.list` (observed). The vendor's page says «Событие» for both.
    #[doc(alias = "tip")]
    pub activity_type: Option<String>,
    /// `content`: the text of the activity. An empty text is refused before sending.
    pub content: String,
    /// `clid`: the client.
    #[doc(alias = "clid")]
    pub client: Option<ClientId>,
    /// `pid`: the contacts. Sent as IDs joined by `,`. The server keeps 100 characters of them (observed).
    #[doc(alias = "pid")]
    pub contacts: Vec<ContactId>,
    /// `did`: the deal.
    #[doc(alias = "did")]
    pub deal: Option<DealId>,
    /// The mark at the end of the content that is sent; see [`mark`](Self::mark). Default: none.
    pub mark: Option<String>,
}

impl NewEntry {
    /// Creates an activity with this content.
    #[must_use]
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// `datum`: sets when it took place, in the account's local time. Replaces an instant.
    #[must_use]
    pub fn at(mut self, at: NaiveDateTime) -> Self {
        (self.at, self.at_instant) = (Some(at), None);
        self
    }

    /// `datum`: sets when it took place, as an instant. Replaces a local time.
    ///
    /// The server knows only local times. The client converts the instant when it sends the activity, so it needs the time
    /// zone of the account: see `HistoryClient::with_zone` and `Zone` in `crm-history`. Without a zone the activity is
    /// refused before sending.
    ///
    /// `Serialize` writes the instant under the separate key `at_instant`, which the server does not know.
    ///
    /// ```
    /// use crm_model::history::NewEntry;
    ///
    /// let entry = NewEntry::new("вх. звонок").at_instant("2024-06-25T11:25:00Z".parse()?);
    /// let json = serde_json::to_string(&entry)?;
    /// assert_eq!(json, r#"{"at_instant":"2024-06-25T11:25:00Z","content":"вх. звонок"}"#);
    /// assert_eq!(serde_json::from_str::<NewEntry>(&json)?, entry);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn at_instant(mut self, instant: Instant<Utc>) -> Self {
        (self.at, self.at_instant) = (None, Some(instant));
        self
    }

    /// `tip`: sets the title of the activity type.
    ///
    /// An unknown title is stored as text and belongs to no type of the account. `tips` does not list it (observed),
    /// although the vendor documents that the server creates the type.
    #[doc(alias = "tip")]
    #[must_use]
    pub fn activity_type(mut self, title: impl Into<String>) -> Self {
        self.activity_type = Some(title.into());
        self
    }

    /// `user`: sets the login of the owner. With an unknown login the server stores the activity without an owner and
    /// returns no error (observed).
    #[must_use]
    pub fn user(mut self, login: impl Into<String>) -> Self {
        self.user = Some(login.into());
        self
    }

    /// `clid`: sets the client.
    #[doc(alias = "clid")]
    #[must_use]
    pub fn client(mut self, id: ClientId) -> Self {
        self.client = Some(id);
        self
    }

    /// `pid`: sets the contacts, in this order.
    #[doc(alias = "pid")]
    #[must_use]
    pub fn contacts(mut self, ids: impl IntoIterator<Item = impl Into<ContactId>>) -> Self {
        self.contacts = ids.into_iter().map(Into::into).collect();
        self
    }

    /// `did`: sets the deal.
    #[doc(alias = "did")]
    #[must_use]
    pub fn deal(mut self, id: DealId) -> Self {
        self.deal = Some(id);
        self
    }

    /// Sets a mark: the content that is sent ends with ` [mark]`. Use your own ID, such as the ID of a call.
    ///
    /// The server has no idempotency key. A login that sees the record finds it by its mark: from another process, on
    /// another machine, or after the journal is lost. It does not find the record if a user deleted the mark. The
    /// mark does not protect against two processes that send the same activity at the same moment.
    ///
    /// A mark has at least one character: Latin letters, digits, `.`, `-` and `:`. The server stores, lists and finds such
    /// a mark unchanged (observed). A mark that would be lost is refused before sending; see
    /// [`mark_fault`](Self::mark_fault).
    ///
    /// `Serialize` writes the mark as a part of the content. So a `NewEntry` that is deserialized from that JSON has no
    /// mark, and its content ends with it. Set the mark again: it is not added twice.
    ///
    /// ```
    /// use crm_model::history::NewEntry;
    ///
    /// let entry = NewEntry::new("вх. звонок, 2 мин").mark("1700000000.42");
    /// assert_eq!(entry.sent_content(), "вх. звонок, 2 мин [1700000000.42]");
    /// ```
    #[must_use]
    pub fn mark(mut self, mark: impl Into<String>) -> Self {
        self.mark = Some(mark.into());
        self
    }

    /// Returns the content as it is sent: with the mark at its end.
    #[must_use]
    pub fn sent_content(&self) -> Cow<'_, str> {
        match self.mark.as_deref().map(mark::ending) {
            Some(ending) if !self.content.ends_with(&ending) => {
                Cow::Owned(format!("{}{ending}", self.content))
            }
            _ => Cow::Borrowed(&self.content),
        }
    }

    /// Returns why the record could not be found by its mark, or `None` if it can or has no mark.
    ///
    /// Either the mark has a character that is not allowed, or [`as_stored`](Self::as_stored) does not end with it.
    ///
    /// ```
    /// use crm_model::history::NewEntry;
    ///
    /// assert_eq!(NewEntry::new("цена до 5000").mark("42").mark_fault(), None);
    /// let fault = NewEntry::new("цена <5000").mark("42").mark_fault().unwrap();
    /// assert!(fault.starts_with("would be lost: a \"<\" in the content opens a tag"));
    /// ```
    #[must_use]
    pub fn mark_fault(&self) -> Option<&'static str> {
        let mark = self.mark.as_deref()?;
        if !mark::is_valid(mark) {
            return Some(
                "is empty or has a character other than Latin letters, digits, \".\", \"-\" and \":\"",
            );
        }
        let stored = self.as_stored();
        if [&stored.content, &stored.listed].iter().all(|text| mark::read(text) == Some(mark)) {
            return None;
        }
        let losses = Cleaning::content(&self.sent_content()).losses;
        let has = |kind: fn(&LossKind) -> bool| losses.iter().any(kind);
        Some(if has(|kind| matches!(kind, LossKind::UnclosedTag { .. })) {
            "would be lost: a \"<\" in the content opens a tag that is never closed, and the server drops the rest. Put \
             a space after the \"<\""
        } else if has(|kind| matches!(kind, LossKind::TooLong { .. })) {
            "would be lost: the server cuts the content after 65535 bytes. Shorten the content"
        } else {
            "would be lost: the server keeps nothing of the content before it"
        })
    }
}

impl Serialize for NewEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(user) = &self.user {
            map.serialize_entry("user", user)?;
        }
        if let Some(instant) = self.at_instant {
            map.serialize_entry("at_instant", &instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        } else if let Some(at) = self.at {
            map.serialize_entry("datum", &php::format_datetime(at))?;
        }
        if let Some(title) = &self.activity_type {
            map.serialize_entry("tip", title)?;
        }
        map.serialize_entry("content", &self.sent_content())?;
        if let Some(client) = self.client {
            map.serialize_entry("clid", &client)?;
        }
        if !self.contacts.is_empty() {
            let ids: Vec<String> = self.contacts.iter().map(ToString::to_string).collect();
            map.serialize_entry("pid", &ids.join(","))?;
        }
        if let Some(deal) = self.deal {
            map.serialize_entry("did", &deal)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for NewEntry {
    /// Reads the vendor's keys, and `at_instant`. Fails for an unknown key, because it would not be sent.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let PartialEntry { entry, unknown } = json_object::read(deserializer)?;
        match unknown.keys().next() {
            None => Ok(entry),
            Some(key) => Err(de::Error::unknown_field(key, KEYS)),
        }
    }
}

const KEYS: &[&str] = &["user", "datum", "at_instant", "tip", "content", "clid", "pid", "did"];

/// A new activity while it is read, with the keys that it does not know.
struct PartialEntry {
    entry: NewEntry,
    unknown: Extra,
}

impl Object for PartialEntry {
    const WHAT: &'static str = "a new activity (an object)";

    fn empty() -> Self {
        Self { entry: NewEntry::default(), unknown: Extra::new() }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        let entry = &mut self.entry;
        match key {
            "user" => entry.user = map.next_value::<Text>()?.non_empty(),
            "datum" => entry.at = map.next_value::<DateTime>()?.0,
            "at_instant" => entry.at_instant = map.next_value::<php::Instant>()?.0,
            "tip" => entry.activity_type = map.next_value::<Text>()?.non_empty(),
            "content" => entry.content = map.next_value::<Text>()?.0.unwrap_or_default(),
            "clid" => entry.client = map.next_value::<Id>()?.0.map(ClientId),
            "pid" => entry.contacts = contact_ids(&map.next_value::<Text>()?.0.unwrap_or_default())?,
            "did" => entry.deal = map.next_value::<Id>()?.0.map(DealId),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extra(&mut self) -> &mut Extra {
        &mut self.unknown
    }

    fn missing(&self) -> Option<&'static str> {
        None // an empty content is refused before sending, with its position in the list
    }
}

/// Reads `"2475, 2723"`. Ignores spaces and empty parts, as the server does (observed).
fn contact_ids<E: de::Error>(text: &str) -> Result<Vec<ContactId>, E> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| part.parse().map(ContactId).map_err(|_| E::custom("expected ids joined by \",\"")))
        .collect()
}
