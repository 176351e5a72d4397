//! Ctrl-C and SIGTERM: the first one ends the work in order, the second one at once.

use tokio::sync::watch;

use crate::exit::Exit;

/// The signals that the program has received.
#[derive(Clone, Debug)]
pub(crate) struct Signals(watch::Receiver<Option<Exit>>);

impl Signals {
    /// Begins to listen. Calls `on_first` with the first signal. The second one ends the process at once.
    pub(crate) fn listen(on_first: impl FnOnce() + Send + 'static) -> std::io::Result<Self> {
        let mut source = Source::new()?;
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let first = source.next().await;
            on_first();
            sender.send_replace(Some(first));
            std::process::exit(source.next().await.code().into())
        });
        Ok(Self(receiver))
    }

    /// Ends with the first signal.
    pub(crate) async fn first(&self) -> Exit {
        let mut received = self.0.clone();
        if let Ok(exit) = received.wait_for(Option::is_some).await
            && let Some(exit) = *exit
        {
            return exit;
        }
        // The task that listens never ends before the process.
        std::future::pending().await
    }

    /// Returns how to exit because of the first signal, if there was one.
    pub(crate) fn received(&self) -> Option<Exit> {
        *self.0.borrow()
    }
}

#[cfg(unix)]
struct Source {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Source {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

#[cfg(not(unix))]
struct Source;

#[cfg(not(unix))]
impl Source {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Exit {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Exit::Interrupted,
            Err(_) => std::future::pending().await,
        }
    }
}
