//! Client of the solOS projects API v2.
