//! The guide's programs, as its readers run them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod run;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_guide");

#[test]
fn each_program_prints_what_the_guide_shows() {
    run::each_prints_what_the_guide_shows(EXECUTABLE, guide::PROGRAMS);
}

#[test]
fn calls_that_are_logged_again_say_the_same_and_log_nothing_twice() {
    let (_, files, shown) = *guide::PROGRAMS.iter().find(|(name, ..)| *name == "log-calls").unwrap();
    let (folder, sandbox) = (run::folder(&("log-calls-again", files, shown)), run::sandbox());
    for _ in 0..2 {
        let (status, printed) = run::run(EXECUTABLE, "log-calls", &folder, &sandbox);
        assert!(status.success());
        // A journal does not keep the text of the server.
        let printed =
            printed.replace("refused in an earlier run of this import", "user is not known to the CRM");
        assert_eq!(printed, shown);
        assert_eq!(sandbox.record_count(), 1003);
    }
}

#[test]
fn a_program_that_fails_prints_a_line_for_a_person() {
    for name in ["first-call", "ru-first-call"] {
        let failed =
            std::process::Command::new(EXECUTABLE).arg(name).env_remove("CRM_HISTORY_URL").output().unwrap();
        assert!(!failed.status.success());
        let printed = String::from_utf8(failed.stderr).unwrap();
        assert_eq!(printed, "Error: CRM_HISTORY_URL: environment variable not found\n");
    }
}
