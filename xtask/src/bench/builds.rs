//! How long a program takes to compile from nothing, and how large it gets.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::output;
use super::table::Row;
use crate::cargo::{ROOT, cargo};

/// CPU seconds of clean debug builds, by turns, and the times of builds after a change of one line.
pub(super) fn clean(rounds: usize) -> Result<Vec<Row>, String> {
    let scratch = Scratch::new()?;
    let bare_project = scratch.project("bare", "", &format!("{REQWEST_JSON}{SERDE}{TOKIO}"), BARE_MAIN)?;
    let crm_project = scratch.project("with-crm", "", &format!("{}{TOKIO}", path("crm", "")), CRM_MAIN)?;
    let history = scratch.consumer("consumer-history")?;
    let model = scratch.consumer("consumer-model")?;
    // The machine is not equally fast all the time, so the short one stands on both sides of what it is compared to.
    let turns = [(&history, 2), (&bare_project, 0), (&history, 2), (&crm_project, 1), (&model, 3)];
    let mut times = [const { Vec::new() }; 4];
    for round in 1..=rounds {
        for (project, place) in turns {
            let seconds = project.clean_build()?;
            eprintln!("   round {round} of {rounds}, {}: {seconds:.1} s", project.name);
            times[place].push(seconds);
        }
    }
    let mut rebuilt = [const { Vec::new() }; 2];
    for round in 1..=3 * rounds {
        for (project, place) in [(&bare_project, 0), (&crm_project, 1)] {
            rebuilt[place].push(project.rebuild(round)?);
        }
    }
    let [bare, crm, history, model] = &times;
    Ok(vec![
        row("a program rebuilt after one line / the same over reqwest", &rebuilt[1], &rebuilt[0])?,
        row("clean build with crm / with reqwest, rustls, serde, tokio", crm, bare)?,
        row("clean build with crm-history, no HTTP client / the same", history, bare)?,
        row("clean build with crm-model / the same", model, bare)?,
    ])
}

/// Sizes of stripped release binaries.
pub(super) fn size() -> Result<Vec<Row>, String> {
    let scratch = Scratch::new()?;
    let bare = scratch.project("bare", "", &format!("{REQWEST}{TOKIO_THREADS}"), GET_MAIN)?;
    let bin = format!("[[bin]]\nname = \"export\"\npath = \"{ROOT}/crates/crm/examples/export.rs\"\n");
    let dependencies = format!("{}{SERDE_JSON}{TOKIO_THREADS}", path("crm", ""));
    let export = scratch.project("export", &bin, &dependencies, "")?;
    let (theirs, ours) = (bare.release_mib()?, export.release_mib()?);
    let name = "release binary of the export program / a bare reqwest program";
    let mut rows = vec![Row::new(name, ours, theirs, "MiB", ours - theirs)?];
    let bare = mib(&crm_program(&["--no-default-features"])?)?;
    rows.push(Row::new("stripped crm without databases", bare, 0.0, "MiB", bare)?);
    let crm = crm_program(&[])?;
    let whole = mib(&crm)?;
    rows.push(Row::new("stripped crm", whole, 0.0, "MiB", whole)?);
    let times = (0..21).map(|_| {
        let started = Instant::now();
        output(std::process::Command::new(&crm).arg("--version"))?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    });
    let milliseconds = median(times.collect::<Result<Vec<_>, String>>()?);
    rows.push(Row::new("crm --version", milliseconds, 0.0, "ms", milliseconds)?);
    Ok(rows)
}

/// Builds the program `crm` as it is handed out.
fn crm_program(features: &[&str]) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--profile=dist", "-p", "crm-cli", "--target-dir", "target/stripped"]);
    output(command.args(features).current_dir(ROOT))?;
    Ok(PathBuf::from(format!("{ROOT}/target/stripped/dist/crm")))
}

fn mib(file: &PathBuf) -> Result<f64, String> {
    let size = std::fs::metadata(file).map_err(|e| format!("{}: {e}", file.display()))?.len();
    Ok(size as f64 / f64::from(1 << 20))
}

fn row(name: &str, ours: &[f64], theirs: &[f64]) -> Result<Row, String> {
    let a_round = ours.len() / theirs.len();
    let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
    let ratios = ours.chunks(a_round).zip(theirs).map(|(ours, theirs)| mean(ours) / theirs).collect();
    Row::new(name, median(ours.to_vec()), median(theirs.to_vec()), "s", median(ratios))
}

/// The CPU time of all processes that were waited for.
fn cpu_seconds_of_children() -> Result<f64, String> {
    let stat = std::fs::read_to_string("/proc/self/stat").map_err(|e| format!("/proc/self/stat: {e}"))?;
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let ticks = fields.skip(13).take(2).map(|ticks| ticks.parse::<f64>().map_err(|e| e.to_string()));
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// The middle one; of an even number the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.get(half) {
        Some(upper) if values.len().is_multiple_of(2) => values[half - 1].midpoint(*upper),
        Some(middle) => *middle,
        None => f64::NAN,
    }
}

