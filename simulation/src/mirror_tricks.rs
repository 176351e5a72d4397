//! What happens at one moment of a run of a mirror. People and faults of the server would seldom hit that moment by chance.

use bytes::Bytes;
use chrono::TimeDelta;
use crm_mirror::Table;
use crm_sandbox::Operation;
use crm_transport::http::Response;
use serde_json::Value;

use crate::draw::Draw;
use crate::mirror_crm::Crm;

/// What happens, and when.
#[derive(Debug, Clone)]
pub(crate) struct Trick {
    kind: Kind,
    on: Operation,
    /// How many answers pass before it.
    after: u64,
    /// How often it happens.
    times: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Somebody deletes so many records of a page while it is on its way.
    DeleteFirst(usize),
    /// Somebody gives an activity another time after `info` has read it.
    Move,
    /// Somebody gives so many old activities a time of these days.
    MoveIn(usize),
    /// A page of a list that is sorted by ID lacks so many of its last records, and another page follows.
    ShortenInner(usize),
    /// The record at this position cannot be decoded.
    Garble(usize),
}

impl Trick {
    /// Creates what happens on this call after so many answers, so often.
    pub(crate) fn new(kind: Kind, on: Operation, after: u64, times: u64) -> Trick {
        Trick { kind, on, after, times }
    }

    /// Draws what may happen to the parts of the CRM that are copied.
    pub(crate) fn draw(draw: &mut Draw, [has_history, has_directory, has_projects]: [bool; 3]) -> Trick {
        use Operation::{
            ClientList, HistoryInfo, HistoryList, PersonList, ProjectsGoods, ProjectsList, ProjectsPayments,
            UserList,
        };
        let (delete, garble) = (Kind::DeleteFirst(draw.skewed(1, 8)), Kind::Garble(draw.skewed(0, 12)));
        let mut all = Vec::new();
        if has_history {
            let move_in = Kind::MoveIn(draw.skewed(1, 8));
            all.extend([(delete, HistoryList), (move_in, HistoryList), (Kind::Move, HistoryInfo)]);
            all.push((garble, HistoryList));
        }
        if has_directory {
            all.push((delete, PersonList));
            all.extend([ClientList, ClientList, PersonList, UserList].map(|on| (garble, on)));
        }
        if has_projects {
            all.extend([ProjectsList, ProjectsGoods, ProjectsPayments].map(|on| (garble, on)));
        }
        let (kind, on) = *draw.among(&all);
        // A record is asked for seldom.
        let longest = if on == HistoryInfo { 2 } else { 8 };
        Trick { kind, on, after: draw.skewed(0, longest) as u64, times: draw.number(1, 3) }
    }

    /// Counts an answer. Returns whether the trick happens now.
    fn is_due(&mut self, on: Operation) -> bool {
        if self.on != on || self.times == 0 {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// Carries out the tricks that are due at this answer.
pub(crate) fn apply(crm: &Crm, path: &str, mut response: Response<Bytes>) -> Response<Bytes> {
    let Some(on) = OPERATIONS.iter().find(|(name, _)| path.contains(name)).map(|(_, on)| *on) else {
        return response;
    };
    let Ok(mut json) = serde_json::from_slice::<Value>(response.body()) else { return response };
    for kind in crm.with_tricks(|tricks| due(tricks, on)) {
        match kind {
            Kind::DeleteFirst(count) => crm.delete(on, &ids(&mut json, count)),
            Kind::Move => crm.move_asked(),
            Kind::MoveIn(count) => crm.move_in(count),
            Kind::ShortenInner(count) => {
                let is_inner = is_inner(crm, &ids(&mut json, usize::MAX));
                let Some(records) = records(&mut json).filter(|records| is_inner && records.len() > 1) else {
                    continue;
                };
                records.truncate(records.len().saturating_sub(count).max(1));
                response = with_json(response, &json);
            }
            Kind::Garble(position) => {
                let Some(record) = records(&mut json).and_then(|records| records.get_mut(position)) else {
                    continue;
                };
                *record = Value::from("?");
                response = with_json(response, &json);
            }
        }
    }
    response
}

/// Takes in a page of the newest activities.
pub(crate) fn note_newest(crm: &Crm, is_first_page: bool, response: &Response<Bytes>) {
    let mut json: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    crm.note_newest(&ids(&mut json, usize::MAX), is_first_page);
}

fn with_json(response: Response<Bytes>, json: &Value) -> Response<Bytes> {
    let (mut head, _) = response.into_parts();
    head.headers.remove("content-length");
    Response::from_parts(head, json.to_string().into())
}

/// Whether the login sees a recent activity with a greater ID than these. It is on a later page of every list.
fn is_inner(crm: &Crm, ids: &[u64]) -> bool {
    let Some(last) = ids.last().filter(|_| ids.is_sorted()) else { return false };
    let recent = crm.now() - TimeDelta::days(12);
    let truth = crm.truth();
    let mut activities = truth.now.iter().filter(|((table, _), _)| *table == Table::Activities);
    activities.any(|((_, key), seen)| key.id.unsigned_abs() > *last && seen.at.is_some_and(|at| at > recent))
}

fn due(tricks: &mut [Trick], on: Operation) -> Vec<Kind> {
    tricks.iter_mut().filter_map(|trick| trick.is_due(on).then_some(trick.kind)).collect()
}

/// The records of a list, where there are some.
fn records(json: &mut Value) -> Option<&mut Vec<Value>> {
    let is_named = json.get("data").is_some();
    json.get_mut(if is_named { "data" } else { "payload" })?.as_array_mut()
}

/// The ids of the first records of a list.
fn ids(json: &mut Value, count: usize) -> Vec<u64> {
    let records = records(json).map(|records| &records[..]).unwrap_or_default();
    let id = |record: &Value| record["cid"].as_u64().or(record["pid"].as_u64());
    records.iter().take(count).filter_map(id).collect()
}

const OPERATIONS: [(&str, Operation); 8] = [
    ("history/list", Operation::HistoryList),
    ("history/info", Operation::HistoryInfo),
    ("client/list", Operation::ClientList),
    ("person/list", Operation::PersonList),
    ("user/list", Operation::UserList),
    ("goods", Operation::ProjectsGoods),
    ("payments", Operation::ProjectsPayments),
    ("projects", Operation::ProjectsList),
];
