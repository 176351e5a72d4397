//! `cargo xtask pipelines`: real targets of the Singer protocol load a copy, and DuckDB writes Parquet from it.
//!
//! It uses what a user has: the program `crm`, targets of Python's registry, each in a virtual environment below `target`,
//! and PostgreSQL where it is installed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::cargo::ROOT;
use crate::{NOT_CHECKED, Task};

pub(crate) const TASK: Task = Task {
    name: "pipelines",
    about: "real Singer targets load a copy by crm tap, and DuckDB writes Parquet from it; needs Python 3",
    run,
};

/// A package of Python's registry with its program. Pinned, so that the answer does not change by itself.
struct Package {
    package: &'static str,
    /// What it has to be installed with.
    with: &'static [&'static str],
    program: &'static str,
}

const CHECK: Package = Package { package: "singer-tools==0.4.1", with: &[], program: "singer-check-tap" };
const JSONL: Package = Package { package: "target-jsonl==0.1.4", with: &[], program: "target-jsonl" };
/// With DuckDB 2.0 this target takes the first row of each file that it loads for a header, and loses it.
const DUCKDB: Package = Package {
    package: "target-duckdb==0.8.0",
    with: &["duckdb==1.1.3", "duckdb-extension-sqlite-scanner==1.1.3"],
    program: "target-duckdb",
};
const POSTGRES: Package =
    Package { package: "meltanolabs-target-postgres==0.8.1", with: &[], program: "target-postgres" };

