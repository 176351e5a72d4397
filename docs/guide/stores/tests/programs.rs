//! These programs, as the guide's readers run them, and what they leave behind.

#[path = "../../samples/tests/run/mod.rs"]
mod run;

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};

#[test]
fn each_program_prints_what_the_guide_shows_and_leaves_whole_files() {
    let executable = env!("CARGO_BIN_EXE_guide-stores");
    run::each_prints_what_the_guide_shows(executable, guide_stores::PROGRAMS);

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = File::open(folder.join("export-parquet/history-2023-01.parquet")).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    assert_eq!(file.metadata().file_metadata().num_rows(), 1000);

    let database = rusqlite::Connection::open(folder.join("export-sqlite/history.sqlite")).unwrap();
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM activities"), 1000);
    assert_eq!(
        count("SELECT count(*) FROM runs WHERE complete AND verdict LIKE 'complete: 1000 records%'"),
        1
    );
}
