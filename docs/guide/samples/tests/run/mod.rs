//! Runs the programs of the guide, each against a sandbox of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crm_sandbox::Sandbox;

/// A program, and what the guide says it prints.
type Program = (&'static str, Option<&'static str>);
/// A chapter, the name of a file in it, and its text.
type File = (&'static str, &'static str, &'static str);

/// Runs each program as a reader would, in an empty folder, and compares what it prints with what the guide shows.
pub(crate) fn each_prints_what_the_guide_shows(executable: &str, programs: &[Program], files: &[File]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut wrong = String::new();
    for (name, shown) in programs {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (chapter, file, text) in files {
            if name
                .strip_prefix(chapter)
                .is_some_and(|rest| rest.trim_start_matches(['-', '2', '3', '4']).is_empty())
            {
                fs::write(folder.join(file), text).unwrap();
            }
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
        if !ran.status.success() || shown.is_some_and(|shown| shown != printed) {
            wrong += &format!(
                "== {name}: {}\n-- it prints\n{printed}-- the guide shows\n{}\n",
                ran.status,
                shown.unwrap_or("nothing")
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
