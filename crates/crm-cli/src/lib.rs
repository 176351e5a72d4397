//! The library of the program `crm`.

pub mod files;
