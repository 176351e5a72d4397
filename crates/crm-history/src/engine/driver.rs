//! Drives activities to their end: takes them, sends them, and returns how each ended.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crm_model::history::{EntryId, NewEntry};
use crm_transport::{BoxFuture, Error};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, Sleep};

use super::adoption::Adoption;
use super::doubts::Doubts;
use super::health::Health;
use super::item::{Activity, Earlier, Ending, Floor, Item, Key, View, Waiting};
use super::known::Known;
use super::lookup::{LookupFault, Reading};
use super::mark_search::FoundMarks;
use super::mutations::breaks;
use super::queue::{LARGE_RESERVE, Queue, Rules};
use super::reasons::{NotSentReason, UnknownReason};
use super::request::{self, SentRequest};
use super::settings::Settings;
use super::settling::Decided;
use super::store::{Sending, Store};
use super::suspects::Suspects;
use super::waits::Waits;
use crate::HistoryClient;

/// The engine at work. It does something only while it is polled, in a tokio runtime with timers.
pub struct Driver {
    pub(super) client: HistoryClient,
    pub(super) store: Arc<dyn Store>,
    pub(super) settings: Settings,
    pub(super) tasks: JoinSet<Finished>,
    timer: Option<Pin<Box<Sleep>>>,
    pub(super) queue: Queue,
    pub(super) doubts: Doubts,
    pub(super) known: Known,
    pub(super) suspects: Suspects,
    pub(super) health: Health,
    pub(super) adoption: Adoption,
    pub(super) waits: Waits,
    pub(super) in_flight: HashMap<u64, InFlight>,
    /// The views whose newest IDs are being read.
    pub(super) views_in_reading: HashSet<View>,
    pub(super) is_reading: bool,
    /// How many decisions are being recorded.
    pub(super) recording: usize,
    pub(super) last_request: u64,
    /// See [`Earlier::without_id`].
    without_id: HashMap<Key, Vec<u64>>,
    /// When the user got an outcome, who has not come back.
    handed_over: Option<Instant>,
    pub(super) endings: VecDeque<(Key, Ending)>,
    pub(super) input_ended: bool,
    pub(super) stop: Option<NotSentReason>,
    /// Keeps requests that have not left yet from leaving.
    pub(super) stop_signal: watch::Sender<bool>,
    /// The readings, which are of no use after a stop.
    pub(super) readings: Vec<AbortHandle>,
    /// When what is in flight is no longer waited for.
    pub(super) give_up_at: Option<Instant>,
    pub(super) failure: Option<Error>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("settings", &self.settings)
            .field("stop", &self.stop)
            .finish_non_exhaustive()
    }
}

/// A request whose answer is not there yet.
pub(super) struct InFlight {
    pub(super) waiting: Vec<Waiting>,
    pub(super) floor: Floor,
    pub(super) is_witness: bool,
    /// The request in doubt of which this sends one activity once more.
    pub(super) again: Option<u64>,
}

/// The IDs of the newest records of a view. `None` if it showed nothing.
pub(super) type NewestIds = Option<HashSet<EntryId>>;

/// A task that ended.
pub(super) enum Finished {
    Newest(View, Result<NewestIds, LookupFault>),
    NewestAgain(View, Result<NewestIds, LookupFault>),
    Marks(View, Vec<Arc<Item>>, Result<FoundMarks, LookupFault>),
    Sent(Box<SentRequest>),
    Read(Instant, Result<Reading, LookupFault>),
    Recorded(Result<(), Error>, Vec<Decided>),
}

impl Driver {
    /// `earlier` is what the store knows of earlier processes.
    pub fn new(
        client: HistoryClient,
        store: Arc<dyn Store>,
        settings: Settings,
        mut earlier: Earlier,
    ) -> Self {
        let last_request = earlier.last_request;
        let without_id = std::mem::take(&mut earlier.without_id);
        Self {
            client,
            store,
            settings: settings.clamped(),
            tasks: JoinSet::new(),
            timer: None,
            queue: Queue::default(),
            doubts: Doubts::default(),
            known: Known::new(earlier),
            suspects: Suspects::default(),
            health: Health::new(),
            adoption: Adoption::default(),
            waits: Waits::default(),
            in_flight: HashMap::new(),
            views_in_reading: HashSet::new(),
            is_reading: false,
            recording: 0,
            last_request,
            without_id,
            handed_over: None,
            endings: VecDeque::new(),
            input_ended: false,
            stop: None,
            stop_signal: watch::Sender::new(false),
            readings: Vec::new(),
            give_up_at: None,
            failure: None,
        }
    }

    /// Returns whether it can use more activities now.
    pub fn wants_more(&self) -> bool {
        let mut to_send = self.settings.limits.activities * (self.settings.concurrency + 1);
        if self.is_isolating() {
            to_send += LARGE_RESERVE;
        }
        let enough = if self.adoption.is_on() { to_send.max(MARKS_AT_ONCE) } else { to_send };
        !self.input_ended && self.stop.is_none() && self.queue.len() < enough
    }

