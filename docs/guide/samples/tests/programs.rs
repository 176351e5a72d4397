//! The guide's programs, as its readers run them.

mod run;

#[test]
fn each_program_prints_what_the_guide_shows() {
    run::each_prints_what_the_guide_shows(env!("CARGO_BIN_EXE_guide"), guide::PROGRAMS);
}
