//! `cargo xtask msrv`: the oldest Rust that the manifests promise builds the crates.

use crate::Task;
use crate::cargo::{PROGRAM, ROOT, cargo_of, metadata, passes};
use crate::rustdoc;
use std::path::Path;

pub(crate) const TASK: Task =
    Task { name: "msrv", about: "builds the crates with the oldest Rust that Cargo.toml promises", run };

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let oldest = promised()?;
    let mut command = match cargo_of(&oldest) {
        Ok(command) => command,
        Err(why) => {
            return Err(format!(
                "{}{why}. That the crates build with {oldest} is only held by clippy's incompatible_msrv \
                 (Rust's own library) and by the resolver (the crates from outside).",
                crate::NOT_CHECKED
            ));
        }
    };
    command.args(["check", "--quiet", "--lib", "--bins", "--all-features", "--locked"]);
    for name in rustdoc::libraries(Path::new(ROOT))?.into_iter().chain([PROGRAM.to_owned()]) {
        command.args(["--package", &name]);
    }
    // Its own target folder: the two toolchains would throw out each other's work.
    passes(command.args(["--target-dir", "target/msrv"]))?;
    println!("built with Rust {oldest}");
    Ok(())
}

/// `rust-version` of the facade, with its third number: rustup takes `1.89` and `1.89.0` for two toolchains.
fn promised() -> Result<String, String> {
    let metadata = metadata()?;
    let versions = metadata.packages.iter().filter_map(|package| package.rust_version.as_ref());
    let oldest = versions.min().ok_or("no Cargo.toml promises a rust-version")?;
    Ok(oldest.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_names_one_toolchain() {
        assert_eq!(promised().unwrap().split('.').count(), 3);
    }
}
