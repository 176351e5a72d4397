//! The program `crm`.

fn main() {}
