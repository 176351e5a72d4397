//! Client of the SalesMan CRM history API v3.
