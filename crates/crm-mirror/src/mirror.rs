//! [`Mirror`]: a copy, and what can be done with it.

use std::sync::Arc;
use std::time::SystemTime;

use crm_directory::DirectoryClient;
use crm_history::HistoryClient;
use crm_projects::ProjectsClient;
use crm_transport::durable::IdentityHash;
use crm_transport::{Error, http};
use serde_json::Value;

use crate::changes::{Change, ChangeFilter};
use crate::report::{Report, Run as RunRecord};
use crate::row::Key;
use crate::run::{LOGIN, Run, TOKEN, last_full};
use crate::store::{COPY, OPEN, OWN_COLUMN, RUN, Record, Rewrite, Store, own_columns, refill};
use crate::sync::Sync;
use crate::table::Table;
use crm_history::engine::mutations::breaks;

pub(crate) type Clock = Arc<dyn Fn() -> SystemTime + Send + std::marker::Sync>;

/// A copy of a CRM in a database. Cheap to clone.
#[derive(Clone)]
pub struct Mirror {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl Mirror {
    /// Opens or creates a copy: `sqlite:crm.db`, or `postgres://user@host/database`.
    ///
    /// # Errors
    /// The address is not valid, the feature for it is off, the database cannot be opened, or its tables were created by a
    /// newer version.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub async fn open(url: &str) -> Result<Self, Error> {
        #[cfg(feature = "sqlite")]
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(Error::invalid_request(OPEN, "url", "has no path: sqlite:crm.db"));
            }
            return Ok(Self::with_store(crate::store::SqliteStore::open(path).await?));
        }
        #[cfg(feature = "postgres")]
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Ok(Self::with_store(crate::store::PostgresStore::open(url).await?));
        }
        #[cfg(not(any(feature = "sqlite", feature = "postgres")))]
        let _ = url;
        let fault = "is neither sqlite:FILE nor postgres://USER@HOST/DATABASE, or the feature for it is off";
        Err(Error::invalid_request(OPEN, "url", fault))
    }

    /// Creates a copy in this store.
    pub fn with_store(store: impl Store) -> Self {
        Self { store: Arc::new(store), clock: Arc::new(SystemTime::now) }
    }

    /// Sets the clock (default: that of the system). For tests.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> SystemTime + Send + std::marker::Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Updates the copy.
    ///
    /// A run that is dropped or killed loses nothing that it has written, and the next run resumes.
    ///
    /// # Errors
    /// Nothing is to be copied, another run is active, the copy belongs to another login, a column is not valid, or the
    /// store fails. Failures of a server are in the [`Report`].
    pub async fn run(&self, sync: Sync) -> Result<Report, Error> {
        for (name, _) in &sync.columns {
            check_column(name)?;
        }
        let lock = self.lock().await?;
        let result = self.run_locked(sync, lock.fence).await;
        lock.release().await;
        result
    }

    async fn run_locked(&self, mut sync: Sync, fence: i64) -> Result<Report, Error> {
        let mut settings = self.store.settings().await?;
        let mut view = Vec::new();
        let mut owners = Vec::new();
        for (name, identity, tables) in views(&sync)? {
            match settings.get(&name) {
                Some(known) if *known == identity => continue,
                Some(known) if !sync.new_view && !breaks("a-copy-is-of-one-login") => {
                    let fault = format!("sees the CRM as {identity}, and this copy was made as {known}");
                    let hint = "use another copy, or new_view (--new-view) to switch to this one";
                    return Err(Error::invalid_request(RUN, name, fault).hint(hint));
                }
                Some(_) => view.extend(tables.iter().map(|table| (last_full(*table), "0".to_owned()))),
                None => {}
            }
            owners.push((name, identity));
        }
        for (name, kind) in own_columns(&settings) {
            match sync.columns.iter().find(|(given, _)| *given == name) {
                Some((_, given)) if *given != kind => {
                    let fault = format!("{name} is already a column of the kind {kind}");
                    let hint = "use this kind, or another copy";
                    return Err(Error::invalid_request(RUN, "column", fault).hint(hint));
                }
                Some(_) => {}
                None => sync.columns.push((name, kind)),
            }
        }
        if !settings.contains_key(COPY) {
            let now = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let hash = IdentityHash::new().with(&now.as_nanos().to_le_bytes());
            let hash = hash.with(&std::process::id().to_le_bytes()).value();
            view.push((COPY.to_owned(), format!("{hash:016x}")));
        }
        if !sync.columns.is_empty() {
            if self.store.add_columns(&sync.columns).await? {
                view.push((refill(Table::Projects), "1".to_owned()));
            }
            let kinds =
                sync.columns.iter().map(|(name, kind)| (format!("{OWN_COLUMN}{name}"), kind.to_string()));
            view.extend(kinds);
        }
        settings.extend(view.iter().cloned());
        Run::carry_out(&*self.store, &sync, &self.clock, fence, settings, view, owners).await
    }

    /// Returns at most this many runs, the latest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn status(&self, runs: u32) -> Result<Vec<RunRecord>, Error> {
        self.store.runs(i64::from(runs)).await
    }

    /// Returns entries of the change log, oldest first. Read further entries with [`ChangeFilter::after`].
    ///
    /// # Errors
    /// The store fails.
    pub async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<Change>, Error> {
        self.store.changes(filter).await
    }

    /// Returns at most this many rows of a table with their records, sorted by key, after this key. Deleted rows are
    /// included if they are kept.
    ///
    /// # Errors
    /// The store fails.
    pub async fn records(&self, table: Table, after: Key, limit: u32) -> Result<Vec<Record>, Error> {
        self.store.records(table, after, i64::from(limit)).await
    }

    /// Removes a record from the copy: its row, what belongs to it, and every entry of the change log about it. Returns how
    /// many rows and entries were removed or rewritten.
    ///
    /// For a client or a contact, it also removes the name from other records, and the deleted activities about it,
    /// with their entries in the change log.
    ///
    /// Delete it in the CRM first, and run the mirror, because records that the CRM still lists are copied again. Texts
    /// of activities that the CRM still has are not searched. The login and the name of a user stay in activities,
    /// clients and contacts, and in the entries of the change log about them.
    ///
    /// # Errors
    /// A run is active, the ID is too large, or the store fails.
    pub async fn forget(&self, table: Table, id: u64) -> Result<u64, Error> {
        const FORGET: &str = "mirror.forget";
        let id = i64::try_from(id)
            .map_err(|_| Error::invalid_request(FORGET, "id", "is too large: no row has it"))?;
        let lock = self.lock().await?;
        let mut count = self.store.forget(lock.fence, table, id).await?;
        let others: &[(Table, Rewrite)] = &match table {
            Table::Contacts => vec![
                (Table::Activities, rewrite(move |record| name_of_person(record, id))),
                (Table::Clients, rewrite(move |record| blank(record, "pid", id, "person"))),
            ],
            Table::Clients => vec![
                (Table::Activities, rewrite(move |record| blank(record, "clid", id, "client"))),
                (Table::Contacts, rewrite(move |record| blank(record, "clid", id, "client"))),
            ],
            _ => Vec::new(),
        };
        for (table, rewrite) in others {
            count += self.store.rewrite(lock.fence, *table, Arc::clone(rewrite)).await?;
        }
        lock.release().await;
        Ok(count)
    }

    async fn lock(&self) -> Result<Lock, Error> {
        let fence = self.store.lock().await?.ok_or_else(|| {
            let fault = "another run of this copy is active";
            Error::incomplete(RUN, fault).hint("wait until it has ended")
        })?;
        Ok(Lock { store: Arc::clone(&self.store), fence, is_held: true })
    }
}

