//! A local server that behaves like solOS and SalesMan CRM, for tests and first steps.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! let sandbox = crm_sandbox::Sandbox::start().await?;
//! println!("a CRM to try against: {}", sandbox.url());
//! # Ok(())
//! # }
//! ```

mod history;
mod json;
mod projects;
mod sandbox;
mod server;
mod state;

pub use crate::history::records::Record;
pub use crate::projects::data::{Action, Checklist, ChecklistItem, FieldValue, Good, Payment, Project, Step};
pub use crate::projects::shape::ProjectsShape;
pub use crate::sandbox::{Builder, Sandbox};

/// The only valid `apikey` of the history.
pub const APIKEY: &str = "sandbox-key";
/// The login of user 1, the head of user 2.
pub const BOSS: &str = "boss@example.test";
/// The login of user 2, who reports to user 1.
pub const SELLER: &str = "seller@example.test";
/// The only valid `X-Crypto-Token` of the projects.
pub const TOKEN: &str = "sandbox-token";
/// The only valid `X-Crypto-Secret` of the projects.
pub const SECRET: &str = "sandbox-secret";
