//! The CRM of a mirror: its server, the people who edit it, and what is seen in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use crm_sandbox::{Clock as _, Operation, Rule, Sandbox};
use crm_transport::http::{Request, Response};
use crm_transport::{BoxFuture, Transport, TransportError};
use tokio::time::sleep;

use crate::clock::TokioClock;
use crate::draw::Draw;
use crate::mirror_acts::{self, Act, Hidden};
use crate::mirror_people;
use crate::mirror_plan::MirrorPlan;
use crate::mirror_tricks::{self, Trick};
use crate::mirror_truth::Truth;
use crate::trace::Trace;
use crate::wire;

/// The transport of the clients. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct Crm(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sandbox: Sandbox,
    clock: TokioClock,
    trace: Trace,
    latency: Duration,
    page_rules: [Rule; 3],
    /// Whether the history, the directory and the projects are copied.
    parts: [bool; 3],
    /// How many projects are on a page.
    page: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    draw: Draw,
    /// How likely people edit something at a request.
    changes: f64,
    tricks: Vec<Trick>,
    requests: u64,
    /// The activity that was asked for last.
    asked: Option<u64>,
    hidden: Hidden,
    truth: Truth,
}

impl Crm {
    pub(crate) fn new(plan: &MirrorPlan, seed: u64, trace: Trace) -> Crm {
        let clock = TokioClock::new(DateTime::<Utc>::from_timestamp(START, 0).unwrap_or_default());
        let sandbox = Sandbox::builder()
            .records(plan.records)
            .clients(plan.clients)
            .contacts(plan.contacts)
            .projects(if plan.has_projects { plan.projects } else { 0 })
            .seed(seed)
            .in_process(clock.clone());
        for project in sandbox.projects() {
            sandbox.change_project(project.id, |project| project.tasks = 0);
        }
        let state = State {
            draw: Draw::new(seed, 22),
            changes: 0.0,
            tricks: Vec::new(),
            requests: 0,
            asked: None,
            hidden: Hidden::default(),
            truth: Truth::new(&sandbox),
        };
        let (latency, page_rules) = (plan.latency, plan.page_rules());
        let parts = [plan.has_history, plan.has_directory, plan.has_projects];
        let (page, state) = (plan.page, Mutex::new(state));
        let crm = Crm(Arc::new(Shared { sandbox, clock, trace, latency, page_rules, parts, page, state }));
        crm.set_faults(&[], 0.0, &[]);
        crm
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.0.sandbox
    }

    pub(crate) fn requests(&self) -> u64 {
        self.state().requests
    }

    /// Returns the time of day in UTC.
    pub(crate) fn now(&self) -> NaiveDateTime {
        self.0.clock.utc().naive_utc()
    }

