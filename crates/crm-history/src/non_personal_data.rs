//! Which parts of SalesMan's traffic are never personal data.

use crm_transport::NonPersonalData;

/// The parts of the history API's traffic that are never personal data: IDs, dates, activity types and values of the
/// API.
///
/// Pass it to the recorder of `crm-testing`, so that a scrambled recording keeps the values that this client reads. The
/// `text` of an `error` is a sentence of the server in every response seen so far (observed).
pub const NON_PERSONAL_DATA: NonPersonalData = NonPersonalData {
    fields: &[
        "cid",
        "clid",
        "pid",
        "did",
        "iduser",
        "datum",
        "tip",
        "result",
        "error.text",
        "color",
        "filter",
        "order",
        "first",
    ],
    // The id of what was added.
    numbers: &["data"],
    operations: &["history.fields", "history.tips"],
};
