//! What lookups have found, kept for a while.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crm_model::directory::User;
use tokio::time::Instant;

use crate::find::Match;
use crate::phone::PhoneNumber;

/// How many results of lookups are cached, and for how long.
///
/// Only lookups with a result are cached, so a client that was added after a first lookup is found by the second one.
/// Clones of a client share the cache. [`DirectoryClient::with_cache`](crate::DirectoryClient::with_cache) sets it.
///
/// ```
/// use std::time::Duration;
///
/// use crm_directory::CachePolicy;
///
/// let policy = CachePolicy::new().time_to_live(Duration::from_secs(300)).capacity(1_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CachePolicy {
    time_to_live: Duration,
    capacity: usize,
    users_time_to_live: Duration,
}

impl CachePolicy {
    /// Creates the default policy: 60 seconds, 10,000 lookups, and 10 minutes for the users.
    pub fn new() -> Self {
        Self {
            time_to_live: Duration::from_secs(60),
            capacity: 10_000,
            users_time_to_live: Duration::from_secs(600),
        }
    }

    /// Creates a policy that keeps nothing. A lookup of an internal number then costs one call for each user.
    pub fn off() -> Self {
        Self { time_to_live: Duration::ZERO, capacity: 0, users_time_to_live: Duration::ZERO }
    }

    /// Sets how long a lookup by telephone or email is kept (default: 60 seconds).
    pub fn time_to_live(mut self, time: Duration) -> Self {
        self.time_to_live = time;
        self
    }

    /// Sets how many lookups are kept (default: 10,000). The oldest one makes room for a new one.
    pub fn capacity(mut self, lookups: usize) -> Self {
        self.capacity = lookups;
        self
    }

    /// Sets how long the users and their internal numbers are kept (default: 10 minutes).
    pub fn users_time_to_live(mut self, time: Duration) -> Self {
        self.users_time_to_live = time;
        self
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// What was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Phone(PhoneNumber),
    Email(String),
}

/// What was found lately.
pub(crate) struct Cache {
    policy: CachePolicy,
    lookups: std::sync::Mutex<Lookups>,
    /// Locked while the users are fetched, so that they are fetched once.
    users: tokio::sync::Mutex<Option<(Instant, Arc<[User]>)>>,
}

#[derive(Default)]
struct Lookups {
    found: HashMap<Key, (Instant, Vec<Match>)>,
    /// Oldest first. A key that was found again is here twice. The entry with the latest time counts.
    order: VecDeque<(Instant, Key)>,
}

impl fmt::Debug for Cache {
    /// Leaves out what was found, because it is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Cache {
    pub(crate) fn new(policy: CachePolicy) -> Self {
        Self { policy, lookups: std::sync::Mutex::default(), users: tokio::sync::Mutex::default() }
    }

    pub(crate) fn policy(&self) -> CachePolicy {
        self.policy
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Vec<Match>> {
        let lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, matches) = lookups.found.get(key)?;
        (kept.elapsed() < self.policy.time_to_live).then(|| matches.clone())
    }

    pub(crate) fn keep(&self, key: Key, matches: &[Match]) {
        if matches.is_empty() || self.policy.capacity == 0 || self.policy.time_to_live.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut guard = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        let lookups = &mut *guard;
        lookups.found.insert(key.clone(), (now, matches.to_vec()));
        lookups.order.push_back((now, key));
        while let Some((kept, key)) = lookups.order.front() {
            let is_current = lookups.found.get(key).is_some_and(|(latest, _)| latest == kept);
            let is_old = kept.elapsed() >= self.policy.time_to_live;
            if is_current && !is_old && lookups.found.len() <= self.policy.capacity {
                break;
            }
            if is_current {
                lookups.found.remove(key);
            }
            lookups.order.pop_front();
        }
    }

    /// Returns the users, fetched by `fetch` unless they are known.
    pub(crate) async fn users<E>(
        &self,
        fetch: impl Future<Output = Result<Vec<User>, E>>,
    ) -> Result<Arc<[User]>, E> {
        let mut known = self.users.lock().await;
        if let Some((kept, users)) = &*known
            && kept.elapsed() < self.policy.users_time_to_live
        {
            return Ok(Arc::clone(users));
        }
        let users: Arc<[User]> = fetch.await?.into();
        *known = Some((Instant::now(), Arc::clone(&users)));
        Ok(users)
    }
}
