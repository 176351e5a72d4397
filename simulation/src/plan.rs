//! What a seed decides before anything runs.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use crm_history::NewEntry;
use crm_sandbox::{APIKEY, Account, Fault, Operation, Rule, SqlMode, User};

use crate::activities::{self, Shape};
use crate::draw::Draw;
use crate::faults::{self, Limits, always_at_lists};
use crate::groups::{Job, Selection};
use crate::rules::{combination, combined, lost_answer, rules};
use crate::surroundings::{
    changed_type, clock_steps, foreign, interruptions, list_faults_of_marks, server_time, shifted_writes,
    tricks, twin, users,
};
use crate::tricks::{LATEST_COMMIT, ListTricks};

/// Everything that a seed decides before anything runs. The latencies are drawn on the way.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) users: Vec<User>,
    /// The login that calls.
    pub(crate) caller: User,
    pub(crate) sql_mode: SqlMode,
    /// When the server's clock starts.
    pub(crate) server_time: DateTime<Utc>,
    pub(crate) entries: Vec<NewEntry>,
    /// How many records of each user the history starts with.
    pub(crate) old_records: Vec<(i64, usize)>,
    /// Whether some of the old records are equal to activities.
    pub(crate) old_equal: bool,
    pub(crate) rules: Vec<Rule>,
    /// The text at which some faults strike.
    pub(crate) text_of_faults: String,
    /// Whether the server stores nothing later than `settle` after a request ended.
    pub(crate) is_prompt: bool,
    pub(crate) tricks: ListTricks,
    pub(crate) foreign: Vec<ForeignWrite>,
    /// By how many hours a foreign record differs from one of ours whose answer is lost.
    pub(crate) twin: Option<i64>,
    /// Whether the caller declares that nobody else writes equal records, where that is so.
    pub(crate) declares_sole_writer: bool,
    /// At which request the server's clock is set, and by how much.
    pub(crate) clock_steps: Vec<(u64, TimeDelta)>,
    /// The longest way to the server and back, each.
    pub(crate) latency: Duration,
    pub(crate) settings: Settings,
    /// One for each run before the last ones.
    pub(crate) interruptions: Vec<Interruption>,
    /// How long the caller takes for each outcome.
    pub(crate) consumer_pause: Duration,
    /// Whether the last runs must leave nothing unsent and nothing in doubt.
    pub(crate) must_settle: bool,
    /// Whether a crash may tear the last line of the journal.
    pub(crate) tears: bool,
    /// How many runs meet the faults.
    pub(crate) runs_with_faults: usize,
    pub(crate) has_journal: bool,
    /// Whether the store of an outbox may fail or be slow.
    pub(crate) has_store_faults: bool,
    /// Whether instances of an outbox may stand still.
    pub(crate) stands_still: bool,
    /// Whether backups of an outbox may be restored.
    pub(crate) restores_backups: bool,
    /// Whether each run looks for the marks before it sends, so that a lost journal doubles nothing.
    pub(crate) adopts_marks: bool,
}

/// How the import is configured.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) chunk: usize,
    pub(crate) concurrency: usize,
    pub(crate) settle: Duration,
    pub(crate) timeout: Duration,
    pub(crate) patience: Duration,
    pub(crate) flush_after: Duration,
    pub(crate) attempts: u32,
    pub(crate) check_users: bool,
}

/// Somebody else writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForeignWrite {
    /// At this request of ours, counted from 1.
    pub(crate) at_request: u64,
    /// So long after it came; right before it is carried out for `None`.
    pub(crate) later: Option<Duration>,
    pub(crate) what: ForeignRecord,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ForeignRecord {
    /// A record that is equal to this activity.
    EqualTo(usize),
    /// A record that is equal to this activity except that it is so many hours later.
    Shifted(usize, i64),
    /// Any other record.
    Unequal,
}

/// How a run is interrupted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Interruption {
    Never,
    /// After so many polls.
    AtPoll(u64),
    /// When the journal is written for this time, counted from 1. The line may be torn.
    AtWrite(u64),
    /// After so much time.
    After(Duration),
    /// The import is cancelled after so much time.
    Cancel(Duration),
}

