//! The samples that stand in the guide, as its chapters have them: the build script takes them out.

include!(concat!(env!("OUT_DIR"), "/samples.rs"));
