//! Waits for notifications, on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio_postgres::Client;

use super::address::Address;
use super::link;

/// Listens to the channel of an outbox.
#[derive(Debug)]
pub(super) struct Listener {
    address: Address,
    /// The channel. It depends on the schema.
    pub(super) channel: String,
    wake: Arc<Notify>,
    client: Mutex<Option<Client>>,
}

impl Listener {
    pub(super) fn new(address: Address, schema: &str) -> Self {
        let channel = format!("crm_outbox_{schema}");
        Self { address, channel, wake: Arc::new(Notify::new()), client: Mutex::new(None) }
    }

    /// Ends when something was put. Connects first if that is necessary, and again after a while if that fails.
    pub(super) async fn notified(&self) {
        {
            let mut client = self.client.lock().await;
            while client.as_ref().is_none_or(Client::is_closed) {
                let connected = link::connect(&self.address, Some(Arc::clone(&self.wake))).await;
                if let Ok(connected) = connected {
                    let listen = format!("LISTEN \"{}\"", self.channel.replace('"', "\"\""));
                    if connected.batch_execute(&listen).await.is_ok() {
                        *client = Some(connected);
                        continue;
                    }
                }
                tokio::time::sleep(CONNECT_AGAIN).await;
            }
        }
        self.wake.notified().await;
    }
}

const CONNECT_AGAIN: Duration = Duration::from_secs(30);
