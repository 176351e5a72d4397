//! Which faults struck in which state of the import.

use std::collections::BTreeMap;
use std::fmt;

/// What the import was doing when a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A read before anything was sent in this run.
    FirstRead,
    /// A read while no write is in doubt.
    Read,
    /// A read after a write without a usable answer.
    ReadInDoubt,
    /// The first write of several activities.
    Write,
    /// The same while another write is in doubt.
    WriteInDoubt,
    /// A write of an activity that was sent before.
    WriteAgain,
    /// A write of a single activity.
    WriteAlone,
}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: [State; 7] = [
        State::FirstRead,
        State::Read,
        State::ReadInDoubt,
        State::Write,
        State::WriteInDoubt,
        State::WriteAgain,
        State::WriteAlone,
    ];

    fn title(self) -> &'static str {
        match self {
            State::FirstRead => "first read",
            State::Read => "read",
            State::ReadInDoubt => "read/doubt",
            State::Write => "write",
            State::WriteInDoubt => "write/doubt",
            State::WriteAgain => "again",
            State::WriteAlone => "alone",
        }
    }
}

/// How often each fault struck, by the state and by whether the process had crashed before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, BTreeMap<(State, bool), u64>>);

impl Coverage {
    pub(crate) fn count(&mut self, fault: &str, state: State, is_restarted: bool) {
        *self.0.entry(fault.to_owned()).or_default().entry((state, is_restarted)).or_default() += 1;
    }

    /// Adds what another run reached.
    pub fn add(&mut self, other: &Coverage) {
        for (fault, states) in &other.0 {
            let own = self.0.entry(fault.clone()).or_default();
            for (state, count) in states {
                *own.entry(*state).or_default() += count;
            }
        }
    }

    /// The number of pairs of fault and state that were reached, before and after a restart.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }
}

impl fmt::Display for Coverage {
    /// A table: a line for each fault, a column for each state, in each cell the strikes of a first run and those after a
    /// restart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<26}", "fault x state")?;
        for state in State::ALL {
            write!(f, "{:>14}", state.title())?;
        }
        for (fault, states) in &self.0 {
            write!(f, "\n{fault:<26}")?;
            for state in State::ALL {
                let count = |restarted| states.get(&(state, restarted)).copied().unwrap_or(0);
                write!(f, "{:>14}", format!("{}+{}", count(false), count(true)))?;
            }
        }
        Ok(())
    }
}
