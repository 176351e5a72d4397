//! Makes the threads of a runtime deterministic, and crashes a future between two polls.
//!
//! The journal writes its file with `spawn_blocking`. Its thread runs while our future runs, so without care the number of
//! polls, and with it everything else, would depend on the scheduler of the machine. Here the only blocking thread stands
//! still during each poll, and has done all its work before the next one.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};

/// Returns a runtime in virtual time with one thread for blocking work.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_time().start_paused(true).max_blocking_threads(1).build()
}

/// A future whose blocking work is done between its polls.
pub(crate) struct Lockstep<F> {
    inner: Pin<Box<F>>,
    /// Called with the number of the poll, from 1, before the blocking work of that poll and after it. If it returns `true`
    /// afterwards, the process crashes there.
    observer: Box<dyn FnMut(u64, Step) -> bool + Send>,
    polls: u64,
}

/// When the observer is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The future was polled; its blocking work waits.
    Polled,
    /// Its blocking work is done.
    Written,
}

/// How a future in lockstep ended.
pub(crate) enum Ended<T> {
    /// With its output.
    Output(T),
    /// It was dropped in this poll.
    Crashed,
}

impl<F: Future> Lockstep<F> {
    pub(crate) fn new(future: F, observer: impl FnMut(u64, Step) -> bool + Send + 'static) -> Lockstep<F> {
        Lockstep { inner: Box::pin(future), observer: Box::new(observer), polls: 0 }
    }
}

impl<F: Future> Future for Lockstep<F> {
    type Output = Ended<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<F::Output>> {
        let this = self.get_mut();
        let runtime = Handle::current();
        let (release, gate) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || gate.recv());
        let polled = this.inner.as_mut().poll(cx);
        this.polls += 1;
        (this.observer)(this.polls, Step::Polled);
        drop(release);
        let (done, drained) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || drop(done));
        let _ = drained.recv(); // ends when `done` is dropped
        let crashes = (this.observer)(this.polls, Step::Written);
        match polled {
            Poll::Ready(output) => Poll::Ready(Ended::Output(output)),
            Poll::Pending if crashes => Poll::Ready(Ended::Crashed),
            Poll::Pending => Poll::Pending,
        }
    }
}
