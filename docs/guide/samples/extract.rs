//! Takes the samples out of pages: for the build scripts of the two packages that compile them.
//!
//! A block ```` ```rust ```` is a module of its own. One with a `fn main` has a name, after its page: `first-call`, and
//! `first-call-2` for the second of the page. With a block ```` ```console ````, whose first line ends with
//! ` -- first-call`, it is a program, and the block says what it prints. A block with `file=calls.csv` is a file that the
//! programs of the page find in their folder.
//!
//! The helper of all programs, `failure.rs`, is a block of the page `first-call` in each language. It is a module of the
//! package, and `mod failure;` in a program names it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Chapters whose samples take long to build: those of the package `guide-stores`.
pub(crate) const STORES: [&str; 2] = ["export-parquet", "export-sqlite"];

/// The file of the helper.
const HELPER: &str = "src/failure.rs";

/// The folders of the languages below the guide, and the module of the helper in each.
const LANGUAGES: [(&str, &str); 2] = [("", "failure"), ("ru", "ru_failure")];

/// How a program is called from outside its module; some return nothing.
const RUN: &str = "
#[allow(clippy::unit_arg)]
pub(super) fn run() -> std::process::ExitCode {
    std::process::Termination::report(main())
}
";

/// The samples of all pages, as Rust.
#[derive(Default)]
pub(crate) struct Samples {
    modules: String,
    /// The arms of a `match` by name.
    runs: String,
    /// The elements of a list.
    programs: String,
}

impl Samples {
    /// Adds the wanted chapters of the guide.
    pub(crate) fn add_guide(&mut self, guide: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<()> {
        for (folder, helper) in LANGUAGES {
            let path = guide.join(folder);
            self.add_helper(helper, &path.join("first-call.md"))?;
            println!("cargo::rerun-if-changed={}", path.display());
            for page in pages(&path)? {
                let stem = page.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                if is_wanted(&stem) {
                    let name = if folder.is_empty() { stem } else { format!("{folder}-{stem}") };
                    self.add_page(&name, &page)?;
                }
            }
        }
        Ok(())
    }

    /// Adds the helper that a page explains, under the name of this module.
    fn add_helper(&mut self, module: &str, path: &Path) -> io::Result<()> {
        println!("cargo::rerun-if-changed={}", path.display());
        let blocks = blocks(&fs::read_to_string(path)?);
        let Some((_, text)) = blocks.iter().filter_map(Block::file).find(|(name, _)| *name == HELPER) else {
            return Err(io::Error::other(format!("{}: no block with file={HELPER}", path.display())));
        };
        let _ = writeln!(self.modules, "#[allow(dead_code, unreachable_pub)]\nmod {module} {{\n{text}}}");
        Ok(())
    }

    /// Adds the samples of a page.
    pub(crate) fn add_page(&mut self, page: &str, path: &Path) -> io::Result<()> {
        println!("cargo::rerun-if-changed={}", path.display());
        let blocks = blocks(&fs::read_to_string(path)?);
        let files: Vec<(&str, &str)> =
            blocks.iter().filter_map(Block::file).filter(|(name, _)| *name != HELPER).collect();
        let helper = if page.starts_with("ru-") { "ru_failure" } else { "failure" };
        let mut printed: Vec<(&str, &str)> = blocks.iter().filter_map(Block::printed).collect();
        let mut mains = 0;
        for (number, Block { text, .. }) in blocks.iter().filter(|block| block.info == "rust").enumerate() {
            let module = format!("{}_{number}", page.replace(['-', '.'], "_").to_lowercase());
            // A program has no use for what a test needs.
            let condition =
                if text.contains("test]\n") || text.contains("test(") { "#[cfg(test)]\n" } else { "" };
            let text = text.replace("mod failure;\n", &format!("use crate::{helper} as failure;\n"));
            let _ = writeln!(self.modules, "{condition}#[allow(dead_code)]\nmod {module} {{\n{text}");
            if text.contains("fn main(") {
                mains += 1;
                let name = if mains == 1 { page.to_owned() } else { format!("{page}-{mains}") };
                if let Some(place) = printed.iter().position(|(of, _)| *of == name) {
                    let (_, printed) = printed.remove(place);
                    self.modules.push_str(RUN);
                    let _ = writeln!(self.runs, "        {name:?} => Some({module}::run()),");
                    let _ = writeln!(self.programs, "    ({name:?}, &{files:?}, {printed:?}),");
                }
            }
            self.modules.push_str("}\n");
        }
        match printed.first() {
            Some((name, _)) => Err(io::Error::other(format!("{}: no program `{name}`", path.display()))),
            None => Ok(()),
        }
    }

    /// Writes `samples.rs` into the folder of the build.
    pub(crate) fn write(&self) -> io::Result<()> {
        let Self { modules, runs, programs } = self;
        let text = format!(
            "/// Runs a program of the guide.\n\
             pub fn run(name: &str) -> Option<std::process::ExitCode> {{\n    match name {{\n{runs}        _ => None,\n    }}\n}}\n\
             /// A program, the files it reads with their texts, and what it prints.\n\
             pub type Program = (&'static str, &'static [(&'static str, &'static str)], &'static str);\n\
             /// The programs of the guide.\n\
             pub const PROGRAMS: &[Program] = &[\n{programs}];\n{modules}"
        );
        fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("samples.rs"), text)
    }
}

fn pages(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(folder)?.map(|file| file.map(|file| file.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "md"));
    paths.sort();
    Ok(paths)
}

/// A fenced block.
struct Block {
    /// The text behind the opening fence.
    info: String,
    text: String,
}

impl Block {
    /// The name and the text of a file.
    fn file(&self) -> Option<(&str, &str)> {
        let name = self.info.split(',').find_map(|word| word.trim().strip_prefix("file="))?;
        Some((name, &self.text))
    }

    /// The name of a program, and what it prints.
    fn printed(&self) -> Option<(&str, &str)> {
        let (command, printed) = self.text.split_once('\n')?;
        let (_, name) = command.rsplit_once(" -- ")?;
        (self.info == "console").then_some((name, printed))
    }
}

fn blocks(markdown: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, bool) = Default::default();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                blocks.push(Block { info: info.to_string(), text: String::new() });
                open = true;
            }
            Event::Text(text) if open => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            _ => {}
        }
    }
    blocks
}
