//! Counts of activities: by day and type, by user, by client, by weekday and hour.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate, Timelike};
use crm::directory::User;
use crm::history::Entry;

use crate::language::Messages;

/// A name with its count.
pub(super) type Counted = (String, u64);

/// The counts. Activities without a date are in no range of days, so the server lists none.
pub(super) struct Activities {
    names: Names,
    by_type: BTreeMap<String, BTreeMap<NaiveDate, u64>>,
    by_user: BTreeMap<String, u64>,
    by_client: BTreeMap<String, u64>,
    without_client: u64,
    /// By weekday from Monday, and hour.
    pub(super) by_hour: [[u64; 24]; 7],
    pub(super) total: u64,
}

/// Names of users, and words where there is no name.
pub(super) struct Names {
    by_login: HashMap<String, String>,
    no_type: String,
    no_owner: String,
}

impl Names {
    pub(super) fn new(users: &[User], messages: &Messages) -> Self {
        let name = |user: &User| Some((user.login.as_ref()?.to_lowercase(), plain(user.name.as_deref()?)));
        Self {
            by_login: users.iter().filter_map(name).filter(|(_, name)| !name.is_empty()).collect(),
            no_type: messages.text("report-no-type"),
            no_owner: messages.text("report-no-owner"),
        }
    }

    fn user(&self, entry: &Entry) -> String {
        match entry.user_login.as_deref().filter(|login| !login.is_empty()) {
            Some(login) => self.by_login.get(&login.to_lowercase()).cloned().unwrap_or_else(|| plain(login)),
            None => self.no_owner.clone(),
        }
    }
}

impl Activities {
    pub(super) fn new(names: Names) -> Self {
        Self {
            names,
            by_type: BTreeMap::new(),
            by_user: BTreeMap::new(),
            by_client: BTreeMap::new(),
            without_client: 0,
            by_hour: [[0; 24]; 7],
            total: 0,
        }
    }

    /// Counts an activity.
    pub(super) fn count(&mut self, entry: &Entry) {
        let Some(at) = entry.at else { return };
        let name = entry.activity_type.as_deref().map(plain).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| self.names.no_type.clone());
        *self.by_type.entry(name).or_default().entry(at.date()).or_default() += 1;
        *self.by_user.entry(self.names.user(entry)).or_default() += 1;
        match (entry.client_id.filter(|id| id.0 > 0), &entry.client_name) {
            (Some(_), Some(name)) => *self.by_client.entry(plain(name)).or_default() += 1,
            (Some(id), None) => *self.by_client.entry(id.to_string()).or_default() += 1,
            (None, _) => self.without_client += 1,
        }
        self.by_hour[at.weekday().num_days_from_monday() as usize][at.hour() as usize] += 1;
        self.total += 1;
    }

    /// Returns the types with the number of each day, the most frequent first. Rare ones share the last place.
    pub(super) fn types(&self, most: usize, messages: &Messages) -> Vec<(String, BTreeMap<NaiveDate, u64>)> {
        let mut types: Vec<_> = self.by_type.clone().into_iter().collect();
        types.sort_by_key(|(_, days)| std::cmp::Reverse(days.values().sum::<u64>()));
        if types.len() > most {
            let rest = types.split_off(most - 1);
            let mut together = BTreeMap::new();
            for (day, count) in rest.iter().flat_map(|(_, days)| days) {
                *together.entry(*day).or_default() += count;
            }
            let others = [("count", (rest.len() as u64).into())];
            types.push((messages.format("report-other-types", &others), together));
        }
        types
    }

    /// Returns the users, the busiest first.
    pub(super) fn users(&self) -> Vec<Counted> {
        sorted(&self.by_user)
    }

    /// Returns the clients, the most frequent first.
    pub(super) fn clients(&self) -> Vec<Counted> {
        sorted(&self.by_client)
    }

    pub(super) fn without_client(&self) -> u64 {
        self.without_client
    }
}

fn sorted(counts: &BTreeMap<String, u64>) -> Vec<Counted> {
    let mut sorted: Vec<Counted> = counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sorted
}

/// A name as it can be in a page and on a terminal: without control characters, and at most 50 characters long.
pub(super) fn plain(name: &str) -> String {
    let is_bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let name: String = name.chars().take(50).map(|c| if is_bad(c) { ' ' } else { c }).collect();
    name.trim().to_owned()
}
