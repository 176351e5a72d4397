//! `crm man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::arguments::Arguments as AllArguments;
use crate::exit::{Exit, Failure};
use crate::language::with_texts;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(long, id = "man-out")]
    out: Option<PathBuf>,
}

/// Writes the page of the program to the standard output, or the pages of all commands to a folder, as roff.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let command = with_texts(AllArguments::command(), &terminal.messages);
    match &arguments.out {
        None => {
            let page = page(command).map_err(|error| terminal.output_failure("-", &error))?;
            terminal.print(String::from_utf8_lossy(&page).trim_end())?;
        }
        Some(folder) => {
            let failed = |error| terminal.output_failure(&folder.display().to_string(), &error);
            std::fs::create_dir_all(folder).map_err(failed)?;
            for (name, command) in pages("crm", command) {
                let page = page(command).map_err(failed)?;
                std::fs::write(folder.join(format!("{name}.1")), page).map_err(failed)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Returns a command and its subcommands with the names of their pages, such as `crm-export-history`.
fn pages(name: &str, command: Command) -> Vec<(String, Command)> {
    let command = command.display_name(name.to_owned());
    let mut all = vec![(name.to_owned(), command.clone())];
    for subcommand in command.get_subcommands() {
        all.extend(pages(&format!("{name}-{}", subcommand.get_name()), subcommand.clone()));
    }
    all
}

fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
