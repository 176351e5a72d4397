//! `cargo xtask release`: what a release needs besides green checks, as a list of what is done and what is not.

use std::fs;
use std::path::Path;

use cargo_metadata::Metadata;

use crate::Task;
use crate::cargo::{ROOT, git, metadata};

pub(crate) const TASK: Task =
    Task { name: "release", about: "lists what is missing before this version can be tagged", run };

/// The pages that name the tag to depend on.
const NAME_THE_TAG: [&str; 7] = [
    "README.md",
    "README.ru.md",
    "docs/publishing.md",
    "docs/guide/install.md",
    "docs/guide/ru/install.md",
    "docs/guide/first-call.md",
    "docs/guide/ru/first-call.md",
];

/// A sentence about the release, and why it is not true; `None` if it is.
type Need = (String, Option<String>);

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let metadata = metadata()?;
    let version = version(&metadata)?;
    let read = |path: &str| {
        fs::read_to_string(Path::new(ROOT).join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let mut needs = vec![one_version(&metadata, &version), changelog(&read("CHANGELOG.md")?, &version)];
    for page in NAME_THE_TAG {
        needs.push(names_the_tag(page, &read(page)?, &version));
    }
    needs.push(nothing_to_commit());
    needs.push(tag_is_new(&version));
    for (need, fault) in &needs {
        match fault {
            None => println!("ok       {need}"),
            Some(fault) => println!("MISSING  {need}: {fault}"),
        }
    }
    println!("\nThe checks are `cargo xtask check --full`: no line of it may say NOT CHECKED.");
    let missing = needs.iter().filter(|(_, fault)| fault.is_some()).count();
    if missing == 0 { Ok(()) } else { Err(format!("{missing} missing before {version} can be tagged.")) }
}

fn version(metadata: &Metadata) -> Result<String, String> {
    let facade = metadata.packages.iter().find(|package| package.name.as_str() == "crm");
    facade.map(|facade| facade.version.to_string()).ok_or_else(|| "there is no crate `crm`".to_owned())
}

fn one_version(metadata: &Metadata, version: &str) -> Need {
    let crates = metadata.workspace_root.join("crates");
    let others = metadata.packages.iter().filter(|package| package.manifest_path.starts_with(&crates));
    let others = others.filter(|package| package.version.to_string() != version);
    let others: Vec<String> =
        others.map(|package| format!("{} is {}", package.name, package.version)).collect();
    (format!("all crates have the version {version}"), (!others.is_empty()).then(|| others.join(", ")))
}

/// The first section is that of this version, with its day.
fn changelog(text: &str, version: &str) -> Need {
    let heading = text.lines().find(|line| line.starts_with("## ")).unwrap_or_default();
    let day = heading.strip_prefix(&format!("## {version}, "));
    let is_day = day.is_some_and(|day| {
        day.len() == 10 && day.split('-').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    let fault = (!is_day).then(|| format!("it begins with `{heading}`, not with `## {version}, YYYY-MM-DD`"));
    ("the changelog begins with this version and its day".to_owned(), fault)
}

fn names_the_tag(page: &str, text: &str, version: &str) -> Need {
    let tag = format!("\"v{version}\"");
    let fault = (!text.contains(&tag)).then(|| format!("it does not contain `tag = {tag}`"));
    (format!("{page} names the tag"), fault)
}

fn nothing_to_commit() -> Need {
    let changed = git(&["status", "--porcelain"]);
    let fault = match changed {
        Some(changed) if changed.is_empty() => None,
        Some(changed) => Some(format!("{} files differ from it", changed.lines().count())),
        None => Some("this is no clone".to_owned()),
    };
    ("the last commit holds everything".to_owned(), fault)
}

fn tag_is_new(version: &str) -> Need {
    let tag = format!("v{version}");
    let fault = match git(&["tag", "--list", &tag]) {
        Some(tags) if tags.is_empty() => None,
        Some(_) => Some("raise the version in Cargo.toml".to_owned()),
        None => Some("this is no clone".to_owned()),
    };
    (format!("the tag {tag} does not exist yet"), fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changelog_without_the_day_of_this_version_is_not_ready() {
        assert_eq!(changelog("# Changelog\n\n## 0.2.0, 2026-12-01\n", "0.2.0").1, None);
        for text in ["## 0.2.0, not released yet\n", "## 0.1.0, 2026-12-01\n", "# Changelog\n"] {
            assert!(changelog(text, "0.2.0").1.is_some(), "{text}");
        }
    }

    #[test]
    fn a_page_that_names_an_older_tag_is_not_ready() {
        assert!(names_the_tag("README.md", "tag = \"v0.1.0\"", "0.2.0").1.is_some());
        assert_eq!(names_the_tag("README.md", "tag = \"v0.2.0\"", "0.2.0").1, None);
    }
}
