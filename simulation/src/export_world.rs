//! The server of an export, the others who change its records, and the truth about them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use crm_sandbox::{Record, Sandbox};
use crm_transport::http::{Request, Response};
use crm_transport::{BoxFuture, Transport, TransportError};
use tokio::time::sleep;

use crate::clock::TokioClock;
use crate::draw::Draw;
use crate::export_plan::ExportPlan;
use crate::network::listed;
use crate::trace::Trace;
use crate::wire;

/// The transport of the client. Clones share everything.
#[derive(Debug, Clone)]
pub(crate) struct ExportWorld(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sandbox: Sandbox,
    clock: TokioClock,
    trace: Trace,
    latency: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    draw: Draw,
    /// How likely others change something at a request.
    changes: f64,
    requests: u64,
    truth: Truth,
}

/// The ids of the records that an export asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    /// Those that were in the list since the export began.
    pub(crate) throughout: BTreeSet<u64>,
    /// Those that were in it at some moment.
    pub(crate) ever: BTreeSet<u64>,
    /// The smallest number of records that were in it at a time.
    pub(crate) fewest: usize,
}

/// The first day that an export of some days asks for.
pub(crate) fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 6, 10).unwrap_or_default()
}

impl ExportWorld {
    pub(crate) fn new(plan: &ExportPlan, seed: u64, trace: Trace) -> ExportWorld {
        let mut draw = Draw::new(seed, 12);
        let clock = TokioClock::new(first_day().and_time(chrono::NaiveTime::MIN).and_utc());
        let sandbox = Sandbox::builder().projects(0).seed(seed).in_process(clock.clone());
        for _ in 0..plan.records {
            let id = sandbox.add_record(record(&mut draw));
            if draw.chance(plan.gaps) {
                sandbox.remove_record(id);
            }
        }
        plan.faults.iter().for_each(|fault| sandbox.add_fault(fault.rule.clone()));
        sandbox.add_fault(plan.page_rule());
        let state = State { draw, changes: plan.changes, requests: 0, truth: Truth::default() };
        let shared = Shared { sandbox, clock, trace, latency: plan.latency, state: Mutex::new(state) };
        ExportWorld(Arc::new(shared))
    }

    pub(crate) fn requests(&self) -> u64 {
        self.state().requests
    }

    /// Nothing goes wrong and nothing changes any more.
    pub(crate) fn calm(&self, plan: &ExportPlan) {
        self.0.sandbox.clear_faults();
        self.0.sandbox.add_fault(plan.page_rule());
        self.state().changes = 0.0;
    }

    /// An export begins at its first record.
    pub(crate) fn begin_truth(&self, has_days: bool) {
        let ids = self.matching(has_days);
        self.state().truth = Truth { fewest: ids.len(), throughout: ids.clone(), ever: ids };
    }

    /// What is true of an export that has ended.
    pub(crate) fn truth(&self, has_days: bool) -> Truth {
        self.look(has_days);
        self.state().truth.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn matching(&self, has_days: bool) -> BTreeSet<u64> {
        let from = first_day();
        let fits = |record: &&Record| !has_days || record.datum.is_some_and(|at| at.date() >= from);
        self.0.sandbox.with_records(|records| records.filter(fits).map(|record| record.cid).collect())
    }

    /// Sees what has changed.
    fn look(&self, has_days: bool) {
        let now = self.matching(has_days);
        let truth = &mut self.state().truth;
        truth.fewest = truth.fewest.min(now.len());
        truth.throughout.retain(|id| now.contains(id));
        truth.ever.extend(now);
    }

    /// Lets others delete, add, edit and move records. None is moved into the days that are asked for.
    fn let_others_work(&self) {
        let what = {
            let mut state = self.state();
            let changes = state.changes;
            if !state.draw.chance(changes) {
                return;
            }
            (state.draw.number(0, 4), state.draw.skewed(1, 40), state.draw.clone())
        };
        let (kind, count, mut draw) = what;
        let sandbox = &self.0.sandbox;
        let ids: Vec<u64> = sandbox.with_records(|records| records.map(|record| record.cid).collect());
        let at = draw.size(0, ids.len().max(1) - 1);
        let neighbours = || ids.iter().skip(at).take(count).copied();
        match kind {
            0 => (0..count).for_each(|_| {
                sandbox.add_record(record(&mut draw));
            }),
            1 | 2 => neighbours().for_each(|id| drop(sandbox.remove_record(id))),
            3 => neighbours().for_each(|id| {
                sandbox.change_record(id, |record| record.content = Some("Исправлено".to_owned()));
            }),
            _ => neighbours().for_each(|id| {
                sandbox.change_record(id, |record| record.datum = Some(days_before(record.datum)));
            }),
        }
        self.0.trace.note(format!("others: {kind} with {count} records from place {at} of {}", ids.len()));
        self.state().draw = draw;
    }

    async fn exchange(self, number: u64, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        sleep(self.pause()).await;
        let has_days = String::from_utf8_lossy(request.body()).contains(&first_day().to_string());
        self.let_others_work();
        let exchange = self.0.sandbox.receive(request);
        self.look(has_days);
        let outcome = wire::outcome(exchange, &self.0.clock).await;
        sleep(self.pause()).await;
        let said = match &outcome {
            Ok(response) => {
                format!("{} {} bytes{}", response.status(), response.body().len(), listed(response.body()))
            }
            Err(failure) => failure.to_string(),
        };
        self.0.trace.note(format!("#{number} answer: {said}"));
        wire::as_seen(outcome).await
    }

    fn pause(&self) -> Duration {
        self.state().draw.millis(0, self.0.latency.as_millis() as u64)
    }
}

impl Transport for ExportWorld {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let number = {
                let mut state = self.state();
                state.requests += 1;
                state.requests
            };
            let body = String::from_utf8_lossy(request.body()).into_owned();
            self.0.trace.note(format!("#{number} {body}"));
            let on_its_way = tokio::spawn(self.clone().exchange(number, request));
            on_its_way.await.map_err(|error| TransportError::closed(error.to_string()))?
        })
    }
}

fn record(draw: &mut Draw) -> Record {
    let noon = first_day().and_hms_opt(12, 0, 0);
    let days = draw.number(0, 20) as i64 - 5;
    Record {
        datum: noon.map(|noon| noon + TimeDelta::days(days)),
        content: Some("Звонок".to_owned()),
        iduser: 1,
        clid: 1,
        ..Record::default()
    }
}

/// A day before those that are asked for, or an even earlier one.
fn days_before(at: Option<NaiveDateTime>) -> NaiveDateTime {
    let limit = first_day().and_time(chrono::NaiveTime::MIN) - TimeDelta::hours(5);
    at.unwrap_or(limit).min(limit) - TimeDelta::days(1)
}
