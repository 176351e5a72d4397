//! `crm mirror`: the copy, what it says about itself, and how the command ends.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crm::mirror::{Mirror, Record as Row, Table};
use crm_sandbox::{Fault, Operation, Sandbox};
use serde_json::Value;

use crate::program::{Folder, Ran};

const COPY: &str = "sqlite:crm.db";

async fn set_up(name: &str) -> (Folder, Sandbox) {
    let sandbox = Sandbox::builder().records(120).clients(8).contacts(6).projects(12).start().await.unwrap();
    (Folder::new(name), sandbox)
}

fn run(folder: &Folder, sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    folder.crm_with(sandbox, &[&["mirror", COPY], arguments].concat()).run()
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// The figures of a table in a summary.
fn figures<'a>(summary: &'a Value, table: &str) -> &'a Value {
    summary["tables"].as_array().unwrap().iter().find(|report| report["table"] == table).unwrap()
}

async fn rows(url: &str, table: Table) -> Vec<Row> {
    Mirror::open(url).await.unwrap().records(table, crm::mirror::Key::default(), 10_000).await.unwrap()
}

async fn rows_in(folder: &Folder, table: Table) -> Vec<Row> {
    rows(&format!("sqlite:{}", folder.path("crm.db").display()), table).await
}

#[tokio::test]
async fn the_first_run_copies_everything_and_the_second_one_reads_little_and_changes_nothing() {
    let (folder, sandbox) = set_up("mirror-first").await;
    let first = run(&folder, &sandbox, &[]);
    first.ended(0, "Run 1: the copy is complete.").ended(0, "activities");
    assert_eq!(first.out, "");
    assert_eq!(rows_in(&folder, Table::Activities).await.len(), 120);
    let active = sandbox.projects().into_iter().filter(|project| !project.deleted).count();
    assert_eq!(rows_in(&folder, Table::Projects).await.len(), active);
    assert!(!rows_in(&folder, Table::Payments).await.is_empty());

    let second = run(&folder, &sandbox, &["--json", "--quiet"]);
    second.ended(0, "");
    assert_eq!(second.said, "");
    let summary = json(&second);
    assert_eq!((&summary["mode"], &summary["verdict"]), (&"quick".into(), &"complete".into()));
    for table in summary["tables"].as_array().unwrap() {
        assert_eq!((&table["inserted"], &table["updated"]), (&0.into(), &0.into()), "{table}");
        assert_eq!(table["complete"], true, "{table}");
    }
    folder.crm(&["mirror", "status", COPY]).run().ended(0, "");
}

#[tokio::test]
async fn a_deleted_activity_is_deleted_and_the_change_log_shows_it() {
    let (folder, sandbox) = set_up("mirror-deleted").await;
    run(&folder, &sandbox, &[]).ended(0, "");
    let gone = sandbox.records()[3].cid;
    let changed = sandbox.records()[5].cid;
    sandbox.remove_record(gone);
    sandbox.change_record(changed, |record| record.content = Some("новый текст".to_owned()));
    let summary = json(&run(&folder, &sandbox, &["--mode", "full", "--json"]));
    let activities = figures(&summary, "activities");
    assert_eq!((&activities["deleted"], &activities["updated"]), (&1.into(), &1.into()), "{summary}");

    let changes = ["mirror", "changes", COPY, "--since", "2020-01-01", "--table", "activities"];
    let listed = folder.crm(&changes).run();
    listed.ended(0, "122 changes");
    let line = |id: u64| {
        let mut lines = listed.out.lines().rev();
        lines.find(|line| line.contains(&format!(" {id} "))).unwrap().to_owned()
    };
    assert!(line(gone).contains("deleted"), "{}", line(gone));
    assert!(
        line(changed).contains("changed") && line(changed).contains("→ \"новый текст\""),
        "{}",
        line(changed)
    );
    let as_json = folder.crm(&[&changes[..], &["--json"]].concat()).run();
    let last: Vec<Value> =
        as_json.out.lines().skip(120).map(|line| serde_json::from_str(line).unwrap()).collect();
    let deleted = last.iter().find(|change| change["change"] == "delete").unwrap();
    assert_eq!((&deleted["id"], &deleted["after"]), (&gone.into(), &Value::Null));
    assert!(deleted["before"]["content"].is_string());
    let csv = folder.crm(&[&changes[..], &["--out", "changes.csv"]].concat()).run();
    csv.ended(0, "122 changes");
    let csv = folder.read("changes.csv");
    assert!(csv.starts_with("seq,run,seen_at,table,project_id,id,change,before,after\n"), "{csv}");
    assert_eq!(csv.lines().count(), 123);
    let none = folder.crm(&["mirror", "changes", COPY, "--since", "2999-01-01"]).run();
    none.ended(0, "0 changes");
}

