//! Drives the engine for as long as this instance is the sender and the engine goes on.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crm_history::engine::{Driver, Earlier, Ending};
use crm_history::{NotSentReason, Rejection, UnknownReason};
use crm_transport::Error;
use tokio::sync::watch;
use tokio::time::Instant;

use super::feed::{self, Fed};
use super::lease::{Lease, LeasedStore};
use super::sender::Sender;
use crate::activity::StoredActivity;
use crate::observe;
use crate::outbox::Shared;
use crate::status::{State, Status};
use crate::store::{Change, Row};
use crm_history::engine::mutations::breaks;

/// Why a session ended.
pub(super) enum SessionEnd {
    /// Nothing is left to do.
    Empty,
    /// The engine stopped, and another session may go on.
    Stopped(NotSentReason),
    /// The user asked for it.
    ShutDown,
}

type Feeding = Pin<Box<dyn Future<Output = Result<Fed, Error>> + Send>>;

pub(super) struct Session<'a> {
    sender: &'a Sender,
    lease: &'a Arc<Lease>,
    driver: Driver,
    /// The keys of the activities that the engine has, by their position.
    open: HashMap<u64, String>,
    feeding: Option<Feeding>,
    /// Position after which to take more.
    after: u64,
    /// When the store is asked again.
    feed_at: Instant,
    found_nothing: bool,
    feed_failure: Option<Error>,
    /// An activity needs the time zone of the account. The client does not learn it later.
    zone_is_missing: bool,
}

impl<'a> Session<'a> {
    pub(super) async fn begin(sender: &'a Sender, lease: &'a Arc<Lease>) -> Result<Self, Error> {
        // The last session may have left some that were not recorded yet.
        lease.settle(Vec::new()).await?;
        let doubts = feed::in_doubt(lease).await?;
        let floors = doubts.iter().filter_map(|(_, activity)| activity.sent_before);
        let lowest_floor = floors.map(|sent| sent.floor.id).min();
        let known = lease.shared.store.last_stored(KEPT).await?;
        let earlier = what_earlier_senders_did(lease, lowest_floor, &known).await?;
        let store = Arc::new(LeasedStore(Arc::clone(lease)));
        let mut driver = Driver::new(sender.history.clone(), store, sender.settings, earlier);
        for row in known.into_iter().rev() {
            if let (Status::Stored(Some(id)), Some(Ok(entry))) =
                (&row.status, row.as_sent().map(StoredActivity::entry))
            {
                driver.stored_before(&entry, *id);
            }
        }
        let mut open = HashMap::new();
        for (key, activity) in doubts {
            open.insert(activity.key, key);
            driver.take(activity);
        }
        let feed_at = Instant::now();
        Ok(Self {
            sender,
            lease,
            driver,
            open,
            feeding: None,
            after: 0,
            feed_at,
            found_nothing: false,
            feed_failure: None,
            zone_is_missing: false,
        })
    }

    pub(super) async fn run(mut self) -> Result<SessionEnd, Error> {
        let Sender { shared, .. } = self.sender;
        let mut stop = self.sender.stop.clone();
        let mut changed = wait_for_changes(shared);
        let mut shut_down = false;
        loop {
            if self.driver.is_idle() {
                if let Some(reason) = self.driver.stopped().cloned() {
                    return match self.driver.take_failure() {
                        Some(error) => Err(error),
                        None if shut_down => Ok(SessionEnd::ShutDown),
                        None => Ok(SessionEnd::Stopped(reason)),
                    };
                }
                if shut_down {
                    return Ok(SessionEnd::ShutDown);
                }
                if self.sender.until_empty && self.feeding.is_none() {
                    if self.found_nothing {
                        return Ok(SessionEnd::Empty);
                    }
                    if let Some(error) = self.feed_failure.take() {
                        return Err(error);
                    }
                    self.feed_now();
                }
            }
            self.begin_feeding();
            let may_feed =
                self.feeding.is_none() && self.driver.stopped().is_none() && self.driver.wants_more();
            let is_idle = self.driver.is_idle();
            tokio::select! {
                biased;
                () = is_set(&mut stop), if !shut_down => {
                    shut_down = true;
                    self.feeding = None;
                    self.driver.stop(NotSentReason::Cancelled);
                }
                fed = poll_feeding(&mut self.feeding) => self.fed(fed),
                () = poll_fn(|cx| self.driver.poll(cx)), if !is_idle => self.take_endings().await,
                () = shared.queued.notified(), if may_feed => self.feed_now(),
                () = &mut changed, if may_feed => {
                    changed = wait_for_changes(shared);
                    self.feed_now();
                }
                () = tokio::time::sleep_until(self.feed_at), if may_feed => self.feed_now(),
            }
        }
    }

    fn feed_now(&mut self) {
        self.feed_at = Instant::now();
        self.found_nothing = false;
    }

    fn begin_feeding(&mut self) {
        let is_time = self.after > 0 || Instant::now() >= self.feed_at;
        if self.feeding.is_some() || self.driver.stopped().is_some() || !is_time || !self.driver.wants_more()
        {
            return;
        }
        let (lease, prepare) = (Arc::clone(self.lease), self.sender.prepare.clone());
        let limit = self.sender.settings.limits.activities.clamp(10, MOST_AT_ONCE);
        self.feeding = Some(Box::pin(feed::queued(
            lease,
            prepare,
            self.after,
            limit,
            self.open.keys().copied().collect(),
        )));
    }