impl Plan {
    pub(crate) fn new(seed: u64, selection: &Selection) -> Plan {
        let draw = &mut Draw::new(seed, 1);
        let combination = combination(&mut Draw::new(seed, 11), selection);
        let (most, largest_chunk) = combination.map_or((80, 12), |(_, most)| (most, 2));
        let users = users(draw, selection);
        let caller = users[usize::from(selection.has("seller") && draw.chance(0.3))].clone();
        let owners: Vec<String> = if selection.has("owners") && draw.chance(0.5) {
            users.iter().map(|user| user.login.clone()).collect()
        } else {
            Vec::new()
        };
        let is_strict = selection.has("strict") && draw.chance(0.2);
        let undated = *draw.among(&[0.0, 0.0, 0.2, 1.0]);
        let shape = Shape {
            count: draw.skewed(1, most),
            undated: if selection.has("undated") { undated } else { 0.0 },
            equal: *draw.among(if combination.is_some() { &[0.5, 0.9] } else { &[0.0, 0.1, 0.5, 0.9] }),
            owners: &owners,
            nearly_equal: selection.has("nearly_equal"),
            marks: selection.has("marks") && draw.chance(0.2),
            emoji: is_strict,
        };
        let entries = activities::draw(draw, &shape);
        let settle = draw.millis(1_000, 90_000);
        let settings = Settings {
            chunk: draw.skewed(1, largest_chunk),
            concurrency: draw.size(1, 4),
            settle,
            patience: if draw.chance(0.5) {
                Duration::from_secs(300)
            } else {
                settle + draw.millis(1_000, 600_000)
            },
            flush_after: draw.millis(0, 2_000),
            timeout: draw.millis(1_000, 30_000),
            attempts: draw.number(1, 4) as u32,
            check_users: selection.has("check_users") && draw.chance(0.2),
        };
        let is_prompt = !(selection.has("slow") && draw.chance(0.2));
        let limits = Limits {
            timeout: settings.timeout,
            latest_store: settings.settle.mul_f64(0.8),
            longest_lock: settings.settle.mul_f64(if is_prompt { 0.8 } else { 3.0 }),
            text: draw.among(&entries).content.clone(),
        };
        let mut rules = match combination {
            Some((names, _)) => combined(&mut Draw::new(seed, 12), names, &limits),
            None => rules(draw, selection, &limits),
        };
        let interruptions = interruptions(draw, selection, settings.settle);
        let has_journal = !interruptions.is_empty() || draw.chance(0.8);
        // The sources of their own keep the other draws of a seed.
        let mut tricks = tricks(&mut Draw::new(seed, 5), selection, &entries);
        // At the end of its patience an import sends once more what may still commit.
        let longest_commit = settings.settle + LATEST_COMMIT + settings.timeout;
        tricks.commits_late &= settings.patience >= 2 * longest_commit;
        rules.extend(changed_type(&mut Draw::new(seed, 6), selection));
        if tricks.hides_with_known {
            rules.extend(lost_answer(&mut Draw::new(seed, 13), selection, &rules));
        }
        let is_empty = selection.has("empty_history") && draw.chance(0.2);
        let adopts_marks = selection.has("adopted_marks")
            && has_journal
            && is_prompt
            // A view that shows nothing at all hides the marks.
            && !is_empty
            && !tricks.mislead()
            && !rules.iter().any(|rule| HIDES_ALL.contains(&rule.fault().name()))
            && entries.iter().all(|entry| entry.mark.is_some())
            && Draw::new(seed, 4).chance(0.5);
        // Nothing is left by which such a record can be recognized.
        let is_anonymous = |entry: &NewEntry| entry.at.is_none() && entry.mark.is_none();
        if adopts_marks || entries.iter().any(is_anonymous) {
            rules.retain(|rule| rule.fault().name() != "changed_record");
        }
        if adopts_marks {
            // The size of a page does not change.
            let first = list_faults_of_marks(&mut Draw::new(seed, 8), selection, !owners.is_empty());
            rules.splice(0..0, first);
        }
        // Where ids go down, the page that lacks a record is the last one that is read, and nothing shows that it is short.
        tricks.hides_last_of_page &= !rules.iter().any(|rule| rule.fault().name() == "ids_going_down");
        if tricks.hides_last_of_page {
            rules.insert(0, always_at_lists(Fault::small_pages(2)));
        }
        let most_old = if is_empty { 0 } else { 30 };
        // A page of two must follow the one that lacks a record.
        let fewest_old = if tricks.hides_last_of_page { 4 } else { 0 };
        let mut plan = Plan {
            twin: twin(&mut Draw::new(seed, 9), selection, &caller),
            declares_sole_writer: !(selection.has("undeclared_writer") && Draw::new(seed, 10).chance(0.3)),
            old_records: users
                .iter()
                .map(|user| (user.id, draw.skewed(usize::from(!is_empty), most_old).max(fewest_old)))
                .collect(),
            // An old record with a mark of ours would be ours.
            old_equal: selection.has("old_equal")
                && draw.chance(0.3)
                && entries.iter().all(|entry| entry.mark.is_none()),
            foreign: [
                foreign(draw, selection, &entries, settings.settle, &caller),
                shifted_writes(&mut Draw::new(seed, 7), selection, &entries, settings.settle, &caller),
            ]
            .concat(),
            tricks,
            consumer_pause: if selection.has("slow_consumer") && draw.chance(0.15) {
                draw.millis(1, 20_000)
            } else {
                Duration::ZERO
            },
            must_settle: selection.has("settles"),
            tears: selection.has("torn"),
            clock_steps: clock_steps(draw, selection),
            server_time: server_time(draw, selection),
            latency: settings.settle.mul_f64(0.05).min(settings.timeout / 8),
            runs_with_faults: draw.size(1, 3).max(interruptions.len()),
            sql_mode: if is_strict { SqlMode::Strict } else { SqlMode::Lenient },
            users,
            caller,
            entries,
            rules,
            text_of_faults: limits.text,
            is_prompt,
            settings,
            interruptions,
            // An outbox remembers, too.
            has_journal: has_journal || selection.job() == Job::Outbox,
            has_store_faults: selection.has("store_faults"),
            stands_still: selection.has("standstill") && seed.is_multiple_of(3),
            restores_backups: selection.has("restored_backup"),
            adopts_marks,
        };
        // A list that hides our record makes the other one look like ours. Nobody else uses our marks.
        let is_marked = plan.entries.iter().any(|entry| entry.mark.is_some());
        let has_twin =
            !plan.has_misleading_lists() && !plan.tricks.commits_late && !plan.old_equal && !is_marked;
        plan.twin = plan.twin.filter(|_| has_twin);
        // Where nothing was before, a list that shows only the newest records looks like a whole one.
        let hides_all = plan.rules.iter().any(|rule| HIDES_ALL.contains(&rule.fault().name()));
        plan.restores_backups &= !(hides_all && plan.has_empty_view());
        // A restored outbox that knows no ID does not know what there was in the views that it had not read.
        let has_no_ids = plan.has_fault("without_ids");
        plan.restores_backups &= !(has_no_ids && plan.old_equal);
        // A list of today's records that is empty on the next day looks like one that heeds the days asked for.
        if plan.has_fault("dates_ignored") {
            plan.clock_steps.clear();
            plan.keep_alone("dates_ignored", Operation::HistoryList);
        }
        plan.keep_alone("write_lock", Operation::HistoryAddList);
        if plan.twin.is_some() {
            // It matters only before the server has given an id.
            plan.rules.insert(0, faults::first_answer_lost());
        }
        plan
    }