/// The `INSTALL sqlite` of the guide finds the extension: the package holds the file that DuckDB would fetch from its
/// server. DuckDB loads it only if its signature is right.
const DUCKDB_WITH_SQLITE: &str = "
import duckdb, duckdb_extension_sqlite_scanner, pathlib
c = duckdb.connect(config={'extension_directory': 'extensions'})
[file] = pathlib.Path(duckdb_extension_sqlite_scanner.__file__).parent.rglob('*.duckdb_extension')
c.execute(f\"INSTALL '{file}'\")
";

impl Package {
    fn folder(&self) -> PathBuf {
        let packages = [&[self.package], self.with].concat().join("-").replace("==", "-");
        Path::new(ROOT).join("target/pipelines").join(packages)
    }

    /// Returns its program, or Python with its packages. They are installed if they are not there yet.
    fn path(&self, program: &str) -> Result<PathBuf, String> {
        let folder = self.folder();
        if !folder.join("bin").join(self.program).exists() {
            succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder)).map_err(not_checked)?;
            let mut pip = Command::new(folder.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", self.package]).args(self.with);
            succeeds(&mut pip).map_err(not_checked)?;
        }
        Ok(folder.join("bin").join(program))
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    crate::no_arguments(arguments)?;
    let folder = std::env::temp_dir().join(format!("crm-pipelines-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let result = Show::start(folder.clone()).and_then(|show| show.run());
    let _ = std::fs::remove_dir_all(&folder);
    result
}

/// A sandbox, and a copy of it in a folder.
struct Show {
    crm: PathBuf,
    folder: PathBuf,
    sandbox: Child,
    address: String,
}

impl Drop for Show {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl Show {
    fn start(folder: PathBuf) -> Result<Self, String> {
        let crm = crate::replicas::crm()?;
        let mut sandbox = Command::new(&crm);
        sandbox.args(["sandbox", "--quiet", "--listen", "127.0.0.1:0", "--projects", "40"]);
        sandbox.args(["--records", &RECORDS.to_string()]);
        let sandbox = sandbox.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut show = Self {
            crm,
            folder,
            address: String::new(),
            sandbox: sandbox.map_err(|error| error.to_string())?,
        };
        let output = show.sandbox.stdout.take().ok_or("no output")?;
        let line = BufReader::new(output).lines().next();
        show.address = line.and_then(Result::ok).ok_or("the sandbox ended at once")?;
        Ok(show)
    }

    fn run(&self) -> Result<(), String> {
        self.mirror(&[])?;
        self.tap(&[], &CHECK, &[])?;
        println!("{}: the messages are valid", CHECK.package);
        self.jsonl()?;
        let duckdb = self.duckdb(&[])?;
        println!("{}: {duckdb} activities", DUCKDB.package);
        equal("activities in DuckDB", duckdb, RECORDS)?;
        let postgres = self.postgres_server()?;
        if let Some(server) = &postgres {
            println!("{}: {} activities", POSTGRES.package, self.postgres(server)?);
        }

        // A client goes, and with him his activities.
        let deleted = self.delete_client()?;
        let expected = RECORDS - deleted;
        let duckdb = self.duckdb(&["--state", "target-duckdb.state"])?;
        equal("activities in DuckDB by LOG_BASED after deletions", duckdb, expected)?;
        if let Some(server) = &postgres {
            let rows = self.postgres(server)?;
            equal("activities in PostgreSQL by FULL_TABLE after deletions", rows, expected)?;
        }
        println!("{deleted} deletions have reached every target");
        self.parquet()?;
        match postgres {
            Some(_) => Ok(()),
            None => Err(format!("{NOT_CHECKED}PostgreSQL is not installed")),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.crm);
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null()).envs([
            ("CRM_HISTORY_URL", self.address.as_str()),
            ("CRM_APIKEY", "sandbox-key"),
            ("CRM_LOGIN", "boss@example.test"),
            ("CRM_PROJECTS_URL", &self.address),
            ("CRM_TOKEN", "sandbox-token"),
            ("CRM_SECRET", "sandbox-secret"),
            ("CRM_MIRROR_TARGET", "sqlite:crm.db"),
        ]);
        command
    }

    /// Brings the copy up to date, and returns the summary.
    fn mirror(&self, arguments: &[&str]) -> Result<Value, String> {
        let arguments = [&["mirror", "--quiet", "--json"], arguments].concat();
        let output = self.command(&arguments).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("crm {} failed: {}", arguments.join(" "), output.status));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    }

    /// Pipes the tap into a target, and keeps the last line that it writes as its state.
    fn tap(&self, arguments: &[&str], package: &Package, config: &[&str]) -> Result<(), String> {
        let name = package.program;
        let mut target = Command::new(package.path(name)?);
        target.args(config);
        let mut tap = self.command(&[&["tap", "--quiet"], arguments].concat());
        let mut tap = tap.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let messages = tap.stdout.take().ok_or("no output")?;
        let output = target.current_dir(&self.folder).stdin(messages).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| format!("{target:?} could not be started: {error}"))?;
        let tapped = tap.wait().map_err(|error| error.to_string())?;
        if !tapped.success() || !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("crm tap: {tapped}, {target:?}: {}\n{said}", output.status));
        }
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        match lines.lines().last() {
            Some(state) => self.write(&format!("{name}.state"), state),
            None => Ok(()),
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        std::fs::write(self.folder.join(name), text).map_err(|error| error.to_string())
    }

    fn jsonl(&self) -> Result<(), String> {
        self.write("jsonl.json", &json!({ "destination_path": self.folder }).to_string())?;
        self.tap(&[], &JSONL, &["--config", "jsonl.json"])?;
        let mut lines = 0;
        for entry in std::fs::read_dir(&self.folder).map_err(|error| error.to_string())?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("activities-") && name.ends_with(".jsonl") {
                lines += std::fs::read_to_string(entry.path()).unwrap_or_default().lines().count();
            }
        }
        println!("{}: {lines} activities", JSONL.package);
        equal("activities in JSON Lines", lines, RECORDS)
    }

    /// Loads DuckDB, which removes rows with `_sdc_deleted_at`. Returns the number of activities.
    fn duckdb(&self, arguments: &[&str]) -> Result<usize, String> {
        let config = json!({ "path": "crm.duckdb", "default_target_schema": "main", "hard_delete": true });
        self.write("duckdb.json", &config.to_string())?;
        self.tap(arguments, &DUCKDB, &["--config", "duckdb.json"])?;
        self.count("crm.duckdb", "SELECT count(*) FROM activities")
    }

    /// Returns the number that a query in DuckDB returns.
    fn count(&self, database: &str, query: &str) -> Result<usize, String> {
        let script = format!(
            "import duckdb\nc = duckdb.connect({database:?})\nprint(c.sql({query:?}).fetchall()[0][0])"
        );
        let counted = self.python(&script)?;
        counted.trim().parse().map_err(|_| format!("DuckDB: {counted}"))
    }

    /// Runs a script with DuckDB.
    fn python(&self, script: &str) -> Result<String, String> {
        let mut python = Command::new(DUCKDB.path("python")?);
        let output = python.args(["-c", script]).current_dir(&self.folder).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Loads PostgreSQL as full tables with versions. Returns the number of activities.
    fn postgres(&self, server: &Server) -> Result<usize, String> {
        let output = self.command(&["tap", "--discover"]).output().map_err(|error| error.to_string())?;
        let mut catalog: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        for stream in catalog["streams"].as_array_mut().into_iter().flatten() {
            stream["metadata"][0]["metadata"]["replication-method"] = json!("FULL_TABLE");
        }
        self.write("catalog.json", &catalog.to_string())?;
        let url = format!("postgresql+psycopg://crm@/postgres?host={}", server.socket);
        let config = json!({ "sqlalchemy_url": url, "default_target_schema": "public", "hard_delete": true });
        self.write("postgres.json", &config.to_string())?;
        self.tap(&["--catalog", "catalog.json"], &POSTGRES, &["--config", "postgres.json"])?;
        server.count()
    }

    fn postgres_server(&self) -> Result<Option<Server>, String> {
        Server::start(&self.folder.join("postgres"))
    }

    /// Deletes a client in the CRM with his activities, brings the copy up to date, and returns how many these were.
    fn delete_client(&self) -> Result<usize, String> {
        let address = self.address.trim_start_matches("http://");
        let body = json!({ "delete_client": 1 }).to_string();
        let length = body.len();
        let request = format!(
            "POST /_sandbox/events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        let mut answer = String::new();
        let sent =
            stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer).map(drop));
        sent.map_err(|error| error.to_string())?;
        let summary = self.mirror(&["--mode", "full", "--allow-deletes"])?;
        let tables = summary["tables"].as_array().cloned().unwrap_or_default();
        let activities = tables.iter().find(|table| table["table"] == "activities");
        let deleted = activities.and_then(|table| table["deleted"].as_u64()).unwrap_or(0);
        match usize::try_from(deleted) {
            Ok(deleted) if deleted > 0 => Ok(deleted),
            _ => Err(format!("the sandbox has deleted nothing: {answer}")),
        }
    }

    /// Runs the statements of the guide for DuckDB, and reads the Parquet files. Then an activity moves from its month, where it
    /// was alone, to another one, and a second export into the same folder must hold it once.
    fn parquet(&self) -> Result<(), String> {
        let page = std::fs::read_to_string(Path::new(ROOT).join("docs/guide/mirror.md"));
        let page = page.map_err(|error| error.to_string())?;
        let statements = page.split("```sql,duckdb\n").nth(1).and_then(|rest| rest.split("```").next());
        let statements = statements.ok_or("docs/guide/mirror.md has no block for DuckDB")?;
        let export = format!("{DUCKDB_WITH_SQLITE}c.execute({statements:?})");
        let files = "SELECT count(*) FROM read_parquet('activities/*/*.parquet', hive_partitioning = true)";
        let dated = self.count("crm.duckdb", "SELECT count(*) FROM activities WHERE \"at\" IS NOT NULL")?;
        for month in ["2031-01", "2031-02"] {
            let moved = format!(
                "UPDATE activities SET at = '{month}-01 10:00:00' \
                 WHERE id = (SELECT min(id) FROM activities WHERE at IS NOT NULL)"
            );
            self.python(&format!(
                "import sqlite3\nwith sqlite3.connect('crm.db') as c: c.execute({moved:?})"
            ))?;
            self.python(&export)?;
            let found = self.count(":memory:", files)?;
            println!("DuckDB: {found} activities in Parquet, one of them in {month}");
            equal("activities in Parquet", found, dated)?;
        }
        Ok(())
    }
}

