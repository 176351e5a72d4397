//! What a run of a mirror is drawn from: the size of the CRM, the people, the faults, and the runs with their ends.

use std::time::Duration;

use crm_mirror::{Mode, Texts};
use crm_sandbox::{AnswerEdit, Fault, FixedAnswer, Operation, RequestEdit, Rule};

use crate::draw::Draw;
use crate::mirror_acts::Act;
use crate::mirror_scenes;
use crate::mirror_tricks::Trick;

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
    /// What passes before people edit something.
    pub(crate) pause: Duration,
    /// How many edits people make before it.
    pub(crate) edits: usize,
    /// What else they do before it.
    pub(crate) acts: Vec<Act>,
    /// What passes between the edits and the run.
    pub(crate) rest: Duration,
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
    pub(crate) tricks: Vec<Trick>,
}

/// How a run may end before its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// It is not disturbed.
    Undisturbed,
    /// Its process is killed after so many polls, which are awaits.
    Killed(u64),
    /// Its process is killed after so many commits, before it does anything else with the copy.
    KilledAfterCommits(u64),
    /// Its process stands still after so many polls, loses its lease to another run, and wakes when that has ended.
    Replaced(u64),
}

/// A fault of the server.
pub(crate) struct DrawnFault {
    pub(crate) rule: Rule,
    on: Vec<Operation>,
    /// Whether it may cut an answer about what belongs to a project. The loss cannot be seen then.
    cuts_children: bool,
    /// Whether it may cut the list of users. Only another list shows the loss.
    cuts_users: bool,
    when: String,
}

impl DrawnFault {
    pub(crate) fn new(rule: Rule, on: Vec<Operation>, when: String) -> DrawnFault {
        let cuts_children = CHILDREN.contains(&on[0]) && on.len() == 1;
        let cuts_users = on == [Operation::UserList] && rule.fault().name() == "short_page";
        DrawnFault { rule, on, cuts_children, cuts_users, when }
    }
}

impl std::fmt::Debug for DrawnFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rule.fault().name(), self.when)
    }
}

impl MirrorPlan {
    pub(crate) fn new(seed: u64) -> MirrorPlan {
        let mut plan = MirrorPlan::by_chance(&mut Draw::new(seed, 21));
        let draw = &mut Draw::new(seed, 24);
        if draw.chance(0.15) {
            mirror_scenes::play(draw, &mut plan);
        }
        plan
    }

    fn by_chance(draw: &mut Draw) -> MirrorPlan {
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
            clients: people(draw),
            contacts: people(draw),
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
            runs: (0..runs).map(|number| run(draw, number == 0, is_calm, page, parts)).collect(),
        }
    }

    /// Whether an answer about what belongs to a project may be cut.
    pub(crate) fn cuts_children(&self) -> bool {
        self.runs.iter().flat_map(|run| &run.faults).any(|fault| fault.cuts_children)
    }

    /// The rules behind all others: the server's pages have this size. Those of clients cannot be smaller than they are, and
    /// those of contacts must divide them.
    pub(crate) fn page_rules(&self) -> [Rule; 3] {
        [
            Fault::small_pages(self.page).on(Operation::HistoryList).always(),
            Fault::small_pages(self.page.max(CHILDREN_AT_LEAST)).on_each(CHILDREN_WITH_PAGES).always(),
            Fault::small_pages(CONTACTS).on(Operation::PersonList).always(),
        ]
    }
}

/// How many clients or contacts there are: seldom more than fit on a page.
fn people(draw: &mut Draw) -> u64 {
    let (least, most) = if draw.chance(0.05) { (190, 430) } else { (0, 80) };
    draw.skewed(least, most) as u64
}

