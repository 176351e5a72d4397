//! What solOS and SalesMan CRM say: plain types and their JSON, without I/O.
