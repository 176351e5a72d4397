//! Keys that a profile does not hold itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::language::Messages;

/// How long a command may take, a question to a person included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads a key from a file, without the line end behind it.
pub(super) fn from_file(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(without_line_end(&text))
}

/// Reads a key from the first line that a command of the shell writes.
pub(super) fn from_command(command: &str, messages: &Messages) -> Result<String, String> {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.args([if cfg!(windows) { "/C" } else { "-c" }, command]).stdin(Stdio::null());
    // Its messages may be a question, so a person sees them.
    let child = shell.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let (to_us, ended) = mpsc::channel();
    std::thread::spawn(move || to_us.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).map_err(|_| {
        messages.format("profile-command-too-long", &[("seconds", PATIENCE.as_secs().into())])
    })?;
    let output = output.map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(output.status.to_string());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| messages.text("profile-command-no-text"))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() { Err(messages.text("profile-command-no-text")) } else { Ok(line) }
}

/// Returns a text without the line end behind it.
pub(crate) fn without_line_end(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).to_owned()
}
