//! A connection that is re-established when it is lost.

use std::time::Duration;

use crm_transport::{Error, with_causes};
use tokio::sync::Mutex;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Transaction};

use super::address::Address;
use super::read::Query;
use crate::store::fault;

/// A connection for one statement or transaction at a time.
///
/// A statement is prepared without a name and executed in the same round trip. So it works behind PgBouncer in transaction
/// mode. `COPY` alone is prepared with a name, inside its transaction.
#[derive(Debug)]
pub(super) struct Connection {
    address: Address,
    client: Mutex<Option<Client>>,
}

impl Connection {
    /// Reads a URL. Connects when it is needed.
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        Ok(Self { address: Address::from_url(url)?, client: Mutex::new(None) })
    }

    pub(super) fn location(&self) -> &str {
        &self.address.location
    }

    pub(super) async fn query(&self, operation: &'static str, query: &Query) -> Result<Vec<Row>, Error> {
        self.using(operation, async |client| {
            let params: Vec<(&(dyn ToSql + Sync), Type)> = query
                .params
                .iter()
                .map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone()))
                .collect();
            client.query_typed(&query.sql, &params).await
        })
        .await
    }

    /// Runs a script without parameters.
    pub(super) async fn script(&self, operation: &'static str, script: &str) -> Result<(), Error> {
        self.using(operation, async |client| client.batch_execute(script).await).await
    }

    /// Runs a transaction. Nothing of it stays if it fails or is dropped.
    pub(super) async fn transaction<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Error> {
        self.using(operation, async |client| {
            let transaction = client.transaction().await?;
            let result = work(&transaction).await?;
            transaction.commit().await?;
            Ok(result)
        })
        .await
    }

    async fn using<T>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Error> {
        let mut held = self.client.lock().await;
        let mut client = match held.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => {
                let client = self.connect().await;
                client.map_err(|e| unreachable(operation, self.location(), e))?
            }
        };
        // Where this is dropped, late or fails, the connection goes, with what was not committed. After a `COPY` that the
        // server refused, the driver would take one answer for another.
        match tokio::time::timeout(TIMEOUT, work(&mut client)).await {
            Ok(Ok(result)) => {
                *held = Some(client);
                Ok(result)
            }
            Ok(Err(error)) => Err(fault(operation, self.location(), "cannot be used", cause(&error))),
            Err(late) => Err(fault(operation, self.location(), "does not answer", late)),
        }
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.address.connect().await?;
        tokio::spawn(connection);
        Ok(client)
    }
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

/// How long a statement or a transaction may take.
const TIMEOUT: Duration = Duration::from_secs(300);
