//! The faults of the server that a run may meet.

use std::collections::BTreeMap;
use std::time::Duration;

use crm_sandbox::{
    AnswerEdit, Condition, Fault, Operation, PageChange, RetryAfter, Rule, Sandbox, Store, Transfer,
};

use crate::activities::CHANGED;
use crate::draw::Draw;

/// A fault with values that are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DrawnFault {
    pub(crate) name: &'static str,
    pub(crate) draw: fn(&mut Draw, &Limits) -> Rule,
}

/// What the faults of a run keep to.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    /// How late the server may still store something.
    pub(crate) latest_store: Duration,
    /// How long a lock may hold all writes. Longer than `settle` only if the plan says so.
    pub(crate) longest_lock: Duration,
    /// The content of one of the activities.
    pub(crate) text: String,
}

impl Limits {
    fn late(&self, draw: &mut Draw) -> Duration {
        draw.millis(10, self.latest_store.as_millis() as u64)
    }
}

pub(crate) const FAULTS: &[DrawnFault] = &[
    // Connections.
    DrawnFault { name: "connection_refused", draw: |d, _| at_any(d, Fault::connection_refused()) },
    DrawnFault { name: "close_before_reading", draw: |d, _| at_any(d, Fault::close_before_reading()) },
    DrawnFault { name: "keep_alive_closed", draw: |d, _| at_any(d, Fault::keep_alive_closed()) },
    DrawnFault { name: "close_after_commit", draw: |d, _| at_any(d, Fault::close_after_commit()) },
    DrawnFault { name: "commit_half", draw: |d, _| at_writes(d, Fault::commit_half()) },
    DrawnFault { name: "close_late", draw: close_late },
    DrawnFault { name: "no_answer", draw: |d, _| at_any(d, Fault::no_answer()) },
    DrawnFault { name: "no_answer_late", draw: no_answer_late },
    DrawnFault { name: "interim_answers", draw: |d, _| at_any(d, Fault::interim_answers(102)) },
    DrawnFault { name: "cut_body", draw: cut_body },
    DrawnFault { name: "wrong_content_length", draw: wrong_length },
    DrawnFault { name: "endless_body", draw: |d, _| at_any(d, Fault::endless_body()) },
    DrawnFault { name: "slow_drip", draw: slow_drip },
    DrawnFault { name: "slow_answer", draw: slow_answer },
    // What stands in front of the server.
    DrawnFault { name: "gateway_page", draw: gateway_page },
    DrawnFault { name: "varnish_503", draw: varnish },
    DrawnFault { name: "retry_later", draw: retry_later },
    DrawnFault { name: "firewall_page", draw: firewall_page },
    DrawnFault { name: "firewall_at_a_text", draw: firewall_at_a_text },
    DrawnFault { name: "bare_status", draw: bare_status },
    DrawnFault { name: "cloudflare_page", draw: cloudflare_page },
    DrawnFault { name: "gateway_json", draw: gateway_json },
    DrawnFault {
        name: "too_large",
        draw: |d, l| text_always(d, l, Fault::bare_status(413).named("too_large")),
    },
    DrawnFault { name: "too_many_requests", draw: too_many_requests },
    DrawnFault { name: "nginx_503", draw: nginx_503 },
    DrawnFault { name: "redirect", draw: redirect },
    DrawnFault { name: "get_body_dropped", draw: |_, _| Fault::get_body_dropped().everywhere().always() },
    // The application and its database.
    DrawnFault { name: "error_500", draw: error_500 },
    DrawnFault {
        name: "key_refused",
        draw: |d, _| at_any(d, Fault::error_in_ok(401, "Не верный API key").named("key_refused")),
    },
    DrawnFault { name: "database_down", draw: |d, _| outage(d, Fault::database_down()) },
    DrawnFault { name: "too_many_connections", draw: |d, _| outage(d, Fault::too_many_connections()) },
    DrawnFault { name: "write_lock", draw: write_lock },
    DrawnFault { name: "php_warning", draw: php_warning },
    DrawnFault { name: "byte_order_mark", draw: |d, _| at_any(d, Fault::byte_order_mark()) },
    DrawnFault { name: "item_refused", draw: item_refused },
    DrawnFault { name: "items_failed", draw: items_failed },
    DrawnFault { name: "changed_record", draw: changed_record },
    DrawnFault { name: "without_ids", draw: without_ids },
    DrawnFault { name: "ids_as_text", draw: |d, _| at_writes(d, Fault::ids_as_text()) },
    DrawnFault { name: "ids_going_down", draw: ids_going_down },
    DrawnFault { name: "zone_refused", draw: zone_refused },
    // Lists.
    DrawnFault {
        name: "order_ignored",
        draw: |_, _| always_at_lists(Fault::parameters_ignored(&["order", "first"]).named("order_ignored")),
    },
    DrawnFault { name: "offset_ignored", draw: offset_ignored },
    DrawnFault { name: "user_ignored", draw: |_, _| user_ignored() },
    DrawnFault {
        name: "dates_ignored",
        draw: |_, _| {
            always_at_lists(Fault::parameters_ignored(&["dateStart", "dateEnd"]).named("dates_ignored"))
        },
    },
    DrawnFault {
        name: "small_pages",
        draw: |d, _| {
            let n = d.size(1, 20);
            at_lists(d, Fault::small_pages(n))
        },
    },
    DrawnFault {
        name: "short_pages",
        draw: |d, _| {
            let (n, r) = (d.size(1, 20), d.chance(0.5));
            at_lists(d, Fault::short_pages(n, r))
        },
    },
    DrawnFault {
        name: "short_lists",
        draw: |d, _| {
            let n = d.size(1, 20);
            always_at_lists(Fault::short_pages(n, false).named("short_lists"))
        },
    },
    DrawnFault { name: "left_out_record", draw: left_out_record },
    DrawnFault { name: "repeated_page", draw: |d, _| at_lists(d, Fault::repeated_page()) },
    DrawnFault { name: "doubled_records", draw: |d, _| at_lists(d, Fault::doubled_records()) },
    DrawnFault { name: "empty_page", draw: |d, _| at_lists(d, Fault::empty_page()) },
    DrawnFault { name: "null_page", draw: |d, _| at_lists(d, Fault::null_page()) },
    DrawnFault { name: "view_without_user_empty", draw: view_without_user_empty },
    DrawnFault { name: "junk_list", draw: |d, _| at_lists(d, Fault::junk_list(20, "0", false)) },
    DrawnFault { name: "change_between_pages", draw: change_between_pages },
];

