//! What was there for a mirror to see, and when.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, Timelike as _};
use crm_mirror::{Key, Table};
use crm_sandbox::Sandbox;
use serde_json::Value;

/// A row of a copy.
pub(crate) type Place = (Table, Key);

/// What a record holds, without what the API spoils or shifts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// Some of its fields.
    pub(crate) text: String,
    /// What only a second call returns as it is stored.
    pub(crate) detail: String,
    /// Activities: the stored time.
    pub(crate) at: Option<NaiveDateTime>,
}

/// What the login sees, and what it saw since the run began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    pub(crate) now: BTreeMap<Place, Seen>,
    /// When the run began, in seconds since 1970.
    pub(crate) started_at: i64,
    /// What was seen at each moment of the run, and whether it did not change.
    pub(crate) throughout: BTreeMap<Place, bool>,
    /// What was seen at some moment of the run.
    pub(crate) ever: BTreeSet<Place>,
    /// The lowest ID of an activity that was not new when the login saw it in this run for the first time, or again. It moves
    /// those above it to other pages, past the reader, and leaves no trace if it does so between two of them.
    pub(crate) lowest_that_came: Option<i64>,
    /// Whether an activity left the list during this run. This can hide that others came in, because the list does not get
    /// longer.
    pub(crate) has_one_left: bool,
    /// Since when something is not seen. It was seen before.
    pub(crate) hidden_since: BTreeMap<Place, i64>,
    /// When something was first not seen any more.
    pub(crate) first_hidden: BTreeMap<Place, i64>,
    /// When the record of a project, and when its children changed last.
    pub(crate) projects_changed: BTreeMap<i64, i64>,
    pub(crate) children_changed: BTreeMap<i64, i64>,
    /// The projects that were deleted at some moment of the run.
    pub(crate) deleted_projects: BTreeSet<i64>,
    deleted_now: BTreeSet<i64>,
    /// The activities that the login has seen since they were added.
    pub(crate) seen_from_birth: BTreeSet<i64>,
    highest_activity: i64,
    /// Whether a page of the newest activities was sorted by something else, and looked sorted by ID. Nobody can know then
    /// that it hides new activities.
    pub(crate) is_newest_hidden: bool,
    /// The activities whose time was changed.
    pub(crate) moved: BTreeSet<u64>,
    /// By how many hours the clock of the login was ever shifted.
    pub(crate) shifts: BTreeSet<i64>,
    /// When the shift changed.
    pub(crate) shift_changes: BTreeSet<i64>,
    shift: i64,
}

impl Truth {
    pub(crate) fn new(sandbox: &Sandbox) -> Truth {
        let mut truth = Truth { shifts: BTreeSet::from([0]), ..Truth::default() };
        truth.look(sandbox, 0);
        truth
    }

    pub(crate) fn begin_run(&mut self, now: i64) {
        self.started_at = now;
        self.throughout = self.now.keys().map(|place| (*place, true)).collect();
        self.ever = self.now.keys().copied().collect();
        self.lowest_that_came = None;
        self.has_one_left = false;
        self.deleted_projects.clone_from(&self.deleted_now);
    }

    /// Whether a reader of all activities may have passed by this one.
    pub(crate) fn may_have_moved(&self, id: i64) -> bool {
        self.has_one_left && self.lowest_that_came.is_some_and(|lowest| lowest < id)
    }

    /// A full run has passed by this activity, and could not know. Runs that read what is new do not look for it.
    pub(crate) fn excuse(&mut self, id: i64) {
        self.seen_from_birth.remove(&id);
    }

    /// Takes in a page of the list of activities that was asked for by ID, newest first.
    pub(crate) fn note_newest(&mut self, ids: &[u64], is_first_page: bool) {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return };
        let is_hidden = |id: u64| id > *last && (id < *first || is_first_page) && !ids.contains(&id);
        let mut activities = self.now.keys().filter(|place| place.0 == Table::Activities);
        let is_sorted = ids.is_sorted_by(|one, next| one > next);
        self.is_newest_hidden |= is_sorted && activities.any(|(_, key)| is_hidden(key.id.unsigned_abs()));
    }

    /// Takes in what is there now.
    pub(crate) fn look(&mut self, sandbox: &Sandbox, at: i64) {
        let now = rows(sandbox);
        let deleted = sandbox.projects().into_iter().filter(|project| project.deleted);
        self.deleted_now = deleted.map(|project| project.id as i64).collect();
        self.deleted_projects.extend(&self.deleted_now);
        let before = std::mem::take(&mut self.now);
        for (place, seen) in &before {
            let next = now.get(place);
            if next == Some(seen) {
                continue;
            }
            // Whether a project was deleted and restored meanwhile, its list does not show.
            if next.is_some() || place.0 != Table::Projects {
                self.changed(*place, at);
            }
            if next.is_some() {
                self.throughout.entry(*place).and_modify(|unchanged| *unchanged = false);
            } else {
                self.throughout.remove(place);
                if place.0 == Table::Activities {
                    self.seen_from_birth.remove(&place.1.id);
                    self.has_one_left = true;
                }
                self.hidden_since.insert(*place, at);
                self.first_hidden.entry(*place).or_insert(at);
            }
        }
        for place in now.keys().filter(|place| !before.contains_key(place)) {
            if place.0 != Table::Projects {
                self.changed(*place, at);
            }
            self.hidden_since.remove(place);
            if place.0 == Table::Activities && place.1.id <= self.highest_activity {
                let lowest = self.lowest_that_came.unwrap_or(i64::MAX);
                self.lowest_that_came = Some(lowest.min(place.1.id));
            }
        }
        let activities = now.keys().filter(|place| place.0 == Table::Activities).map(|place| place.1.id);
        self.seen_from_birth.extend(activities.filter(|id| *id > self.highest_activity));
        let highest = sandbox.with_records(|records| records.map(|record| record.cid as i64).max());
        self.highest_activity = self.highest_activity.max(highest.unwrap_or(0));
        self.ever.extend(now.keys().copied());
        self.now = now;
        let shift = sandbox.accounts().first().and_then(|account| account.users.first()?.tzone).unwrap_or(0);
        if i64::from(shift) != self.shift {
            self.shift = shift.into();
            self.shifts.insert(self.shift);
            self.shift_changes.insert(at);
        }
    }

    fn changed(&mut self, (table, key): Place, at: i64) {
        if table == Table::Projects {
            self.projects_changed.insert(key.id, at);
        } else if table.belongs_to_project() {
            self.children_changed.insert(key.project_id, at);
        }
    }
}

