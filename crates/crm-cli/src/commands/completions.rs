//! `crm completions`: what a shell needs to complete the arguments.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments as AllArguments;
use crate::exit::{Exit, Failure};
use crate::language::with_texts;
use crate::terminal::Terminal;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the completions to the standard output.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut command = with_texts(AllArguments::command(), &terminal.messages);
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "crm", &mut script);
    terminal.print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}
