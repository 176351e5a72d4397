//! Sending a chunk until every activity of it has an outcome.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crm_model::history::{AddOutcome, EntryId, NewEntry, Rejection};
use crm_transport::{Delivery, Error, ErrorKind};
use tokio::sync::RwLock;

use super::chunk::Chunk;
use super::journal::{Journal, Recorded, Sent};
use super::lookup::{self, Sighting};
use super::{Imported, Settings};
use crate::HistoryClient;

/// What all chunks of an import share.
pub(super) struct Worker {
    client: HistoryClient,
    settings: Settings,
    journal: Journal,
    /// Held for reading while a chunk is sent, for writing while one is looked for: whatever else was sent by then
    /// has its outcome, or is in doubt too and is looked for after this one.
    gate: RwLock<()>,
    ids: Mutex<Ids>,
    logins: Mutex<HashMap<String, bool>>,
    stopped: OnceLock<String>,
    /// How many activities in a row the server failed at, each by itself.
    failing: AtomicU32,
}

/// The ids that are known, to tell new records from old ones and one chunk's from another's.
#[derive(Default)]
struct Ids {
    /// The highest id seen.
    highest: u64,
    /// Whether it was looked for in this run: somebody may have added records since the journal was written.
    looked: bool,
    /// Ids with an owner among the activities, above every watermark in use.
    claimed: BTreeSet<u64>,
    /// The watermark of each chunk that is not finished, by its first index.
    watermarks: BTreeMap<u64, u64>,
}

impl Ids {
    fn created(&mut self, id: EntryId) {
        self.highest = self.highest.max(id.0);
        self.claimed.insert(id.0);
    }

    fn finished(&mut self, first: u64) {
        self.watermarks.remove(&first);
        match self.watermarks.values().min() {
            Some(&lowest) => self.claimed = self.claimed.split_off(&lowest),
            None => self.claimed.clear(),
        }
    }
}

/// What a round has left of the items it sent.
enum Round {
    /// All have an outcome.
    Settled,
    /// Some are certainly not stored, after this failure.
    Missing(Error),
    /// The journal could not be written.
    Broken(Error),
}

impl Worker {
    pub(super) fn new(
        client: HistoryClient,
        settings: Settings,
        journal: Journal,
        recorded: &VecDeque<Recorded>,
    ) -> Self {
        let mut ids = Ids::default();
        for chunk in recorded {
            let created = chunk.outcomes.iter().flatten().filter_map(AddOutcome::id);
            created.for_each(|id| ids.created(id));
            if let Some(doubt) = &chunk.doubt {
                ids.watermarks.insert(chunk.first, doubt.watermark);
            }
        }
        Self {
            client,
            settings,
            journal,
            gate: RwLock::new(()),
            ids: Mutex::new(ids),
            logins: Mutex::default(),
            stopped: OnceLock::new(),
            failing: AtomicU32::new(0),
        }
    }

    /// Sends nothing from now on, for this reason; the first one counts.
    pub(super) fn stop(&self, why: impl Into<String>) {
        let _ = self.stopped.set(why.into());
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get().is_some()
    }

    /// Finds an outcome for every activity of the chunk. The error beside them is the journal's, and ends the import.
    pub(super) async fn work(&self, mut chunk: Chunk) -> (Vec<Imported>, Option<Error>) {
        let broken = self.settle(&mut chunk).await;
        self.ids().finished(chunk.first);
        (chunk.items.into_iter().map(|item| item.imported).collect(), broken)
    }

    async fn settle(&self, chunk: &mut Chunk) -> Option<Error> {
        if let Some(sent) = chunk.doubt.take()
            && let Err(error) = self.look(chunk, &sent, true).await
        {
            return Some(error);
        }
        let mut size = usize::MAX;
        let mut fruitless = 0;
        loop {
            let open: Vec<usize> =
                (0..chunk.items.len()).filter(|&i| !chunk.items[i].settled).take(size).collect();
            if open.is_empty() {
                return None;
            }
            if let Some(why) = self.stopped.get() {
                for item in chunk.items.iter_mut().filter(|item| !item.settled) {
                    item.settle(AddOutcome::NotSent(why.clone()));
                }
                return None;
            }
            let before = unsettled(chunk);
            let error = match self.send(chunk, &open).await {
                Round::Settled => continue,
                Round::Broken(error) => return Some(error),
                Round::Missing(error) => error,
            };
            if unsettled(chunk) < before {
                fruitless = 0;
                continue; // what the server stored before it failed is found; on with the rest
            }
            fruitless += 1;
            if !fails_at_an_activity(&error) {
                if fruitless >= ROUNDS {
                    self.stop(format!("the server failed {fruitless} times: {error}"));
                }
            } else if open.len() > 1 {
                (size, fruitless) = (open.len() / 2, 0); // one of them may be what the server fails at
            } else if fruitless >= ALONE {
                if self.failing.fetch_add(1, Ordering::Relaxed) >= FAILING {
                    self.stop(format!("the server fails at everything: {error}"));
                    continue;
                }
                let outcome = AddOutcome::Rejected(Rejection::new(error.api_code(), error.to_string()));
                chunk.items[open[0]].settle(outcome.clone());
                if let Err(error) = self.journal.done(chunk.first, &[(open[0], &outcome)]) {
                    return Some(error);
                }
                (size, fruitless) = (usize::MAX, 0);
            }
        }
    }

