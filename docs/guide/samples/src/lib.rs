//! The samples of the guide. The build script takes them out of its chapters.

include!(concat!(env!("OUT_DIR"), "/samples.rs"));
