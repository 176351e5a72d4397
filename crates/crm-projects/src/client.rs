//! The client of the projects API.

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::{Action, ActionId, Checklist, Good, Payment, Project, ProjectId, Step};
use crm_transport::{
    Client, ClientBuilder, Error, ExportBuilder, Operation, Pipeline, Position, Records, Stats,
    records_by_offset,
};
use http::Request;

use crate::TokenPair;
use crate::export::{ProjectSelection, Projects};
use crate::operations::{
    ActionInfo, ActionQuery, Actions, Checklists, Filter, Goods, Info, List, PaymentQuery, Payments,
    ProjectFilter, ProjectQuery, StepQuery, Steps,
};

/// The client of the projects API of a solOS account. Cheap to clone. Clones share the connections.
///
/// Every method makes one call, except [`projects`](Self::projects), [`filtered`](Self::filtered) and
/// [`export`](Self::export), which make one for each page. To decode records as your own serde type, see
/// [`operations`](crate::operations).
///
/// # Panics
/// Calls panic outside a tokio runtime, and in one without timers (`enable_time`).
#[derive(Clone, Debug)]
pub struct ProjectsClient {
    pipeline: Pipeline,
}

impl ProjectsClient {
    /// Creates a builder for the solOS at this address, such as `https://acme.solos.pro`.
    ///
    /// ```no_run
    /// use crm_projects::{ProjectsClient, TokenPair};
    ///
    /// let projects = ProjectsClient::builder("https://acme.solos.pro")
    ///     .credentials(TokenPair::new("token", "secret"))
    ///     .build()?;
    /// # Ok::<(), crm_projects::Error>(())
    /// ```
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// Returns one page of projects with all their fields (`GET projects`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectQuery;
    ///
    /// let query = ProjectQuery::new().count(100).offset(0).order_by("id").descending().deleted(false);
    /// let page = projects.list(&query).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    pub async fn list(&self, query: &ProjectQuery) -> Result<Page<Project>, Error> {
        self.run(&List::new(query.clone())).await
    }

    /// Returns every project of a query, page after page, from the query's offset on.
    ///
    /// They are sorted by ID, smallest first, with 100 per page, unless the query sets other values.
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectQuery;
    ///
    /// let mut all = projects.projects(ProjectQuery::new());
    /// while let Some(project) = all.next().await {
    ///     println!("{}", project?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends the stream. A record that cannot be decoded is an error, too, and the next record follows.
    pub fn projects(&self, query: ProjectQuery) -> Records<Project> {
        let client = self.clone();
        let page_size = query.page_size();
        let fetch = move |position: Position| {
            let (client, query) = (client.clone(), query.clone().page_after(position.records));
            async move { client.list(&query).await }
        };
        records_by_offset(<List as Operation>::INFO, page_size, |project| project.id.0, fetch)
    }

    /// Returns one page of the projects that match a filter (`POST projects/filter`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// # let (from, to) = (chrono::NaiveDate::MIN, chrono::NaiveDate::MAX);
    /// use crm_projects::{Having, ProjectFilter};
    ///
    /// let filter = ProjectFilter::new().created(from, to).users([2, 4]).having(Having::ChecklistsExpired)
    ///     .field("client_id", [1, 3]);
    /// let page = projects.filter(&filter).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    pub async fn filter(&self, filter: &ProjectFilter) -> Result<Page<Project>, Error> {
        self.run(&Filter::new(filter.clone())).await
    }

    /// Returns every project that matches a filter, page after page, like [`projects`](Self::projects).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::{Having, ProjectFilter};
    ///
    /// let mut unpaid = projects.filtered(ProjectFilter::new().having(Having::NoPayments));
    /// while let Some(project) = unpaid.next().await {
    ///     println!("{}", project?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`projects`](Self::projects).
    pub fn filtered(&self, filter: ProjectFilter) -> Records<Project> {
        let client = self.clone();
        let page_size = filter.page.page_size();
        let fetch = move |position: Position| {
            let (client, mut filter) = (client.clone(), filter.clone());
            filter.page = filter.page.page_after(position.records);
            async move { client.filter(&filter).await }
        };
        records_by_offset(<Filter as Operation>::INFO, page_size, |project| project.id.0, fetch)
    }

    /// Exports every project of a query or a filter by ID, smallest first, in constant memory, with a completeness
    /// verdict.
    ///
    /// A page has as many projects as the query counts, or 100. If projects are deleted meanwhile,
    /// [`projects`](Self::projects) may miss some; an export does not. The options are methods of the
    /// [`ExportBuilder`]: concurrency, a checkpoint to resume from, a progress callback.
    ///
    /// It is assumed that the server sorts by `id` and gives new projects greater IDs. If it does not sort, the export
    /// ends with an error.
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectQuery;
    ///
    /// let mut export = projects.export(ProjectQuery::new()).start().await?;
    /// while let Some(project) = export.next().await {
    ///     println!("{}", project?.id);
    /// }
    /// println!("{}", export.finish().await);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`start`](ExportBuilder::start) refuses a query with an offset or another order. Errors of calls come in place of
    /// a record: see [`Export`](crm_transport::Export).
    pub fn export(&self, selection: impl Into<ProjectSelection>) -> ExportBuilder<Projects> {
        ExportBuilder::new(Projects::new(self.clone(), selection.into()))
    }

    /// Returns one project (`GET projects/info`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectId;
    ///
    /// let project = projects.project(ProjectId(1)).await?;
    /// println!("{:?}", project.fields.get("contract_date"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such record. Otherwise see [`Error`].
    #[doc(alias = "info")]
    pub async fn project(&self, id: ProjectId) -> Result<Project, Error> {
        self.run(&Info::new(id)).await
    }

    /// Returns the steps (stages) of a project (`GET projects/steps`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// # let day = chrono::NaiveDate::MIN;
    /// use crm_projects::{ProjectId, StepQuery};
    ///
    /// let steps = projects.steps(ProjectId(1), &StepQuery::new().date(day).steps([1, 2, 3])).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn steps(&self, project: ProjectId, query: &StepQuery) -> Result<Page<Step>, Error> {
        self.run(&Steps::new(project, query.clone())).await
    }

    /// Returns the actions (events) of a project (`GET projects/actions`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::{ActionQuery, ProjectId};
    ///
    /// let actions = projects.actions(ProjectId(1), &ActionQuery::new().count(100)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn actions(&self, project: ProjectId, query: &ActionQuery) -> Result<Page<Action>, Error> {
        self.run(&Actions::new(project, query.clone())).await
    }

    /// Returns one action (event) (`GET projects/actions/info`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ActionId;
    ///
    /// let action = projects.action(ActionId(1)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such record. Otherwise see [`Error`].
    pub async fn action(&self, id: ActionId) -> Result<Action, Error> {
        self.run(&ActionInfo::new(id)).await
    }

    /// Returns the checklists of a project (`GET projects/checklists`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectId;
    ///
    /// let lists = projects.checklists(ProjectId(1)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn checklists(&self, project: ProjectId) -> Result<Page<Checklist>, Error> {
        self.run(&Checklists::new(project)).await
    }

    /// Returns the goods of a project (`GET projects/goods`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectId;
    ///
    /// let goods = projects.goods(ProjectId(1)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn goods(&self, project: ProjectId) -> Result<Page<Good>, Error> {
        self.run(&Goods::new(project)).await
    }

    /// Returns the payments of a project (`GET projects/payments`).
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::{PaymentKind, PaymentQuery, ProjectId};
    ///
    /// let paid = projects.payments(ProjectId(1), &PaymentQuery::new().kind(PaymentKind::Income)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn payments(&self, project: ProjectId, query: &PaymentQuery) -> Result<Page<Payment>, Error> {
        self.run(&Payments::new(project, query.clone())).await
    }

    /// Runs any operation: with records decoded as your own type, or a method of solOS that this client does not cover.
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::ProjectId;
    /// use crm_projects::operations::Info;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Contract {
    ///     id: u64,
    ///     contract_date: Option<String>,
    /// }
    ///
    /// let contract = projects.run(&Info::<Contract>::new(ProjectId(1))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Your own operation is a type that implements [`Operation`]; see the example there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.pipeline.run(operation).await
    }

    /// Returns the request of a call as it would be sent. Nothing is sent.
    ///
    /// ```
    /// use crm_projects::operations::Goods;
    /// use crm_projects::{Good, ProjectId, ProjectsClient, TokenPair};
    ///
    /// # #[cfg(feature = "reqwest")] {
    /// let projects =
    ///     ProjectsClient::builder("https://acme.solos.pro").credentials(TokenPair::new("token", "secret")).build()?;
    /// let request = projects.prepare(&Goods::<Good>::new(ProjectId(1)))?;
    /// assert_eq!(request.uri(), "https://acme.solos.pro/backend/public/projects/goods?id=1");
    /// # }
    /// # Ok::<(), crm_projects::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.pipeline.prepare(operation)
    }

    /// Returns what this client and its clones have done so far: calls, attempts, retries, waits.
    ///
    /// ```no_run
    /// # fn show(projects: crm_projects::ProjectsClient) {
    /// let stats = projects.stats();
    /// println!("{} calls, {} attempts", stats.calls, stats.attempts);
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Returns the pipeline that every call of this client passes through.
    ///
    /// With the feature `tower` it is a tower service of operations, so that layers can wrap calls.
    ///
    /// ```no_run
    /// # async fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::{Project, ProjectId, operations::Info};
    ///
    /// let pipeline = projects.pipeline().clone();
    /// let project = pipeline.run(&Info::<Project>::new(ProjectId(1))).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Returns a client for another account of the same solOS, over the same connections.
    ///
    /// ```no_run
    /// # fn run(projects: crm_projects::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::TokenPair;
    ///
    /// let other = projects.with_credentials(TokenPair::new("other-token", "other-secret"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: TokenPair) -> Result<Self, Error> {
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials.into())? })
    }
}

impl Client for ProjectsClient {
    type Credentials = TokenPair;

    fn over(pipeline: Pipeline) -> Self {
        Self { pipeline }
    }
}
