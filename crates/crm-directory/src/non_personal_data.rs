//! Which parts of the traffic of users, clients and contacts are never personal data.

use crm_transport::NonPersonalData;

/// The parts of this API's traffic that are never personal data: IDs, dates and words of the API.
///
/// Pass it to the recorder of `crm-testing`, so that a scrambled recording keeps the values that this client reads. A
/// lookup that is replayed from a scrambled recording finds nothing, because the number is scrambled, too.
pub const NON_PERSONAL_DATA: NonPersonalData = NonPersonalData {
    fields: &[
        "clid",
        "pid",
        "type",
        "date_create",
        "date_edit",
        "created",
        "edited",
        "dateStart",
        "dateEnd",
        "dateChangeStart",
        "dateChangeEnd",
        "idcategory",
        "territory",
        "clientpath2",
        "head_clid",
        "creatorID",
        "editorID",
        "active",
        "trash",
        "fav",
        "oid",
        "order",
        "ord",
        "tuda",
        "first",
        "fields",
        "result",
        "error.text",
    ],
    // `person/info` sends a login as `iduser`, `client/info` a title as `clientpath`.
    numbers: &["iduser", "clientpath", "dostup", "offset", "page", "pageall", "count"],
    operations: &["directory.client_fields", "directory.person_fields"],
};
