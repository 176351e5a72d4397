//! The history as a list that can be exported.

use std::fmt;
use std::str::FromStr;

use crm_model::history::Entry;
use crm_model::{InvalidValue, Page};
use crm_transport::{Error, Export, ExportPage, ExportSource, Operation, OperationInfo};

use crate::HistoryClient;
use crate::client::PAGE;
use crate::collation::folded_activity_type;
use crate::operations::{EntryQuery, List};

/// Every activity of a query; started with [`HistoryClient::export`].
///
/// Its verdict is about what the server lists. Without a user in the query, the role of the login decides whose activities
/// these are (observed, see [`EntryQuery`]). Without a first day, activities with the date `0000-00-00` are among them,
/// except where the database is in the SQL mode `NO_ZERO_DATE` (observed).
pub type EntryExport = Export<Entries>;

/// The texts that an export fetches in addition to the list.
///
/// The list changes contents for display (see [`Entry::content`]); `info` returns them as they are stored. Each text
/// costs one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Texts {
    /// None: contents are as listed.
    #[default]
    AsListed,
    /// The content of each activity whose listed content shows a change: it has a `<br`, a `-` or a `”`.
    ///
    /// This restores everything that was written through the API. Tags, which people may write in the CRM itself, leave
    /// no trace in the list.
    Changed,
    /// The content of every activity.
    All,
}

impl fmt::Display for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AsListed => "none",
            Self::Changed => "changed",
            Self::All => "all",
        })
    }
}

impl FromStr for Texts {
    type Err = InvalidValue;

    /// Reads one of the words that `Display` writes: `none`, `changed`, `all`.
    fn from_str(word: &str) -> Result<Self, InvalidValue> {
        match word {
            "none" => Ok(Self::AsListed),
            "changed" => Ok(Self::Changed),
            "all" => Ok(Self::All),
            _ => Err(InvalidValue::new("Texts", "one of none, changed, all")),
        }
    }
}

/// Which activities to export, and which of their texts to fetch.
///
/// An [`EntryQuery`] becomes one with [`Texts::AsListed`], or with [`EntryQuery::with_texts`].
#[derive(Clone, Debug, PartialEq)]
pub struct EntrySelection {
    query: EntryQuery,
    texts: Texts,
}

impl From<EntryQuery> for EntrySelection {
    fn from(query: EntryQuery) -> Self {
        query.with_texts(Texts::default())
    }
}

impl EntryQuery {
    /// Selects the activities of this query for an [export](HistoryClient::export) that also fetches these texts.
    #[must_use]
    pub fn with_texts(self, texts: Texts) -> EntrySelection {
        EntrySelection { query: self, texts }
    }
}

/// The activities of a selection, as the source of an [`EntryExport`].
#[derive(Debug)]
pub struct Entries {
    client: HistoryClient,
    query: EntryQuery,
    texts: Texts,
    /// Why the query cannot be exported: the field and what is wrong with it.
    refused: Option<(&'static str, &'static str)>,
}

impl Entries {
    pub(crate) fn new(client: HistoryClient, EntrySelection { query, texts }: EntrySelection) -> Self {
        let (query, refused) = match query.clone().for_export() {
            Ok(query) => (query, None),
            Err(fault) => (query, Some(fault)),
        };
        Self { client, query, texts, refused }
    }
}

impl ExportSource for Entries {
    type Record = Entry;
    const OPERATION: OperationInfo = <List as Operation>::INFO;
    const NAME: &'static str = "history.export";
    const COUNTS_RECORDS: bool = false;

    fn identity(&self) -> Result<String, Error> {
        if let Some((field, fault)) = self.refused {
            return Err(Error::invalid_request(Self::NAME, field, fault));
        }
        let request = self.client.prepare(&List::new(self.query.clone()))?;
        let login = request.headers().get("login").map_or(&b""[..], |login| login.as_bytes());
        let (login, body) = (String::from_utf8_lossy(login), String::from_utf8_lossy(request.body()));
        Ok(format!("{} {login} {body} {:?}", request.uri(), self.texts))
    }

    fn id(record: &Entry) -> u64 {
        record.id.0
    }

    fn page_size(&self) -> usize {
        PAGE
    }

    async fn page(&self, at: ExportPage) -> Result<Page<Entry>, Error> {
        self.client.list(&self.query.clone().page(at.number)).await
    }

    /// A server of 2026-06 ignores `tip` and returns every type (observed).
    fn fits(&self, record: &Entry) -> bool {
        let wanted = self.query.wanted_activity_type();
        wanted.is_none_or(|wanted| {
            let of = folded_activity_type;
            record.activity_type.as_deref().is_some_and(|title| of(title) == of(wanted))
        })
    }

    fn needs_hydration(&self, record: &Entry) -> bool {
        let content = record.content.as_deref().unwrap_or_default();
        match self.texts {
            Texts::AsListed => false,
            Texts::Changed => ["<br", "-", "”"].iter().any(|trace| content.contains(trace)),
            Texts::All => true,
        }
    }

    async fn hydrate(&self, mut record: Entry) -> Result<(Entry, bool), Error> {
        match self.client.entry(record.id).await {
            // Only the content, because `info` returns the first of the contacts only (observed).
            Ok(whole) => {
                record.content = whole.content;
                Ok((record, true))
            }
            // It was deleted since it was listed. A 404 of HTTP does not come from the CRM.
            Err(error) if error.is_not_found() => Ok((record, false)),
            Err(error) => Err(error),
        }
    }
}
