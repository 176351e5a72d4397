//! [`Deliver`]: the options of a delivery.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crm_history::engine::{Limits, Settings};
use crm_history::{ClientId, HistoryClient, NewEntry};
use crm_transport::Error;
use tokio::sync::watch;

use super::handle::Delivery;
use super::health::Health;
use super::prepare::{Prepare, Prepared};
use super::sender::Sender;
use crate::outbox::Outbox;

/// The work of a delivery.
type DeliveryFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A delivery: its options. Nothing happens before [`start`](Self::start).
#[derive(Debug)]
#[must_use]
pub struct Deliver {
    outbox: Outbox,
    history: HistoryClient,
    settings: Settings,
    lease: Duration,
    shortest_lease: Duration,
    poll_every: Duration,
    prepare: Prepare,
    keep_contents_for: Duration,
    until_empty: bool,
}

impl Deliver {
    pub(crate) fn new(outbox: Outbox, history: HistoryClient) -> Self {
        let timeout = history.pipeline().timeout();
        Self {
            outbox,
            history,
            settings: Settings {
                limits: Limits { activities: 100, bytes: 1 << 20 },
                concurrency: 2,
                settle: Duration::from_secs(60),
                patience: Duration::from_secs(300),
                flush_after: Duration::from_millis(200),
                sole_writer: false,
            },
            lease: Duration::from_secs(90),
            shortest_lease: timeout.saturating_mul(2).saturating_add(Duration::from_secs(30)),
            poll_every: Duration::from_millis(1250),
            prepare: Prepare::default(),
            keep_contents_for: Duration::from_secs(30 * 24 * 3600),
            until_empty: false,
        }
    }

    /// Maximum number of activities per call (default 100, minimum 1).
    pub fn chunk(mut self, activities: usize) -> Self {
        self.settings.limits.activities = activities.max(1);
        self
    }

    /// Maximum size of the activities of one call in bytes (default 1 MiB). A single larger activity is sent alone.
    pub fn chunk_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.bytes = bytes;
        self
    }

    /// Maximum number of concurrent calls (default 2, minimum 1).
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.settings.concurrency = calls.max(1);
        self
    }

    /// How long an activity waits for others before a chunk is sent that is not full (default 200 ms).
    pub fn flush_after(mut self, time: Duration) -> Self {
        self.settings.flush_after = time;
        self
    }

    /// How long the server may keep working on a call that got no usable response, counted from the moment when the call
    /// ended (default 60 s). Do not set it below the time that PHP may run on the server.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settings.settle = time;
        self
    }

    /// How long the engine continues although nothing becomes certain (default 5 minutes). Then it starts again after a
    /// pause.
    ///
    /// A single activity in doubt, after which nothing else is put, is sent once more after this time. If both copies
    /// appear, [`OutboxEntry::copy`](crate::OutboxEntry::copy) names the second one.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self
    }

    /// Declares that nobody else adds activities that are equal to those of this outbox. See
    /// [`Import::sole_writer`](crm_history::Import::sole_writer).
    pub fn sole_writer(mut self) -> Self {
        self.settings.sole_writer = true;
        self
    }

    /// How long the lease of the sender lasts (default 90 s, minimum 2 × the timeout of a call + 30 s). After a crash of
    /// the sender, another instance takes over when the lease has expired.
    ///
    /// In SQLite the operating system's lock ends with the process, so this time does not matter there.
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// Sets the lease without its minimum, for tests.
    #[doc(hidden)]
    pub fn short_lease(mut self, time: Duration) -> Self {
        (self.lease, self.shortest_lease) = (time, Duration::ZERO);
        self
    }

    /// How often the store is polled for activities that other processes have put (default 1.25 s, so that an idle
    /// outbox makes less than one query per second).
    pub fn poll_every(mut self, time: Duration) -> Self {
        self.poll_every = time;
        self
    }

    /// Calls this with each activity as it was put, before it is sent, for example to find its client by a phone number.
    /// A [mark](NewEntry::mark) is in its field, and not in the content. Eight calls run at a time. The result of the
    /// hook is stored, so it is called once for each activity that is sent.
    ///
    /// A panic of the hook ends the delivery, which is not ready from then on. [`finished`](Delivery::finished) and
    /// [`shutdown`](Delivery::shutdown) pass it on.
    pub fn prepare<F>(mut self, hook: impl Fn(NewEntry) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Prepared> + Send + 'static,
    {
        self.prepare.hook = Some(Arc::new(move |entry| Box::pin(hook(entry))));
        self
    }

    /// Logs activities without a client, a contact and a deal to this client (default: none).
    pub fn fallback_client(mut self, client: ClientId) -> Self {
        self.prepare.fallback_client = Some(client);
        self
    }

    /// How long the content of a stored activity is kept (default 30 days). Afterwards only its key, its ID, its times and
    /// a hash are kept. The hash still recognizes another activity with the same key.
    ///
    /// While the content is kept, it is known in whose list the record must be, and a list that lacks it is not believed. So
    /// keep it for some days at least.
    ///
    /// The content stays if the server stored the activity without saying an id, because nothing else recognizes its record.
    /// [`purge`](Outbox::purge) removes it.
    pub fn keep_contents_for(mut self, time: Duration) -> Self {
        self.keep_contents_for = time;
        self
    }

    /// Ends when nothing is left to do. Activities that are held until later are left.
    ///
    /// It also ends if the store fails for longer than the [`patience`](Self::patience), or with an error that is not
    /// [temporary](crate::is_temporary).
    pub fn until_empty(mut self) -> Self {
        self.until_empty = true;
        self
    }

    /// Starts the delivery as a task.
    ///
    /// # Panics
    /// Panics outside a tokio runtime with timers enabled.
    pub fn start(self) -> Delivery {
        self.start_within(|delivery| delivery)
    }

    /// Starts the delivery within another future, which decides when it is polled. For simulations.
    ///
    /// # Panics
    /// Panics outside a tokio runtime with timers enabled.
    #[doc(hidden)]
    pub fn start_within(self, wrap: impl FnOnce(DeliveryFuture) -> DeliveryFuture) -> Delivery {
        let Self { outbox, history, settings, lease, shortest_lease, poll_every, prepare, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let (health, seen) = watch::channel(Health::default());
        let sender = Sender {
            shared: outbox.shared,
            history,
            settings,
            lease: lease.max(shortest_lease),
            poll_every,
            prepare,
            keep_contents_for: self.keep_contents_for,
            until_empty: self.until_empty,
            health,
            stop: stopped,
        };
        Delivery::new(tokio::spawn(wrap(Box::pin(sender.run()))), stop, seen)
    }
}