/// A folder for projects, removed with this. Not below the workspace, whose `.cargo/config.toml` would hold there.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("crm-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Self(folder))
    }

    /// A program with these dependencies. Without a `main` there is one in `bin`.
    fn project(
        &self,
        name: &'static str,
        bin: &str,
        dependencies: &str,
        main: &str,
    ) -> Result<Project, String> {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n\n[workspace]\n\n{bin}\n[dependencies]\n{dependencies}"
        );
        self.written(name, &manifest, main)
    }

    /// A program of `tests`.
    fn consumer(&self, name: &'static str) -> Result<Project, String> {
        let read = |file: &str| {
            let path = format!("{ROOT}/tests/{name}/{file}");
            std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))
        };
        let manifest = read("Cargo.toml")?.replace("../../crates", &format!("{ROOT}/crates"));
        self.written(name, &manifest, &read("src/main.rs")?)
    }

    /// With the workspace's versions of its dependencies, which are fetched.
    fn written(&self, name: &'static str, manifest: &str, main: &str) -> Result<Project, String> {
        let folder = self.0.join(name);
        let failed = |e| format!("{}: {e}", folder.display());
        std::fs::create_dir_all(folder.join("src")).map_err(failed)?;
        std::fs::write(folder.join("Cargo.toml"), manifest).map_err(failed)?;
        if !main.is_empty() {
            std::fs::write(folder.join("src/main.rs"), main).map_err(failed)?;
        }
        std::fs::copy(format!("{ROOT}/Cargo.lock"), folder.join("Cargo.lock")).map_err(failed)?;
        let project = Project { name, folder };
        output(project.cargo(&project.target()).args(["fetch", "--quiet"]))?;
        Ok(project)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Project {
    name: &'static str,
    folder: PathBuf,
}

impl Project {
    /// CPU seconds of `cargo build` with an empty target folder, on two cores.
    fn clean_build(&self) -> Result<f64, String> {
        let target = self.target();
        let _ = std::fs::remove_dir_all(&target);
        let before = cpu_seconds_of_children()?;
        output(self.cargo(&target).args(["build", "--quiet", "-j2"]))?;
        Ok(cpu_seconds_of_children()? - before)
    }

    /// Seconds of `cargo build` after a line was added. The rest is there from the clean build.
    fn rebuild(&self, round: usize) -> Result<f64, String> {
        let main = self.folder.join("src/main.rs");
        let failed = |e| format!("{}: {e}", main.display());
        let text = std::fs::read_to_string(&main).map_err(failed)?;
        let changed = format!("{text}\n#[allow(dead_code)]\nfn added_{round}() -> usize {{ {round} }}\n");
        std::fs::write(&main, changed).map_err(failed)?;
        let started = Instant::now();
        output(self.cargo(&self.target()).args(["build", "--quiet"]))?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// They share a folder that is kept, because their time is not measured.
    fn release_mib(&self) -> Result<f64, String> {
        let target = Path::new(ROOT).join("target/stripped");
        let mut cargo = self.cargo(&target);
        output(cargo.args(["build", "--quiet", "--release"]).env("CARGO_PROFILE_RELEASE_STRIP", "symbols"))?;
        mib(&target.join("release").join(self.name))
    }

    fn cargo(&self, target: &Path) -> std::process::Command {
        let mut command = cargo();
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", target);
        // As it is for whoever takes our crates from a registry: what comes from there is not built incrementally.
        command.env("CARGO_INCREMENTAL", "0");
        command
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }
}

fn path(name: &str, more: &str) -> String {
    format!("{name} = {{ path = \"{ROOT}/crates/{name}\"{more} }}\n")
}

const REQWEST: &str = "reqwest = { version = \"0.13\", default-features = false, features = [\"rustls\"] }\n";
const REQWEST_JSON: &str =
    "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls\"] }\n";
const SERDE: &str = "serde = { version = \"1\", features = [\"derive\"] }\n";
const SERDE_JSON: &str = "serde_json = \"1\"\n";
const TOKIO: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n";
const TOKIO_THREADS: &str = "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }\n";

const BARE_MAIN: &str = r#"#[derive(serde::Deserialize, Debug)]
struct Answer {
    data: std::collections::BTreeMap<String, String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), reqwest::Error> {
    let answer: Answer = reqwest::get("https://crm.example.ru/").await?.json().await?;
    println!("{answer:?} {}", answer.data.len());
    Ok(())
}
"#;

const GET_MAIN: &str = r#"#[tokio::main]
async fn main() -> Result<(), reqwest::Error> {
    println!("{}", reqwest::get("https://crm.example.ru/").await?.text().await?);
    Ok(())
}
"#;

const CRM_MAIN: &str = r#"use crm::history::{ApiKey, HistoryClient};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), crm::Error> {
    let client = HistoryClient::builder("https://crm.example.ru").credentials(ApiKey::new("key", "login")).build()?;
    println!("{:?}", client.fields().await?);
    Ok(())
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_build_does_not_move_the_figure() {
        assert_eq!(median(vec![20.0, 900.0, 10.0]), 20.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 900.0]), 3.0);
    }
}