/// Returns what the head of the account sees.
fn rows(sandbox: &Sandbox) -> BTreeMap<Place, Seen> {
    let users: Vec<_> = sandbox.accounts().into_iter().take(1).flat_map(|account| account.users).collect();
    let is_owned = |owner: i64| users.iter().any(|user| user.id == owner);
    let mut rows = BTreeMap::new();
    let mut add = |table, key, fields: &[&dyn std::fmt::Display], detail: &str, at| {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        rows.insert((table, key), Seen { text: fields.join("|"), detail: detail.to_owned(), at });
    };
    sandbox.with_records(|records| {
        for record in records.filter(|record| is_owned(record.iduser)) {
            let (tip, content) = (record.tip.as_deref(), record.content.as_deref().unwrap_or_default());
            let fields: &[&dyn std::fmt::Display] = &[&tip.unwrap_or_default(), &record.iduser, &record.clid];
            let at = record.datum.and_then(|at| at.with_nanosecond(0));
            add(Table::Activities, Key::new(record.cid as i64), fields, content, at);
        }
    });
    for user in &users {
        add(Table::Users, Key::new(user.id), &[&user.title, &user.login], &user.mobile, None);
    }
    for client in sandbox.clients() {
        let phone = client.phone.unwrap_or_default();
        add(Table::Clients, Key::new(client.clid), &[&client.title, &phone, &client.iduser], "", None);
    }
    for contact in sandbox.contacts().into_iter().filter(|contact| is_owned(contact.iduser)) {
        let mobile = contact.mob.unwrap_or_default();
        add(Table::Contacts, Key::new(contact.pid), &[&contact.person, &mobile, &contact.iduser], "", None);
    }
    let is_seen = |project: &crm_sandbox::Project| !project.deleted && project.tasks == 0;
    for project in sandbox.projects().into_iter().filter(is_seen) {
        let project_id = project.id as i64;
        add(Table::Projects, Key::new(project_id), &[&project.price], "", None);
        let mut counts: BTreeMap<(Table, u64), i64> = BTreeMap::new();
        let mut child = |table, id: u64, field: &dyn std::fmt::Display| {
            let count = counts.entry((table, id)).or_default();
            add(table, Key { project_id, id: id as i64, occurrence: *count }, &[field], "", None);
            *count += 1;
        };
        project.steps.iter().for_each(|step| child(Table::ProjectSteps, step.id, &step.date));
        project.actions.iter().for_each(|action| child(Table::ProjectActions, action.id, &action.name));
        project.checklists.iter().for_each(|list| child(Table::Checklists, list.id, &list.name));
        project.goods.iter().for_each(|good| child(Table::Goods, good.id, &good.count));
        project.payments.iter().for_each(|payment| child(Table::Payments, payment.id, &payment.amount));
    }
    rows
}

/// Returns what the record of a copy holds, in the same form. The time is that of the login.
pub(crate) fn seen_in_copy(table: Table, raw: &Value) -> Seen {
    let field = |name: &str| match &raw[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (fields, detail): (&[&str], &str) = match table {
        Table::Activities => (&["tip", "iduser", "clid"], "content"),
        Table::Users => (&["title", "login"], "mob"),
        Table::Clients => (&["title", "phone", "iduser"], ""),
        Table::Contacts => (&["person", "mob", "iduser"], ""),
        Table::Projects => (&["price"], ""),
        Table::ProjectSteps => (&["date"], ""),
        Table::ProjectActions | Table::Checklists => (&["name"], ""),
        Table::Goods => (&["count"], ""),
        _ => (&["amount"], ""),
    };
    let at = if table == Table::Activities { field("datum") } else { String::new() };
    Seen {
        text: fields.iter().map(|name| field(name)).collect::<Vec<_>>().join("|"),
        detail: if detail.is_empty() { String::new() } else { field(detail) },
        at: NaiveDateTime::parse_from_str(&at, "%Y-%m-%d %H:%M:%S").ok(),
    }
}