/// Ends all faults. A lock ends by itself, because what it holds waits for its end.
pub(crate) fn end_faults(sandbox: &Sandbox) {
    let locks: Vec<Rule> =
        sandbox.faults().into_iter().filter(|rule| rule.fault().name() == "write_lock").collect();
    sandbox.clear_faults();
    // No write passes what a lock holds.
    locks.into_iter().for_each(|lock| sandbox.add_fault(lock.after(0)));
}

/// How often a fault strikes.
fn often(draw: &mut Draw, rule: Rule) -> Rule {
    let rule = if draw.chance(0.5) { rule.after(draw.skewed(0, 12) as u64) } else { rule };
    match draw.number(0, 9) {
        0..=3 => rule,
        4 | 5 => rule.times(draw.number(2, 6)),
        6 => rule.each(draw.number(2, 4)),
        7 => rule.with_probability(0.05 + 0.05 * draw.number(0, 8) as f64, draw.seed()),
        8 => rule.during(draw.millis(100, 120_000)),
        _ => rule.always(),
    }
}

fn at_any(draw: &mut Draw, fault: Fault) -> Rule {
    match draw.number(0, 3) {
        0 | 1 => at_writes(draw, fault),
        2 => at_lists(draw, fault),
        _ => often(draw, fault.everywhere()),
    }
}

fn at_writes(draw: &mut Draw, fault: Fault) -> Rule {
    often(draw, fault.on_each([Operation::HistoryAdd, Operation::HistoryAddList]))
}

fn at_lists(draw: &mut Draw, fault: Fault) -> Rule {
    often(draw, fault.on(Operation::HistoryList))
}

/// The answer to the first write is lost.
pub(crate) fn first_answer_lost() -> Rule {
    Fault::close_after_commit().on_each([Operation::HistoryAdd, Operation::HistoryAddList])
}

/// A server ignores a parameter always or never.
pub(crate) fn always_at_lists(fault: Fault) -> Rule {
    fault.on(Operation::HistoryList).always()
}

pub(crate) fn user_ignored() -> Rule {
    always_at_lists(Fault::parameters_ignored(&["user"]).named("user_ignored"))
}

/// Whether and when the request behind an answer that does not say so is carried out.
fn stored(draw: &mut Draw, limits: &Limits, fault: Fault) -> Fault {
    let fault = match draw.number(0, 4) {
        0 => fault.store(Store::Now),
        1 => fault.store(Store::Half),
        2 => fault.store(Store::Not),
        _ => fault.store(Store::Later(limits.late(draw))),
    };
    if draw.chance(0.3) { fault.delay(draw.millis(1, limits.timeout.as_millis() as u64)) } else { fault }
}

