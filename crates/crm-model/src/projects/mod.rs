//! solOS, projects API v2.
//!
//! The vendor documents the requests and not one answer. So the types hold little: an id and [`Fields`], where
//! every field of the answer is reachable by its name. What is said here of answers is *assumed* from the names
//! of the documented request parameters unless it says otherwise.
//!
//! [`Fields`]: crate::Fields

mod enumerations;
mod project;
mod record;

use crate::ids::id;

pub use enumerations::{Condition, Having, PaymentKind};
pub use project::Project;
pub use record::{Action, Checklist, Good, Payment, Record, Step};

id! {
    /// A project.
    ProjectId
}
id! {
    /// A step (stage) of a sales funnel, `step_id`.
    #[doc(alias = "step_id")]
    StepId
}
id! {
    /// A sales funnel, `sales_funnel_id`.
    #[doc(alias = "sales_funnel_id")]
    SalesFunnelId
}
id! {
    /// A user, `user_id`.
    #[doc(alias = "user_id")]
    UserId
}
id! {
    /// A group of users, `group_id`.
    #[doc(alias = "group_id")]
    GroupId
}
id! {
    /// A currency, `currency_id`.
    #[doc(alias = "currency_id")]
    CurrencyId
}
id! {
    /// An action (event) of a project.
    ActionId
}
id! {
    /// A type of actions, `actions_type_id`.
    #[doc(alias = "actions_type_id")]
    ActionTypeId
}
id! {
    /// A checklist of a project.
    ChecklistId
}
id! {
    /// A good, `good_id`.
    #[doc(alias = "good_id")]
    GoodId
}
id! {
    /// A payment of a project.
    PaymentId
}
