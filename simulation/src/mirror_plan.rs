//! What a run of a mirror is drawn from: the size of the CRM, the people, the faults, and the runs with their ends.

use std::time::Duration;

use crm_mirror::{Mode, Texts};
use crm_sandbox::{AnswerEdit, Fault, FixedAnswer, Operation, RequestEdit, Rule};

use crate::draw::Draw;

/// Everything that a seed decides.
#[derive(Debug)]
pub(crate) struct MirrorPlan {
    pub(crate) records: u64,
    pub(crate) clients: u64,
    pub(crate) contacts: u64,
    pub(crate) projects: u64,
    pub(crate) has_history: bool,
    pub(crate) has_directory: bool,
    pub(crate) has_projects: bool,
    /// How many records the server puts on a page.
    pub(crate) page: usize,
    pub(crate) latency: Duration,
    pub(crate) attempts: u32,
    pub(crate) concurrency: usize,
    pub(crate) soft_deletes: bool,
    /// The texts of the last runs.
    pub(crate) texts: Texts,
    pub(crate) runs: Vec<RunPlan>,
}

/// One run among faults.
#[derive(Debug)]
pub(crate) struct RunPlan {
    /// What passes before it.
    pub(crate) pause: Duration,
    /// How many edits people make before it.
    pub(crate) edits: usize,
    /// How likely people edit something at a request.
    pub(crate) changes: f64,
    pub(crate) mode: Mode,
    pub(crate) texts: Texts,
    pub(crate) allow_deletes: bool,
    /// Whether its time limit has come before it begins.
    pub(crate) is_late: bool,
    pub(crate) end: End,
    /// How likely the store fails at a step.
    pub(crate) store_faults: f64,
    pub(crate) faults: Vec<DrawnFault>,
}

/// How a run may end before its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// It is not disturbed.
    Undisturbed,
    /// Its process is killed after so many polls, which are awaits.
    Killed(u64),
    /// Its process stands still after so many polls, loses its lease to another run, and wakes when that has ended.
    Replaced(u64),
}

/// A fault of the server.
pub(crate) struct DrawnFault {
    pub(crate) rule: Rule,
    when: String,
}

impl std::fmt::Debug for DrawnFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rule.fault().name(), self.when)
    }
}

impl MirrorPlan {
    pub(crate) fn new(seed: u64) -> MirrorPlan {
        let draw = &mut Draw::new(seed, 21);
        let parts = *draw.among(&[
            [true, false, false],
            [true, false, false],
            [false, true, false],
            [false, true, false],
            [false, false, true],
            [true, true, false],
            [true, true, true],
        ]);
        let page = draw.skewed(2, 30);
        let runs = draw.size(1, 5);
        let is_calm = draw.chance(0.3);
        MirrorPlan {
            records: draw.skewed(0, 150) as u64,
            clients: draw.skewed(0, 80) as u64,
            contacts: draw.skewed(0, 80) as u64,
            projects: draw.skewed(0, 14) as u64,
            has_history: parts[0],
            has_directory: parts[1],
            has_projects: parts[2],
            page,
            latency: draw.millis(0, 300),
            attempts: draw.number(1, 4) as u32,
            concurrency: draw.size(1, 4),
            soft_deletes: draw.chance(0.3),
            texts: *draw.among(&TEXTS),
            runs: (0..runs).map(|number| run(draw, number == 0, is_calm, page)).collect(),
        }
    }

    /// The rules behind all others: the server's pages have this size.
    pub(crate) fn page_rule(&self) -> Rule {
        Fault::small_pages(self.page).on_each(LISTS).always()
    }
}