    /// Seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.0.clock.utc().timestamp()
    }

    pub(crate) fn clock(&self) -> TokioClock {
        self.0.clock.clone()
    }

    /// Replaces the faults, how likely people edit something at a request, and the tricks.
    pub(crate) fn set_faults(&self, faults: &[Rule], changes: f64, tricks: &[Trick]) {
        self.0.sandbox.clear_faults();
        faults.iter().chain(&self.0.page_rules).for_each(|rule| self.0.sandbox.add_fault(rule.clone()));
        let mut state = self.state();
        state.changes = changes;
        state.tricks = tricks.to_vec();
    }

    pub(crate) fn with_tricks<T>(&self, work: impl FnOnce(&mut [Trick]) -> T) -> T {
        work(&mut self.state().tricks)
    }

    /// What is known of what was there.
    pub(crate) fn truth(&self) -> Truth {
        self.look();
        self.state().truth.clone()
    }

    /// A run begins.
    pub(crate) fn begin_run(&self) {
        self.look();
        let now = self.seconds();
        self.state().truth.begin_run(now);
    }

    /// A full run could not know that it has passed by this activity.
    pub(crate) fn excuse(&self, id: i64) {
        self.state().truth.excuse(id);
    }

    /// People edit so often.
    pub(crate) fn edit(&self, times: usize) {
        for _ in 0..times {
            let mut draw = self.state().draw.clone();
            let edited = mirror_people::edit(self, &mut draw, self.0.parts);
            self.0.trace.note(format!("people: {edited}"));
            self.state().draw = draw;
            self.look();
        }
    }

    /// People do this.
    pub(crate) fn act(&self, act: Act) {
        let (mut draw, mut hidden) = {
            let mut state = self.state();
            (state.draw.clone(), std::mem::take(&mut state.hidden))
        };
        let done = mirror_acts::carry_out(self, &mut draw, &mut hidden, act);
        self.0.trace.note(format!("people: {done}"));
        let mut state = self.state();
        (state.draw, state.hidden) = (draw, hidden);
        drop(state);
        self.look();
    }

    /// Returns the activity that was asked for last.
    pub(crate) fn asked(&self) -> Option<u64> {
        self.state().asked
    }

    /// Somebody deletes these activities, or these contacts.
    pub(crate) fn delete(&self, listed: Operation, ids: &[u64]) {
        for id in ids {
            if listed == Operation::PersonList {
                self.0.sandbox.delete_contact(id.cast_signed());
            } else {
                self.0.sandbox.remove_record(*id);
            }
        }
        self.0.trace.note(format!("people: {ids:?} of {listed:?} are deleted"));
        self.look();
    }

    /// Somebody gives the activity that was asked for last another time.
    pub(crate) fn move_asked(&self) {
        let Some(id) = self.asked() else { return };
        let at = {
            let draw = &mut self.state().draw;
            some_time(self, draw)
        };
        self.note_moved(id);
        self.0.sandbox.change_record(id, |record| record.datum = Some(at));
        self.0.trace.note(format!("people: activity {id} is moved to {at}"));
        self.look();
    }

    /// Somebody gives some old activities a time of these days.
    pub(crate) fn move_in(&self, most: usize) {
        let mut draw = self.state().draw.clone();
        let moved = mirror_people::move_in(self, &mut draw, most);
        self.0.trace.note(format!("people: {moved}"));
        self.state().draw = draw;
        self.look();
    }

    /// Notes that the time of a record was changed, so that it is not taken for a shift of the clock.
    pub(crate) fn note_moved(&self, id: u64) {
        self.state().truth.moved.insert(id);
    }

    /// Lets the login see a project no longer, or again.
    pub(crate) fn hide_or_show(&self, project: u64) {
        self.0.sandbox.change_project(project, |project| project.tasks = 1 - project.tasks.min(1));
    }

    /// Notes a page of the newest activities.
    pub(crate) fn note_newest(&self, ids: &[u64], is_first_page: bool) {
        self.look();
        self.state().truth.note_newest(ids, is_first_page);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees what has changed.
    fn look(&self) {
        let now = self.seconds();
        self.state().truth.look(&self.0.sandbox, now);
    }

    fn let_people_work(&self) {
        let works = {
            let mut state = self.state();
            let changes = state.changes;
            changes > 0.0 && state.draw.chance(changes)
        };
        if works {
            self.edit(1);
        }
    }

    fn pause(&self) -> Duration {
        self.state().draw.millis(0, self.0.latency.as_millis() as u64)
    }

    async fn exchange(self, number: u64, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        sleep(self.pause()).await;
        self.let_people_work();
        let request = projects_of_the_login(request, self.0.page);
        let path = request.uri().path().to_owned();
        let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let exchange = self.0.sandbox.receive(request);
        let outcome = wire::outcome(exchange, &self.0.clock).await;
        let outcome = outcome.map(|response| mirror_tricks::apply(&self, &path, response));
        if let (Ok(response), Some("cid"), Some("new")) =
            (&outcome, asked["order"].as_str(), asked["first"].as_str())
        {
            mirror_tricks::note_newest(&self, asked["offset"].is_null(), response);
        }
        sleep(self.pause()).await;
        let said = match &outcome {
            Ok(response) => format!("{} {}", response.status(), String::from_utf8_lossy(response.body())),
            Err(failure) => failure.to_string(),
        };
        self.0.trace.note(format!("#{number} answer: {}", said.chars().take(300).collect::<String>()));
        wire::as_seen(outcome).await
    }
}

impl Transport for Crm {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let number = {
                let mut state = self.state();
                state.requests += 1;
                state.asked = body["cid"].as_u64().or(state.asked);
                state.requests
            };
            let path = request.uri().path_and_query().map_or("", |path| path.as_str());
            let body = String::from_utf8_lossy(request.body()).into_owned();
            self.0.trace.note(format!("#{number} {} {path} {body}", request.method()));
            let on_its_way = tokio::spawn(self.clone().exchange(number, request));
            on_its_way.await.map_err(|error| TransportError::closed(error.to_string()))?
        })
    }
}

/// Returns a time around now: mostly recent, sometimes old or in the future.
pub(crate) fn some_time(crm: &Crm, draw: &mut Draw) -> NaiveDateTime {
    let hours = match draw.number(0, 4) {
        0 => draw.number(1, 24 * 900) as i64,
        1 => -(draw.number(1, 24 * 60) as i64),
        _ => draw.number(0, 24 * 16) as i64,
    };
    crm.now() - TimeDelta::hours(hours) - TimeDelta::minutes(draw.number(0, 59) as i64)
}

/// Asks for the projects that the login sees, and for so many at most. Those with open tasks are hidden from it: no answer
/// shows tasks, and a list can leave such projects out.
fn projects_of_the_login(request: Request<Bytes>, page: usize) -> Request<Bytes> {
    let uri = request.uri().to_string();
    let Some((path, query)) = uri.split_once("/projects?") else { return request };
    let others: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("count=")).collect();
    let (mut head, body) = request.into_parts();
    if let Ok(uri) = format!("{path}/projects?count={page}&having=no_tasks&{}", others.join("&")).parse() {
        head.uri = uri;
    }
    Request::from_parts(head, body)
}

/// 2024-06-25 11:25:00 UTC.
const START: i64 = 1_719_314_700;
