//! A local server that behaves like solOS and SalesMan CRM, for tests and first steps.
