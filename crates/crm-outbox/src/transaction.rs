//! [`UserTransaction`]: a transaction of the user in which an activity is put.

use crm_transport::Error;

use crate::activity::NewActivity;
use crate::store::Row;

/// Your own transaction on the database of the outbox: `rusqlite::Transaction`, or `tokio_postgres::Transaction`.
///
/// With another driver, insert into the table yourself: see [the table](crate#the-table).
pub trait UserTransaction: sealed::Put {}

pub(crate) mod sealed {
    use super::*;

    pub trait Put {
        /// Puts an activity. Returns the row that its key had before.
        fn put(&mut self, table: &str, new: &NewActivity)
        -> impl Future<Output = Result<Option<Row>, Error>>;
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn failed(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    crate::store::fault("outbox.put_in", "of your transaction", "cannot be written", cause)
}

#[cfg(feature = "sqlite")]
impl UserTransaction for rusqlite::Transaction<'_> {}

#[cfg(feature = "sqlite")]
impl sealed::Put for rusqlite::Transaction<'_> {
    async fn put(&mut self, _: &str, new: &NewActivity) -> Result<Option<Row>, Error> {
        crate::store::put_in_sqlite(self, new).map_err(failed)
    }
}

#[cfg(feature = "postgres")]
impl UserTransaction for tokio_postgres::Transaction<'_> {}

#[cfg(feature = "postgres")]
impl sealed::Put for tokio_postgres::Transaction<'_> {
    async fn put(&mut self, table: &str, new: &NewActivity) -> Result<Option<Row>, Error> {
        use tokio_postgres::types::Type;

        let NewActivity { key, activity, fingerprint } = new;
        let fingerprint = fingerprint.cast_signed();
        let insert = crate::store::postgres_insert(table);
        let params: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] = [
            (key, Type::TEXT),
            (&activity.json, Type::TEXT),
            (&activity.mark, Type::TEXT),
            (&fingerprint, Type::INT8),
        ];
        if !self.query_typed(&insert, &params).await.map_err(failed)?.is_empty() {
            return Ok(None);
        }
        let select = crate::store::postgres_select_key(table);
        let rows = self.query_typed(&select, &[(key, Type::TEXT)]).await.map_err(failed)?;
        rows.first().map(|row| crate::store::postgres_row(row).map_err(failed)).transpose()
    }
}
