//! Runs the programs of the guide as their readers do.
#![allow(dead_code, clippy::unwrap_used, reason = "tests; not each of them uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crm_sandbox::Sandbox;

/// A program, the files it reads with their texts, and what the guide says it prints.
pub(crate) type Program = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Runs each program once, and compares what it prints with what the guide shows.
pub(crate) fn each_prints_what_the_guide_shows(executable: &str, programs: &[Program]) {
    let mut wrong = String::new();
    for program in programs {
        let (name, _, shown) = *program;
        let (status, printed) = run(executable, name, &folder(program), &sandbox());
        if !status.success() || printed != shown {
            wrong += &format!("== {name}: {status}\n-- it prints\n{printed}-- the guide shows\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A sandbox as the guide has its readers start it; the day does not matter.
pub(crate) fn sandbox() -> Sandbox {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let now = "2026-03-02T09:00:00".parse().unwrap();
    runtime.block_on(Sandbox::builder().records(1000).now(now).start()).unwrap()
}

/// A folder with the program's files and nothing else.
pub(crate) fn folder(&(name, files, _): &Program) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

/// How it ended, and what it printed.
pub(crate) fn run(executable: &str, name: &str, folder: &Path, sandbox: &Sandbox) -> (ExitStatus, String) {
    let ran = Command::new(executable)
        .arg(name)
        .current_dir(folder)
        .env("CRM_HISTORY_URL", sandbox.url())
        .env("CRM_APIKEY", crm_sandbox::APIKEY)
        .env("CRM_LOGIN", crm_sandbox::BOSS)
        .env("CRM_SELLER_LOGIN", crm_sandbox::SELLER)
        .env("CRM_PROJECTS_URL", sandbox.url())
        .env("CRM_TOKEN", crm_sandbox::TOKEN)
        .env("CRM_SECRET", crm_sandbox::SECRET)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ran.status, text(ran.stdout) + &text(ran.stderr))
}