    /// Sends these items once, and settles those of which it is then known what became of them.
    async fn send(&self, chunk: &mut Chunk, open: &[usize]) -> Round {
        let sending = self.gate.read().await;
        let sent = match self.watermark(chunk.first).await {
            Ok(watermark) => Sent { items: open.to_vec(), watermark, at: lookup::now() },
            Err(error) => {
                self.stop(format!("the history could not be read before sending: {error}"));
                return Round::Settled;
            }
        };
        if let Err(error) = self.journal.sending(chunk.first, chunk.items.len() as u64, chunk.hash, &sent) {
            self.stop(error.to_string());
            chunk.items.iter_mut().filter(|item| !item.settled).for_each(|item| {
                item.settle(AddOutcome::NotSent(error.to_string()));
            });
            return Round::Broken(error);
        }
        let entries: Vec<NewEntry> = open.iter().map(|&i| chunk.items[i].imported.entry.clone()).collect();
        let result = self.client.add_list(&entries).await;
        drop(sending);
        let mut doubtful = Vec::new();
        let error = match result {
            Ok(outcomes) => {
                for (&i, outcome) in open.iter().zip(outcomes) {
                    match outcome {
                        AddOutcome::Unknown(_) => doubtful.push(i),
                        outcome => chunk.items[i].settle(outcome),
                    }
                }
                None
            }
            Err(error) => {
                match error.delivery() {
                    Delivery::Unknown => doubtful = open.to_vec(),
                    Delivery::NotSent => self.stop(format!("nothing could be sent: {error}")),
                    Delivery::Delivered if error.http_status() == Some(413) => {}
                    Delivery::Delivered => self.stop(format!("the server refuses to be called: {error}")),
                }
                Some(error)
            }
        };
        if let Err(error) = self.record(chunk, open, &doubtful) {
            return Round::Broken(error);
        }
        if !doubtful.is_empty() {
            let silent = error.as_ref().is_some_and(may_still_work);
            let sent = Sent { items: doubtful, ..sent };
            if let Err(error) = self.look(chunk, &sent, silent).await {
                return Round::Broken(error);
            }
        }
        match error {
            _ if open.iter().all(|&i| chunk.items[i].settled) => Round::Settled,
            Some(error) => Round::Missing(error),
            None => Round::Missing(crm_transport::Error::undecodable(
                &<crate::operations::AddList as crm_transport::Operation>::INFO,
                crm_transport::json::JsonError::new(
                    "$",
                    "the server did not say what became of some activities",
                ),
            )),
        }
    }

    /// Looks for items of which it is not known whether they are stored. Settles those that are, and those that
    /// cannot be decided; the others are certainly missing.
    async fn look(&self, chunk: &mut Chunk, sent: &Sent, silent: bool) -> Result<(), Error> {
        let _alone = self.gate.write().await;
        let items: Vec<usize> = sent.items.iter().copied().filter(|&i| !chunk.items[i].settled).collect();
        if items.is_empty() {
            return Ok(());
        }
        let claimed = self.ids().claimed.clone();
        let sightings = match self.sightings(chunk, &items, sent, silent, &claimed).await {
            Ok(sightings) => sightings,
            Err(error) => {
                // The journal still has them in doubt: the next run looks for them again.
                let why = format!("it was sent and could not be looked for: {error}");
                items.iter().for_each(|&i| chunk.items[i].settle(AddOutcome::Unknown(why.clone())));
                self.stop(why);
                return Ok(());
            }
        };
        let mut told = Vec::new();
        for (&i, sighting) in items.iter().zip(sightings) {
            let outcome = match sighting {
                Sighting::Stored(id) => {
                    self.ids().created(id);
                    AddOutcome::Created(id)
                }
                Sighting::Alike(id) => AddOutcome::Unknown(format!(
                    "it was sent without an answer, and record {id} is much like it"
                )),
                Sighting::OutOfSight => {
                    AddOutcome::Unknown("it was sent without an answer, and cannot be looked for".to_owned())
                }
                Sighting::Missing => AddOutcome::NotSent("it is not stored".to_owned()),
            };
            if sighting != Sighting::Missing {
                chunk.items[i].settle(outcome.clone());
            }
            told.push((i, outcome));
        }
        let told: Vec<_> = told.iter().map(|(i, outcome)| (*i, outcome)).collect();
        self.journal.done(chunk.first, &told)
    }