#[tokio::test]
async fn too_many_missing_records_stop_the_run_with_advice_in_both_languages() {
    let (folder, sandbox) = set_up("mirror-many").await;
    run(&folder, &sandbox, &[]).ended(0, "");
    for record in &sandbox.records()[..40] {
        sandbox.remove_record(record.cid);
    }
    run(&folder, &sandbox, &["--mode", "full"])
        .ended(1, "40 of 120 rows of activities")
        .ended(1, "--allow-deletes");
    run(&folder, &sandbox, &["--mode", "full", "--lang", "ru"])
        .ended(1, "один раз с параметром --allow-deletes");
    assert_eq!(rows_in(&folder, Table::Activities).await.len(), 120);
    folder.crm(&["mirror", "status", COPY]).run().ended(1, "--allow-deletes");
    run(&folder, &sandbox, &["--mode", "full", "--allow-deletes"]).ended(0, "complete");
    assert_eq!(rows_in(&folder, Table::Activities).await.len(), 80);
    let status = folder.crm(&["mirror", "status", COPY, "--limit", "2"]).run();
    status.ended(0, "");
    assert_eq!(status.out.lines().count(), 3, "{status:?}");
    assert!(status.out.contains("a person must look"), "{status:?}");
}

#[tokio::test]
async fn a_run_that_is_not_complete_never_ends_with_0() {
    let (folder, sandbox) = set_up("mirror-faults").await;
    folder.crm(&["mirror", "status", COPY]).run().ended(1, "there is no copy in crm.db");
    assert!(!folder.path("crm.db").exists());
    sandbox.add_fault(Fault::database_down().on(Operation::HistoryList).always());
    run(&folder, &sandbox, &["--per-second", "1000"]).ended(75, "Run it again");
    folder.crm(&["mirror", "status", COPY]).run().ended(75, "");
    sandbox.clear_faults();
    let wrong_key = folder.crm_with(&sandbox, &["mirror", COPY]).env("CRM_APIKEY", "wrong");
    wrong_key.run().ended(77, "");
    // 00:00 is always in the future. A time that has come ends the run before it reads anything.
    run(&folder, &sandbox, &["--until", "00:00", "--time-zone", "Europe/Moscow"]).ended(0, "complete");
    let other = folder.crm_with(&sandbox, &["mirror", COPY]).env("CRM_LOGIN", crm_sandbox::SELLER);
    other.run().ended(64, "--new-view");
    for (arguments, words) in [
        (&["mirror", "mysql://host/crm"][..], "sqlite:FILE"),
        (&["mirror", COPY, "--column", "contract_date"], "contract_date:date"),
        (&["mirror", COPY, "--column", "id:text"], "name that is taken"),
        (&["mirror", COPY, "--until", "7"], "07:00"),
        (&["mirror", COPY, "--mode", "half"], "quick"),
        (&["mirror"], "CRM_MIRROR_TARGET"),
        (&["mirror", "changes", COPY, "--since", "2024-01-01", "--table", "calls"], "activities"),
        (&["mirror", "forget", "clients"], "TABLE ID"),
        (&["mirror", "forget", COPY, "clients", "x"], "clients 1781"),
    ] {
        folder.crm_with(&sandbox, arguments).run().ended(64, words);
    }
    folder.crm(&["mirror", COPY]).run().ended(64, "CRM_HISTORY_URL");
}

/// The program with only one of the CRMs.
fn of_one(folder: &Folder, sandbox: &Sandbox, other: &[&str], arguments: &[&str]) -> crate::program::Program {
    let mut program = folder.crm_with(sandbox, &[&["mirror", COPY], arguments].concat());
    for variable in other {
        program.0.env_remove(variable);
    }
    program
}

const SALESMAN: [&str; 3] = ["CRM_HISTORY_URL", "CRM_APIKEY", "CRM_LOGIN"];
const SOLOS: [&str; 3] = ["CRM_PROJECTS_URL", "CRM_TOKEN", "CRM_SECRET"];

