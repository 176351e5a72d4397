//! The samples of the guide that write Parquet and SQLite, as its chapters have them.

include!(concat!(env!("OUT_DIR"), "/samples.rs"));
