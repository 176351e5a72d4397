//! Runs the programs of the guide, each against a sandbox of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crm_sandbox::Sandbox;

/// A program, the files it reads with their texts, and what the guide says it prints.
type Program = (&'static str, &'static [(&'static str, &'static str)], &'static str);

/// Runs each program as a reader would, in an empty folder, and compares what it prints with what the guide shows.
pub(crate) fn each_prints_what_the_guide_shows(executable: &str, programs: &[Program]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut wrong = String::new();
    for (name, files, shown) in programs {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in *files {
            fs::write(folder.join(file), text).unwrap();
        }
        let now = "2026-03-02T09:00:00".parse().unwrap();
        let sandbox = runtime.block_on(Sandbox::builder().records(1000).now(now).start()).unwrap();
        let ran = Command::new(executable)
            .arg(name)
            .current_dir(&folder)
            .env("HISTORY_URL", sandbox.url())
            .env("APIKEY", crm_sandbox::APIKEY)
            .env("LOGIN", crm_sandbox::BOSS)
            .env("SELLER_LOGIN", crm_sandbox::SELLER)
            .env("PROJECTS_URL", sandbox.url())
            .env("TOKEN", crm_sandbox::TOKEN)
            .env("SECRET", crm_sandbox::SECRET)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let printed = text(ran.stdout) + &text(ran.stderr);
        if !ran.status.success() || printed != *shown {
            let status = ran.status;
            wrong += &format!("== {name}: {status}\n-- it prints\n{printed}-- the guide shows\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
