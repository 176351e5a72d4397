//! Which parts of an API's traffic are never personal data.

/// The parts of an API's requests and responses that are never personal data, for tools that hide everything else.
///
/// Each client crate publishes a `NON_PERSONAL_DATA` of its API. `crm-testing` keeps these parts readable in a scrambled
/// recording. Whatever is not listed counts as personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonPersonalData {
    /// Fields whose values are IDs, dates or values of the API itself. `error.text` is the field `text` of an object
    /// that is the value of `error`.
    pub fields: &'static [&'static str],
    /// Fields whose numbers are IDs, whatever their length. A text in such a field counts as personal.
    pub numbers: &'static [&'static str],
    /// Operations, such as `history.tips`, whose whole response describes the account and no person.
    pub operations: &'static [&'static str],
}
