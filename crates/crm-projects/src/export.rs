//! The projects as a list that can be exported.

use crm_model::Page;
use crm_model::projects::Project;
use crm_transport::{Error, Export, ExportPage, ExportSource, Operation, OperationInfo};

use crate::ProjectsClient;
use crate::operations::{Filter, List, ProjectFilter, ProjectQuery};

/// Every project of a query or a filter; started with [`ProjectsClient::export`].
pub type ProjectExport = Export<Projects>;

/// Which projects to export.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProjectSelection {
    /// The projects of a query: all active ones, or all deleted ones.
    Query(ProjectQuery),
    /// The projects that meet the conditions of a filter.
    Filter(ProjectFilter),
}

impl From<ProjectQuery> for ProjectSelection {
    fn from(query: ProjectQuery) -> Self {
        Self::Query(query)
    }
}

impl From<ProjectFilter> for ProjectSelection {
    fn from(filter: ProjectFilter) -> Self {
        Self::Filter(filter)
    }
}

/// The projects of a selection, as the source of a [`ProjectExport`].
#[derive(Debug)]
pub struct Projects {
    client: ProjectsClient,
    selection: ProjectSelection,
    /// Why the selection cannot be exported: the field and what is wrong with it.
    refused: Option<(&'static str, &'static str)>,
}

impl Projects {
    pub(crate) fn new(client: ProjectsClient, mut selection: ProjectSelection) -> Self {
        let page = match &mut selection {
            ProjectSelection::Query(query) => query,
            ProjectSelection::Filter(filter) => &mut filter.page,
        };
        let refused = match page.clone().for_export() {
            Ok(by_id) => {
                *page = by_id;
                None
            }
            Err(fault) => Some(fault),
        };
        Self { client, selection, refused }
    }

    fn page_after(&self, records: u64) -> ProjectSelection {
        match self.selection.clone() {
            ProjectSelection::Query(query) => ProjectSelection::Query(query.page_after(records)),
            ProjectSelection::Filter(mut filter) => {
                filter.page = filter.page.page_after(records);
                ProjectSelection::Filter(filter)
            }
        }
    }
}

impl ExportSource for Projects {
    type Record = Project;
    const OPERATION: OperationInfo = <List as Operation>::INFO;
    const NAME: &'static str = "projects.export";
    /// `offset` is a number of projects (assumed: the vendor documents no unit). The server may return fewer than `count`,
    /// because no maximum is documented.
    const COUNTS_RECORDS: bool = true;

    fn identity(&self) -> Result<String, Error> {
        if let Some((field, fault)) = self.refused {
            return Err(Error::invalid_request(Self::NAME, field, fault));
        }
        let request = match self.page_after(0) {
            ProjectSelection::Query(query) => self.client.prepare(&List::<Project>::new(query))?,
            ProjectSelection::Filter(filter) => self.client.prepare(&Filter::<Project>::new(filter))?,
        };
        // The token is hashed with the rest; it names the account.
        let token = request.headers().get("x-crypto-token").map_or(&b""[..], |token| token.as_bytes());
        let (token, body) = (String::from_utf8_lossy(token), String::from_utf8_lossy(request.body()));
        Ok(format!("{} {token} {body}", request.uri()))
    }

    fn id(record: &Project) -> u64 {
        record.id.0
    }

    fn page_size(&self) -> usize {
        match &self.selection {
            ProjectSelection::Query(query) => query.page_size(),
            ProjectSelection::Filter(filter) => filter.page.page_size(),
        }
    }

    async fn page(&self, at: ExportPage) -> Result<Page<Project>, Error> {
        match self.page_after(at.offset(self.page_size() as u64)) {
            ProjectSelection::Query(query) => self.client.list(&query).await,
            ProjectSelection::Filter(filter) => self.client.filter(&filter).await,
        }
    }
}
