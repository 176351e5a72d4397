//! Client of solOS and SalesMan CRM: the facade over crm-projects and crm-history.