fn status(folder: &Folder) -> Ran {
    folder.crm(&["mirror", "status", COPY]).run()
}

#[tokio::test]
async fn the_status_of_a_copy_is_that_of_the_last_run_of_each_crm() {
    let (folder, sandbox) = set_up("mirror-two-crms").await;
    let salesman = || of_one(&folder, &sandbox, &SOLOS, &[]).run();
    let solos = || of_one(&folder, &sandbox, &SALESMAN, &[]).run();
    salesman().ended(0, "");
    status(&folder).ended(0, "");
    solos().ended(0, "");
    status(&folder).ended(0, "");

    sandbox.add_fault(Fault::database_down().on(Operation::HistoryList).always());
    salesman().ended(75, "");
    solos().ended(0, "");
    status(&folder).ended(75, "run 3: ");
    folder.crm(&["mirror", "status", COPY, "--limit", "1"]).run().ended(75, "run 3: ");
    sandbox.clear_faults();
    salesman().ended(0, "");
    status(&folder).ended(0, "");

    let wrong_key = of_one(&folder, &sandbox, &SALESMAN, &[]).env("CRM_SECRET", "wrong").run();
    wrong_key.ended(77, "");
    salesman().ended(0, "");
    status(&folder).ended(1, "run 6: ");
    solos().ended(0, "");
    status(&folder).ended(0, "");
}

#[tokio::test]
async fn a_crm_of_which_nothing_was_ever_copied_is_not_in_the_status() {
    let (folder, sandbox) = set_up("mirror-one-crm").await;
    of_one(&folder, &sandbox, &SALESMAN, &[]).env("CRM_SECRET", "wrong").run().ended(77, "");
    status(&folder).ended(1, "run 1: ");
    of_one(&folder, &sandbox, &SOLOS, &[]).run().ended(0, "");
    status(&folder).ended(0, "");
}

#[tokio::test]
async fn a_run_and_its_status_exit_with_the_same_code() {
    let (folder, sandbox) = set_up("mirror-codes").await;
    // Nothing says that this error passes by itself, but the run kept what it had read, and another one may get further.
    sandbox.add_fault(Fault::error_in_ok(500, "Undefined array key").on(Operation::HistoryList).always());
    run(&folder, &sandbox, &[]).ended(75, "Run it again");
    status(&folder).ended(75, "run 1: ");
    sandbox.clear_faults();
    run(&folder, &sandbox, &[]).ended(0, "");
    status(&folder).ended(0, "");
}

#[cfg(unix)]
#[tokio::test]
async fn the_status_is_not_that_of_the_last_good_run_after_runs_that_were_killed() {
    let (folder, sandbox) = set_up("mirror-dead").await;
    run(&folder, &sandbox, &[]).ended(0, "");
    for _ in 0..2 {
        kill(&folder, &sandbox, &[]);
        status(&folder).ended(75, "has no end");
    }
    run(&folder, &sandbox, &[]).ended(0, "");
    status(&folder).ended(0, "");
    // Nobody knows which of the CRMs a killed run has read, so it counts for both.
    kill(&folder, &sandbox, &SOLOS);
    of_one(&folder, &sandbox, &SALESMAN, &[]).run().ended(0, "");
    status(&folder).ended(75, "run 5 has no end");
    of_one(&folder, &sandbox, &SOLOS, &[]).run().ended(0, "");
    status(&folder).ended(0, "");
}

/// Kills a run that waits for an answer.
#[cfg(unix)]
fn kill(folder: &Folder, sandbox: &Sandbox, other: &[&str]) {
    sandbox.add_fault(Fault::no_answer().on(Operation::HistoryList).always());
    sandbox.clear_requests();
    let mut program = of_one(folder, sandbox, other, &[]).spawn();
    while sandbox.requests().iter().all(|request| request.operation != Some(Operation::HistoryList)) {
        assert_eq!(program.try_wait().unwrap(), None, "it has ended");
        std::thread::yield_now();
    }
    program.kill().unwrap(); // SIGKILL
    program.wait().unwrap();
    sandbox.clear_faults();
}

