//! `cargo xtask semver`: the number of the version tells what changed since the last release.

use crate::Task;
use crate::api::FOLDER;
use crate::cargo::{ROOT, git, passes};
use crate::rustdoc;
use crate::tools::Tool;
use std::fs;
use std::path::Path;
use std::process::Command;

pub(crate) const TASK: Task = Task {
    name: "semver",
    about: "nothing breaks without a new version since the last release; --since REVISION for another",
    run,
};

/// Reads the rustdoc JSON of `rustdoc.rs`.
const CHECKER: Tool = Tool { name: "cargo-semver-checks", version: "0.51.0" };

fn run(arguments: &[String]) -> Result<(), String> {
    let baseline = match arguments {
        [] => baseline(&git)?,
        [flag, revision] if flag == "--since" => {
            let revision = git(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
                .ok_or_else(|| format!("git knows no revision `{revision}`"))?;
            Baseline::Since { what: "as asked for".to_owned(), revision }
        }
        _ => return Err("usage: cargo xtask semver [--since REVISION]".to_owned()),
    };
    let (revision, what) = match baseline {
        Baseline::Since { revision, what } => (revision, what),
        Baseline::Missing(why) => {
            return Err(format!("{}{why}", crate::NOT_CHECKED));
        }
    };
    println!("compared with {revision}, {what}");
    let root = Path::new(ROOT);
    let folder = root.join("target/semver");
    let [sources, before, now] = ["sources", "before", "now"].map(|name| folder.join(name));
    unpack(&revision, &folder, &sources)?;
    rustdoc::json(&sources, rustdoc::WITH_PRIVATE, &before)?;
    rustdoc::json(root, rustdoc::WITH_PRIVATE, &now)?;
    let mut failed = Vec::new();
    for name in rustdoc::libraries(root)? {
        let [before, now] = [&before, &now].map(|folder| folder.join(rustdoc::file(&name)));
        if !before.exists() {
            println!("{name} is new");
            continue;
        }
        println!("{name}:");
        let mut command = CHECKER.command()?;
        command.args(["semver-checks", "--baseline-rustdoc"]).arg(before).arg("--current-rustdoc").arg(now);
        if passes(&mut command).is_err() {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "The users of {} would have to change their code, or the check itself failed: see above. If the change is \
         meant, raise the version in Cargo.toml, and tell of it in CHANGELOG.md.",
        failed.join(", ")
    ))
}

/// What the API is compared with.
#[derive(Debug, PartialEq)]
enum Baseline {
    Since {
        revision: String,
        what: String,
    },
    /// And what to do about it.
    Missing(String),
}

/// The last release; before the first one, the commit that last changed the listings: until then nothing was
/// promised but what they say, and they do not say all (that a type is `Send`, that a trait is sealed).
///
/// `git` gives what a command of git prints, if it succeeds.
fn baseline(git: &dyn Fn(&[&str]) -> Option<String>) -> Result<Baseline, String> {
    if git(&["rev-parse", "--git-dir"]).is_none() {
        return Ok(Baseline::Missing(
            "this is no clone of a git repository, so nothing earlier is known".to_owned(),
        ));
    }
    if let Some(tag) = git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]) {
        return Ok(Baseline::Since { what: "the last release".to_owned(), revision: tag });
    }
    if git(&["rev-parse", "--is-shallow-repository"]).as_deref() != Some("false") {
        return Ok(Baseline::Missing(
            "this clone is shallow, so the last release cannot be found. Get the rest: git fetch --unshallow --tags"
                .to_owned(),
        ));
    }
    match git(&["log", "-1", "--format=%H", "--", FOLDER]) {
        Some(revision) if !revision.is_empty() => Ok(Baseline::Since {
            what: format!("which last changed {FOLDER}: there is no release yet (no tag `v…`)"),
            revision,
        }),
        _ => Err(format!(
            "There is neither a release nor a commit of {FOLDER}: run `cargo xtask api --accept`."
        )),
    }
}

/// Puts the files of a revision into a folder, past the clone's own state.
fn unpack(revision: &str, folder: &Path, sources: &Path) -> Result<(), String> {
    if sources.exists() {
        fs::remove_dir_all(sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    }
    fs::create_dir_all(sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    let archive = folder.join("sources.tar");
    let mut archiver = Command::new("git");
    archiver.current_dir(ROOT).args(["archive", "--format=tar", "--output"]).arg(&archive).arg(revision);
    passes(&mut archiver)?;
    passes(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(sources))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A git that gives these answers to the commands that begin so, and fails at all others.
    fn answering(answers: &[(&str, &str)]) -> Result<Baseline, String> {
        baseline(&|arguments: &[&str]| {
            let line = arguments.join(" ");
            answers.iter().find(|(begin, _)| line.starts_with(begin)).map(|(_, answer)| (*answer).to_owned())
        })
    }

    #[test]
    fn the_last_release_is_the_baseline() {
        let found =
            answering(&[("rev-parse --git-dir", ".git"), ("describe", "v1.2.0"), ("log", "abc")]).unwrap();
        assert_eq!(
            found,
            Baseline::Since { revision: "v1.2.0".to_owned(), what: "the last release".to_owned() }
        );
    }

    #[test]
    fn before_the_first_release_it_is_the_commit_that_last_changed_the_listings() {
        let found = answering(&[
            ("rev-parse --git-dir", ".git"),
            ("rev-parse --is-shallow-repository", "false"),
            ("log -1 --format=%H -- docs/api", "abc"),
        ]);
        assert!(matches!(found.unwrap(), Baseline::Since { revision, .. } if revision == "abc"));
    }

    #[test]
    fn a_shallow_clone_is_told_what_it_misses_and_not_compared_with_itself() {
        let found = answering(&[
            ("rev-parse --git-dir", ".git"),
            ("rev-parse --is-shallow-repository", "true"),
            ("log", "abc"),
        ]);
        let Baseline::Missing(why) = found.unwrap() else { panic!("compared") };
        assert!(why.contains("git fetch --unshallow --tags"), "{why}");
    }

    #[test]
    fn without_git_it_says_so() {
        assert!(matches!(answering(&[]).unwrap(), Baseline::Missing(_)));
    }
}
