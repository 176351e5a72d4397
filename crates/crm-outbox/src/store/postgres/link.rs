//! A connection to PostgreSQL that is re-established when it is lost.

use std::sync::Arc;
use std::time::Duration;

use crm_transport::{Error, with_causes};
use tokio::sync::{Mutex, Notify};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Row};

use super::address::Address;
use crate::store::fault;

/// A connection. Each statement is a transaction of its own and uses no state of the session.
///
/// A statement is prepared without a name and executed in the same round trip. So it works behind PgBouncer in transaction
/// mode.
#[derive(Debug)]
pub(super) struct Link {
    address: Address,
    client: Mutex<Option<Arc<Client>>>,
}

impl Link {
    pub(super) fn new(address: Address) -> Self {
        Self { address, client: Mutex::new(None) }
    }

    pub(super) fn location(&self) -> &str {
        &self.address.location
    }

    async fn client(&self, operation: &'static str) -> Result<Arc<Client>, Error> {
        let mut client = self.client.lock().await;
        if let Some(client) = client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let connected = connect(&self.address, None).await;
        let connected = connected.map_err(|e| unreachable(operation, self.location(), e))?;
        let connected = Arc::new(connected);
        *client = Some(Arc::clone(&connected));
        Ok(connected)
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        let run = async {
            let client = self.client(operation).await?;
            let rows = client.query_typed(statement, params).await;
            rows.map_err(|e| fault(operation, self.location(), "cannot be used", cause(&e)))
        };
        self.limited(operation, run).await
    }

    /// Runs a script without parameters.
    pub(super) async fn execute(&self, operation: &'static str, script: &str) -> Result<(), Error> {
        let run = async {
            let client = self.client(operation).await?;
            let done = client.batch_execute(script).await;
            done.map_err(|e| fault(operation, self.location(), "cannot be used", cause(&e)))
        };
        self.limited(operation, run).await
    }

    async fn limited<T>(
        &self,
        operation: &'static str,
        run: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(TIMEOUT, run).await {
            Ok(result) => result,
            Err(late) => {
                // What was sent on it may still be carried out. Nothing else waits behind it.
                self.client.lock().await.take();
                Err(fault(operation, &self.address.location, "does not answer", late))
            }
        }
    }
}

/// Connects. Notifications wake this, where it is given.
pub(super) async fn connect(
    address: &Address,
    wake: Option<Arc<Notify>>,
) -> Result<Client, tokio_postgres::Error> {
    let (client, mut connection) = address.connect().await?;
    tokio::spawn(async move {
        loop {
            let message = std::future::poll_fn(|cx| connection.poll_message(cx)).await;
            match message {
                Some(Ok(AsyncMessage::Notification(_))) => {
                    if let Some(wake) = &wake {
                        wake.notify_one();
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
        if let Some(wake) = wake {
            wake.notify_one(); // whoever listens has to connect again
        }
    });
    Ok(client)
}

/// Creates the error of a connection that failed.
fn unreachable(operation: &'static str, location: &str, error: tokio_postgres::Error) -> Error {
    #[cfg(feature = "postgres-tls")]
    let advice = crm_transport::certificate_advice(&error);
    #[cfg(not(feature = "postgres-tls"))]
    let advice: Option<&str> = None;
    let error = fault(operation, location, "cannot be reached", cause(&error));
    match advice {
        Some(advice) => error.hint(advice),
        None => error,
    }
}

/// The server's own words, or those of the driver with their causes. The driver says only that there was an error.
fn cause(error: &tokio_postgres::Error) -> std::io::Error {
    let words = error.as_db_error().map_or_else(|| with_causes(error), ToString::to_string);
    std::io::Error::new(crate::store::kind(error), words)
}

/// How long a statement may take.
const TIMEOUT: Duration = Duration::from_secs(30);
