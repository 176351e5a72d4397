//! The settings of a sandbox, and its start.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::account::{Account, SqlMode, Zone};
use crate::clock::{Clock, MachineClock};
use crate::history::Revision;
use crate::projects::Form;
use crate::projects::shape::ProjectsShape;
use crate::sandbox::Sandbox;
use crate::server;
use crate::state::{ControlSecret, Settings, State, Time};

/// Builds a sandbox from its settings.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    address: SocketAddr,
    pub(crate) settings: Settings,
}

impl Builder {
    pub(crate) fn new() -> Builder {
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

    /// Sets the address to listen on (default: a free loopback port).
    pub fn listen(mut self, address: SocketAddr) -> Builder {
        self.address = address;
        self
    }

    /// Sets which server the history behaves like (default: [`Revision::Observed`]).
    pub fn revision(mut self, revision: Revision) -> Builder {
        self.settings.revision = revision;
        self
    }

    /// Sets the accounts of SalesMan CRM (default: only [`Account::default`]).
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = Account>) -> Builder {
        self.settings.accounts = accounts.into_iter().collect();
        self
    }

    /// Sets the SQL mode of every account added so far (default: [`SqlMode::Lenient`]).
    pub fn sql_mode(mut self, mode: SqlMode) -> Builder {
        for account in &mut self.settings.accounts {
            account.sql_mode = mode;
        }
        self
    }

    /// Sets the time zone of every account added so far (default: [`Zone::default`]).
    pub fn zone(mut self, zone: Zone) -> Builder {
        for account in &mut self.settings.accounts {
            account.zone = zone;
        }
        self
    }

    /// Sets by how many hours the clock of the users with this login is ahead of the account's ([`User::tzone`];
    /// default: 0).
    ///
    /// [`User::tzone`]: crate::User::tzone
    ///
    /// # Errors
    /// No account has a user with this login.
    pub fn shift(mut self, login: &str, hours: i32) -> Result<Builder, UnknownLogin> {
        let users = self.settings.accounts.iter_mut().flat_map(|account| &mut account.users);
        let mut found = false;
        for user in users.filter(|user| user.login == login) {
            user.tzone = Some(hours);
            found = true;
        }
        if found { Ok(self) } else { Err(UnknownLogin(login.to_owned())) }
    }

    /// Sets the number of generated records with which the history of the first account starts (default: 0).
    pub fn records(mut self, count: u64) -> Builder {
        self.settings.records = count;
        self
    }

    /// Sets the number of projects (default: 120).
    pub fn projects(mut self, count: u64) -> Builder {
        self.settings.projects = count;
        self
    }

    /// Sets the envelope of the records of the projects API (default: [`ProjectsShape::Payload`]).
    pub fn projects_shape(mut self, shape: ProjectsShape) -> Builder {
        self.settings.form.shape = shape;
        self
    }

    /// Writes every number of the projects API as a string.
    pub fn projects_numbers_as_strings(mut self) -> Builder {
        self.settings.form.numbers_as_strings = true;
        self
    }

    /// Adds `"total"`, the number of all matching records, next to the page, if the shape allows it.
    pub fn projects_total(mut self) -> Builder {
        self.settings.form.total = true;
        self
    }

    /// Sets the delay of every response (default: none).
    pub fn latency(mut self, latency: Duration) -> Builder {
        self.settings.latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self
    }

    /// Stops the clock of the first account at this local time (default: the wall clock).
    pub fn now(mut self, now: NaiveDateTime) -> Builder {
        self.settings.now = Some(now);
        self
    }

    /// Sets the seed of all random behaviour (default: 0). The same seed and the same requests produce the same
    /// responses.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.settings.seed = seed;
        self
    }

    /// Requires this secret, in the header `X-Sandbox-Secret`, for every request to `/_sandbox` (default: none).
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
    /// The address cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        self.start_blocking()
    }

    /// Starts the sandbox in a program without async.
    ///
    /// # Errors
    /// The address cannot be bound.
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
        Ok(Sandbox::with_socket(url, state, stop, thread))
    }

    /// Creates a sandbox without a socket, for tests in virtual time. It has no thread, and uses only this clock.
    ///
    /// It takes requests with [`Sandbox::receive`]. Later events take place when the sandbox is used next, as if they
    /// had happened in time. If the account has the default time zone, it is in Moscow (UTC+3).
    pub fn in_process(self, clock: impl Clock + 'static) -> Sandbox {
        let time = Time { clock: Arc::new(clock), of_machine: false };
        let state = Arc::new(Mutex::new(State::new(self.settings, time)));
        Sandbox::without_socket(state)
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
