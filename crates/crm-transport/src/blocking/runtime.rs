//! The runtime on which blocking clients wait.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::Error;

/// Waits for the futures of an async client. It owns a thread for connections, timers and the calls of an export.
///
/// The first call starts the thread. Clones share it, and it ends when the last clone is dropped.
///
/// Your own blocking client holds a `Runtime` next to its [`Pipeline`](crate::Pipeline):
///
/// ```
/// use crm_transport::blocking::Runtime;
/// use crm_transport::{Client, Credentials, Error, Operation, Pipeline};
///
/// #[derive(Clone)]
/// struct BlockingClient {
///     pipeline: Pipeline,
///     runtime: Runtime,
/// }
///
/// impl BlockingClient {
///     fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
///         self.runtime.wait(self.pipeline.run(operation))?
///     }
/// }
///
/// impl Client for BlockingClient {
///     type Credentials = Credentials;
///
///     fn over(pipeline: Pipeline) -> Self {
///         Self { pipeline, runtime: Runtime::new() }
///     }
/// }
/// ```
#[derive(Clone, Default)]
pub struct Runtime(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// The process that made the first call; 0 before it. It is set before the lock is first taken. In a forked child
    /// the lock may be held by a thread that exists only in the parent, so the process is compared first.
    process: AtomicU32,
    running: Mutex<Option<Running>>,
}

struct Running {
    tokio: Handle,
    /// Dropping this ends the thread. The tokio runtime is dropped on that thread, never inside async code.
    _alive: oneshot::Sender<Infallible>,
}

impl Runtime {
    /// Creates a runtime without a thread.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for a future on the calling thread.
    ///
    /// # Errors
    /// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime): this process is a fork of the one that made the first call,
    /// or the thread could not be started. The future was not polled.
    ///
    /// # Panics
    /// Inside async code of tokio, because waiting would stop every task of that thread. Waiting is allowed in
    /// `tokio::task::spawn_blocking`.
    #[track_caller]
    pub fn wait<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        panic_in_async_code();
        self.refuse_after_fork()?;
        let tokio = self.tokio().map_err(|cause| {
            let fault = format!("the thread of the blocking client could not be started: {cause}");
            Error::runtime(fault, Some(Box::new(cause))).hint("check the limits on threads and open files")
        })?;
        let _entered = tokio.enter();
        Ok(block_on(future))
    }

    fn refuse_after_fork(&self) -> Result<(), Error> {
        let here = process::id();
        match self.0.process.compare_exchange(0, here, Ordering::AcqRel, Ordering::Acquire) {
            Err(first) if first != here => {
                let fault = "the blocking client was used before the fork, and its thread stayed in the parent process";
                Err(Error::runtime(fault, None).hint("build the client in the child, after the fork"))
            }
            _ => Ok(()),
        }
    }

    fn tokio(&self) -> io::Result<Handle> {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(running.tokio.clone());
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let tokio = runtime.handle().clone();
        let (alive, ended) = oneshot::channel();
        thread::Builder::new().name("crm".to_owned()).spawn(move || runtime.block_on(ended))?;
        *running = Some(Running { tokio: tokio.clone(), _alive: alive });
        Ok(tokio)
    }
}

/// Panics where this thread drives async tasks of tokio.
///
/// Only tokio can tell that from `spawn_blocking` and from an entered runtime, where waiting is allowed. It has no
/// function that returns the answer, so a blocking receive asks, and its panic says what is wrong.
#[track_caller]
fn panic_in_async_code() {
    let (sender, receiver) = oneshot::channel::<Infallible>();
    drop(sender);
    // The sender is gone, so this does not wait.
    let _ = receiver.blocking_recv();
}

/// Polls a future on this thread until it is ready.
///
/// While it is polled, the future may itself wait for another one: an import does so when a blocking client's list
/// feeds it. tokio and futures-executor refuse that, and pollster may miss a wake-up.
fn block_on<F: Future>(future: F) -> F::Output {
    let waiting = Arc::new(Waiting { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&waiting));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        // The nested futures share the thread and its unpark token. Each has its own flag.
        while !waiting.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Waiting {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn a_wake_up_during_a_nested_wait_is_not_missed() {
        let mut polls = 0;
        let outer = poll_fn(|outer| {
            polls += 1;
            let mut begun = false;
            block_on(poll_fn(|inner| {
                if std::mem::replace(&mut begun, true) {
                    return Poll::Ready(());
                }
                outer.waker().wake_by_ref();
                let inner = inner.waker().clone();
                thread::spawn(move || inner.wake());
                Poll::Pending
            }));
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        });
        block_on(outer);
        assert_eq!(polls, 2);
    }

    #[test]
    fn clones_share_a_thread_that_starts_with_the_first_call_and_ends_with_the_last_clone() {
        struct SendOnDrop(std::sync::mpsc::Sender<()>);
        impl Drop for SendOnDrop {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }

        let first = Runtime::new();
        assert!(first.0.running.lock().unwrap().is_none(), "a thread before the first call");
        let second = first.clone();
        let id = || async { Handle::current().id() };
        assert_eq!(first.wait(id()).unwrap(), second.wait(id()).unwrap());
        assert_ne!(first.wait(id()).unwrap(), Runtime::new().wait(id()).unwrap());
        let (sender, ended) = std::sync::mpsc::channel();
        let on_drop = SendOnDrop(sender);
        let task = async move {
            tokio::spawn(async move {
                let _on_drop = on_drop;
                std::future::pending::<()>().await;
            });
        };
        first.wait(task).unwrap();
        drop(first);
        assert!(ended.try_recv().is_err());
        drop(second);
        ended.recv().unwrap();
    }
}
