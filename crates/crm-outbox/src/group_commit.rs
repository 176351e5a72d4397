//! Puts activities of concurrent callers with one commit.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crm_transport::Error;
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::activity::NewActivity;
use crate::store::{Row, Store};

/// The callers that wait. The first of them that gets its turn commits for all.
#[derive(Debug, Default)]
pub(crate) struct GroupCommit {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    new: NewActivity,
    reply: oneshot::Sender<Result<Option<Row>, Error>>,
}

impl GroupCommit {
    /// Puts an activity. Returns the row that its key had before.
    pub(crate) async fn put(&self, store: &dyn Store, new: NewActivity) -> Result<Option<Row>, Error> {
        loop {
            let (reply, mut answer) = oneshot::channel();
            self.lock().push(Waiting { new: new.clone(), reply });
            let _turn = self.turn.lock().await;
            loop {
                match answer.try_recv() {
                    Ok(result) => return result,
                    // The caller that committed for this one was dropped. Putting it again changes nothing.
                    Err(TryRecvError::Closed) => break,
                    Err(TryRecvError::Empty) => self.commit(store).await,
                }
            }
        }
    }

    /// Puts the activities of those who wait, at most one for each key.
    async fn commit(&self, store: &dyn Store) {
        // Sorted by key, so that two instances never wait for each other.
        let mut group: BTreeMap<String, Waiting> = BTreeMap::new();
        {
            let mut waiting = self.lock();
            let mut rest = Vec::new();
            for one in waiting.drain(..) {
                if group.len() < MOST && !group.contains_key(&one.new.key) {
                    group.insert(one.new.key.clone(), one);
                } else {
                    rest.push(one);
                }
            }
            *waiting = rest;
        }
        let (activities, replies): (Vec<_>, Vec<_>) =
            group.into_values().map(|waiting| (waiting.new, waiting.reply)).unzip();
        match store.put(&activities).await {
            Ok(rows) => {
                crate::observe::put(rows.len());
                for (reply, row) in replies.into_iter().zip(rows) {
                    let _ = reply.send(Ok(row)); // a caller that does not wait any more
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Maximum number of activities in one commit.
const MOST: usize = 500;
