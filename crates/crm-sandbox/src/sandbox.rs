//! The running sandbox and its settings.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::account::{Account, SqlMode, Zone};
use crate::clock::{Clock, MachineClock};
use crate::exchange::{Exchange, lock};
use crate::faults::Rule;
use crate::history::Revision;
use crate::history::events::ServerEvent;
use crate::history::records::Record;
use crate::projects::Form;
use crate::projects::data::Project;
use crate::projects::shape::ProjectsShape;
use crate::received::Received;
use crate::request::Request;
use crate::server;
use crate::state::{ControlSecret, Settings, State, Time};

/// A sandbox: with a socket ([`Sandbox::start`]), or in process ([`Builder::in_process`]). When it is dropped, its port
/// is free again.
///
/// With a socket it runs on a thread of its own. It answers even while a test blocks the thread it runs on, and a paused
/// clock of a test does not stop it.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on a free loopback port: an empty history, 120 projects.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Sandbox> {
        Sandbox::builder().start().await
    }

    /// Does the same as [`Sandbox::start`] in a program without async.
    ///
    /// ```
    /// let sandbox = crm_sandbox::Sandbox::start_blocking()?;
    /// println!("two CRMs to try against: {}", sandbox.url());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start_blocking() -> io::Result<Sandbox> {
        Sandbox::builder().start_blocking()
    }

    /// Other settings than those of [`Sandbox::start`].
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            settings: Settings {
                accounts: vec![Account::default()],
                revision: Revision::default(),
                records: 0,
                clients: 0,
                contacts: 0,
                projects: 120,
                form: Form::default(),
                latency_ms: 0,
                now: None,
                seed: 0,
                control_secret: None,
            },
        }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end; in process `http://sandbox.test`, where nothing listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Receives a request, as the socket does. The scheme and the host of its URI do not matter.
    ///
    /// Header names count as sent in lower case. What goes wrong is in the outcome of the exchange.
    pub fn receive(&self, request: http::Request<Bytes>) -> Exchange {
        let (head, body) = request.into_parts();
        let names = head.headers.keys().map(ToString::to_string).collect();
        let reused = !self.state().log.is_empty();
        let request = Request::new(&head, names, Bytes::new(), reused);
        Exchange::from_head(&self.state, &request)
            .unwrap_or_else(|| Exchange::from_request(&self.state, request.with_body(body)))
    }

    /// A copy of the record with this id, as it is stored.
    pub fn record(&self, cid: u64) -> Option<Record> {
        self.state().history.records.get(cid).cloned()
    }

    /// Copies of all records in the order of their ids, as they are stored.
    pub fn records(&self) -> Vec<Record> {
        self.with_records(|records| records.cloned().collect())
    }

    /// Looks at all records in the order of their ids without copying them. No request is answered meanwhile.
    pub fn with_records<R>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Record>) -> R) -> R {
        look(&mut self.state().history.records.iter())
    }

    /// How many records there are.
    pub fn record_count(&self) -> usize {
        self.state().history.records.len()
    }

    /// Stores a record just as it is, only under the next free id, and returns that id.
    pub fn add_record(&self, record: Record) -> u64 {
        self.state().history.records.add(record)
    }

    /// Removes a record, whoever it belongs to, and returns it.
    pub fn remove_record(&self, cid: u64) -> Option<Record> {
        self.state().history.records.remove(cid)
    }

    /// Changes a record, as a person does in the CRM; its id stays. Tells whether there is one.
    pub fn change_record(&self, cid: u64, change: impl FnOnce(&mut Record)) -> bool {
        let mut state = self.state();
        let Some(record) = state.history.records.get_mut(cid) else { return false };
        change(record);
        record.cid = cid;
        true
    }

    /// Stores a record that the server writes itself after a change in the CRM, and returns its id. `about` gives the
    /// owner (who made the change), the client, the contacts, the deal and the account; the time is now where it has none.
    pub fn add_server_record(&self, event: ServerEvent, about: Record) -> u64 {
        let mut state = self.state();
        let now = state.accounts.get(about.account).map(|account| account.zone.local(state.moment()));
        let datum = about.datum.or(now);
        state.history.add_server_record(event, Record { datum, ..about })
    }

    /// Deletes a client, as a person does in the CRM: all its records go. Returns how many. Its contacts stay (assumed).
    pub fn delete_client(&self, clid: i64) -> usize {
        self.state().history.delete_client(clid)
    }

    /// Deletes a deal, as a person does in the CRM: all its records go. Returns how many.
    pub fn delete_deal(&self, did: i64) -> usize {
        self.state().history.delete_deal(did)
    }

    /// Deletes a contact, as a person does in the CRM: its records lose it, and those that have no client, no deal and no
    /// other contact go. Returns how many of both kinds there were.
    pub fn delete_contact(&self, pid: i64) -> usize {
        self.state().history.delete_contact(pid)
    }

    /// Copies of all projects in the order of their ids.
    pub fn projects(&self) -> Vec<Project> {
        self.state().projects.clone()
    }

    /// Copies of all accounts.
    pub fn accounts(&self) -> Vec<Account> {
        self.state().accounts.clone()
    }

    /// Changes the account at this place of the list, 0 for the first, as an administrator does. Returns whether there
    /// is one.
    pub fn change_account(&self, place: usize, change: impl FnOnce(&mut Account)) -> bool {
        self.state().accounts.get_mut(place).map(change).is_some()
    }

    /// Sets the local time of the first account; it stands still from then on.
    pub fn set_now(&self, now: NaiveDateTime) {
        self.state().fixed_now = Some(now);
    }

    /// Lets something go wrong from now on. Among several rules that fit a request, the first that strikes counts, and
    /// those behind it do not see the request. Rules that close the connection unread come first.
    pub fn add_fault(&self, rule: Rule) {
        self.state().faults.add(rule);
    }

    /// The rules, with how often each has struck.
    pub fn faults(&self) -> Vec<Rule> {
        self.state().faults.rules().to_vec()
    }

    /// Lets nothing go wrong any more.
    pub fn clear_faults(&self) {
        self.state().faults.replace(Vec::new());
    }

    /// The requests received, oldest first: at most the last 10,000, and at most about 32 MiB of them. Those to `/_sandbox`
    /// are left out.
    pub fn requests(&self) -> Vec<Received> {
        self.state().log.all()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.state().log.clear();
    }

    /// Starts over: the records, the projects, the time and everything else as at the start.
    pub fn reset(&self) {
        self.state().reset();
    }

    /// The state, with the records at the times that the clocks of their accounts show now.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.catch_up();
        state.settle();
        state
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The port is free again only when the thread has ended.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The settings of a sandbox that is about to start.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    address: SocketAddr,
    pub(crate) settings: Settings,
}

