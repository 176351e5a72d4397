//! What happens when a request comes: it is carried out, put off, or struck by a fault.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::Operation;
use crate::answer::Answer;
use crate::exchange::Finish;
use crate::faults::{Asked, Change, Content, Moment, Present, Store, Strike};
use crate::history::Revision;
use crate::request::Request;
use crate::state::{Job, State};

/// When the answer leaves, the answer, and what remains to be done with it.
type Begun = (Duration, Arc<OnceLock<Answer>>, Finish);

/// Carries out a request, or puts it off.
pub(crate) fn begin(state: &mut State, request: Request) -> Begun {
    let (operation, credentials) = request.describe(state);
    let present = state.present();
    let strike = operation.filter(|_| !state.faults.is_empty()).and_then(|operation| {
        // The rules may ask what the answer would be.
        let mut faults = std::mem::take(&mut state.faults);
        let shown = || (!operation.is_write()).then(|| request.carry_out(state).text());
        let strike = faults.strike_after_reading(&Asked::new(operation, &request), shown, present);
        state.faults = faults;
        strike
    });
    let received =
        request.received(operation, credentials, strike.as_ref().map(|strike| strike.fault.clone()));
    state.log.push(received);
    let latency = Duration::from_millis(state.settings.latency_ms);
    let (ready, answer, finish) = match (operation, strike) {
        (Some(operation), Some(strike)) => begin_struck(state, request, operation, strike),
        _ => (present.now, Arc::new(OnceLock::from(request.carry_out(state))), Finish::whole()),
    };
    (ready.saturating_add(latency), answer, finish)
}

/// The same for a request at which a fault strikes.
fn begin_struck(state: &mut State, request: Request, operation: Operation, strike: Strike) -> Begun {
    let present = state.present();
    let mut ready = ready(present, &strike);
    let Strike { fault, until, chance } = strike;
    let mut finish = Finish {
        fixed: fault.answer.as_ref().map(|fixed| Answer::from_fixed(fixed, operation, state, until)),
        chance,
        empty_is_bare: operation == Operation::HistoryList && state.settings.revision == Revision::Observed,
        transfer: fault.transfer,
        ..Finish::whole()
    };
    let answer = nothing();
    if !fault.leaves_unread() {
        let mut content = request.content();
        for edit in &fault.edit_request {
            edit.apply(operation, &mut content);
        }
        for change in &fault.change {
            finish.repeated *= change_before(state, change, operation, &request, &mut content);
        }
        let something = fault.store != Store::Half || content.halve_items();
        let due = match fault.store {
            Store::Later(time) => present.now.saturating_add(time),
            Store::Held => until.unwrap_or(present.now),
            _ => present.now,
        };
        let wants_answer = finish.fixed.is_none() && fault.transfer.brings_the_answer();
        let edited = request.clone().with_content(content);
        if due > present.now {
            state.later(Job { due, request: edited, answer: Arc::clone(&answer) });
            // The application's own answer is not there before.
            ready = if wants_answer { ready.max(due) } else { ready };
        } else if something && fault.store != Store::Not {
            let _ = answer.set(edited.carry_out(state));
        } else if wants_answer {
            // Nothing stays of it, and the answer looks as if it did.
            state.settle();
            let before = state.history.records.clone();
            let _ = answer.set(edited.carry_out(state));
            state.history.records = before;
        }
        for change in fault.change.iter().filter(|_| operation.adds()) {
            change_after(state, change, &request, due);
        }
        state.catch_up();
    }
    finish.edits = fault.edit_answer;
    finish.request = Some((operation, request));
    (ready, answer, finish)
}

/// Lets others work before a request is carried out. Returns how often each of its items is carried out then.
fn change_before(
    state: &mut State,
    change: &Change,
    operation: Operation,
    request: &Request,
    content: &mut Content,
) -> usize {
    match change {
        Change::EqualRecords { count, at: Moment::Meanwhile } if !content.items().is_empty() => {
            let copies = at_most(*count) + 1;
            content.repeat_items(copies);
            return copies;
        }
        Change::EqualRecords { count, at: Moment::Before | Moment::Meanwhile } if operation.adds() => {
            for _ in 0..at_most(*count) {
                request.carry_out(state);
            }
        }
        Change::EqualRecords { .. } => {}
        Change::FirstPage(change) => {
            let ids = request.ids_of_first_page(state);
            if operation == Operation::HistoryList {
                change.apply_to_records(&mut state.history.records, &ids);
            } else if !operation.is_salesman() {
                change.apply_to_projects(&mut state.projects, &ids);
            }
        }
        Change::IdsGoDown { from } => state.history.records.go_down_from(*from),
    }
    1
}

/// Lets others work when a request has been carried out, which is at `due`, or later.
fn change_after(state: &mut State, change: &Change, request: &Request, due: Duration) {
    let (count, due) = match change {
        Change::EqualRecords { count, at: Moment::After } => (*count, due),
        Change::EqualRecords { count, at: Moment::Later(time) } => {
            (*count, state.present().now.saturating_add(*time))
        }
        _ => return,
    };
    for _ in 0..at_most(count) {
        state.later(Job { due, request: request.clone(), answer: nothing() });
    }
}

/// So many equal records are enough, and no slip of the hand fills the memory.
fn at_most(count: usize) -> usize {
    count.min(10_000)
}

/// When the answer leaves, as far as a fault delays it.
pub(crate) fn ready(present: Present, strike: &Strike) -> Duration {
    let jitter = strike.fault.jitter.mul_f64(strike.chance);
    present.now.saturating_add(strike.fault.delay).saturating_add(jitter)
}

/// The place of an answer that is not there yet.
pub(crate) fn nothing() -> Arc<OnceLock<Answer>> {
    Arc::default()
}
