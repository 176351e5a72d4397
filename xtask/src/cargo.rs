//! Starts cargo in this workspace.

use std::process::Command;

/// The folder of the workspace.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The cargo that runs this program, or the one in `PATH`; its working folder is [`ROOT`].
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(ROOT);
    // `cargo run` describes xtask in these variables. Build scripts that watch them (ring's does) would
    // run again in the inner cargo, and once more in the next one that is started by hand.
    for (name, _) in std::env::vars_os() {
        if let Some(name) = name.to_str()
            && (name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command
}
