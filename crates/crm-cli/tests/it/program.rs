//! Runs the program.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crm_sandbox::{APIKEY, BOSS, SECRET, Sandbox, TOKEN};

/// An empty folder of one test, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crm-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The program in this folder, in English, without any setting of the environment.
    pub(crate) fn crm(&self, arguments: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crm"));
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CRM_") || name.starts_with("LC_") || name == "LANG" {
                command.env_remove(&*name);
            }
        }
        command.env("XDG_CONFIG_HOME", self.path("config")).env("APPDATA", self.path("config"));
        Program(command)
    }

    /// The program with both servers and their keys in the environment.
    pub(crate) fn crm_with(&self, sandbox: &Sandbox, arguments: &[&str]) -> Program {
        let mut program = self.crm(arguments);
        program.0.envs([
            ("CRM_HISTORY_URL", sandbox.url()),
            ("CRM_APIKEY", APIKEY),
            ("CRM_LOGIN", BOSS),
            ("CRM_PROJECTS_URL", sandbox.url()),
            ("CRM_TOKEN", TOKEN),
            ("CRM_SECRET", SECRET),
        ]);
        program
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program before it runs.
pub(crate) struct Program(pub(crate) Command);

impl Program {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn spawn(mut self) -> Child {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn run(mut self) -> Ran {
        Ran::new(self.0.output().unwrap())
    }
}

/// What the program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// The standard output: data.
    pub(crate) out: String,
    /// The standard error: messages.
    pub(crate) said: String,
}

impl Ran {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, said) = (text(output.stdout), text(output.stderr));
        for key in [APIKEY, TOKEN, SECRET] {
            assert!(!said.contains(key), "a key is in a message: {said}");
        }
        Self { code: output.status.code().unwrap_or(-1), out, said }
    }

    /// Asserts the exit code, and that the messages contain this.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32, words: &str) -> &Self {
        assert!(self.code == code && self.said.contains(words), "expected {code} and {words:?}: {self:#?}");
        self
    }
}

/// Sends a signal to the program, such as `TERM`.
#[cfg(unix)]
pub(crate) fn signal(program: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &program.id().to_string()]).status();
    assert!(status.unwrap().success());
}