fn close_late(draw: &mut Draw, limits: &Limits) -> Rule {
    let fault = Fault::new().named("close_late").transfer(Transfer::Close);
    let fault = stored(draw, limits, fault);
    at_writes(draw, fault)
}

fn no_answer_late(draw: &mut Draw, limits: &Limits) -> Rule {
    let late = limits.late(draw);
    at_writes(draw, Fault::no_answer().named("no_answer_late").store(Store::Later(late)))
}

fn cut_body(draw: &mut Draw, limits: &Limits) -> Rule {
    let after = draw.chance(0.5).then(|| draw.size(0, 60));
    let fault = Fault::cut_body(after);
    let fault = if draw.chance(0.5) { stored(draw, limits, fault) } else { fault };
    at_any(draw, fault)
}

fn wrong_length(draw: &mut Draw, _: &Limits) -> Rule {
    let by = *draw.among(&[-20, -5, -1, 1, 5]);
    at_any(draw, Fault::wrong_content_length(by))
}

fn slow_drip(draw: &mut Draw, _: &Limits) -> Rule {
    let fault = Fault::slow_drip(draw.size(1, 50), draw.millis(1, 500));
    at_any(draw, fault)
}

fn slow_answer(draw: &mut Draw, limits: &Limits) -> Rule {
    let most = limits.timeout.mul_f64(1.5).as_millis() as u64;
    let fault = Fault::latency(draw.millis(1, most)).named("slow_answer").jitter(draw.millis(0, 500));
    at_any(draw, fault)
}

fn gateway_page(draw: &mut Draw, limits: &Limits) -> Rule {
    let fault = Fault::gateway_page(*draw.among(&[500, 502, 504]));
    let fault = stored(draw, limits, fault);
    at_any(draw, fault)
}

fn varnish(draw: &mut Draw, limits: &Limits) -> Rule {
    let after = draw.chance(0.7).then(|| draw.number(0, 5));
    let fault = stored(draw, limits, Fault::varnish_503(after));
    at_any(draw, fault)
}

fn retry_later(draw: &mut Draw, limits: &Limits) -> Rule {
    let after = match draw.number(0, 5) {
        0 => RetryAfter::Absurd,
        1 => RetryAfter::Seconds(7200),
        _ => RetryAfter::Seconds(draw.number(0, 30)),
    };
    let fault = Fault::retry_later(*draw.among(&[502, 503, 504]), after);
    let fault = stored(draw, limits, fault);
    at_any(draw, fault)
}

fn firewall_page(draw: &mut Draw, limits: &Limits) -> Rule {
    let fault = Fault::firewall_page(*draw.among(&[403, 406]));
    let fault = stored(draw, limits, fault);
    at_any(draw, fault)
}

fn firewall_at_a_text(draw: &mut Draw, limits: &Limits) -> Rule {
    let status = *draw.among(&[400, 403, 406]);
    text_always(draw, limits, Fault::firewall_page(status).named("firewall_at_a_text"))
}

/// Strikes at every write that holds the text of one activity.
fn text_always(_: &mut Draw, limits: &Limits, fault: Fault) -> Rule {
    let rule = fault.on_each([Operation::HistoryAdd, Operation::HistoryAddList]);
    rule.only_if(Condition::Text(limits.text.clone())).always()
}

fn bare_status(draw: &mut Draw, limits: &Limits) -> Rule {
    let status = *draw.among(&[408, 499, 500, 501, 503, 520]);
    let fault = stored(draw, limits, Fault::bare_status(status));
    at_any(draw, fault)
}

fn cloudflare_page(draw: &mut Draw, limits: &Limits) -> Rule {
    let status = draw.number(520, 526) as u16;
    let fault = stored(draw, limits, Fault::cloudflare_page(status));
    at_any(draw, fault)
}

fn gateway_json(draw: &mut Draw, limits: &Limits) -> Rule {
    let status = *draw.among(&[200, 500, 502, 503]);
    let fault = stored(draw, limits, Fault::gateway_json(status, "upstream timed out"));
    at_any(draw, fault)
}

fn rate(draw: &mut Draw, rule: Rule) -> Rule {
    rule.over_rate(0.5 * draw.number(1, 20) as f64, draw.number(1, 5) as u32)
}

fn too_many_requests(draw: &mut Draw, _: &Limits) -> Rule {
    let after = draw.chance(0.6).then_some(RetryAfter::Accurate);
    rate(draw, Fault::too_many_requests(after).everywhere())
}

fn nginx_503(draw: &mut Draw, _: &Limits) -> Rule {
    let after = draw.chance(0.3).then_some(RetryAfter::Accurate);
    rate(draw, Fault::nginx_503(after).everywhere())
}