fn run(draw: &mut Draw, is_first: bool, is_calm: bool, page: usize, parts: [bool; 3]) -> RunPlan {
    let end = match draw.number(0, 9) {
        0..=2 => End::Killed(draw.skewed(1, 400) as u64),
        3 => End::Replaced(draw.skewed(1, 400) as u64),
        _ => End::Undisturbed,
    };
    let hours = *draw.among(&[0, 1, 2, 20, 24, 24, 60, 100, 170]);
    let pause = Duration::from_secs(hours * 3600) + draw.millis(0, 900_000);
    let rest = pause.mul_f64(*draw.among(&[0.0, 0.0, 0.2, 0.9]));
    let faults = faults(draw, page, parts);
    RunPlan {
        pause: pause.saturating_sub(rest),
        edits: if is_first { 0 } else { draw.skewed(0, 25) },
        acts: Vec::new(),
        rest,
        changes: *draw.among(&[0.0, 0.0, 0.02, 0.2]),
        mode: *draw.among(&[Mode::Auto, Mode::Quick, Mode::Quick, Mode::Full]),
        texts: *draw.among(&TEXTS),
        allow_deletes: draw.chance(0.5),
        is_late: draw.chance(0.05),
        end: if is_calm { End::Undisturbed } else { end },
        store_faults: if is_calm { 0.0 } else { *draw.among(&[0.0, 0.0, 0.0, 0.03]) },
        faults,
        tricks: (0..draw.skewed(0, 2)).map(|_| Trick::draw(draw, parts)).collect(),
    }
}

/// What happens to a run that copies these parts from a server whose pages are of this size.
fn faults(draw: &mut Draw, page: usize, parts: [bool; 3]) -> Vec<DrawnFault> {
    let mut faults = Vec::new();
    let count = draw.size(0, 3);
    let (mut cuts, mut empties) = (false, false);
    while faults.len() < count {
        let fault = fault(draw, page);
        if !fault.on.iter().any(|on| is_copied(*on, parts)) {
            continue;
        }
        // Two cut or empty answers to the same question would be believed.
        if (fault.cuts_users || fault.cuts_children) && std::mem::replace(&mut cuts, true) {
            break;
        }
        let is_empty = fault.rule.fault().name() == "empty_page";
        if is_empty && std::mem::replace(&mut empties, true) {
            break;
        }
        faults.push(fault);
    }
    if parts[0] && draw.chance(0.05) {
        // The first page is empty. An empty answer to a GET is asked for again by POST.
        faults.retain(|fault| !fault.on.contains(&Operation::HistoryList));
        let rule = Fault::empty_page().on(Operation::HistoryList).times(2);
        faults.push(DrawnFault::new(rule, vec![Operation::HistoryList], "2 times".to_owned()));
    }
    faults
}

/// Whether a run that copies these parts calls this operation.
fn is_copied(on: Operation, [has_history, has_directory, has_projects]: [bool; 3]) -> bool {
    match on {
        Operation::HistoryList | Operation::HistoryInfo | Operation::HistoryTips => has_history,
        Operation::UserList | Operation::UserInfo | Operation::ClientList | Operation::PersonList => {
            has_directory
        }
        _ => has_projects,
    }
}

/// A fault of a server whose pages are of this size.
fn fault(draw: &mut Draw, size: usize) -> DrawnFault {
    let (on, (fault, most)) = match draw.number(0, 9) {
        0..=3 => (vec![Operation::HistoryList], list_fault(draw, || Fault::small_pages(size), size)),
        4 | 5 => {
            let on = *draw.among(&LARGE_LISTS);
            let drawn = match on {
                Operation::ProjectsList => list_fault(draw, Fault::new, size),
                Operation::PersonList => list_fault(draw, || Fault::small_pages(CONTACTS), CONTACTS),
                Operation::UserList => list_fault(draw, Fault::new, 2),
                // The page after it is not read, so nothing shows that it is cut.
                _ => list_fault(draw, Fault::new, usize::MAX),
            };
            (vec![on], drawn)
        }
        6 | 7 => (vec![*draw.among(&INFOS)], info_fault(draw)),
        8 => (vec![*draw.among(&OTHERS)], call_fault(draw)),
        _ if draw.chance(0.5) => (OTHERS.to_vec(), call_fault(draw)),
        _ => (vec![*draw.among(&CHILDREN)], (list_fault(draw, Fault::new, 1).0, 1)),
    };
    // A record is asked for seldom.
    let longest = if INFOS.contains(&on[0]) { 3 } else { 25 };
    let (skip, count) = (draw.skewed(0, longest) as u64, draw.number(1, most));
    let rule = fault.on_each(on.iter().copied()).after(skip).times(count);
    let when = format!("{count} times after {skip} on {on:?}");
    DrawnFault::new(rule, on, when)
}