impl std::fmt::Debug for Mirror {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mirror").field("store", &self.store).finish_non_exhaustive()
    }
}

/// The lock of a run. It is given back however the run ends.
struct Lock {
    store: Arc<dyn Store>,
    fence: i64,
    is_held: bool,
}

impl Lock {
    /// Gives the lock back. If that fails, the lease expires by itself, and the run has its result.
    async fn release(mut self) {
        self.is_held = false;
        let _ = self.store.unlock(self.fence).await;
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_held {
            self.store.abandon(self.fence);
        }
    }
}

type View = (String, String, Vec<Table>);

/// Returns for each client: the name of its setting, the account that it sees, and its tables.
fn views(sync: &Sync) -> Result<Vec<View>, Error> {
    let mut views = Vec::new();
    let mut salesman: Option<String> = None;
    let clients = [sync.history.as_ref().map(history_view), sync.directory.as_ref().map(directory_view)];
    for identity in clients.into_iter().flatten() {
        let identity = identity?;
        if salesman.as_ref().is_some_and(|other| *other != identity) {
            let fault = "sees another server or login than the history: use the same for both";
            return Err(Error::invalid_request(RUN, "directory", fault));
        }
        salesman = Some(identity);
    }
    if let Some(identity) = salesman {
        let tables = [Table::Activities, Table::Users, Table::Clients, Table::Contacts];
        views.push((LOGIN.to_owned(), identity, tables.to_vec()));
    }
    if let Some(projects) = &sync.projects {
        views.push((TOKEN.to_owned(), projects_view(projects)?, vec![Table::Projects]));
    }
    if views.is_empty() {
        let fault = "has nothing to copy: call history, directory or projects";
        return Err(Error::invalid_request(RUN, "sync", fault));
    }
    Ok(views)
}

