//! The client of users, clients and contacts. `clients`, `contacts` and `find` are its methods about these.

mod clients;
mod contacts;
mod find;

use std::sync::Arc;

use bytes::Bytes;
use crm_history::{ApiKey, HistoryClient};
use crm_model::Page;
use crm_model::directory::User;
use crm_transport::{Client, ClientBuilder, Error, Operation, Pipeline, Stats};
use http::Request;

use crate::CachePolicy;
use crate::cache::Cache;
use crate::operations::{UserInfo, UserKey, UserList};

/// The client of users, clients and contacts of a SalesMan CRM, read only. Cheap to clone; clones share the connections
/// and what lookups have found.
///
/// # Panics
/// Calls panic outside a tokio runtime, and in one without timers (`enable_time`).
#[derive(Clone, Debug)]
pub struct DirectoryClient {
    pipeline: Pipeline,
    cache: Arc<Cache>,
}

impl DirectoryClient {
    /// Creates a builder for the CRM at this address, such as `https://crm.example.ru` or `https://host/crm`.
    ///
    /// Beside a `HistoryClient`, use `DirectoryClient::from(&history)`: both then share connections and limits.
    ///
    /// ```no_run
    /// use crm_directory::{ApiKey, DirectoryClient};
    ///
    /// let directory = DirectoryClient::builder("https://crm.example.ru")
    ///     .credentials(ApiKey::new("key", "login@example.ru"))
    ///     .build()?;
    /// # Ok::<(), crm_directory::Error>(())
    /// ```
    pub fn builder(address: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(address)
    }

    /// Sets how results of lookups are kept (default: [`CachePolicy::new`]). The client begins without any.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) {
    /// use std::time::Duration;
    ///
    /// use crm_directory::CachePolicy;
    ///
    /// let directory = directory.with_cache(CachePolicy::new().time_to_live(Duration::from_secs(300)));
    /// # }
    /// ```
    #[must_use]
    pub fn with_cache(self, policy: CachePolicy) -> Self {
        Self { cache: Arc::new(Cache::new(policy)), ..self }
    }

    /// Returns all users of the account, blocked ones too (`user/list`). Every user sees all of them (observed).
    ///
    /// Telephone numbers and roles come with [`user`](Self::user) only (observed).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// for user in directory.users().await? {
    ///     println!("{} {:?}", user.id, user.login);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A record that cannot be decoded is not an error; it is in [`Page::unreadable`].
    #[doc(alias = "user/list")]
    pub async fn users(&self) -> Result<Page<User>, Error> {
        self.run(&UserList).await
    }

    /// Returns one user by login, [`UserId`](crate::UserId) or [`UserKey::Uid`] (`user/info`).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{UserId, UserKey};
    ///
    /// let by_login = directory.user("seller@example.ru").await?;
    /// let by_id = directory.user(UserId(2)).await?;
    /// let by_uid = directory.user(UserKey::Uid("MGR-3".to_owned())).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) if there is no such user. Otherwise see [`Error`].
    #[doc(alias = "user/info")]
    pub async fn user(&self, key: impl Into<UserKey>) -> Result<User, Error> {
        self.run(&UserInfo::new(key)).await
    }

    /// Runs any operation, including your own: a method of the CRM that this client does not cover.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::operations::UserList;
    ///
    /// let users = directory.run(&UserList).await?;   // what `directory.users()` does
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
    /// use crm_directory::operations::UserInfo;
    /// use crm_directory::{ApiKey, DirectoryClient, UserId};
    ///
    /// # #[cfg(feature = "reqwest")] {
    /// let directory =
    ///     DirectoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login")).build()?;
    /// let request = directory.prepare(&UserInfo::new(UserId(2)))?;
    /// assert_eq!(request.uri(), "https://crm.example.ru/developer/v3/user/info");
    /// assert_eq!(request.body(), r#"{"iduser":2}"#);
    /// # }
    /// # Ok::<(), crm_directory::Error>(())
    /// ```
    ///
    /// # Errors
    /// The input is refused.
    pub fn prepare<O: Operation>(&self, operation: &O) -> Result<Request<Bytes>, Error> {
        self.pipeline.prepare(operation)
    }

    /// Returns what this client, its clones and clients over the same connections have done so far: calls, attempts,
    /// retries, waits.
    ///
    /// ```no_run
    /// # fn show(directory: crm_directory::DirectoryClient) {
    /// println!("{} calls", directory.stats().calls);
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pipeline.stats()
    }

    /// Returns the pipeline that every call of this client passes through.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) {
    /// let pipeline = directory.pipeline().clone();
    /// # }
    /// ```
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Returns a client for another account or user of the same CRM, over the same connections. It begins without
    /// results of lookups, because another user sees other clients.
    ///
    /// ```no_run
    /// # fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// use crm_directory::ApiKey;
    ///
    /// let seller = directory.with_credentials(ApiKey::new("key", "seller@example.ru"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A credential is empty or cannot be sent.
    pub fn with_credentials(&self, credentials: ApiKey) -> Result<Self, Error> {
        let cache = Arc::new(Cache::new(self.cache.policy()));
        Ok(Self { pipeline: self.pipeline.with_credentials(credentials.into())?, cache })
    }
}

impl Client for DirectoryClient {
    type Credentials = ApiKey;

    fn over(pipeline: Pipeline) -> Self {
        Self { pipeline, cache: Arc::new(Cache::new(CachePolicy::new())) }
    }
}

impl From<&HistoryClient> for DirectoryClient {
    /// Creates a client over the connections and with the limits and credentials of this one.
    fn from(history: &HistoryClient) -> Self {
        Self::over(history.pipeline().clone())
    }
}
