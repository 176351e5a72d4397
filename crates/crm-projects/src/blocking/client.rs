//! The client.

use bytes::Bytes;
use crm_model::Page;
use crm_model::projects::{Action, ActionId, Checklist, Good, Payment, Project, ProjectId, Step};
use crm_transport::blocking::{Export, ExportBuilder, Records, Runtime};
use crm_transport::{Client, ClientBuilder, Error, Operation, Pipeline, Stats};
use http::Request;

use crate::{
    ActionQuery, PaymentQuery, ProjectFilter, ProjectQuery, ProjectSelection, Projects, StepQuery, TokenPair,
};

/// The projects of a solOS account, without async: [`crm_projects::ProjectsClient`](crate::ProjectsClient), waited for.
/// Cheap to clone; clones share the connections, and may be used by many threads at once.
///
/// # Errors
/// Every method has those of the async one. Inside async code each call is an error, and nothing is sent; see
/// [`crm_transport::blocking`].
#[derive(Clone, Debug)]
pub struct ProjectsClient {
    client: crate::ProjectsClient,
    runtime: Runtime,
}

/// Every project of a query or a filter; started with [`ProjectsClient::export`].
pub type ProjectExport = Export<Projects>;

impl ProjectsClient {
    /// Begins a client for the solOS at this address; see
    /// [`ProjectsClient::builder`](crate::ProjectsClient::builder).
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// `GET projects`: [`ProjectsClient::list`](crate::ProjectsClient::list).
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be read is no error; it stands in [`Page::unreadable`].
    pub fn list(&self, query: &ProjectQuery) -> Result<Page<Project>, Error> {
        self.runtime.wait(self.client.list(query))?
    }

    /// Every project of a query: [`ProjectsClient::projects`](crate::ProjectsClient::projects) as an iterator.
    ///
    /// ```no_run
    /// # fn run(projects: crm_projects::blocking::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::blocking::ProjectQuery;
    ///
    /// for project in projects.projects(ProjectQuery::new()) {
    ///     println!("{}", project?.id);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An error of a call ends it. A record that cannot be read is an error too, and the next one follows.
    pub fn projects(&self, query: ProjectQuery) -> Records<Project> {
        Records::new(self.client.projects(query), &self.runtime)
    }

    /// `POST projects/filter`: [`ProjectsClient::filter`](crate::ProjectsClient::filter).
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be read is no error; it stands in [`Page::unreadable`].
    pub fn filter(&self, filter: &ProjectFilter) -> Result<Page<Project>, Error> {
        self.runtime.wait(self.client.filter(filter))?
    }

    /// Every project that meets conditions: [`ProjectsClient::filtered`](crate::ProjectsClient::filtered) as an
    /// iterator.
    ///
    /// # Errors
    /// See [`projects`](Self::projects).
    pub fn filtered(&self, filter: ProjectFilter) -> Records<Project> {
        Records::new(self.client.filtered(filter), &self.runtime)
    }

    /// Every project of a query or a filter, in constant memory, with a verdict:
    /// [`ProjectsClient::export`](crate::ProjectsClient::export) as an iterator.
    ///
    /// ```no_run
    /// # fn run(projects: crm_projects::blocking::ProjectsClient) -> Result<(), crm_projects::Error> {
    /// use crm_projects::blocking::ProjectQuery;
    ///
    /// let mut export = projects.export(ProjectQuery::new()).checkpoint("projects.checkpoint").start()?;
    /// for project in &mut export {
    ///     println!("{}", project?.id);
    /// }
    /// assert!(export.finish().is_complete());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// They come in place of a record: see [`Export`]. A query with an offset or another order is refused.
    pub fn export(&self, selection: impl Into<ProjectSelection>) -> ExportBuilder<Projects> {
        ExportBuilder::new(self.client.export(selection), &self.runtime)
    }

    /// `GET projects/info`: [`ProjectsClient::project`](crate::ProjectsClient::project).
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) where there is none; else see [`Error`].
    #[doc(alias = "info")]
    pub fn project(&self, id: ProjectId) -> Result<Project, Error> {
        self.runtime.wait(self.client.project(id))?
    }

    /// `GET projects/steps`: [`ProjectsClient::steps`](crate::ProjectsClient::steps).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn steps(&self, project: ProjectId, query: &StepQuery) -> Result<Page<Step>, Error> {
        self.runtime.wait(self.client.steps(project, query))?
    }

    /// `GET projects/actions`: [`ProjectsClient::actions`](crate::ProjectsClient::actions).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn actions(&self, project: ProjectId, query: &ActionQuery) -> Result<Page<Action>, Error> {
        self.runtime.wait(self.client.actions(project, query))?
    }

    /// `GET projects/actions/info`: [`ProjectsClient::action`](crate::ProjectsClient::action).
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) where there is none; else see [`Error`].
    pub fn action(&self, id: ActionId) -> Result<Action, Error> {
        self.runtime.wait(self.client.action(id))?
    }

    /// `GET projects/checklists`: [`ProjectsClient::checklists`](crate::ProjectsClient::checklists).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn checklists(&self, project: ProjectId) -> Result<Page<Checklist>, Error> {
        self.runtime.wait(self.client.checklists(project))?
    }

    /// `GET projects/goods`: [`ProjectsClient::goods`](crate::ProjectsClient::goods).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn goods(&self, project: ProjectId) -> Result<Page<Good>, Error> {
        self.runtime.wait(self.client.goods(project))?
    }

    /// `GET projects/payments`: [`ProjectsClient::payments`](crate::ProjectsClient::payments).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn payments(&self, project: ProjectId, query: &PaymentQuery) -> Result<Page<Payment>, Error> {
        self.runtime.wait(self.client.payments(project, query))?
    }

    /// Makes any call: [`ProjectsClient::run`](crate::ProjectsClient::run).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.runtime.wait(self.client.run(operation))?
    }

    /// The request of a call as it would be sent. Nothing is sent, so it can be asked for inside async code too.
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.client.prepare(operation)
    }

    /// What this client and its clones have done so far: calls, attempts, repeats, waits.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// The way that every call of this client goes, which is async: [`ProjectsClient::pipeline`](crate::ProjectsClient::pipeline).
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        self.client.pipeline()
    }

    /// The same solOS for another account, over the same connections and the same thread.
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: TokenPair) -> Result<Self, Error> {
        Ok(Self { client: self.client.with_credentials(credentials)?, runtime: self.runtime.clone() })
    }
}

impl Client for ProjectsClient {
    type Credentials = TokenPair;

    fn over(pipeline: Pipeline) -> Self {
        Self { client: crate::ProjectsClient::over(pipeline), runtime: Runtime::new() }
    }
}
