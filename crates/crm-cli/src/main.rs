//! The program `crm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    crm_cli::run()
}
