//! The examples as a person runs them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// An example that cargo has built: built here it could have other features, and that takes longer than all its tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = deps.parent().unwrap().with_file_name("examples").join(file);
    let remedy = "`cargo test` builds the examples, but not with `--test`: cargo build -p crm --examples";
    assert!(program.exists(), "{name} is not built. {remedy}");
    // `PROGRAM: SOURCE SOURCE …`
    let sources = std::fs::read_to_string(program.with_extension("d")).unwrap();
    let changed =
        |path: &Path| path.metadata().and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let newer = sources.split_whitespace().skip(1).find(|file| changed(Path::new(file)) > changed(&program));
    assert!(newer.is_none(), "{name} is older than {newer:?}. {remedy}");
    program
}
