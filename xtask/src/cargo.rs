//! Starts cargo and git in this workspace.

use std::path::Path;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// The folder of the workspace.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The crate of the program `crm`. It is installed from a clone, and nobody uses it as a library.
pub(crate) const PROGRAM: &str = "crm-cli";

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

/// What the manifests of this workspace say.
pub(crate) fn metadata() -> Result<Metadata, String> {
    metadata_of(Path::new(ROOT))
}

/// What the manifests of a workspace say.
pub(crate) fn metadata_of(workspace: &Path) -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    let metadata = command.current_dir(workspace).no_deps().exec();
    metadata.map_err(|error| format!("`cargo metadata` failed: {error}"))
}

/// The cargo of another toolchain of rustup's, which is installed when it is missing; its working folder is [`ROOT`].
/// The error says why there is none.
pub(crate) fn cargo_of(toolchain: &str) -> Result<Command, String> {
    let mut rustup = rustup();
    rustup.args(["toolchain", "install", toolchain, "--profile", "minimal", "--no-self-update"]);
    let there = || run_by(toolchain).arg("--version").output().is_ok_and(|output| output.status.success());
    if !there() {
        println!("rustup toolchain install {toolchain} --profile minimal");
        if !rustup.status().is_ok_and(|status| status.success()) || !there() {
            return Err(format!("Rust {toolchain} is not here, and rustup could not install it"));
        }
    }
    Ok(run_by(toolchain))
}

/// `rustup run <toolchain> cargo`, whether or not there is such a toolchain.
pub(crate) fn run_by(toolchain: &str) -> Command {
    let mut command = rustup();
    command.args(["run", toolchain, "cargo"]);
    command
}

fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(ROOT);
    // The toolchain that runs this program must not stand in the way of the other one.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(name);
    }
    command
}

/// What a command of git in this workspace prints. `None` if it fails.
pub(crate) fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").current_dir(ROOT).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs it to its end; a failure is told by its command line.
pub(crate) fn passes(command: &mut Command) -> Result<(), String> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let shown = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("This failed: {shown}")),
        Err(error) => Err(format!("This could not be started: {shown}: {error}")),
    }
}
