//! Takes the samples out of the chapters: included by the build scripts of the two packages that compile them.
//!
//! A block ```` ```rust ```` is a module of its own. One with a `fn main` is a program, named after its chapter:
//! `first-call`, and `first-call-2` for the second of the chapter. A block ```` ```console ```` that follows, whose first
//! line ends with ` -- first-call`, says what the program prints. A block with `file=calls.csv` is a file that programs of
//! the chapter find in their folder. A block with `ignore` is left alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Chapters whose samples take long to build: those of the package `guide-stores`.
pub(crate) const STORES: [&str; 2] = ["export-parquet", "export-sqlite"];

/// Writes `samples.rs` into the folder of the build.
pub(crate) fn extract(guide: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    let (mut modules, mut runs, mut programs, mut files) = Default::default();
    for folder in ["", "ru"] {
        let folder_path = guide.join(folder);
        println!("cargo::rerun-if-changed={}", folder_path.display());
        for path in chapters(&folder_path)? {
            println!("cargo::rerun-if-changed={}", path.display());
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if is_wanted(&stem) {
                let chapter = if folder.is_empty() { stem } else { format!("{folder}-{stem}") };
                add(
                    &chapter,
                    &fs::read_to_string(&path)?,
                    &mut modules,
                    &mut runs,
                    &mut programs,
                    &mut files,
                );
            }
        }
    }
    let text = format!(
        "/// Runs a program of the guide.\n\
         pub fn run(name: &str) -> Option<std::process::ExitCode> {{\n    match name {{\n{runs}        _ => None,\n    }}\n}}\n\
         /// Each program, and what the guide says it prints.\n\
         pub const PROGRAMS: &[(&str, Option<&str>)] = &[\n{programs}];\n\
         /// The files of each chapter.\n\
         pub const FILES: &[(&str, &str, &str)] = &[\n{files}];\n{modules}"
    );
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("samples.rs"), text)
}

fn chapters(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: Result<Vec<PathBuf>, _> =
        fs::read_dir(folder)?.map(|file| Ok::<_, io::Error>(file?.path())).collect();
    let mut paths: Vec<PathBuf> =
        paths?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.sort();
    Ok(paths)
}

fn add(
    chapter: &str,
    text: &str,
    modules: &mut String,
    runs: &mut String,
    programs: &mut String,
    files: &mut String,
) {
    let blocks = blocks(text);
    let printed = |name: &str| {
        let texts = blocks.iter().filter(|(info, _)| info == "console");
        texts
            .filter_map(|(_, text)| text.split_once('\n'))
            .find(|(first, _)| first.ends_with(&format!(" -- {name}")))
    };
    let (mut count, mut module) = (0, 0);
    for (info, block) in &blocks {
        if let Some(file) = info.split(',').find_map(|word| word.trim().strip_prefix("file=")) {
            let _ = writeln!(files, "({chapter:?}, {file:?}, {block:?}),");
        }
        if info != "rust" {
            continue;
        }
        module += 1;
        let ident = format!("{}_{module}", chapter.replace('-', "_").to_lowercase());
        // What a test alone needs is unused in the program.
        let only_tests = if block.contains("test]\n") { "#[cfg(test)] " } else { "" };
        let _ = write!(modules, "{only_tests}#[allow(dead_code)] mod {ident} {{\n{block}\n");
        if block.contains("fn main(") {
            count += 1;
            let name = if count == 1 { chapter.to_owned() } else { format!("{chapter}-{count}") };
            modules.push_str("pub(super) fn run() -> std::process::ExitCode { std::process::Termination::report(main()) }\n");
            let _ = writeln!(runs, "        {name:?} => Some({ident}::run()),");
            let printed = printed(&name).map(|(_, printed)| printed);
            let _ = writeln!(programs, "({name:?}, {printed:?}),");
        }
        modules.push_str("}\n");
    }
}

/// The fenced blocks of a chapter: what stands behind the fence, and the text.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let (mut blocks, mut open): (Vec<(String, String)>, bool) = Default::default();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                blocks.push((info.to_string(), String::new()));
                open = true;
            }
            Event::Text(text) if open => {
                if let Some((_, block)) = blocks.last_mut() {
                    block.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            _ => {}
        }
    }
    blocks
}
