//! The history as a list that can be exported.

use chrono::NaiveDate;
use crm_model::Page;
use crm_model::history::Entry;
use crm_transport::{
    Error, ErrorKind, Export, ExportPage, ExportSource, HydratedSource, MonthlySource, Operation,
    OperationInfo,
};

use crate::HistoryClient;
use crate::months::months;
use crate::operations::{EntryQuery, List};

/// Every activity of a query; made by [`HistoryClient::export`].
///
/// Its verdict is about what the server lists. It lists no activity with the date `0000-00-00` in any range of dates
/// (observed), and those of the caller and all subordinates only, unless the query names a user (documented).
///
/// [`by_month`](Export::by_month) reads month by month, and needs a query with both days.
pub type EntryExport = Export<Entries>;

/// What an export fetches beyond the list, one call for each activity: a list rewrites contents for display (see
/// [`Entry::content`]), `info` tells them as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hydrate {
    /// Nothing: contents as the list has them.
    #[default]
    Nothing,
    /// The content of each activity whose listed content shows that it was rewritten: it has a `<br`, a `-` or a `”`.
    /// That brings back whatever was written over the API; tags, which people may write in the CRM itself, leave no
    /// trace in the list.
    Content,
    /// The content of every activity.
    EveryContent,
}

/// The activities of a query, as the source of an [`EntryExport`].
#[derive(Debug)]
pub struct Entries {
    client: HistoryClient,
    query: EntryQuery,
    /// The days as they were asked for, where the query sends both in any case.
    days: (Option<NaiveDate>, Option<NaiveDate>),
    /// None where it is read as one.
    months: Vec<(NaiveDate, NaiveDate)>,
    hydrate: Hydrate,
    refused: Option<(&'static str, &'static str)>,
}

impl Entries {
    pub(crate) fn new(client: HistoryClient, query: EntryQuery) -> Self {
        let days = query.days();
        let (query, refused) = match query.clone().for_export() {
            Ok(query) => (query, None),
            Err(fault) => (query, Some(fault)),
        };
        Self { client, query, days, months: Vec::new(), hydrate: Hydrate::default(), refused }
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
        Ok(format!("{} {login} {body} {:?}", request.uri(), self.hydrate))
    }

    fn windows(&self) -> Vec<String> {
        self.months.iter().map(|(first, last)| format!("{first}/{last}")).collect()
    }

    fn id(record: &Entry) -> u64 {
        record.id.0
    }

    fn page_size(&self) -> usize {
        200 // documented
    }

    async fn page(&self, at: ExportPage) -> Result<Page<Entry>, Error> {
        let mut query = self.query.clone().page(at.number);
        if let Some(&(first, last)) = self.months.get(at.window) {
            query = query.between(first, last);
        }
        self.client.list(&query).await
    }

    /// A server of 2026-06 ignores `tip` and gives every type (observed).
    fn fits(&self, record: &Entry) -> bool {
        let wanted = self.query.wanted_activity();
        wanted.is_none_or(|wanted| {
            record.activity.as_deref().is_some_and(|activity| collated(activity) == collated(wanted))
        })
    }

    fn wants(&self, record: &Entry) -> bool {
        let content = record.content.as_deref().unwrap_or_default();
        match self.hydrate {
            Hydrate::Nothing => false,
            Hydrate::Content => ["<br", "-", "”"].iter().any(|trace| content.contains(trace)),
            Hydrate::EveryContent => true,
        }
    }

    async fn hydrate(&self, mut record: Entry) -> Result<(Entry, bool), Error> {
        match self.client.entry(record.id).await {
            // Only the content: of the contacts `info` tells but the first (observed).
            Ok(whole) => {
                record.content = whole.content;
                Ok((record, true))
            }
            // Deleted since it was listed. A 404 of HTTP is no word of the CRM.
            Err(error) if error.is_not_found() && error.kind() != ErrorKind::Http => Ok((record, false)),
            Err(error) => Err(error),
        }
    }
}

impl HydratedSource for Entries {
    type Hydrate = Hydrate;

    fn set_hydrate(&mut self, how: Hydrate) {
        self.hydrate = how;
    }
}

impl MonthlySource for Entries {
    fn cut_by_month(&mut self) {
        let both = "is missing, and an export by month needs both days: say between(first, last)";
        match self.days {
            (Some(first), Some(last)) => self.months = months(first, last),
            (None, _) => self.refused = self.refused.or(Some(("since", both))),
            (_, None) => self.refused = self.refused.or(Some(("until", both))),
        }
    }
}

/// As the server's database compares titles of types: of their first 50 characters, which is all it stores, without
/// regard to case, `ё` or blanks at the end.
fn collated(title: &str) -> String {
    let title: String = title.trim().chars().take(50).collect();
    title.trim_end().to_lowercase().replace('ё', "е")
}