    /// Reads until all are found, or until the server must be done with them and two readings agree.
    async fn sightings(
        &self,
        chunk: &Chunk,
        items: &[usize],
        sent: &Sent,
        silent: bool,
        claimed: &BTreeSet<u64>,
    ) -> Result<Vec<Sighting>, Error> {
        let entries: Vec<&NewEntry> = items.iter().map(|&i| &chunk.items[i].imported.entry).collect();
        let read = || lookup::look(&self.client, &entries, sent.watermark, sent.at, claimed);
        let all_stored = |each: &[Sighting]| each.iter().all(|s| matches!(s, Sighting::Stored(_)));
        let mut last = read().await?;
        if !all_stored(&last) && silent {
            tokio::time::sleep(lookup::remaining(sent.at, self.settings.settle)).await;
            last = read().await?;
        }
        for _ in 0..READINGS {
            if all_stored(&last) {
                return Ok(last);
            }
            let next = read().await?;
            if next == last {
                return Ok(last);
            }
            last = next;
        }
        // Somebody is adding and deleting so fast that no two readings agree.
        let undecided = |s| if s == Sighting::Missing { Sighting::OutOfSight } else { s };
        Ok(last.into_iter().map(undecided).collect())
    }

    /// Writes down what became of the items that have an outcome now, and what is certainly missing.
    fn record(&self, chunk: &Chunk, open: &[usize], doubtful: &[usize]) -> Result<(), Error> {
        let mut told = Vec::new();
        for &i in open.iter().filter(|i| !doubtful.contains(i)) {
            let outcome = &chunk.items[i].imported.outcome;
            if let AddOutcome::Created(id) = outcome {
                self.ids().created(*id);
                self.failing.store(0, Ordering::Relaxed);
            }
            told.push((i, outcome));
        }
        if told.is_empty() { Ok(()) } else { self.journal.done(chunk.first, &told) }
    }

    /// The highest id there is before this chunk is sent.
    async fn watermark(&self, first: u64) -> Result<u64, Error> {
        if !self.ids().looked {
            let highest = lookup::highest_id(&self.client).await?;
            let mut ids = self.ids();
            ids.highest = ids.highest.max(highest);
            ids.looked = true;
        }
        let mut ids = self.ids();
        let highest = ids.highest;
        ids.watermarks.entry(first).or_insert(highest);
        Ok(highest)
    }

    /// Whether the CRM does not know this login: a call in its name is refused then (observed). Asked once.
    pub(super) async fn is_unknown(&self, login: &str) -> bool {
        let known = self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(login).copied();
        if let Some(unknown) = known {
            return unknown;
        }
        let unknown = match self.client.with_login(login) {
            Ok(client) => client.fields().await.is_err_and(|error| error.is_auth()),
            Err(_) => true, // no header can carry it
        };
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).insert(login.to_owned(), unknown);
        unknown
    }

    fn ids(&self) -> MutexGuard<'_, Ids> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a chunk is sent without anything of it being stored, before the import stops.
const ROUNDS: u32 = 5;
/// How often the server fails at an activity by itself, before it is refused for that.
const ALONE: u32 = 3;
/// At how many activities in a row the server may fail before the import stops.
const FAILING: u32 = 3;
/// How many readings are waited for two that agree.
const READINGS: u32 = 5;

fn unsettled(chunk: &Chunk) -> usize {
    chunk.items.iter().filter(|item| !item.settled).count()
}

/// The server itself failed, which may be for one of the activities.
fn fails_at_an_activity(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Api | ErrorKind::PhpError | ErrorKind::EmptyBody)
        || matches!(error.http_status(), Some(413 | 500))
}

/// No answer of the server itself came: it may still be at work.
fn may_still_work(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Closed | ErrorKind::Timeout | ErrorKind::Gateway | ErrorKind::Connect)
}
