//! `crm man`: the manual page, with a section for each command.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};
use crate::language::with_texts;
use crate::terminal::Terminal;

/// Writes the manual page to the standard output, as roff.
pub(crate) fn run(terminal: &Terminal) -> Result<Exit, Failure> {
    let command = with_texts(Arguments::command(), &terminal.messages);
    let mut page = Vec::new();
    let rendered = Man::new(command).render(&mut page);
    rendered.map_err(|error| terminal.output_failure("-", &error))?;
    terminal.print(String::from_utf8_lossy(&page).trim_end())?;
    Ok(Exit::Done)
}
