//! Recordings of real traffic, and their replay.
//!
//! ```text
//! recorder.rs        passes calls on and describes them
//! recording_file.rs  writes the file: private, locked, off the async threads
//! format.rs          the lines of the file
//! recorded_body.rs   a body as it stands in a line
//! replay.rs          answers from the file
//! ```

mod format;
mod recorded_body;
mod recorder;
mod recording_file;
mod replay;

pub use recorder::Recorder;
pub use replay::Replay;
