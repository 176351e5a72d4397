//! `cargo xtask package`: each crate builds from its package alone, and the package holds what it has to.

use crate::Task;
use crate::cargo::{PROGRAM, ROOT, cargo, metadata, passes};
use cargo_metadata::Package;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const TASK: Task = Task {
    name: "package",
    about: "packages every crate, builds it from its package, looks what is in there",
    run,
};

/// A package without its licence may not be given on.
const NEEDED: [&str; 4] = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Compressed. Ours are sources alone; what makes one larger than this came in by mistake.
const LARGEST: u64 = 200 * 1024;

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let mut command = cargo();
    // Changes that are not committed yet are what one wants to know about.
    command.args(["package", "--quiet", "--locked", "--allow-dirty"]);
    let packages = packaged()?;
    for package in &packages {
        command.args(["-p", &package.name]);
    }
    // The workspace's own folder: otherwise each package compiles all of its dependencies for itself.
    command.arg("--target-dir").arg(Path::new(ROOT).join("target"));
    passes(&mut command)?;
    let mut faults = Vec::new();
    for package in packages {
        let file = file(&package);
        let bytes = fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
        let files = contents(&file)?;
        println!("{}: {} files, {} KiB", package.name, files.len(), bytes / 1024);
        faults.extend(faults_of(&package.name, &files, bytes));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn packaged() -> Result<Vec<Package>, String> {
    let metadata = metadata()?;
    let crates = metadata.workspace_root.join("crates");
    let is_packaged =
        |package: &Package| package.manifest_path.starts_with(&crates) && package.name.as_str() != PROGRAM;
    Ok(metadata.packages.into_iter().filter(is_packaged).collect())
}

fn file(package: &Package) -> PathBuf {
    Path::new(ROOT).join(format!("target/package/{}-{}.crate", package.name, package.version))
}

/// The files of a package, without the folder they are all in.
fn contents(file: &Path) -> Result<Vec<String>, String> {
    let told = |what: &str| format!("tar could not list {}: {what}", file.display());
    let output =
        Command::new("tar").arg("-tzf").arg(file).output().map_err(|error| told(&error.to_string()))?;
    if !output.status.success() {
        return Err(told(&String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| Some(line.split_once('/')?.1.to_owned())).collect())
}

fn faults_of(name: &str, files: &[String], bytes: u64) -> Vec<String> {
    let missing = NEEDED.iter().filter(|needed| !files.iter().any(|file| file == *needed));
    let mut faults: Vec<String> = missing.map(|file| format!("the package of {name} lacks {file}")).collect();
    if bytes > LARGEST {
        faults.push(format!(
            "the package of {name} has {} KiB, at most {} are meant: `include` in Cargo.toml says what goes in",
            bytes / 1024,
            LARGEST / 1024
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_its_licence_and_one_too_large_are_told() {
        let files = ["Cargo.toml", "LICENSE-MIT", "README.md", "src/lib.rs"].map(str::to_owned);
        assert_eq!(faults_of("crm", &files, 1000), ["the package of crm lacks LICENSE-APACHE"]);
        let faults = faults_of("crm", &NEEDED.map(str::to_owned), LARGEST + 1024);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("201 KiB, at most 200"), "{faults:?}");
    }

    #[test]
    fn each_crate_carries_the_licences_of_the_workspace() {
        for package in packaged().unwrap() {
            for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
                let ours = package.manifest_path.with_file_name(name);
                let wanted = fs::read_to_string(format!("{ROOT}/{name}")).unwrap();
                assert_eq!(fs::read_to_string(&ours).ok(), Some(wanted), "copy {name} to {ours}");
            }
        }
    }

    #[test]
    fn the_facade_whose_name_is_taken_cannot_be_published_by_mistake() {
        let packages = packaged().unwrap();
        let facade = packages.iter().find(|package| package.name.as_str() == "crm").unwrap();
        assert_eq!(facade.publish, Some(Vec::new()));
    }
}
