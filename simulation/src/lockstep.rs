//! Makes the threads of a runtime deterministic, and crashes a run at a drawn point.
//!
//! The journal writes its file with `spawn_blocking`. Its thread runs beside the tasks, so without care the order in which
//! they go on, and with it everything else, would depend on the scheduler of the machine. Here blocking work runs only while
//! the thread of the runtime is parked, and no task goes on before all of it is done.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::plan::Interruption;
use crate::scratch;

/// A runtime in virtual time whose blocking work is in lockstep with its tasks.
pub(crate) struct LockstepRuntime {
    runtime: Runtime,
    gate: Gate,
}

impl LockstepRuntime {
    pub(crate) fn new() -> std::io::Result<LockstepRuntime> {
        let gate = Gate::default();
        let [start, stop, park, unpark] = [(); 4].map(|()| gate.clone());
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .max_blocking_threads(1)
            // A thread for each piece of work: its start is where it waits.
            .thread_keep_alive(Duration::ZERO)
            .on_thread_start(move || start.enter())
            .on_thread_stop(move || stop.leave())
            .on_thread_park(move || park.open())
            .on_thread_unpark(move || unpark.close())
            .build()?;
        Ok(LockstepRuntime { runtime, gate })
    }

    pub(crate) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

impl Drop for LockstepRuntime {
    fn drop(&mut self) {
        // The runtime waits for its threads.
        self.gate.open();
    }
}

/// Where blocking work waits. Clones are the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    is_open: bool,
    at_work: usize,
    watch: Option<Watch>,
}

/// A file whose writes are counted.
struct Watch {
    path: PathBuf,
    length: u64,
    /// The length before the last write.
    before: u64,
    writes: u64,
    crash_at: Option<u64>,
    crashes: bool,
    waker: Option<Waker>,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, GateState>) -> MutexGuard<'a, GateState> {
        self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) {
        let mut state = self.state();
        while !state.is_open {
            state = self.wait(state);
        }
        state.at_work += 1;
    }

    fn leave(&self) {
        self.state().at_work -= 1;
        self.0.1.notify_all();
    }

    fn open(&self) {
        self.state().is_open = true;
        self.0.1.notify_all();
    }

    fn close(&self) {
        let mut state = self.state();
        state.is_open = false;
        while state.at_work > 0 {
            state = self.wait(state);
        }
        if let Some(watch) = &mut state.watch {
            watch.look();
        }
    }
}

impl Watch {
    /// Sees what was written while the runtime was parked. No task knows of it yet.
    fn look(&mut self) {
        let length = scratch::length(&self.path);
        if length <= self.length {
            return;
        }
        (self.before, self.length) = (self.length, length);
        self.writes += 1;
        if self.crash_at.is_some_and(|at| self.writes >= at) {
            self.crashes = true;
            // The future of `block_on` is polled before all tasks.
            self.waker.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// A run that may crash.
pub(crate) struct Lockstep<F> {
    inner: Pin<Box<F>>,
    gate: Gate,
    crash: Interruption,
    time: Option<Pin<Box<Sleep>>>,
    polls: u64,
}

/// How a run ended.
pub(crate) enum Ended<T> {
    /// With its output.
    Output(T),
    /// It crashed, and what the journal holds beyond this length was confirmed to nobody.
    Crashed(u64),
}

impl<F: Future> Lockstep<F> {
    pub(crate) fn new(future: F, gate: Gate, crash: Interruption, journal: Option<PathBuf>) -> Lockstep<F> {
        let crash_at = if let Interruption::AtWrite(at) = crash { Some(at) } else { None };
        gate.state().watch = journal.map(|path| {
            let length = scratch::length(&path);
            Watch { path, length, before: length, writes: 0, crash_at, crashes: false, waker: None }
        });
        let time = if let Interruption::After(time) = crash {
            Some(Box::pin(sleep_until(Instant::now() + time)))
        } else {
            None
        };
        Lockstep { inner: Box::pin(future), gate, crash, time, polls: 0 }
    }
}

impl<F: Future> Future for Lockstep<F> {
    type Output = Ended<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<F::Output>> {
        let this = self.get_mut();
        let confirmed = match &mut this.gate.state().watch {
            Some(watch) if watch.crashes => return Poll::Ready(Ended::Crashed(watch.before)),
            Some(watch) => {
                watch.waker = Some(cx.waker().clone());
                watch.length
            }
            None => 0,
        };
        if this.time.as_mut().is_some_and(|time| time.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Ended::Crashed(confirmed));
        }
        if let Poll::Ready(output) = this.inner.as_mut().poll(cx) {
            return Poll::Ready(Ended::Output(output));
        }
        this.polls += 1;
        match this.crash {
            Interruption::AtPoll(at) if this.polls >= at => Poll::Ready(Ended::Crashed(confirmed)),
            _ => Poll::Pending,
        }
    }
}
