//! `cargo xtask fuzz --seconds N`: every fuzz target for so long.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Task;
use crate::cargo::{ROOT, run_by};

pub(crate) const TASK: Task = Task {
    name: "fuzz",
    about: "feeds every reader with bytes nobody thought of: --seconds N for each of them; needs nightly and cargo-fuzz",
    run,
};

fn run(arguments: &[String]) -> Result<(), String> {
    let seconds = seconds(arguments)?;
    let root = Path::new(ROOT);
    let ready = command().args(["fuzz", "--version"]).output().is_ok_and(|output| output.status.success());
    if !ready {
        return Err(MISSING.to_owned());
    }
    for target in names(&root.join("fuzz/fuzz_targets"))? {
        println!("== {target}: {seconds} s");
        // What is found goes to the first folder; the corpus that is kept is the second.
        let found = root.join("target/fuzz-corpus").join(&target);
        fs::create_dir_all(&found).map_err(|e| format!("{}: {e}", found.display()))?;
        seed(&found, &target)?;
        let status = command()
            .current_dir(root)
            .args(["fuzz", "run", "--fuzz-dir", "fuzz", &target])
            .arg(&found)
            .arg(root.join("fuzz/corpus").join(&target))
            .args(["--", &format!("-max_total_time={seconds}"), "-max_len=65536", "-rss_limit_mb=2048"])
            .status();
        if !status.map_err(|e| format!("cargo could not be started: {e}"))?.success() {
            return Err(format!(
                "The reader `{target}` failed; the bytes are under fuzz/artifacts/{target}. Put them into \
                 fuzz/corpus/{target}, where every `cargo test` reads them, and fix the reader."
            ));
        }
    }
    Ok(())
}

/// A sanitizer needs a nightly compiler.
fn command() -> Command {
    run_by("nightly")
}

const MISSING: &str = "Fuzzing needs a nightly toolchain and cargo-fuzz, and one of them is missing:
  rustup toolchain install nightly --profile minimal
  cargo install cargo-fuzz --locked
The corpus runs without them, as plain tests: cargo test -p crm --test it corpus";

fn seconds(arguments: &[String]) -> Result<u64, String> {
    match arguments {
        [] => Ok(60),
        [option, number] if option == "--seconds" => {
            let number = number.parse().ok().filter(|seconds| *seconds > 0);
            number.ok_or_else(|| "--seconds takes a whole number above 0".to_owned())
        }
        _ => Err("This task takes --seconds N and nothing else.".to_owned()),
    }
}

/// Puts the fixtures into a corpus: each is an answer by itself.
fn seed(corpus: &Path, target: &str) -> Result<(), String> {
    if !matches!(target, "answer" | "record" | "exchange") {
        return Ok(());
    }
    for folder in ["fixtures/salesman/captures", "fixtures/salesman/documented"] {
        let folder = Path::new(ROOT).join(folder);
        for name in names(&folder)? {
            let path = folder.join(format!("{name}.json"));
            let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
            let text = fs::read_to_string(&path).map_err(|e| told(&e))?;
            let file: serde_json::Value = serde_json::from_str(&text).map_err(|e| told(&e))?;
            let recorded = file["response"]["body"].as_str().map(str::to_owned);
            let body = recorded.unwrap_or_else(|| file["answer"].to_string());
            let head = if target == "exchange" { "200 x y\n" } else { "" };
            fs::write(corpus.join(&name), format!("{head}{body}")).map_err(|e| told(&e))?;
        }
    }
    Ok(())
}

/// The names of the files of a folder, without their extensions.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let told = |e: std::io::Error| format!("{}: {e}", folder.display());
    let files: Result<Vec<PathBuf>, _> =
        fs::read_dir(folder).map_err(told)?.map(|file| file.map(|file| file.path())).collect();
    let files = files.map_err(told)?;
    let mut names: Vec<String> =
        files.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(arguments: &[&str]) -> Result<u64, String> {
        seconds(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_minute_each_unless_said() {
        assert_eq!(given(&[]), Ok(60));
        assert_eq!(given(&["--seconds", "5"]), Ok(5));
    }

    #[test]
    fn a_misspelt_option_is_refused() {
        for arguments in [&["--second", "5"][..], &["--seconds"], &["--seconds", "0"], &["--seconds", "x"]] {
            assert!(given(arguments).is_err(), "{arguments:?}");
        }
    }
}