#[tokio::test]
async fn days_and_times_of_options_are_those_of_the_account() {
    use chrono::{Days, Timelike, Utc};
    let (folder, sandbox) = set_up("mirror-zone").await;
    run(&folder, &sandbox, &["--texts", "none"]).ended(0, "");
    let now = Utc::now();
    let today = now.date_naive();
    // A day that has begun in one zone and not in the other one.
    let (zone, day, is_begun) = match now.hour() {
        0..11 => ("Etc/GMT+12", today, false),
        _ => ("Pacific/Kiritimati", today + Days::new(1), true),
    };
    let day = day.to_string();
    let arguments = ["mirror", "changes", COPY, "--table", "projects", "--since", &day];
    let changes = |more: &[&str]| folder.crm(&[&arguments[..], more].concat()).env("TZ", "UTC");
    let has_changes = |ran: Ran| ran.ended(0, "change").out.lines().count() > 1;
    assert_eq!(has_changes(changes(&[]).run()), !is_begun, "the zone of the machine");
    assert_eq!(has_changes(changes(&[]).env("CRM_TIME_ZONE", zone).run()), is_begun);
    let given = changes(&["--time-zone", "UTC"]).env("CRM_TIME_ZONE", zone).run();
    assert_eq!(has_changes(given), !is_begun);
    changes(&[]).env("CRM_TIME_ZONE", "Moscow").run().ended(64, "Europe/Moscow");
}

#[tokio::test]
async fn a_record_is_forgotten_with_its_changes() {
    let (folder, sandbox) = set_up("mirror-forget").await;
    run(&folder, &sandbox, &[]).ended(0, "");
    let id = rows_in(&folder, Table::Contacts).await[0].key.id.to_string();
    folder.crm(&["mirror", "forget", COPY, "contacts", &id]).run().ended(0, &format!("contacts {id}"));
    assert!(rows_in(&folder, Table::Contacts).await.iter().all(|row| row.key.id.to_string() != id));
    let again = folder.crm(&["mirror", "forget", "contacts", &id]).env("CRM_MIRROR_TARGET", COPY);
    again.run().ended(65, "nothing");
}

#[tokio::test]
async fn a_field_of_the_account_has_a_column_that_later_runs_fill_too() {
    let (folder, sandbox) = set_up("mirror-column").await;
    run(&folder, &sandbox, &["--column", "contract_date:date", "--soft-deletes", "--texts", "none"])
        .ended(0, "");
    run(&folder, &sandbox, &["--column", "contract_date:text"]).ended(64, "of the kind date");
    run(&folder, &sandbox, &["--column", "contract_date:date"]).ended(0, "");
    run(&folder, &sandbox, &[]).ended(0, "");
}

#[cfg(unix)]
#[tokio::test]
async fn a_run_that_is_killed_is_completed_by_the_next_one_and_two_runs_exclude_each_other() {
    let (folder, sandbox) = set_up("mirror-killed").await;
    kill_and_complete(&folder, &sandbox, COPY);
    assert_eq!(rows_in(&folder, Table::Activities).await.len(), 120);
}

