//! Waiting for what is async.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::Error;

/// Lets a thread wait for what a client does. It has a thread of its own, for connections, timers and the calls of an
/// export: started with the first call, shared by its clones, ended with the last of them.
///
/// A blocking client of your own holds one beside its [`Pipeline`](crate::Pipeline):
///
/// ```
/// use crm_transport::blocking::Runtime;
/// use crm_transport::{Client, Credentials, Error, Operation, Pipeline};
///
/// #[derive(Clone)]
/// struct Waiting {
///     pipeline: Pipeline,
///     runtime: Runtime,
/// }
///
/// impl Waiting {
///     fn run<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
///         self.runtime.wait(self.pipeline.run(operation))?
///     }
/// }
///
/// impl Client for Waiting {
///     type Credentials = Credentials;
///
///     fn over(pipeline: Pipeline) -> Self {
///         Self { pipeline, runtime: Runtime::new() }
///     }
/// }
/// ```
#[derive(Clone, Default)]
pub struct Runtime(Arc<Mutex<Option<Running>>>);

struct Running {
    tokio: Handle,
    /// The thread ends when this is dropped, and its runtime with it: there, where no async code can be in the way.
    _alive: oneshot::Sender<Infallible>,
}

impl Runtime {
    /// One that has not been used yet, so that there is no thread.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for a future, on this thread.
    ///
    /// # Errors
    /// This is async code, which must not wait; or the thread could not be started. Nothing was done then.
    pub fn wait<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        if in_async_code() {
            let fault = "client called inside async code, which it would hold up: use the client of the same name without \
                         «blocking» there, or tokio::task::spawn_blocking; nothing was sent";
            return Err(Error::invalid_setting("blocking", fault));
        }
        let tokio = self.tokio().map_err(|error| {
            let fault = format!("client has no thread: it could not be started: {error}; nothing was sent");
            Error::invalid_setting("blocking", &fault)
        })?;
        let _entered = tokio.enter();
        Ok(block_on(future))
    }

    fn tokio(&self) -> io::Result<Handle> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Whether this thread is polling a task of a tokio runtime.
///
/// A runtime is current in `spawn_blocking` and while one is entered as well, where waiting is allowed. Only
/// `block_on` tells these apart, and it says no by a panic.
fn in_async_code() -> bool {
    Handle::try_current().is_ok()
        && catch_unwind(|| Handle::current().block_on(std::future::ready(()))).is_err()
}

/// Polls a future on this thread until it is done.
///
/// While it does, it may itself wait for another one, as an import does that is fed by a blocking client's list:
/// tokio's and futures' `block_on` refuse that, and pollster's may miss a waking then.
fn block_on<F: Future>(future: F) -> F::Output {
    let waiting = Arc::new(Waiting { thread: thread::current(), woken: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&waiting));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        // The thread is unparked for any of the futures it is in the middle of; each knows by itself whether it is meant.
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
    fn a_waking_that_comes_while_another_future_is_waited_for_is_not_missed() {
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
    fn clones_share_a_thread_that_is_started_by_the_first_call_and_ends_with_the_last_of_them() {
        struct Told(std::sync::mpsc::Sender<()>);
        impl Drop for Told {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }

        let first = Runtime::new();
        assert!(first.0.lock().unwrap().is_none(), "a thread before anybody waited");
        let second = first.clone();
        let id = || async { Handle::current().id() };
        assert_eq!(first.wait(id()).unwrap(), second.wait(id()).unwrap());
        assert_ne!(first.wait(id()).unwrap(), Runtime::new().wait(id()).unwrap());
        let (told, ended) = std::sync::mpsc::channel();
        let told = Told(told);
        let task = async move {
            tokio::spawn(async move {
                let _told = told;
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