fn redirect(draw: &mut Draw, limits: &Limits) -> Rule {
    let status = *draw.among(&[301, 302, 303, 307, 308]);
    let fault = Fault::redirect(status, "https://elsewhere.test/");
    let fault = if matches!(status, 301 | 308) { fault } else { stored(draw, limits, fault) };
    at_any(draw, fault)
}

fn error_500(draw: &mut Draw, limits: &Limits) -> Rule {
    let fault = Fault::error_in_ok(500, "Неизвестная ошибка").named("error_500");
    let fault = stored(draw, limits, fault);
    at_any(draw, fault)
}

/// The whole server fails for a while.
fn outage(draw: &mut Draw, fault: Fault) -> Rule {
    let time = draw.millis(100, 200_000);
    fault.everywhere().after(draw.skewed(0, 12) as u64).during(time)
}

fn write_lock(draw: &mut Draw, limits: &Limits) -> Rule {
    let time = draw.millis(10, limits.longest_lock.as_millis() as u64);
    let rule = Fault::write_lock().on_each([Operation::HistoryAdd, Operation::HistoryAddList]);
    rule.after(draw.skewed(0, 6) as u64).during(time)
}

fn php_warning(draw: &mut Draw, _: &Limits) -> Rule {
    let fault = Fault::php_warning(draw.chance(0.7), draw.chance(0.7));
    at_any(draw, fault)
}

/// A strict database refuses one value, at every attempt.
fn item_refused(_: &mut Draw, limits: &Limits) -> Rule {
    let text = "Incorrect string value: '\\xF0\\x9F\\x98\\x80' for column 'content' at row 1 в строке 1366";
    Fault::items_refused(&limits.text, 500, text)
        .named("item_refused")
        .on_each([Operation::HistoryAdd, Operation::HistoryAddList])
        .always()
}

/// The server stores an item and says that it failed.
fn items_failed(draw: &mut Draw, limits: &Limits) -> Rule {
    let text = "Unknown column 'last_hist' in 'SET' в строке 1054";
    let fault = Fault::items_failed(if draw.chance(0.5) { "" } else { &limits.text }, 500, text);
    at_writes(draw, fault)
}

fn changed_record(draw: &mut Draw, _: &Limits) -> Rule {
    let append = BTreeMap::from([("content".to_owned(), CHANGED.to_owned())]);
    let fault = Fault::changed_record(BTreeMap::new(), append);
    let fault =
        if draw.chance(0.5) { fault.edit_answer(AnswerEdit::Ids(crm_sandbox::IdForm::Null)) } else { fault };
    at_writes(draw, fault)
}

fn without_ids(draw: &mut Draw, _: &Limits) -> Rule {
    let fault = Fault::without_ids(draw.chance(0.5));
    at_writes(draw, fault)
}

/// A server counts down always or never.
fn ids_going_down(_: &mut Draw, _: &Limits) -> Rule {
    Fault::ids_going_down(5000).on_each([Operation::HistoryAdd, Operation::HistoryAddList]).always()
}

/// Every write is refused because of a setting of the account.
fn zone_refused(draw: &mut Draw, _: &Limits) -> Rule {
    let text = "Unknown or incorrect time zone: '+-5:00' в строке 1298";
    let fault = Fault::items_refused("", 500, text).named("zone_refused");
    at_writes(draw, fault)
}

/// Only where there are more pages than one.
fn offset_ignored(draw: &mut Draw, _: &Limits) -> Rule {
    let fault = Fault::small_pages(draw.size(1, 10)).named("offset_ignored");
    let fault = fault.edit_request(crm_sandbox::RequestEdit::Ignore(vec!["offset".to_owned()]));
    fault.on(Operation::HistoryList).always()
}

fn view_without_user_empty(_: &mut Draw, _: &Limits) -> Rule {
    let fault = Fault::empty_page().named("view_without_user_empty");
    fault
        .only_if(Condition::Not(Box::new(Condition::Parameter("user".to_owned()))))
        .on(Operation::HistoryList)
        .always()
}

/// A list lacks a record once, and never the newest. Nothing can be said of a server that hides a record for good.
fn left_out_record(draw: &mut Draw, _: &Limits) -> Rule {
    let edit = AnswerEdit::LeaveOut(draw.size(1, 10));
    let fault = Fault::new().named("left_out_record").edit_answer(edit);
    fault.on(Operation::HistoryList).after(draw.skewed(0, 20) as u64)
}

/// Others add and edit records between two pages.
fn change_between_pages(draw: &mut Draw, _: &Limits) -> Rule {
    let change = PageChange { add: draw.size(1, 3), ..PageChange::default() };
    at_lists(draw, Fault::change_between_pages(change))
}
