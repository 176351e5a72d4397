//! What a run of an export is drawn from: the list, the changes that others make to it, the faults, the interruptions.

use std::time::Duration;

use crm_sandbox::{AnswerEdit, Condition, Fault, Operation, PageChange, RequestEdit, RetryAfter, Rule};

use crate::draw::Draw;

/// Everything that a seed decides.
#[derive(Debug)]
pub(crate) struct ExportPlan {
    /// How many records there are at first.
    pub(crate) records: usize,
    /// The share of ids without a record.
    pub(crate) gaps: f64,
    /// How many records the server puts on a page.
    pub(crate) page: usize,
    pub(crate) concurrency: usize,
    /// Whether only records of some days are asked for.
    pub(crate) has_days: bool,
    pub(crate) has_checkpoint: bool,
    pub(crate) has_progress: bool,
    pub(crate) attempts: u32,
    pub(crate) timeout: Duration,
    pub(crate) latency: Duration,
    /// How likely others change something at a request.
    pub(crate) changes: f64,
    pub(crate) faults: Vec<DrawnFault>,
    /// After how much time the runs that meet faults are killed; `None` for never.
    pub(crate) kills: Vec<Option<Duration>>,
}

/// A fault of the server.
pub(crate) struct DrawnFault {
    pub(crate) rule: Rule,
    /// The page that is without records each time.
    pub(crate) hole: Option<u64>,
    when: String,
}

impl DrawnFault {
    /// Whether it takes all records off a page.
    pub(crate) fn empties_pages(&self) -> bool {
        matches!(self.rule.fault().name(), "empty_page" | "null_page")
    }
}

impl std::fmt::Debug for DrawnFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rule.fault().name(), self.when)
    }
}

impl ExportPlan {
    pub(crate) fn new(seed: u64) -> ExportPlan {
        let draw = &mut Draw::new(seed, 11);
        let page = draw.skewed(1, 30);
        let pages = draw.skewed(0, 120);
        let latency = draw.millis(0, 300);
        let kills = (0..draw.size(0, 4)).map(|_| draw.chance(0.8).then(|| draw.millis(1, 20_000))).collect();
        let mut faults = (0..draw.size(0, 3)).map(|_| fault(draw, page, pages as u64)).collect::<Vec<_>>();
        // Only one rule strikes a request, and a server that ignores the offset does not shorten its pages now and then.
        let is = |name| move |fault: &DrawnFault| fault.rule.fault().name() == name;
        if faults.iter().any(is("offset_ignored")) {
            faults.retain(|fault| !is("order_ignored")(fault));
        }
        ExportPlan {
            records: (pages * page).saturating_sub(draw.size(0, page)),
            gaps: *draw.among(&[0.0, 0.0, 0.02, 0.3]),
            page,
            concurrency: draw.size(1, 6),
            has_days: draw.chance(0.4),
            has_checkpoint: draw.chance(0.8),
            has_progress: draw.chance(0.2),
            attempts: draw.number(1, 5) as u32,
            timeout: draw.millis(2_000, 30_000),
            latency,
            changes: *draw.among(&[0.0, 0.02, 0.1, 0.5]),
            faults,
            kills,
        }
    }

    /// The rule behind all others: the server's pages have this size.
    pub(crate) fn page_rule(&self) -> Rule {
        Fault::small_pages(self.page).on(Operation::HistoryList).always()
    }
}

