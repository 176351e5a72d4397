//! What happens at one moment of a run of a mirror. People and faults of the server would seldom hit that moment by chance.

use bytes::Bytes;
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
enum Kind {
    /// Somebody deletes so many records of a page while it is on its way.
    DeleteFirst(usize),
    /// Somebody gives an activity another time after `info` has read it.
    Move,
    /// Somebody gives so many old activities a time of these days.
    MoveIn(usize),
    /// The record at this position cannot be decoded.
    Garble(usize),
}

impl Trick {
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
            Kind::Garble(position) => {
                let Some(record) = records(&mut json).and_then(|records| records.get_mut(position)) else {
                    continue;
                };
                *record = Value::from("?");
                let (mut head, _) = response.into_parts();
                head.headers.remove("content-length");
                response = Response::from_parts(head, json.to_string().into());
            }
        }
    }
    response
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
