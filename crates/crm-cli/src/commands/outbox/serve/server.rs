//! Accepts connections and serves them, a limited number at a time.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::address::Listener;
use super::routes::Service;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// A server at work. Dropping it ends it at once.
pub(in crate::commands::outbox) struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to serve, and says where.
    pub(in crate::commands::outbox) fn start(
        listener: Listener,
        service: Service,
        terminal: &Terminal,
    ) -> Result<Self, Failure> {
        let address = listener.address().map_err(|error| Failure::person(error.to_string()))?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(listener, Arc::new(service), stopped));
        terminal.note_text("outbox-listens", &[("address", address.to_string().into())]);
        Ok(Self { stop, task })
    }

    /// Accepts no more connections, and finishes the requests that have begun.
    pub(in crate::commands::outbox) async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let _ = tokio::time::timeout(LONGEST_SHUTDOWN, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: Listener, service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let accept = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accept => accepted,
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let Ok(stream) = accepted else {
            // Most likely too many open files. Those that are open will be closed.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let service = Arc::clone(&service);
        let answer = service_fn(move |request| {
            let service = Arc::clone(&service);
            async move { Ok::<_, std::convert::Infallible>(service.answer(request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(LONGEST_READ)
            .serve_connection(TokioIo::new(stream), answer);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _permit = permit;
            let _ = connection.await; // the client ended it
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// How long a client may take to send the head, or the body, of a request.
pub(super) const LONGEST_READ: Duration = Duration::from_secs(10);
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(10);
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
const MOST_CONNECTIONS: usize = 256;
