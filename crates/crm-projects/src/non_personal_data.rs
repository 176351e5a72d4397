//! Which parts of solOS's traffic are never personal data.

use crm_transport::NonPersonalData;

/// The parts of the projects API's traffic that are never personal data: values of the API and the conditions of
/// filters.
///
/// Pass it to the recorder of `crm-testing`, so that a scrambled recording keeps the values that this client reads. The
/// request parameters are documented; `type` and `status` of responses are assumed.
pub const NON_PERSONAL_DATA: NonPersonalData = NonPersonalData {
    fields: &[
        "type",
        "status",
        "order_by",
        "condition",
        "having",
        "filter_type",
        "filter_steps",
        "filter_actions",
    ],
    numbers: &[],
    operations: &[],
};