    fn fed(&mut self, fed: Result<Fed, Error>) {
        self.feeding = None;
        let fed = match fed {
            Ok(fed) => fed,
            // What is in flight goes on meanwhile.
            Err(error) => {
                self.after = 0;
                self.feed_at = Instant::now() + FEED_AGAIN;
                self.sender.has_problem(&error);
                self.feed_failure = Some(error);
                return;
            }
        };
        if self.feed_failure.take().is_some() {
            self.has_no_other_problem();
        }
        self.after = fed.after;
        self.found_nothing = fed.found_nothing;
        self.feed_at = Instant::now() + self.sender.poll_every;
        for (key, activity) in fed.activities {
            self.open.insert(activity.key, key);
            self.driver.take(activity);
        }
        if self.sender.until_empty && self.after == 0 {
            self.driver.flush();
        }
    }

    /// Notes that nothing fails. A missing time zone stays a problem, whatever else is stored.
    fn has_no_other_problem(&self) {
        if self.zone_is_missing {
            self.sender.has_problem(NotSentReason::ZoneMissing);
        } else {
            self.sender.has_no_problem();
        }
    }

    /// Takes what the engine ended. All of it is recorded already, except an activity that the engine gives up.
    async fn take_endings(&mut self) {
        let mut changes = Vec::new();
        let mut stored = 0;
        while let Some((seq, ending)) = self.driver.next_ending() {
            let key = self.open.remove(&seq);
            let state = match ending {
                Ending::Stored { .. } | Ending::StoredWithoutId => {
                    stored += 1;
                    State::Stored
                }
                Ending::NotSent(reason @ NotSentReason::NoAnswer(_)) => {
                    changes.push((seq, Change::Refused(Rejection::new(None, reason.to_string()))));
                    State::Refused
                }
                Ending::Refused(_) => State::Refused,
                Ending::NotSent(NotSentReason::ZoneMissing) => {
                    let (delay, reason) = (ZONE_AGAIN, NotSentReason::ZoneMissing.to_string());
                    changes.push((seq, Change::Held { delay, reason }));
                    self.zone_is_missing = true;
                    continue;
                }
                // After a stop it stays in doubt, and so does one that cannot be looked up without a time zone.
                Ending::Unknown(UnknownReason::Ended(NotSentReason::ZoneMissing)) => {
                    self.zone_is_missing = true;
                    continue;
                }
                Ending::Unknown(_) if breaks("after-a-stop-it-stays-in-doubt") => {
                    changes.push((seq, Change::Queued));
                    continue;
                }
                Ending::Unknown(_) if self.driver.stopped().is_none() => State::Unknown,
                Ending::Unknown(_) | Ending::NotSent(_) => continue,
            };
            observe::settled(state.as_str());
            if let Some(key) = key {
                self.sender.shared.spans.end(&key, state.as_str());
            }
        }
        if stored > 0 {
            self.sender.made_progress(stored);
        }
        match self.driver.trouble() {
            Some(failure) => self.sender.has_problem(failure),
            None if self.feed_failure.is_none() => self.has_no_other_problem(),
            None => {}
        }
        if !changes.is_empty()
            && let Err(error) = self.lease.settle(changes).await
        {
            self.sender.has_problem(error); // the lease is over
        }
    }
}

async fn is_set(stop: &mut watch::Receiver<bool>) {
    // Without the handle nobody can set it. Then the task is aborted.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

fn wait_for_changes(shared: &Arc<Shared>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let shared = Arc::clone(shared);
    Box::pin(async move { shared.store.changed().await })
}

/// `known`: stored activities with the highest IDs whose content is kept.
async fn what_earlier_senders_did(
    lease: &Lease,
    lowest_floor: Option<u64>,
    known: &[Row],
) -> Result<Earlier, Error> {
    let store = &lease.shared.store;
    let mut claimed = store.claimed(lowest_floor.unwrap_or(u64::MAX >> 1)).await?;
    if breaks("a-takeover-knows-whose-records-are-taken") {
        claimed.clear();
    }
    let ids_grow = !store.has_id_below_floor().await?;
    // Where most contents are removed, so many IDs are not those of one request.
    let highest_floor = known.iter().filter_map(|row| row.request).map(|sent| sent.floor).max();
    let is_below = |id: &u64| highest_floor.is_some_and(|floor| *id <= floor);
    let has_grown = claimed.iter().any(is_below) || claimed.len() >= KEPT;
    let mut without_id: HashMap<u64, Vec<u64>> = HashMap::new();
    if lowest_floor.is_some() {
        for (seq, floor) in store.stored_without_id().await? {
            without_id.entry(seq).or_default().push(floor);
        }
        without_id.values_mut().for_each(|floors| floors.sort_unstable());
    }
    let has_unknown_ids = store.has_unknown_ids().await?;
    // The doubts are handed to the engine before it begins.
    let in_doubt = 0;
    let last_request = lease.last_request();
    let oldest_floor = store.oldest_floor().await?;
    Ok(Earlier {
        claimed: claimed.into_iter().collect(),
        ids_grow,
        has_grown,
        last_request,
        in_doubt,
        has_unknown_ids,
        lowest_floor,
        oldest_floor,
        without_id,
    })
}

async fn poll_feeding(feeding: &mut Option<Feeding>) -> Result<Fed, Error> {
    match feeding {
        Some(feeding) => feeding.await,
        None => std::future::pending().await,
    }
}

/// Maximum number of activities that are taken from the store at once.
const MOST_AT_ONCE: usize = 1000;
/// How long an activity with an instant is held if the client does not know the time zone of the account.
const ZONE_AGAIN: Duration = Duration::from_secs(60);
/// How many stored activities the engine learns, to recognize lists that show what is there.
const KEPT: usize = 200;
/// When the store is asked again after it failed.
const FEED_AGAIN: Duration = Duration::from_secs(1);
