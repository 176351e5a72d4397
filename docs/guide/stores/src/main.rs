//! Runs the programs of the guide: `cargo run --manifest-path docs/guide/stores/Cargo.toml -- export-sqlite`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    guide_stores::run(&name).unwrap_or_else(|| {
        let names: Vec<&str> = guide_stores::PROGRAMS.iter().map(|(name, ..)| *name).collect();
        eprintln!("usage: cargo run --manifest-path docs/guide/stores/Cargo.toml -- NAME, where NAME is one of:\n  {}", names.join("\n  "));
        ExitCode::FAILURE
    })
}
