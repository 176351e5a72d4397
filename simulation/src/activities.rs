//! The activities that are handed in, and how a record of the server is recognized as one of them.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use crm_history::{ClientId, ContactId, DealId, NewEntry};
use crm_sandbox::{Record, User};

use crate::draw::Draw;

/// Everything that is written of an activity. Two activities with the same key are equal: only their number matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) content: String,
    pub(crate) activity_type: String,
    pub(crate) owner: i64,
    pub(crate) client: i64,
    pub(crate) contacts: String,
    pub(crate) deal: i64,
    /// `None` if the server chose the time. The content says which.
    pub(crate) at: Option<NaiveDateTime>,
}

/// So begins the content of an activity without a date.
const UNDATED: &str = "Без даты";
/// So ends the content of a record that the server changed before it stored it.
pub(crate) const CHANGED: &str = "!!more";

impl Key {
    /// The key of an activity that this caller hands in.
    pub(crate) fn of_entry(entry: &NewEntry, users: &[User], caller: &User) -> Key {
        let owner = match &entry.user {
            None => caller.id,
            Some(login) => users.iter().find(|user| user.login == *login).map_or(0, |user| user.id),
        };
        let contacts: Vec<String> = entry.contacts.iter().map(ToString::to_string).collect();
        Key {
            content: entry.as_stored().content,
            activity_type: entry.activity_type.clone().unwrap_or_default(),
            owner,
            client: id(entry.client.map(|id| id.0)),
            contacts: contacts.join(";"),
            deal: id(entry.deal.map(|id| id.0)),
            at: entry.at,
        }
    }

    /// The key of a record on the server.
    pub(crate) fn of_record(record: &Record) -> Key {
        let content = record.content.clone().unwrap_or_default();
        let content = content.strip_suffix(CHANGED).unwrap_or(&content).to_owned();
        let is_undated = content.starts_with(UNDATED);
        Key {
            activity_type: record.tip.clone().unwrap_or_default(),
            owner: record.iduser,
            client: record.clid,
            contacts: record.pid.clone(),
            deal: record.did,
            at: record.datum.filter(|_| !is_undated),
            content,
        }
    }

    /// The same key for every type.
    pub(crate) fn without_type(self) -> Key {
        Key { activity_type: String::new(), ..self }
    }

    /// The same key for every time.
    pub(crate) fn without_time(self) -> Key {
        Key { at: None, ..self }
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.content.ends_with(']')
    }

    /// Says what it holds, on one line.
    pub(crate) fn describe(&self) -> String {
        let at = self.at.map_or("undated".to_owned(), |at| at.to_string());
        let Key { content, activity_type, owner, client, contacts, deal, .. } = self;
        format!(
            "{content:?} {activity_type:?} of user {owner}, {at}, client {client}, contacts {contacts:?}, deal {deal}"
        )
    }

    pub(crate) fn is_dated(&self) -> bool {
        !self.content.starts_with(UNDATED)
    }

    /// The record that somebody else writes with the same values. `now` is the time of an undated one.
    pub(crate) fn to_record(&self, now: NaiveDateTime) -> Record {
        Record {
            datum: Some(self.at.unwrap_or(now)),
            content: Some(self.content.clone()),
            tip: Some(self.activity_type.clone()).filter(|tip| !tip.is_empty()),
            iduser: self.owner,
            clid: self.client,
            pid: self.contacts.clone(),
            did: self.deal,
            ..Record::default()
        }
    }
}

fn id(id: Option<u64>) -> i64 {
    id.and_then(|id| i64::try_from(id).ok()).unwrap_or(0)
}

/// How the activities of a run are drawn.
pub(crate) struct Shape<'a> {
    pub(crate) count: usize,
    /// The share without a date.
    pub(crate) undated: f64,
    /// The share of activities that are equal to an earlier one.
    pub(crate) equal: f64,
    /// The logins that activities name as their owner; none for the caller's own.
    pub(crate) owners: &'a [String],
    /// Whether some of those differ in one value after all, which makes them another activity.
    pub(crate) nearly_equal: bool,
    /// Whether each has a mark of its own.
    pub(crate) marks: bool,
    /// Whether some hold a character that a strict database refuses.
    pub(crate) emoji: bool,
}

/// Draws the activities of a run.
pub(crate) fn draw(draw: &mut Draw, shape: &Shape<'_>) -> Vec<NewEntry> {
    let mut entries: Vec<NewEntry> = Vec::with_capacity(shape.count);
    for number in 0..shape.count {
        if !shape.marks && !entries.is_empty() && draw.chance(shape.equal) {
            let equal = draw.among(&entries).clone();
            let differs = shape.nearly_equal && draw.chance(0.25);
            entries.push(if differs { changed(draw, equal) } else { equal });
        } else {
            let entry = new(draw, shape, number);
            entries.push(if shape.marks { entry.mark(format!("1700000000.{number}")) } else { entry });
        }
    }
    entries
}

fn new(draw: &mut Draw, shape: &Shape<'_>, number: usize) -> NewEntry {
    let is_undated = draw.chance(shape.undated);
    // Few texts, so that many activities differ in another value alone.
    let text = if shape.nearly_equal && draw.chance(0.3) { draw.size(0, 3) } else { 100 + number };
    let emoji = if shape.emoji && draw.chance(0.1) { " 😀" } else { "" };
    let mut entry = if is_undated {
        NewEntry::new(format!("{UNDATED} {text}{emoji}"))
    } else {
        NewEntry::new(format!("Звонок {text}{emoji}")).at(moment(draw))
    };
    entry = entry.client(ClientId(draw.number(1, 2)));
    if draw.chance(0.7) {
        entry = entry.activity_type(*draw.among(&["вх.Звонок", "исх.Звонок", "Встреча"]));
    }
    if draw.chance(0.3) {
        entry = entry.contacts((1..=draw.number(1, 2)).map(ContactId));
    }
    if draw.chance(0.2) {
        entry = entry.deal(DealId(1));
    }
    if !shape.owners.is_empty() && draw.chance(0.5) {
        entry = entry.user(draw.among(shape.owners).clone());
    }
    entry
}

/// The same activity with one other value.
fn changed(draw: &mut Draw, entry: NewEntry) -> NewEntry {
    match draw.number(0, 3) {
        0 => entry.client(ClientId(3)),
        1 => entry.activity_type("Письмо"),
        2 => match entry.at {
            Some(at) => entry.at(at + TimeDelta::hours(1)),
            None => entry.deal(DealId(2)),
        },
        _ => entry.contacts([ContactId(3)]),
    }
}

fn moment(draw: &mut Draw) -> NaiveDateTime {
    let day = NaiveDate::from_ymd_opt(2024, 6, 1).unwrap_or_default();
    // Few days and round times, so that many activities share them.
    day.and_time(chrono::NaiveTime::MIN)
        + TimeDelta::days(draw.number(0, 20) as i64)
        + TimeDelta::minutes(30 * draw.number(0, 47) as i64)
}
