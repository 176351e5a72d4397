//! Runs of a mirror that need several things at once, in this order. Chance alone would seldom bring them together.

use std::time::Duration;

use crm_mirror::{Mode, Texts};
use crm_sandbox::{AnswerEdit, Fault, Operation, RequestEdit};

use crate::draw::Draw;
use crate::mirror_acts::Act;
use crate::mirror_plan::{CONTACTS, DrawnFault, End, MirrorPlan, RunPlan};
use crate::mirror_tricks::{Kind, Trick};

/// Replaces the runs of a plan by those of a scene.
pub(crate) fn play(draw: &mut Draw, plan: &mut MirrorPlan) {
    match draw.number(0, 8) {
        0 => killed_between_two_commits(draw, plan),
        1 => unsorted_newest_page(draw, plan),
        2 => short_page_of_the_window(draw, plan),
        3 if draw.chance(0.3) => activities_move_while_they_are_looked_for(draw, plan),
        3 => activities_come_into_the_window(draw, plan),
        4 if draw.chance(0.4) => doubled_contacts(draw, plan),
        4 => unsorted_contacts(draw, plan),
        5 => client_that_cannot_be_decoded(draw, plan),
        6 => two_lists_within_the_hour(draw, plan),
        7 => contacts_are_deleted_while_they_are_read(draw, plan),
        _ => hidden_records_are_shown_again(draw, plan),
    }
}

/// The children of some projects are written, or only that they were read.
fn killed_between_two_commits(draw: &mut Draw, plan: &mut MirrorPlan) {
    plan.has_history &= draw.chance(0.2);
    plan.has_directory &= draw.chance(0.2);
    plan.has_projects = true;
    plan.projects = draw.number(1, 14);
    let killed = RunPlan { end: End::KilledAfterCommits(draw.skewed(1, 12) as u64), ..calm(draw) };
    plan.runs = vec![killed, calm(draw)];
}

/// Calls of earlier years are imported. The page that should show them is sorted by time.
fn unsorted_newest_page(draw: &mut Draw, plan: &mut MirrorPlan) {
    mostly_activities(draw, plan);
    let fault = unsorted(Fault::small_pages(plan.page), Operation::HistoryList, 0, 1);
    let imports = RunPlan { acts: vec![Act::Import(draw.size(1, 5))], faults: vec![fault], ..calm(draw) };
    plan.runs = vec![calm(draw), imports];
}

/// An old activity is given a time of these days. The page that should show it is cut.
fn short_page_of_the_window(draw: &mut Draw, plan: &mut MirrorPlan) {
    mostly_activities(draw, plan);
    let cut = Kind::ShortenInner(draw.size(1, plan.page - 1));
    let tricks = vec![Trick::new(cut, Operation::HistoryList, draw.skewed(0, 8) as u64, 20)];
    let fills = RunPlan { acts: vec![Act::MoveIn(draw.size(10, 60))], ..calm(draw) };
    plan.runs = vec![fills, RunPlan { acts: vec![Act::MoveIn(draw.size(1, 2))], tricks, ..calm(draw) }];
}

/// Old activities are given a time of these days, before the run and while it reads them.
fn activities_come_into_the_window(draw: &mut Draw, plan: &mut MirrorPlan) {
    mostly_activities(draw, plan);
    let more = Kind::MoveIn(draw.size(1, 8));
    let tricks = vec![Trick::new(more, Operation::HistoryList, draw.number(2, 20), 1)];
    let fills = RunPlan { acts: vec![Act::MoveIn(draw.size(10, 60))], ..calm(draw) };
    plan.runs = vec![fills, RunPlan { acts: vec![Act::MoveIn(draw.size(5, 40))], tricks, ..calm(draw) }];
}

/// Activities are moved out of these days. One of them is moved again between the call that says when it was and the list
/// of that day.
fn activities_move_while_they_are_looked_for(draw: &mut Draw, plan: &mut MirrorPlan) {
    mostly_activities(draw, plan);
    let fills = RunPlan { acts: vec![Act::MoveIn(draw.size(10, 60))], ..calm(draw) };
    let acts = vec![Act::MoveOut(draw.size(1, 3))];
    let tricks = vec![Trick::new(Kind::Move, Operation::HistoryInfo, 0, 1)];
    let moves = RunPlan { acts, tricks, texts: Texts::AsListed, mode: Mode::Quick, ..calm(draw) };
    plan.runs = vec![fills, moves];
}

/// There are several pages of activities.
fn mostly_activities(draw: &mut Draw, plan: &mut MirrorPlan) {
    plan.has_history = true;
    plan.has_directory &= draw.chance(0.2);
    plan.has_projects &= draw.chance(0.2);
    plan.records = draw.number(60, 150);
    plan.page = draw.size(3, 12);
}

