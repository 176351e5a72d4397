//! Types of solOS, projects API v2.
//!
//! solOS documents no responses. A record therefore holds an ID and [`Fields`], which give access to every field by its
//! name. What this module says about responses is *assumed* from the documented request parameters, unless it says
//! otherwise.
//!
//! [`Fields`]: crate::Fields

mod enumerations;
mod project;
mod project_records;

use crate::ids::id;

pub use enumerations::{Condition, Having, PaymentKind};
pub use project::Project;
pub use project_records::{Action, Checklist, Good, Payment, Record, Step};

id! {
    /// The ID of a project.
    ProjectId
}
id! {
    /// `step_id`: the ID of a step (stage) of a sales funnel.
    #[doc(alias = "step_id")]
    StepId
}
id! {
    /// `sales_funnel_id`: the ID of a sales funnel.
    #[doc(alias = "sales_funnel_id")]
    SalesFunnelId
}
id! {
    /// `user_id`: the ID of a user.
    #[doc(alias = "user_id")]
    UserId
}
id! {
    /// `group_id`: the ID of a group of users.
    #[doc(alias = "group_id")]
    GroupId
}
id! {
    /// `currency_id`: the ID of a currency.
    #[doc(alias = "currency_id")]
    CurrencyId
}
id! {
    /// The ID of an action (event) of a project.
    ActionId
}
id! {
    /// `actions_type_id`: the ID of an action type.
    #[doc(alias = "actions_type_id")]
    ActionTypeId
}
id! {
    /// The ID of a checklist of a project.
    ChecklistId
}
id! {
    /// `good_id`: the ID of a good.
    #[doc(alias = "good_id")]
    GoodId
}
id! {
    /// The ID of a payment of a project.
    PaymentId
}