impl Builder {
    /// Where to listen; a free loopback port by default.
    pub fn listen(mut self, address: SocketAddr) -> Builder {
        self.address = address;
        self
    }

    /// Which server the history behaves like; [`Revision::Observed`] by default.
    pub fn revision(mut self, revision: Revision) -> Builder {
        self.settings.revision = revision;
        self
    }

    /// The accounts of SalesMan CRM; [`Account::default`] alone by default.
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = Account>) -> Builder {
        self.settings.accounts = accounts.into_iter().collect();
        self
    }

    /// The SQL mode of every account so far; [`SqlMode::Lenient`] by default.
    pub fn sql_mode(mut self, mode: SqlMode) -> Builder {
        for account in &mut self.settings.accounts {
            account.sql_mode = mode;
        }
        self
    }

    /// The time zone of every account so far; [`Zone::default`] by default.
    pub fn zone(mut self, zone: Zone) -> Builder {
        for account in &mut self.settings.accounts {
            account.zone = zone;
        }
        self
    }

    /// How many hours the clock of the users with this login is ahead of the account's ([`User::tzone`]); 0 by default.
    ///
    /// [`User::tzone`]: crate::User::tzone
    ///
    /// # Errors
    /// When no account has a user with this login.
    pub fn shift(mut self, login: &str, hours: i32) -> Result<Builder, UnknownLogin> {
        let users = self.settings.accounts.iter_mut().flat_map(|account| &mut account.users);
        let mut found = false;
        for user in users.filter(|user| user.login == login) {
            user.tzone = Some(hours);
            found = true;
        }
        if found { Ok(self) } else { Err(UnknownLogin(login.to_owned())) }
    }

    /// How many generated records the history of the first account starts with; none by default.
    pub fn records(mut self, count: u64) -> Builder {
        self.settings.records = count;
        self
    }

    /// How many projects there are; 120 by default.
    pub fn projects(mut self, count: u64) -> Builder {
        self.settings.projects = count;
        self
    }

    /// What the records of the projects API are wrapped in; [`ProjectsShape::Payload`] by default.
    pub fn projects_shape(mut self, shape: ProjectsShape) -> Builder {
        self.settings.form.shape = shape;
        self
    }

    /// Writes every number of the projects API as a string.
    pub fn projects_numbers_as_strings(mut self) -> Builder {
        self.settings.form.numbers_as_strings = true;
        self
    }

    /// Adds `"total"`, the number of all that fit, beside the page, where the shape has room for it.
    pub fn projects_total(mut self) -> Builder {
        self.settings.form.total = true;
        self
    }

    /// How late every answer comes; not at all by default.
    pub fn latency(mut self, latency: Duration) -> Builder {
        self.settings.latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// The local time of the first account, standing still; the wall clock by default.
    pub fn now(mut self, now: NaiveDateTime) -> Builder {
        self.settings.now = Some(now);
        self
    }

    /// Gives everything that happens by chance another course; 0 by default. The same seed and the same requests give the
    /// same answers.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.settings.seed = seed;
        self
    }

    /// Requires this secret, in the header `X-Sandbox-Secret`, for every request to `/_sandbox`; none by default.
    ///
    /// Without a secret such requests must name an IP address or `localhost` as their `Host`. Those with an `Origin` are
    /// always refused.
    pub fn control_secret(mut self, secret: impl Into<String>) -> Builder {
        self.settings.control_secret = Some(ControlSecret(secret.into()));
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        self.start_blocking()
    }

    /// Starts the sandbox in a program without async.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn start_blocking(self) -> io::Result<Sandbox> {
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let time = Time { clock: Arc::new(MachineClock::new()), of_machine: true };
        let state = Arc::new(Mutex::new(State::new(self.settings, time)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("crm-sandbox".to_owned())
            .spawn(move || runtime.block_on(server::serve(listener, served, stopped)))?;
        Ok(Sandbox { url, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Makes a sandbox without a socket, for tests in virtual time: it has no thread, and no clock but this one.
    ///
    /// It takes requests with [`Sandbox::receive`]. Whatever happens later happens when the sandbox is used next, as if it had
    /// happened in time. Where the account has the default time zone, it is in Moscow (UTC+3).
    pub fn in_process(self, clock: impl Clock + 'static) -> Sandbox {
        let time = Time { clock: Arc::new(clock), of_machine: false };
        let state = Arc::new(Mutex::new(State::new(self.settings, time)));
        Sandbox { url: "http://sandbox.test".to_owned(), state, stop: None, thread: None }
    }
}

/// The error of [`Builder::shift`]: no account has a user with this login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLogin(String);

impl fmt::Display for UnknownLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no account has a user with the login {:?}", self.0)
    }
}

impl Error for UnknownLogin {}
