//! The running sandbox.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use bytes::Bytes;
use chrono::NaiveDateTime;
use tokio::sync::oneshot;

use crate::account::Account;
use crate::builder::Builder;
use crate::exchange::{Exchange, lock};
use crate::faults::Rule;
use crate::projects::data::Project;
use crate::received::Received;
use crate::request::Request;
use crate::state::State;

/// A sandbox: with a socket ([`Sandbox::start`]), or in process ([`Builder::in_process`]). Dropping it frees its port.
///
/// With a socket, it runs on its own thread. It responds even while a test blocks the thread it runs on, and a paused
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
    /// No port can be bound.
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
    /// No port can be bound.
    pub fn start_blocking() -> io::Result<Sandbox> {
        Sandbox::builder().start_blocking()
    }

    /// Returns a builder, for other settings than those of [`Sandbox::start`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn with_socket(
        url: String,
        state: Arc<Mutex<State>>,
        stop: oneshot::Sender<()>,
        thread: JoinHandle<()>,
    ) -> Sandbox {
        Sandbox { url, state, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn without_socket(state: Arc<Mutex<State>>) -> Sandbox {
        Sandbox { url: "http://sandbox.test".to_owned(), state, stop: None, thread: None }
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end; in process `http://sandbox.test`, where nothing listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Receives a request, as the socket does. The scheme and the host of its URI do not matter.
    ///
    /// Header names are treated as lower case. Failures are in the outcome of the exchange.
    pub fn receive(&self, request: http::Request<Bytes>) -> Exchange {
        let (head, body) = request.into_parts();
        let names = head.headers.keys().map(ToString::to_string).collect();
        let reused = !self.state().log.is_empty();
        let request = Request::new(&head, names, Bytes::new(), reused);
        Exchange::from_head(&self.state, &request)
            .unwrap_or_else(|| Exchange::from_request(&self.state, request.with_body(body)))
    }

    /// Changes a project, as a person does in the CRM. Its ID stays. Returns whether the project exists.
    pub fn change_project(&self, id: u64, change: impl FnOnce(&mut Project)) -> bool {
        let mut state = self.state();
        let Some(project) = state.projects.iter_mut().find(|project| project.id == id) else { return false };
        change(project);
        project.id = id;
        true
    }

    /// Copies of all projects in the order of their IDs.
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
