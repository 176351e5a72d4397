//! Users, clients and contacts of SalesMan CRM, read only.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
pub mod operations;
pub use crm_model::directory::*;
