//! How a builder's work is waited for.

/// The async mode of a builder.
///
/// This is the default. The builders of a blocking client hold its `blocking::Runtime` instead, and wait on that. Both
/// have the same options.
#[derive(Clone, Copy, Debug, Default)]
pub struct Async;