fn history_view(history: &HistoryClient) -> Result<String, Error> {
    salesman_view(&history.prepare(&crm_history::operations::ActivityTypes)?)
}

fn directory_view(directory: &DirectoryClient) -> Result<String, Error> {
    salesman_view(&directory.prepare(&crm_directory::operations::UserList)?)
}

/// The server compares logins without regard to case and to spaces at the end (observed).
fn salesman_view<B>(request: &http::Request<B>) -> Result<String, Error> {
    let login = request.headers().get("login").and_then(|login| login.to_str().ok()).unwrap_or_default();
    Ok(format!("{} at {}", login.trim_end().to_lowercase(), server(request)))
}

fn projects_view(projects: &ProjectsClient) -> Result<String, Error> {
    let request = projects.prepare(&crm_projects::operations::List::<crm_projects::Project>::new(
        crm_projects::ProjectQuery::new(),
    ))?;
    let token = request.headers().get("X-Crypto-Token").map_or(&b""[..], |token| token.as_bytes());
    let hash = IdentityHash::new().with(token).value();
    Ok(format!("token {:04x} at {}", hash & 0xffff, server(&request)))
}

/// Returns the server and the folder of the CRM on it.
fn server<B>(request: &http::Request<B>) -> String {
    let uri = request.uri();
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    let path = uri.path();
    let folder =
        ["/developer/", "/backend/"].iter().find_map(|mark| path.split_once(mark)).map_or("", |cut| cut.0);
    format!("{authority}{folder}")
}

fn check_column(name: &str) -> Result<(), Error> {
    const RESERVED: [&str; 7] =
        ["id", "raw", "fingerprint", "detail", "children_read_at", "out_of_view_at", "deleted_at"];
    let is_name = !name.is_empty()
        && name.len() <= 63
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_taken = RESERVED.contains(&name.to_lowercase().as_str())
        || Table::Projects.columns().iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if is_name && !is_taken {
        return Ok(());
    }
    let fault = format!(
        "{name:?} cannot be the name of a column: use letters, digits and _, and no name that is taken"
    );
    Err(Error::invalid_request(RUN, "column", fault))
}

fn rewrite(change: impl Fn(&mut Value) -> bool + Send + std::marker::Sync + 'static) -> Rewrite {
    Arc::new(move |json| {
        let mut record = serde_json::from_str(json).ok()?;
        change(&mut record).then(|| record.to_string())
    })
}

/// Removes the name of a contact from an activity. Returns whether it was there.
fn name_of_person(record: &mut Value, id: i64) -> bool {
    let persons = record.get_mut("person").and_then(Value::as_array_mut);
    let named = persons.into_iter().flatten().filter(|person| {
        person.get("pid").and_then(Value::as_i64) == Some(id)
            && person.get("person").is_some_and(Value::is_string)
    });
    named.map(|person| person["person"] = Value::Null).count() > 0
}

/// Empties a text of a record whose key is this ID. Returns whether there was one.
fn blank(record: &mut Value, key: &str, id: i64, name: &str) -> bool {
    let is_of_it = record.get(key).and_then(Value::as_i64) == Some(id);
    match record.get_mut(name) {
        Some(Value::String(text)) if is_of_it && !text.is_empty() => {
            text.clear();
            true
        }
        _ => false,
    }
}