/// Kills runs at several points, then completes the copy while another run waits.
#[cfg(unix)]
fn kill_and_complete(folder: &Folder, sandbox: &Sandbox, copy: &str) {
    for most in [3, 12, 20] {
        sandbox.clear_requests();
        let mut program = folder.crm_with(sandbox, &["mirror", copy]).spawn();
        while sandbox.requests().len() < most && program.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        program.kill().unwrap(); // SIGKILL
        program.wait().unwrap();
    }
    sandbox.add_fault(Fault::no_answer().on(Operation::HistoryList).always());
    sandbox.clear_requests();
    let mut waiting = folder.crm_with(sandbox, &["mirror", copy, "--mode", "full"]).spawn();
    while sandbox.requests().len() < 2 {
        assert_eq!(waiting.try_wait().unwrap(), None, "it has ended");
        std::thread::yield_now();
    }
    folder.crm_with(sandbox, &["mirror", copy]).run().ended(75, "another run of this copy is active");
    folder.crm_with(sandbox, &["mirror", "forget", copy, "clients", "1"]).run().ended(75, "another run");
    crate::program::signal(&waiting, "TERM");
    assert_eq!(waiting.wait().unwrap().code(), Some(143));
    sandbox.clear_faults();
    folder.crm_with(sandbox, &["mirror", copy, "--mode", "full"]).run().ended(0, "complete");
    let summary = folder.crm_with(sandbox, &["mirror", copy, "--mode", "full", "--json"]).run();
    for table in json(&summary)["tables"].as_array().unwrap() {
        assert_eq!(
            (&table["inserted"], &table["updated"], &table["deleted"]),
            (&0.into(), &0.into(), &0.into())
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_run_that_meets_a_full_disk_is_completed_by_the_next_one() {
    let folder = Folder::new("mirror-full-disk");
    let sandbox = Sandbox::builder().records(3000).start().await.unwrap();
    let arguments = ["mirror", COPY, "--texts", "none"];
    let mut before = 0;
    for blocks in [1000, 2000] {
        let program = folder.crm_with(&sandbox, &arguments).0;
        // No file may grow beyond this. Without the trap, a signal would end the program.
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        limited.arg(program.get_program()).args(program.get_args()).current_dir(folder.path(""));
        limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Ran::new(limited.output().unwrap()).ended(1, "the free space");
        folder.crm(&["mirror", "status", COPY]).run().ended(75, "has no end");
        let rows = rows_in(&folder, Table::Activities).await.len();
        assert!(before < rows && rows < 3000, "{rows}");
        before = rows;
    }
    let summary = folder.crm_with(&sandbox, &[&arguments[..], &["--json"]].concat()).run();
    summary.ended(0, "complete");
    assert_eq!(figures(&json(&summary), "activities")["inserted"], 3000 - before);
    let changes = ["mirror", "changes", COPY, "--since", "2020-01-01", "--table", "activities"];
    folder.crm(&changes).run().ended(0, "3000 changes");
}

#[tokio::test]
async fn a_copy_in_postgresql_is_the_same() {
    let Some(cluster) = Cluster::start(Folder::new("mirror-postgres")) else { return };
    let (folder, sandbox) = set_up("mirror-postgres-run").await;
    let url = cluster.url();
    folder.crm_with(&sandbox, &["mirror", &url]).run().ended(0, "complete");
    run(&folder, &sandbox, &[]).ended(0, "complete");
    for table in [Table::Activities, Table::Contacts, Table::Payments] {
        let keys = |rows: Vec<Row>| rows.into_iter().map(|row| row.key).collect::<Vec<_>>();
        assert_eq!(keys(rows(&url, table).await), keys(rows_in(&folder, table).await));
    }
    let changes = ["mirror", "changes", &url, "--since", "2020-01-01", "--table", "activities"];
    folder.crm(&changes).run().ended(0, "120 changes");
    folder.crm(&["mirror", "status", &url]).run().ended(0, "");
    drop(cluster);
    let gone = folder.crm_with(&sandbox, &["mirror", &url]).run();
    gone.ended(75, "cannot be reached");
    assert!(!gone.said.contains("secret"), "{gone:?}");
}

/// A PostgreSQL server that listens only on a socket in its folder.
struct Cluster {
    folder: Folder,
    bin: PathBuf,
    as_root: bool,
}

impl Cluster {
    /// Returns `None`, with a message, where PostgreSQL is not installed.
    fn start(folder: Folder) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let versions = versions.map(|version| version.path().join("bin"));
        let Some(bin) = versions.chain(std::env::split_paths(&path)).find(|bin| bin.join("pg_ctl").exists())
        else {
            eprintln!("skipped: PostgreSQL is not installed (pg_ctl was not found)");
            return None;
        };
        let id = Command::new("id").arg("-u").output().unwrap();
        let cluster = Self { folder, bin, as_root: id.stdout.starts_with(b"0\n") };
        let data = cluster.folder.path("data").display().to_string();
        if cluster.as_root {
            let owned = Command::new("chown").arg("-R").arg("postgres").arg(cluster.folder.path("")).status();
            assert!(owned.unwrap().success());
        }
        cluster.run("initdb", &["-D", &data, "-U", "crm", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"]);
        let socket = cluster.socket();
        let options = format!("-c listen_addresses='' -c fsync=off -k {socket}");
        cluster.run("pg_ctl", &["-D", &data, "-w", "-l", &format!("{data}.log"), "-o", &options, "start"]);
        Some(cluster)
    }

    fn url(&self) -> String {
        format!("postgres:///postgres?user=crm&password=secret&host={}", self.socket())
    }

    /// The path of a socket may have at most 107 bytes.
    fn socket(&self) -> String {
        self.folder.path("").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        let mut command = Command::new(&program);
        if self.as_root {
            // PostgreSQL refuses to run as root.
            command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
        }
        // A server that inherits the pipe of the test would keep it open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.args(arguments).status().unwrap().success(), "{}", program.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.path("data").display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}
