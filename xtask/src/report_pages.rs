//! `cargo xtask report`: draws the pages of `crm report` in headless Chromium, for the eye, into `target/report`.
//!
//! It fails if a page is wider than the window. What a page looks like is for a person to judge.

use std::path::Path;
use std::process::Command;

use crate::Task;
use crate::cargo::{ROOT, cargo, passes};

pub(crate) const TASK: Task = Task {
    name: "report",
    about: "draws the pages of crm report in headless Chromium, wide, narrow, dark and printed",
    run,
};

/// The windows: the name, the width and the height.
const WINDOWS: [(&str, u32, u32); 2] = [("wide", 1280, 1900), ("narrow", 390, 3600)];
/// The colours: the name, and the number that Chromium gives them.
const SCHEMES: [(&str, u32); 2] = [("light", 1), ("dark", 0)];

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let Some(chromium) = chromium() else {
        return Err(format!(
            "{}there is no chromium, chromium-browser or google-chrome.",
            crate::NOT_CHECKED
        ));
    };
    // A test writes the pages.
    let test = "report::a_busy_quarter_is_one_page_without_anything_from_outside";
    passes(cargo().args(["test", "--quiet", "-p", "crm-cli", "--test", "it", "--", "--exact", test]))?;
    let folder = Path::new(ROOT).join("target/report");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let folder = folder.canonicalize().map_err(|error| error.to_string())?;
    for page in ["quarter-en", "quarter-ru", "month-ru"] {
        let source = Path::new(ROOT).join(format!("target/tmp/report-pages/{page}.html"));
        let html =
            std::fs::read_to_string(&source).map_err(|error| format!("{}: {error}", source.display()))?;
        draw(chromium, page, &html, &folder)?;
    }
    println!("look at the pictures in {}", folder.display());
    Ok(())
}

/// The name of a Chromium that can be started.
pub(crate) fn chromium() -> Option<&'static str> {
    let is_there = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)
}

fn draw(chromium: &str, page: &str, html: &str, folder: &Path) -> Result<(), String> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map(|()| path).map_err(|error| format!("{name}: {error}"))
    };
    let plain = write(&format!("{page}.html"), html)?;
    let browser = |more: &[String]| {
        let mut command = Command::new(chromium);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
        ]);
        command.args(more);
        command
    };
    for (window, width, height) in WINDOWS {
        // A window of Chromium is at least 500 pixels wide, so the page is in a frame that may be narrower.
        let frame = write(&format!("{page}-{window}.frame.html"), &framed(&plain, width, height))?;
        let size = format!("--window-size={},{height}", width.max(500));
        let output = browser(&[size.clone(), "--dump-dom".to_owned(), address(&frame)]).output();
        let output = output.map_err(|error| format!("{chromium}: {error}"))?;
        let dom = String::from_utf8_lossy(&output.stdout);
        if !dom.contains("<title>fits</title>") {
            return Err(format!("{page} is wider than {width} pixels, or could not be drawn."));
        }
        for (scheme, number) in SCHEMES {
            let picture = folder.join(format!("{page}-{window}-{scheme}.png"));
            let scheme = format!("--blink-settings=preferredColorScheme={number}");
            let picture = format!("--screenshot={}", picture.display());
            passes(&mut browser(&[size.clone(), scheme, picture, address(&frame)]))?;
        }
    }
    let printed = format!("--print-to-pdf={}", folder.join(format!("{page}.pdf")).display());
    passes(&mut browser(&["--no-pdf-header-footer".to_owned(), printed, address(&plain)]))
}

/// A page with the page in a frame of this size. Its title says whether the frame has to scroll sideways.
fn framed(page: &Path, width: u32, height: u32) -> String {
    format!(
        "<!DOCTYPE html><title>unknown</title><style>body {{ margin: 0 }} iframe {{ border: 0; display: block }}</style>\
         <iframe src=\"{}\" width=\"{width}\" height=\"{height}\" onload=\"const root = this.contentDocument.documentElement; \
         document.title = root.scrollWidth > {width} ? 'too wide' : 'fits'\"></iframe>",
        address(page)
    )
}

fn address(path: &Path) -> String {
    format!("file://{}", path.display())
}
