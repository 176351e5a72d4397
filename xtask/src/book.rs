//! `cargo xtask book`: the guide as two books, the English one in `target/book` and the Russian one in `target/book/ru`.
//!
//! Where there is a Chromium, it also searches the Russian book: «звонок» has to find «звонков».

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Task;
use crate::cargo::{ROOT, cargo, passes};
use crate::report_pages::chromium;

pub(crate) const TASK: Task = Task {
    name: "book",
    about: "builds the guide into target/book, in both languages, with mdBook, which it fetches once, and tries its search",
    run,
};

/// Other versions may lay the book out otherwise.
const VERSION: &str = "^0.5";

/// What mdBook copies from the folder of the guide although it is not a part of the book.
const LEFT_OVER: [&str; 6] = ["samples", "stores", "book.toml", "theme", "ru/book.toml", "ru/theme"];

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let mdbook = mdbook()?;
    let book = Path::new(ROOT).join("target/book");
    // The Russian book is below the English one, and mdBook empties the folder into which it builds.
    for source in ["docs/guide", "docs/guide/ru"] {
        passes(Command::new(&mdbook).arg("build").arg(Path::new(ROOT).join(source)))?;
    }
    for folder in ["", "errors", "ru", "ru/errors"].map(|folder| book.join(folder)) {
        // mdBook names these chapters index.html, and the links to them README.html.
        fs::copy(folder.join("index.html"), folder.join("README.html")).map_err(|error| error.to_string())?;
    }
    for name in LEFT_OVER {
        let path = book.join(name);
        // Not each of them is there.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    match chromium() {
        Some(chromium) => search(chromium, &book.join("ru")),
        None => Err(format!("{}the search of the Russian book: there is no Chromium.", crate::NOT_CHECKED)),
    }
}

/// The program, compiled at the first call.
fn mdbook() -> Result<PathBuf, String> {
    let tools = Path::new(ROOT).join("target/tools/mdbook-with-search");
    let mdbook = tools.join("bin").join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    if !mdbook.exists() {
        println!("cargo install mdbook --version {VERSION}");
        // Without the features that serve and watch a book.
        let mut install = cargo();
        install.args(["install", "mdbook", "--version", VERSION, "--locked", "--quiet"]);
        install.args(["--no-default-features", "--features", "search", "--root"]).arg(&tools);
        passes(&mut install)
            .map_err(|message| format!("mdBook is missing, and could not be installed. {message}"))?;
    }
    Ok(mdbook)
}

/// Searches for a word, and looks for another form of it among the words that are marked in the results.
fn search(chromium: &str, book: &Path) -> Result<(), String> {
    let (word, form) = ("%D0%B7%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA", "<em>звонков</em>");
    let book = book.canonicalize().map_err(|error| error.to_string())?;
    let page = format!("file://{}/index.html?search={word}", book.display());
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
        .args(["--virtual-time-budget=10000", "--dump-dom", &page])
        .output()
        .map_err(|error| format!("{chromium}: {error}"))?;
    if String::from_utf8_lossy(&output.stdout).contains(form) {
        return Ok(());
    }
    Err("The Russian book does not find «звонков» where it is asked for «звонок». See docs/guide/ru/search.js.".to_owned())
}