    /// Drops the other faults of this operation if there is one of this name. Only one rule strikes a request, and a server that
    /// heeds no days, or stores nothing, does not do so now and then.
    fn keep_alone(&mut self, name: &str, operation: Operation) {
        if self.has_fault(name) {
            self.rules.retain(|rule| rule.fault().name() == name || !rule.is_of(operation));
        }
    }

    pub(crate) fn account(&self) -> Account {
        Account { users: self.users.clone(), sql_mode: self.sql_mode, ..Account::new(APIKEY) }
    }

    /// Whether the server, or our own checks, may refuse this activity for what it holds.
    pub(crate) fn refuses(&self, entry: &NewEntry) -> bool {
        const BY_TEXT: &[&str] = &["firewall_at_a_text", "too_large", "item_refused"];
        self.settings.check_users
            || (self.sql_mode == SqlMode::Strict && entry.content.chars().any(|c| c.len_utf8() > 3))
            || (entry.content.contains(&self.text_of_faults)
                && self.rules.iter().any(|rule| BY_TEXT.contains(&rule.fault().name())))
    }

    /// Whether nobody else writes a record that is equal to an activity, or equal except for whole hours.
    pub(crate) fn is_sole_writer(&self) -> bool {
        let is_alike = |write: &ForeignWrite| !matches!(write.what, ForeignRecord::Unequal);
        !self.has_equal_foreign_records() && !self.foreign.iter().any(is_alike) && self.twin.is_none()
    }