/// Contacts are changed or imported. The page that should show them is sorted by something else.
fn unsorted_contacts(draw: &mut Draw, plan: &mut MirrorPlan) {
    plan.has_directory = true;
    plan.contacts = draw.number(30, 90);
    let pages = Fault::small_pages(CONTACTS);
    let fault = unsorted(pages, Operation::PersonList, draw.number(0, 2), draw.number(1, 2));
    let acts = (0..draw.size(1, 3)).map(|_| Act::ChangeContact).collect();
    plan.runs = vec![calm(draw), RunPlan { acts, faults: vec![fault], ..calm(draw) }];
}

/// More contacts are changed than half a page holds. The page that should show them holds each twice, at every reading.
fn doubled_contacts(draw: &mut Draw, plan: &mut MirrorPlan) {
    (plan.has_history, plan.has_directory, plan.has_projects) = (false, true, false);
    plan.contacts = draw.number(60, 90);
    let acts = (0..draw.size(CONTACTS, 3 * CONTACTS)).map(|_| Act::ChangeContact).collect();
    let pages = Fault::doubled_records().edit_request(RequestEdit::CountPagesOf(CONTACTS as u64));
    let pages = pages.edit_answer(AnswerEdit::Shorten(CONTACTS));
    let skip = draw.number(0, 3);
    let rule = pages.on(Operation::PersonList).after(skip).each(2);
    let fault = DrawnFault::new(rule, vec![Operation::PersonList], format!("every other time after {skip}"));
    plan.runs = vec![calm(draw), RunPlan { acts, faults: vec![fault], mode: Mode::Quick, ..calm(draw) }];
}

/// A project is taken from the login. Two runs that are less than an hour apart read the whole list.
fn two_lists_within_the_hour(draw: &mut Draw, plan: &mut MirrorPlan) {
    (plan.has_history, plan.has_directory, plan.has_projects) = (false, false, true);
    plan.projects = draw.number(2, 14);
    let hides = RunPlan { acts: vec![Act::Hide(1)], mode: Mode::Full, ..calm(draw) };
    let pause = Duration::from_secs(60 * draw.number(1, 50));
    plan.runs = vec![calm(draw), hides, RunPlan { pause, mode: Mode::Full, ..calm(draw) }];
}

/// More contacts are changed than fit on a page. Some of them are deleted while a page is on its way.
fn contacts_are_deleted_while_they_are_read(draw: &mut Draw, plan: &mut MirrorPlan) {
    (plan.has_history, plan.has_directory, plan.has_projects) = (false, true, false);
    plan.contacts = draw.number(40, 90);
    let acts = (0..draw.size(60, 120)).map(|_| Act::ChangeContact).collect();
    let delete = Kind::DeleteFirst(draw.size(1, 8));
    // The list of new contacts comes first.
    let tricks = vec![Trick::new(delete, Operation::PersonList, draw.number(1, 2), 1)];
    plan.runs = vec![calm(draw), RunPlan { acts, tricks, ..calm(draw) }];
}

/// A client that was changed some days ago cannot be decoded once.
fn client_that_cannot_be_decoded(draw: &mut Draw, plan: &mut MirrorPlan) {
    (plan.has_history, plan.has_directory, plan.has_projects) = (false, true, false);
    plan.clients = draw.number(1, 60);
    // The list of new clients comes first. It is empty, so it is read twice.
    let garble = Trick::new(Kind::Garble(draw.skewed(0, 3)), Operation::ClientList, 2, 1);
    let acts = (0..draw.size(1, 6)).map(|_| Act::ChangeClient).collect();
    let rest = Duration::from_secs(3600 * draw.number(50, 120));
    plan.runs = vec![calm(draw), RunPlan { acts, rest, tricks: vec![garble], ..calm(draw) }, calm(draw)];
}

/// Records are taken from the login, and given back as they were.
fn hidden_records_are_shown_again(draw: &mut Draw, plan: &mut MirrorPlan) {
    let hides = RunPlan { acts: vec![Act::Hide(draw.size(1, 5))], ..calm(draw) };
    let shows = RunPlan { acts: vec![Act::Show], ..calm(draw) };
    plan.runs = vec![calm(draw), hides, calm(draw), shows];
}

/// A run to which nothing happens.
fn calm(draw: &mut Draw) -> RunPlan {
    RunPlan {
        pause: Duration::from_secs(3600 * draw.number(2, 24)),
        edits: 0,
        acts: Vec::new(),
        rest: Duration::ZERO,
        changes: 0.0,
        mode: *draw.among(&[Mode::Quick, Mode::Quick, Mode::Auto]),
        texts: *draw.among(&[Texts::AsListed, Texts::Changed, Texts::All]),
        allow_deletes: true,
        is_late: false,
        end: End::Undisturbed,
        store_faults: 0.0,
        faults: Vec::new(),
        tricks: Vec::new(),
    }
}

/// The server ignores the order that it was asked for.
fn unsorted(pages: Fault, on: Operation, skip: u64, times: u64) -> DrawnFault {
    let ignored = RequestEdit::Ignore(vec!["order".to_owned(), "first".to_owned()]);
    let rule = pages.named("order_ignored").edit_request(ignored).on(on).after(skip).times(times);
    DrawnFault::new(rule, vec![on], format!("{times} times after {skip} on {on:?}"))
}
