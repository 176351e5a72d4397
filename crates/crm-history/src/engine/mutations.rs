//! Breaks single rules of the engine, the outbox and the mirror, to show that the simulation finds it.
//!
//! `simulation/*mutations.txt` list the rules, and `cargo xtask simulate --mutations` breaks each of them. Without the
//! feature `simulation-mutations`, which is for the simulation alone, no rule can be broken.

/// Returns whether this rule is broken: its name is in the environment variable `CRM_MUTATION`.
#[cfg(feature = "simulation-mutations")]
#[must_use]
pub fn breaks(rule: &str) -> bool {
    static BROKEN: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("CRM_MUTATION").ok());
    BROKEN.as_deref() == Some(rule)
}

/// Returns `false`.
#[cfg(not(feature = "simulation-mutations"))]
#[must_use]
pub const fn breaks(_: &str) -> bool {
    false
}
