//! Tests of the client over transports of one's own.
#![allow(clippy::unwrap_used, reason = "tests")]

mod own_transport;
mod read_method;
