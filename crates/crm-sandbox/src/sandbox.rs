//! The running sandbox and its settings.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::history::records::Record;
use crate::projects::Form;
use crate::projects::data::Project;
use crate::projects::shape::ProjectsShape;
use crate::server;
use crate::state::{Settings, State};

/// A running sandbox. It is gone, port and all, when this is dropped.
///
/// It runs on a thread of its own, so it answers even while the test blocks its own thread.
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

    /// Other settings than those of [`Sandbox::start`].
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            settings: Settings { now: None, projects: 120, form: Form::default() },
        }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A copy of the record with this id, as it is stored.
    pub fn record(&self, cid: u64) -> Option<Record> {
        self.state().records.get(cid).cloned()
    }

    /// Copies of all records in the order of their ids, as they are stored.
    pub fn records(&self) -> Vec<Record> {
        self.state().records.iter().cloned().collect()
    }

    /// How many records there are.
    pub fn record_count(&self) -> usize {
        self.state().records.len()
    }

    /// Stores a record just as it is, only under the next free id, and returns that id.
    pub fn add_record(&self, record: Record) -> u64 {
        self.state().records.add(record)
    }

    /// Removes a record, whoever it belongs to, and returns it.
    pub fn remove_record(&self, cid: u64) -> Option<Record> {
        self.state().records.remove(cid)
    }

    /// Copies of all projects in the order of their ids.
    pub fn projects(&self) -> Vec<Project> {
        self.state().projects.clone()
    }

    /// Sets the local time of the account; it stands still from then on.
    pub fn set_now(&self, now: NaiveDateTime) {
        self.state().fixed_now = Some(now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    settings: Settings,
}

impl Builder {
    /// Where to listen; a free loopback port by default.
    pub fn listen(mut self, address: SocketAddr) -> Builder {
        self.address = address;
        self
    }

    /// The local time of the account, standing still; the wall clock by default.
    pub fn now(mut self, now: NaiveDateTime) -> Builder {
        self.settings.now = Some(now);
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

    /// Starts the sandbox.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(self) -> io::Result<Sandbox> {
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::new(self.settings)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("crm-sandbox".to_owned())
            .spawn(move || runtime.block_on(server::serve(listener, served, stopped)))?;
        Ok(Sandbox { url, state, stop: Some(stop), thread: Some(thread) })
    }
}