/// What a list does. The second value is how often it may happen in a row without going unnoticed for certain.
fn list_fault(draw: &mut Draw, paged: impl Fn() -> Fault, size: usize) -> (Fault, u64) {
    let ignored = || RequestEdit::Ignore(vec!["order".to_owned(), "first".to_owned()]);
    match draw.number(0, 7) {
        0 => (paged().named("empty_page").edit_answer(AnswerEdit::Empty), 1),
        1 => (paged().named("null_page").edit_answer(AnswerEdit::Null), 2),
        2 => (paged().named("repeated_page").edit_request(RequestEdit::PreviousPage), 1),
        3 => (paged().named("doubled_records").edit_answer(AnswerEdit::Double), 3),
        // Three in a row can look as if records had been deleted.
        4 => (paged().named("order_ignored").edit_request(ignored()), 2),
        5 if size < usize::MAX => {
            (paged().named("short_page").edit_answer(AnswerEdit::Shorten(draw.size(1, size))), 1)
        }
        _ => call_fault(draw),
    }
}

/// What stands in front of a call that says whether a record exists.
fn info_fault(draw: &mut Draw) -> (Fault, u64) {
    match draw.number(0, 4) {
        0 => (Fault::firewall_page(403), 20),
        1 => (foreign_json(403, 403), 20),
        2 | 3 => (foreign_json(200, 403), 20),
        _ => (foreign_json(404, 404), 20),
    }
}

/// What any call may meet.
fn call_fault(draw: &mut Draw) -> (Fault, u64) {
    match draw.number(0, 5) {
        0 => (Fault::gateway_page(502), 6),
        1 => (Fault::database_down(), 6),
        2 => (Fault::too_many_connections(), 6),
        3 => (Fault::cut_body(None), 6),
        4 => (Fault::close_before_reading(), 6),
        _ => (Fault::no_answer(), 2),
    }
}

/// The JSON of a proxy that refuses a call. It is not the application's own.
fn foreign_json(status: u16, code: u16) -> Fault {
    let body = format!(r#"{{"error":{{"code":{code},"text":"Forbidden"}}}}"#);
    let answer = FixedAnswer::new(status).body("application/json", body);
    Fault::new().named(format!("foreign_json_{status}")).store(crm_sandbox::Store::Not).answer(answer)
}

const TEXTS: [Texts; 3] = [Texts::AsListed, Texts::Changed, Texts::All];
/// How many contacts are on a page.
pub(crate) const CONTACTS: usize = 25;
/// The fewest children on a page that is not the last one.
const CHILDREN_AT_LEAST: usize = 10;
const CHILDREN_WITH_PAGES: [Operation; 2] = [Operation::ProjectsActions, Operation::ProjectsPayments];
const LARGE_LISTS: [Operation; 4] =
    [Operation::ClientList, Operation::PersonList, Operation::UserList, Operation::ProjectsList];
const CHILDREN: [Operation; 5] = [
    Operation::ProjectsSteps,
    Operation::ProjectsActions,
    Operation::ProjectsChecklists,
    Operation::ProjectsGoods,
    Operation::ProjectsPayments,
];
const INFOS: [Operation; 2] = [Operation::HistoryInfo, Operation::UserInfo];
const OTHERS: [Operation; 8] = [
    Operation::HistoryInfo,
    Operation::HistoryTips,
    Operation::UserInfo,
    Operation::ProjectsSteps,
    Operation::ProjectsActions,
    Operation::ProjectsChecklists,
    Operation::ProjectsGoods,
    Operation::ProjectsPayments,
];
