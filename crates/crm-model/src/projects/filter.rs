//! The words of the filters.

/// `condition`: how the conditions of a filter are joined. Documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// `and`: all of them hold.
    And,
    /// `or`: one of them holds.
    Or,
}

impl Condition {
    /// The server's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// `having`: what a project has or lacks. Documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Having {
    /// `actions`: it has actions.
    Actions,
    /// `payments`: it has payments.
    Payments,
    /// `tasks`: it has tasks.
    Tasks,
    /// `goods`: it has goods.
    Goods,
    /// `no_actions`: it has no actions.
    NoActions,
    /// `no_payments`: it has no payments.
    NoPayments,
    /// `no_tasks`: it has no tasks.
    NoTasks,
    /// `no_goods`: it has no goods.
    NoGoods,
    /// `checklists_expired`: a checklist of it is overdue.
    ChecklistsExpired,
}

impl Having {
    /// All nine of them.
    pub const ALL: [Self; 9] = [
        Self::Actions,
        Self::Payments,
        Self::Tasks,
        Self::Goods,
        Self::NoActions,
        Self::NoPayments,
        Self::NoTasks,
        Self::NoGoods,
        Self::ChecklistsExpired,
    ];

    /// The server's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Payments => "payments",
            Self::Tasks => "tasks",
            Self::Goods => "goods",
            Self::NoActions => "no_actions",
            Self::NoPayments => "no_payments",
            Self::NoTasks => "no_tasks",
            Self::NoGoods => "no_goods",
            Self::ChecklistsExpired => "checklists_expired",
        }
    }
}

/// `filter_type`: the direction of a payment. Documented.
#[doc(alias = "filter_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaymentKind {
    /// `0`: money out.
    Expense,
    /// `1`: money in.
    Income,
}

impl PaymentKind {
    /// The server's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expense => "0",
            Self::Income => "1",
        }
    }
}