    /// Returns whether a request was refused as a whole, and the activity that is the reason is not found yet.
    fn is_isolating(&self) -> bool {
        self.doubts.have_answers() || !self.suspects.is_empty() || self.queue.has_pieces()
    }

    /// Takes an activity.
    pub fn take(&mut self, activity: Activity) {
        if self.is_idle() {
            self.health.begins();
        }
        let Activity { key, entry, sent_before } = activity;
        let entry = self.client.in_local_time(entry);
        if entry.at_instant.is_some() {
            let reason = NotSentReason::ZoneMissing;
            let ending = match sent_before {
                None => Ending::NotSent(reason),
                Some(_) => Ending::Unknown(UnknownReason::Ended(reason)),
            };
            return self.endings.push_back((key, ending));
        }
        let mut waiting = self.waiting(key, entry);
        match sent_before {
            Some(sent) if !breaks("an-earlier-sending-is-a-doubt") => {
                // The process that sent it may have waited for the answer until now.
                let wait = self.client.pipeline().timeout() + self.settings.settle;
                let due = Instant::now() + if breaks("a-takeover-waits") { Duration::ZERO } else { wait };
                self.queue.hold(&waiting);
                self.known.earlier_doubt_has_come();
                if let Some(floors) = self.without_id.remove(&key) {
                    self.known.stored_without_id_before(waiting.item.identity, floors);
                }
                self.doubts.add_earlier(sent.request, sent.floor, waiting, due);
            }
            _ => {
                waiting.mark_unknown = self.adoption.is_on() && waiting.item.entry.mark.is_some();
                self.queue.push(waiting);
            }
        }
    }

    pub(super) fn waiting(&self, key: Key, entry: NewEntry) -> Waiting {
        let credentials = self.client.pipeline().credentials();
        Waiting::new(key, entry, |login| credentials.matches("login", login))
    }

    /// Notes that an earlier process stored this activity under this id.
    pub fn stored_before(&mut self, entry: &NewEntry, id: EntryId) {
        let at = self.client.in_local_time(entry.clone()).stored_at();
        self.known.stored_before(&View::new(entry), id, at);
    }

    /// Sends what was taken, without waiting until a request is full. More may come later.
    pub fn flush(&mut self) {
        self.queue.flush(Instant::now());
    }

    /// Notes that no further activity comes.
    pub fn input_ended(&mut self) {
        self.input_ended = true;
    }

    /// Returns the last failure of a call, if nothing became certain since then.
    pub fn trouble(&self) -> Option<&str> {
        self.health.is_failing().then_some(self.health.last_failure.as_str())
    }

    /// Returns how activities ended, in the order in which that became known.
    pub fn next_ending(&mut self) -> Option<(Key, Ending)> {
        let (key, ending) = self.endings.pop_front()?;
        self.adoption.ended(key, &ending);
        Some((key, ending))
    }

    /// Notes how an activity ended.
    pub(super) fn end(&mut self, key: Key, ending: Ending) {
        self.suspects.ended(key, &ending);
        self.endings.push_back((key, ending));
    }

    /// Returns the failure of the store, once. It stops the engine.
    pub fn take_failure(&mut self) -> Option<Error> {
        if self.is_idle() { self.failure.take() } else { None }
    }

    /// Returns whether nothing is open.
    pub fn is_idle(&self) -> bool {
        self.queue.len() == 0
            && self.doubts.is_empty()
            && self.in_flight.is_empty()
            && self.recording == 0
            && self.endings.is_empty()
    }

