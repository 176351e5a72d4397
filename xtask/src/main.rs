//! Checks of the workspace: `cargo xtask check`.

fn main() {}