/// A fault of a server whose pages are of this size.
fn fault(draw: &mut Draw, size: usize, pages: u64) -> DrawnFault {
    let paged = || Fault::small_pages(size);
    let somewhere = draw.number(0, pages + 2);
    let drawn = |fault: Fault, rule: fn(Rule, u64) -> Rule, number: u64, when: String| DrawnFault {
        rule: rule(fault.on(Operation::HistoryList), number),
        hole: None,
        when,
    };
    let once = |draw: &mut Draw, fault: Fault| {
        let skip = draw.skewed(0, 60) as u64;
        drawn(fault, Rule::after, skip, format!("once after {skip}"))
    };
    // Once, or always at the same place. A page that is empty at each of three readings by chance cannot be noticed.
    let seldom = |draw: &mut Draw, fault: Fault| {
        if draw.chance(0.5) {
            return once(draw, fault);
        }
        let fault = fault.only_if(Condition::Offset(somewhere));
        drawn(fault, |rule, _| rule.always(), 0, format!("always at page {somewhere}"))
    };
    let hole = |mut fault: DrawnFault| {
        fault.hole = fault.when.starts_with("always").then_some(somewhere);
        fault
    };
    let often = |draw: &mut Draw, fault: Fault| match draw.number(0, 3) {
        0 => {
            let (skip, count) = (draw.skewed(0, 60) as u64, draw.number(1, 6));
            let rule = fault.on(Operation::HistoryList).after(skip).times(count);
            DrawnFault { rule, hole: None, when: format!("{count} times after {skip}") }
        }
        1 => {
            let each = draw.number(2, 9);
            drawn(fault, Rule::each, each, format!("at each {each}"))
        }
        2 => {
            let p = 0.05 * draw.number(1, 8) as f64;
            let rule = fault.on(Operation::HistoryList).with_probability(p, draw.seed());
            DrawnFault { rule, hole: None, when: format!("with probability {p}") }
        }
        _ => {
            let (skip, time) = (draw.skewed(0, 60) as u64, draw.millis(100, 60_000));
            let rule = fault.on(Operation::HistoryList).after(skip).during(time);
            DrawnFault { rule, hole: None, when: format!("for {time:?} after {skip}") }
        }
    };
    match draw.number(0, 16) {
        0 | 1 => hole(seldom(draw, paged().named("empty_page").edit_answer(AnswerEdit::Empty))),
        2 => hole(seldom(draw, paged().named("null_page").edit_answer(AnswerEdit::Null))),
        3 => {
            let shorter = draw.size(1, size);
            once(draw, paged().named("short_page").edit_answer(AnswerEdit::Shorten(shorter)))
        }
        4 => once(draw, paged().named("cut_page").edit_answer(AnswerEdit::ShortenRandomly(size))),
        5 => seldom(draw, paged().named("doubled_records").edit_answer(AnswerEdit::Double)),
        6 => once(draw, paged().named("repeated_page").edit_request(RequestEdit::PreviousPage)),
        7 => {
            // With a page of the documented size: a smaller one cannot be told from a short list.
            let ignored = RequestEdit::Ignore(vec!["offset".to_owned()]);
            let fault = Fault::new().named("offset_ignored").edit_request(ignored);
            drawn(fault, |rule, _| rule.always(), 0, "always".to_owned())
        }
        8 => often(draw, Fault::close_before_reading()),
        9 => often(draw, Fault::gateway_page(*draw.clone().among(&[502, 504]))),
        10 => often(draw, Fault::no_answer()),
        11 => often(draw, Fault::database_down()),
        12 => often(draw, Fault::junk_list(size, "0", false)),
        13 => often(draw, Fault::cut_body(None)),
        14 => {
            // Three in a row can look as if records had been deleted.
            let (skip, count) = (draw.skewed(0, 60) as u64, draw.number(1, 2));
            let ignored = RequestEdit::Ignore(vec!["order".to_owned(), "first".to_owned()]);
            let fault = paged().named("order_ignored").edit_request(ignored);
            let rule = fault.on(Operation::HistoryList).after(skip).times(count);
            DrawnFault { rule, hole: None, when: format!("{count} times after {skip}") }
        }
        15 => {
            let after = draw.chance(0.6).then_some(RetryAfter::Accurate);
            let (rate, burst) = (0.5 * draw.number(2, 20) as f64, draw.number(1, 5) as u32);
            let fault = Fault::too_many_requests(after);
            let rule = fault.on(Operation::HistoryList).over_rate(rate, burst);
            DrawnFault { rule, hole: None, when: format!("over {rate} a second") }
        }
        _ => {
            let change =
                PageChange { delete: draw.size(0, 3), edit: draw.size(0, 2), ..PageChange::default() };
            let fault = paged().named("change_between_pages");
            let fault = fault.change(crm_sandbox::Change::FirstPage(change));
            often(draw, fault)
        }
    }
}