    /// Goes on. Ready once something has changed.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(at) = self.handed_over.take() {
            self.health.was_not_polled(at.elapsed());
        }
        self.poll_change(cx)
    }

    /// Notes that the user gets an outcome. Until the next poll the time is that of the user, who may be slow.
    pub(crate) fn hand_over(&mut self) {
        self.handed_over.get_or_insert_with(Instant::now);
    }

    fn poll_change(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // What has ended comes before what begins, even if nobody polled for a long time.
            let has_changed = self.take_finished(cx);
            self.advance();
            if has_changed || !self.endings.is_empty() {
                return Poll::Ready(());
            }
            if self.take_finished(cx) {
                self.advance();
                return Poll::Ready(());
            }
            self.log_waits();
            let Some(at) = self.wake_at() else { return Poll::Pending };
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }

    /// Takes in the tasks that have ended. Returns whether there were any.
    fn take_finished(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_changed = false;
        while let Poll::Ready(Some(joined)) = self.tasks.poll_join_next(cx) {
            if let Some(finished) = returned(joined) {
                self.finished(finished);
                has_changed = true;
            }
        }
        has_changed
    }

    fn advance(&mut self) {
        let now = Instant::now();
        if self.stop.is_none() {
            self.read_views(now);
            self.look_for_marks(now);
            self.read_doubts(now);
            self.watch_patience(now);
            self.send_witness(now);
            self.send_requests(now);
        }
        if let Some(reason) = self.stop.clone() {
            self.wind_up(&reason, now);
        }
    }

    /// Returns when time alone changes something.
    fn wake_at(&self) -> Option<Instant> {
        let now = Instant::now();
        let stopped = self.stop.is_some();
        let times = [
            self.doubts.next_look(now).map(|at| at.max(self.health.reads_from)).filter(|_| !self.is_reading),
            self.queue.flush_at(self.settings.flush_after),
            self.marks_due(),
            Some(self.health.writes_from),
            Some(self.health.reads_from),
            self.patience_ends(),
        ];
        let times = times.into_iter().flatten().filter(|_| !stopped);
        times.chain(self.give_up_at).filter(|&at| at > now).min()
    }

    fn send_requests(&mut self, now: Instant) {
        while self.in_flight.len() < self.settings.concurrency
            && !self.is_out_of_patience(now)
            && self.health.may_write(now, !self.doubts.is_empty())
        {
            let (limits, flush_after) = (self.settings.limits, self.settings.flush_after);
            // What is decided is in doubt until it is recorded.
            let in_doubt = !self.doubts.is_empty() || self.recording > 0;
            let in_flight = !self.in_flight.is_empty();
            let (input_ended, known) = (self.input_ended, &self.known);
            let views = self.items_in_flight().map(|item| &item.view);
            let views_in_flight = views.filter(|view| !known.has_older_record(view)).cloned().collect();
            let rules = Rules {
                limits,
                now,
                flush_after,
                input_ended,
                in_doubt,
                in_flight,
                is_isolating: self.is_isolating(),
                suspects: &self.suspects,
                views_in_flight,
                known,
            };
            let Some(waiting) = self.queue.next_request(&rules) else { return };
            self.send(waiting, false);
        }
    }

    /// Returns the activities in flight, in any order.
    pub(super) fn items_in_flight(&self) -> impl Iterator<Item = &Item> {
        self.in_flight.values().flat_map(|request| &request.waiting).map(|waiting| &*waiting.item)
    }

    pub(super) fn send(&mut self, waiting: Vec<Waiting>, is_witness: bool) {
        self.last_request += 1;
        let (request, floor) =
            (self.last_request, self.known.floor(waiting.iter().map(|waiting| &waiting.item.view)));
        self.start(request, Sending { request, keys: Vec::new(), floor }, waiting, is_witness, None);
    }

    /// Starts a request. `number` identifies it in this process.
    pub(super) fn start(
        &mut self,
        number: u64,
        mut sending: Sending,
        mut waiting: Vec<Waiting>,
        is_witness: bool,
        again: Option<u64>,
    ) {
        waiting.iter_mut().for_each(|waiting| waiting.sent += 1);
        sending.keys = waiting.iter().map(|waiting| waiting.item.key).collect();
        // The first copy may be older than what is known now.
        let highest = again.map_or(sending.floor.id, |_| self.known.highest());
        let floor = Floor { id: highest, ..sending.floor };
        let in_flight = InFlight { waiting: waiting.clone(), floor, is_witness, again };
        self.in_flight.insert(number, in_flight);
        let (client, store) = (self.client.clone(), Arc::clone(&self.store));
        let stop = self.stop_signal.subscribe();
        self.spawn(async move {
            let mut sent = request::send(client, store, sending, waiting, again.is_some(), stop).await;
            sent.request = number;
            Finished::Sent(Box::new(sent))
        });
    }

    /// Starts a reading.
    pub(super) fn read(&mut self, reading: impl Future<Output = Finished> + Send + 'static) {
        self.readings.retain(|reading| !reading.is_finished());
        let reading = self.spawn(reading);
        self.readings.push(reading);
    }

    /// Starts a task. All tasks have the same type. Otherwise tokio's code would be compiled once per type.
    pub(super) fn spawn(&mut self, task: impl Future<Output = Finished> + Send + 'static) -> AbortHandle {
        let task: BoxFuture<'static, Finished> = Box::pin(task);
        self.tasks.spawn(task)
    }

    /// Returns a number for a request of this process.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_request += 1;
        self.last_request
    }

    fn finished(&mut self, finished: Finished) {
        match finished {
            Finished::Newest(view, result) => self.view_was_read(view, result),
            Finished::NewestAgain(view, result) => self.view_was_read_again(view, result),
            Finished::Marks(view, group, result) => self.marks_were_looked_for(&view, &group, result),
            Finished::Sent(sent) => self.was_sent(*sent),
            Finished::Read(begun, result) => self.was_read(begun, result),
            Finished::Recorded(result, decided) => self.was_recorded(result, decided),
        }
    }
}

/// Returns what a task has returned, or `None` if it was aborted. A panic goes on.
pub(crate) fn returned<T>(joined: Result<T, JoinError>) -> Option<T> {
    match joined.map_err(JoinError::try_into_panic) {
        Ok(value) => Some(value),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// How many activities are taken before their marks are looked for. A search costs one request for 200 records, and up to
/// four more for each view.
pub(crate) const MARKS_AT_ONCE: usize = 1_000;