/// A PostgreSQL server that listens only on a socket in its folder.
struct Server {
    bin: PathBuf,
    socket: String,
    as_root: bool,
}

impl Server {
    /// Returns `None` where PostgreSQL is not installed.
    fn start(folder: &Path) -> Result<Option<Self>, String> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let versions = versions.map(|version| version.path().join("bin"));
        let bin = versions.chain(std::env::split_paths(&path)).find(|bin| bin.join("pg_ctl").exists());
        let Some(bin) = bin else { return Ok(None) };
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        let user = Command::new("id").arg("-u").output().map_err(|error| error.to_string())?;
        let server =
            Self { bin, socket: folder.display().to_string(), as_root: user.stdout.starts_with(b"0\n") };
        if server.as_root {
            succeeds(Command::new("chown").args(["-R", "postgres"]).arg(folder))?;
        }
        let (data, log) = (server.data(), format!("{}/log", server.socket));
        server.run("initdb", &["-D", &data, "-U", "crm", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"])?;
        let options = format!("-c listen_addresses='' -c fsync=off -k {}", server.socket);
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"])?;
        Ok(Some(server))
    }

    fn data(&self) -> String {
        format!("{}/data", self.socket)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(self.bin.join(program));
        if self.as_root {
            // PostgreSQL refuses to run as root.
            command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(self.bin.join(program));
        }
        succeeds(command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    fn count(&self) -> Result<usize, String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-h", &self.socket, "-U", "crm", "-Atc", "SELECT count(*) FROM activities", "postgres"]);
        let output = psql.output().map_err(|error| error.to_string())?;
        let counted = String::from_utf8_lossy(&output.stdout).into_owned();
        counted.trim().parse().map_err(|_| format!("{psql:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

fn equal(what: &str, found: usize, expected: usize) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found}, expected {expected}")) }
}

fn not_checked(error: String) -> String {
    format!("{NOT_CHECKED}{error}")
}

fn succeeds(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("This failed: {shown}")),
        Err(error) => Err(format!("This could not be started: {shown}: {error}")),
    }
}

/// So many activities the sandbox has.
const RECORDS: usize = 300;
