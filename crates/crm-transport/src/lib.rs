//! How a call to solOS or SalesMan CRM travels: operations, transport, credentials, policies, errors.