    /// Whether an activity whose answer is lost may be somebody else's for all the client knows.
    pub(crate) fn needs_sole_writer(&self) -> bool {
        self.caller.tzone.unwrap_or(0) != 0
            || self.entries.iter().any(|entry| entry.at.is_none() && entry.mark.is_none())
    }

    /// Whether one of the views was empty before the first run. Such a view proves nothing until it shows a known record.
    pub(crate) fn has_empty_view(&self) -> bool {
        let is_empty = |user: &User| self.old_records.iter().all(|(id, count)| *id != user.id || *count == 0);
        let owners = self
            .users
            .iter()
            .filter(|user| self.entries.iter().any(|entry| entry.user.as_ref() == Some(&user.login)));
        is_empty(&self.caller) || owners.into_iter().any(is_empty)
    }

    /// Whether lists or ids mislead, so that an activity stays in doubt for good.
    pub(crate) fn has_misleading_lists(&self) -> bool {
        const MISLEADING: &[&str] = &[
            "order_ignored",
            "user_ignored",
            "dates_ignored",
            "offset_ignored",
            "short_pages",
            "short_lists",
            "left_out_record",
            "small_pages",
            "repeated_page",
            "doubled_records",
            "empty_page",
            "null_page",
            "view_without_user_empty",
            "junk_list",
            // Nothing proves anything where ids go down, and a record without a known id may be anybody's.
            "ids_going_down",
            "without_ids",
        ];
        self.rules.iter().any(|rule| MISLEADING.contains(&rule.fault().name())) || self.tricks.mislead()
    }

    /// Whether the only faults are connections that break, so that no request waits long in the client.
    pub(crate) fn only_breaks_connections(&self) -> bool {
        const BREAKS: &[&str] = &["close_before_reading", "close_after_commit", "close_late", "commit_half"];
        self.rules.iter().all(|rule| BREAKS.contains(&rule.fault().name()))
    }

    fn has_fault(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.fault().name() == name)
    }

    /// Whether the server changes the types of some activities.
    pub(crate) fn changes_types(&self) -> bool {
        self.has_fault("changed_type")
    }

    /// Whether a record may resemble an activity in doubt, so that it stays in doubt for good.
    pub(crate) fn has_resembling_records(&self) -> bool {
        let is_shifted = |write: &ForeignWrite| matches!(write.what, ForeignRecord::Shifted(..));
        self.tricks.unreadable.is_some()
            || self.twin.is_some()
            || self.has_fault("changed_record")
            || self.foreign.iter().any(is_shifted)
            || (self.changes_types() && self.entries.iter().any(|entry| entry.mark.is_none()))
            || self.has_entries_hours_apart()
    }

    /// Whether one record may be that of two activities, until the server has given an id and the shift of the caller is known.
    fn has_entries_hours_apart(&self) -> bool {
        let mut times: BTreeMap<&str, NaiveDateTime> = BTreeMap::new();
        let unmarked = self.entries.iter().filter(|entry| entry.mark.is_none());
        let mut dated = unmarked.filter_map(|entry| Some((entry.content.as_str(), entry.at?)));
        dated.any(|(content, at)| *times.entry(content).or_insert(at) != at)
    }

    /// Whether a later process may find a record in another view that is equal to an activity and was there before. Only the
    /// process that first read this view knows what it showed.
    pub(crate) fn may_meet_older_equal_records(&self) -> bool {
        self.old_equal && self.has_journal && self.entries.iter().any(|entry| entry.user.is_some())
    }

    /// Whether somebody else may write a record that is equal to an activity.
    pub(crate) fn has_equal_foreign_records(&self) -> bool {
        self.foreign.iter().any(|write| matches!(write.what, ForeignRecord::EqualTo(_)))
            || self.has_fault("change_between_pages")
    }
}

/// Faults that may hide most records of a list, or all.
const HIDES_ALL: &[&str] = &["dates_ignored", "view_without_user_empty", "short_lists", "short_pages"];