fn run(draw: &mut Draw, is_first: bool, is_calm: bool, page: usize) -> RunPlan {
    let end = match draw.number(0, 9) {
        0..=2 => End::Killed(draw.skewed(1, 400) as u64),
        3 => End::Replaced(draw.skewed(1, 400) as u64),
        _ => End::Undisturbed,
    };
    let hours = *draw.among(&[0, 1, 2, 20, 24, 24, 24, 100, 170]);
    RunPlan {
        pause: Duration::from_secs(hours * 3600) + draw.millis(0, 900_000),
        edits: if is_first { 0 } else { draw.skewed(0, 25) },
        changes: *draw.among(&[0.0, 0.0, 0.02, 0.2]),
        mode: *draw.among(&[Mode::Auto, Mode::Quick, Mode::Quick, Mode::Full]),
        texts: *draw.among(&TEXTS),
        allow_deletes: draw.chance(0.5),
        is_late: draw.chance(0.05),
        end: if is_calm { End::Undisturbed } else { end },
        store_faults: if is_calm { 0.0 } else { *draw.among(&[0.0, 0.0, 0.0, 0.03]) },
        faults: (0..draw.size(0, 2)).map(|_| fault(draw, page)).collect(),
    }
}

/// A fault of a server whose pages are of this size.
fn fault(draw: &mut Draw, size: usize) -> DrawnFault {
    let on = match draw.number(0, 3) {
        0 => vec![*draw.among(&LISTS)],
        1 => vec![*draw.among(&OTHERS)],
        2 => vec![Operation::HistoryInfo, Operation::UserInfo],
        _ => [&LISTS[..], &OTHERS].concat(),
    };
    let paged = || Fault::small_pages(size);
    let (fault, most) = match draw.number(0, 15) {
        0 => (paged().named("empty_page").edit_answer(AnswerEdit::Empty), 2),
        1 => (paged().named("null_page").edit_answer(AnswerEdit::Null), 2),
        2 => (paged().named("repeated_page").edit_request(RequestEdit::PreviousPage), 1),
        3 => (paged().named("doubled_records").edit_answer(AnswerEdit::Double), 3),
        4 => (paged().named("short_page").edit_answer(AnswerEdit::Shorten(draw.size(1, size))), 1),
        5 => {
            let ignored = RequestEdit::Ignore(vec!["order".to_owned(), "first".to_owned()]);
            (paged().named("order_ignored").edit_request(ignored), 3)
        }
        6 => (Fault::gateway_page(502), 6),
        7 => (Fault::firewall_page(403), 9),
        8 => (foreign_json(403, 403), 9),
        9 => (foreign_json(200, 403), 9),
        10 => (Fault::database_down(), 6),
        11 => (Fault::too_many_connections(), 6),
        12 => (Fault::cut_body(None), 6),
        13 => (Fault::close_before_reading(), 6),
        14 => (Fault::no_answer(), 2),
        _ => (foreign_json(404, 404), 9),
    };
    let (skip, count) = (draw.skewed(0, 40) as u64, draw.number(1, most));
    let rule = fault.on_each(on.iter().copied()).after(skip).times(count);
    DrawnFault { rule, when: format!("{count} times after {skip} on {on:?}") }
}

/// The JSON of a proxy that refuses a call. It is not the application's own.
fn foreign_json(status: u16, code: u16) -> Fault {
    let body = format!(r#"{{"error":{{"code":{code},"text":"Forbidden"}}}}"#);
    let answer = FixedAnswer::new(status).body("application/json", body);
    Fault::new().named(format!("foreign_json_{status}")).store(crm_sandbox::Store::Not).answer(answer)
}

const TEXTS: [Texts; 3] = [Texts::AsListed, Texts::Changed, Texts::All];
const LISTS: [Operation; 8] = [
    Operation::HistoryList,
    Operation::ClientList,
    Operation::PersonList,
    Operation::ProjectsList,
    Operation::ProjectsFilter,
    Operation::ProjectsActions,
    Operation::ProjectsPayments,
    Operation::UserList,
];
const OTHERS: [Operation; 6] = [
    Operation::HistoryInfo,
    Operation::HistoryTips,
    Operation::UserInfo,
    Operation::ProjectsSteps,
    Operation::ProjectsGoods,
    Operation::ProjectsChecklists,
];
