//! The chores of the workspace: `cargo xtask` lists them.
//!
//! A chore is one file with a `TASK`, and one line in [`TASKS`].

mod api;
mod bench;
mod book;
mod cargo;
mod check;
mod codegen;
mod consumers;
mod dependency_weights;
mod features;
mod foreign_types;
mod fuzz;
mod generated;
mod installing;
mod layering;
mod msrv;
mod mutations;
mod openapi;
mod package;
mod pipelines;
mod release;
mod replicas;
mod report_pages;
mod rustdoc;
mod semver;
mod simulate;
mod supply_chain;
mod tools;

use std::process::ExitCode;

/// A chore, as `cargo xtask <name>` finds it.
struct Task {
    name: &'static str,
    about: &'static str,
    /// Gets the arguments after the name. An error is what the person at the terminal reads.
    run: fn(&[String]) -> Result<(), String>,
}

/// So begins the error of a chore that this machine, and nothing in the sources, kept from looking.
const NOT_CHECKED: &str = "NOT CHECKED: ";

/// The exit code that goes with it: neither green nor red. None that cargo itself ends with.
const UNCHECKED: u8 = 75;

const TASKS: &[Task] = &[
    api::TASK,
    bench::TASK,
    book::TASK,
    check::TASK,
    codegen::TASK,
    consumers::TASK,
    features::TASK,
    foreign_types::TASK,
    fuzz::TASK,
    installing::TASK,
    layering::TASK,
    msrv::TASK,
    openapi::TASK,
    package::TASK,
    pipelines::TASK,
    replicas::TASK,
    release::TASK,
    report_pages::TASK,
    semver::TASK,
    simulate::TASK,
    supply_chain::TASK,
    dependency_weights::TASK,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", list());
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("There is no task `{name}`.\n\n{}", list());
        return ExitCode::FAILURE;
    };
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            if message.starts_with(NOT_CHECKED) { ExitCode::from(UNCHECKED) } else { ExitCode::FAILURE }
        }
    }
}

fn list() -> String {
    let mut text = String::from("cargo xtask <task>\n\n");
    for task in TASKS {
        text += &format!("  {:<10} {}\n", task.name, task.about);
    }
    text
}

/// For the tasks without arguments: a misspelt option must not pass as a successful run.
fn no_arguments(arguments: &[String]) -> Result<(), String> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => Err(format!("This task takes no arguments, and got `{argument}`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_task() {
        for task in TASKS {
            assert!(list().contains(&format!("  {} ", task.name)), "{}", list());
        }
    }

    #[test]
    fn a_task_without_arguments_refuses_one() {
        assert!(no_arguments(&[]).is_ok());
        let message = no_arguments(&["--ful".to_owned()]).unwrap_err();
        assert!(message.contains("`--ful`"), "{message}");
    }
}
