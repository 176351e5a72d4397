//! Runs the programs of the guide: `cargo run -p guide -- first-call`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    guide::run(&name).unwrap_or_else(|| {
        let names: Vec<&str> = guide::PROGRAMS.iter().map(|(name, ..)| *name).collect();
        eprintln!("usage: cargo run -p guide -- NAME, where NAME is one of:\n  {}", names.join("\n  "));
        ExitCode::FAILURE
    })
}
