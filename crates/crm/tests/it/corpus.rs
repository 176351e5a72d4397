//! The corpus of the fuzz targets, as plain tests: each file through its reader, whole, cut and spoilt.

use std::path::Path;

use crate::common::fixtures;

/// The files of a reader: those kept beside the fuzz targets, and for answers every fixture.
fn corpus(reader: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(reader);
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    if matches!(reader, "answer" | "exchange" | "record") {
        for (name, file) in fixtures("salesman/captures").into_iter().chain(fixtures("salesman/documented")) {
            let recorded = file["response"]["body"].as_str().map(str::to_owned);
            let Some(body) = recorded.or_else(|| Some(file["answer"].to_string())) else { continue };
            let head = if reader == "exchange" { "200 x y\n" } else { "" };
            files.push((name, format!("{head}{body}").into_bytes()));
            if reader == "record" {
                files.push((String::new(), file["answer"]["data"].to_string().into_bytes()));
            }
        }
    }
    files
}

#[test]
fn each_file_of_the_corpus_is_read_whole_cut_and_spoilt() {
    for (reader, read) in crate::readers::ALL {
        let files = corpus(reader);
        assert!(files.len() > 3, "{reader} has no corpus");
        for (name, bytes) in files {
            println!("{reader} {name}"); // shown where it fails
            read(&bytes);
            // At so many places that large files do not take long.
            // Those that read a file write it first, and flush it. An export makes many calls.
            let places = if matches!(reader, "checkpoint" | "journal" | "pages") { 3 } else { 24 };
            let step = bytes.len() / places + 1;
            for at in (0..bytes.len()).step_by(step) {
                read(&bytes[..at]);
                let mut spoilt = bytes.clone();
                spoilt[at] ^= 0x10;
                read(&spoilt);
                spoilt[at] = b'"';
                read(&spoilt);
            }
        }
    }
}

#[test]
fn each_fuzz_target_has_a_reader_and_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let names = |of: &str| {
        let files = std::fs::read_dir(folder.join(of)).unwrap().map(|file| file.unwrap().path());
        let mut names: Vec<String> =
            files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let mut all: Vec<&str> = crate::readers::ALL.iter().map(|(name, _)| *name).collect();
    all.sort_unstable();
    assert_eq!(names("fuzz_targets"), all);
    assert_eq!(names("corpus"), all);
}
