//! `projects/filter`: lists projects that match conditions.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use bytes::Bytes;
use chrono::NaiveDate;
use crm_model::Page;
use crm_model::projects::{
    ActionTypeId, Condition, CurrencyId, GoodId, GroupId, Having, Project, SalesFunnelId, StepId, UserId,
};
use crm_transport::{Credentials, Error, Operation, OperationInfo, Parameters};
use http::{Request, Response};
use serde_core::de::DeserializeOwned;
use serde_json::Value;

use super::catalog;
use super::list::ProjectQuery;
use super::request_parameters::{Fault, fault_of_ids, flag};
use crate::answer;

/// `POST projects/filter`: one page of the projects that match conditions, each decoded as a `T`. This POST changes
/// nothing.
#[derive(Clone, Debug)]
pub struct Filter<T = Project> {
    filter: ProjectFilter,
    record: PhantomData<fn() -> T>,
}

impl<T> Filter<T> {
    /// Creates the operation for this filter.
    #[must_use]
    pub fn new(filter: ProjectFilter) -> Self {
        Self { filter, record: PhantomData }
    }
}

impl<T: DeserializeOwned + Send> Operation for Filter<T> {
    type Output = Page<T>;

    const INFO: OperationInfo = catalog::FILTER;

    fn request(&self) -> Result<Request<Bytes>, Error> {
        if let Some((field, fault)) = self.filter.fault() {
            return Err(Error::invalid_request(Self::INFO.id, field, fault));
        }
        self.filter.parameters().request(&Self::INFO)
    }

    fn read(&self, response: &Response<Bytes>) -> Result<Self::Output, Error> {
        answer::page(&Self::INFO, response, &["projects"])
    }

    fn redact(&self, page: &mut Self::Output, credentials: &Credentials) {
        credentials.scrub_unreadable(page);
    }
}

/// Conditions on projects, the page, and the order. The vendor documents the parameters, but not their defaults. The built-in
/// fields are only shown in an example, so their meaning is *assumed*.
///
/// Conditions on the built-in fields are sent in `buildin_data` (the vendor's spelling), those of [`field`](Self::field)
/// in `data`. The response is not [checked](crate::operations#what-is-checked-against-the-question) against the conditions.
///
/// ```
/// use crm_projects::{Condition, Having, ProjectFilter};
///
/// let filter = ProjectFilter::new()
///     .users([2, 4])
///     .having(Having::ChecklistsExpired)
///     .condition(Condition::And)
///     .field("client_id", [1, 3])
///     .field("contract_date", "2020-01-01");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[doc(alias = "buildin_data")]
#[must_use]
pub struct ProjectFilter {
    pub(crate) page: ProjectQuery,
    condition: Option<Condition>,
    having: Option<Having>,
    created: Option<(NaiveDate, NaiveDate)>,
    price: Option<u64>,
    ids: BTreeMap<IdField, Vec<u64>>,
    data: BTreeMap<String, Value>,
}

/// The built-in fields that hold IDs, in the vendor's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum IdField {
    SalesFunnels,
    Steps,
    Users,
    Groups,
    Currencies,
    ParticipantUsers,
    ParticipantGroups,
    ActionTypes,
    Goods,
}

impl IdField {
    /// Returns the name of the builder's method, for errors.
    fn method(self) -> &'static str {
        match self {
            Self::SalesFunnels => "sales_funnels",
            Self::Steps => "steps",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Currencies => "currencies",
            Self::ParticipantUsers => "participant_users",
            Self::ParticipantGroups => "participant_groups",
            Self::ActionTypes => "action_types",
            Self::Goods => "goods",
        }
    }
}

impl ProjectFilter {
    /// Creates a filter without conditions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `count`: the maximum number of projects. The vendor documents no upper limit.
    pub fn count(mut self, count: u64) -> Self {
        self.page = self.page.count(count);
        self
    }

    /// Sets `offset`: the number of projects to skip.
    pub fn offset(mut self, offset: u64) -> Self {
        self.page = self.page.offset(offset);
        self
    }

    /// Sets `order_by`: the field to sort by, such as `id`. Letters, digits and `_`.
    pub fn order_by(mut self, field: impl Into<String>) -> Self {
        self.page = self.page.order_by(field);
        self
    }

    /// Sets `reverse: "0"`: smallest first.
    #[doc(alias = "reverse")]
    pub fn ascending(mut self) -> Self {
        self.page = self.page.ascending();
        self
    }

    /// Sets `reverse: "1"`: greatest first.
    #[doc(alias = "reverse")]
    pub fn descending(mut self) -> Self {
        self.page = self.page.descending();
        self
    }

    /// Sets `deleted`: `true` returns deleted projects instead of active ones.
    pub fn deleted(mut self, deleted: bool) -> Self {
        self.page = self.page.deleted(deleted);
        self
    }

    /// Sets `condition`: whether all conditions must hold, or one of them.
    pub fn condition(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Sets `having`: what the project has or lacks.
    pub fn having(mut self, having: Having) -> Self {
        self.having = Some(having);
        self
    }

    /// Sets `buildin_data.created`: the first and the last day. Sent as `2020-01-01;2020-12-31`. The vendor does not
    /// document which date of a project it means, or whether both days are included.
    #[doc(alias = "buildin_data")]
    pub fn created(mut self, first: NaiveDate, last: NaiveDate) -> Self {
        self.created = Some((first, last));
        self
    }

    /// Sets `buildin_data.sales_funnel_id`: one of these sales funnels.
    #[doc(alias = "sales_funnel_id")]
    pub fn sales_funnels(self, ids: impl IntoIterator<Item = impl Into<SalesFunnelId>>) -> Self {
        self.with_ids(IdField::SalesFunnels, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.step_id`: one of these steps.
    #[doc(alias = "step_id")]
    pub fn steps(self, ids: impl IntoIterator<Item = impl Into<StepId>>) -> Self {
        self.with_ids(IdField::Steps, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.user_id`: one of these users is responsible.
    #[doc(alias = "user_id")]
    pub fn users(self, ids: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.with_ids(IdField::Users, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.group_id`: one of these groups is responsible.
    #[doc(alias = "group_id")]
    pub fn groups(self, ids: impl IntoIterator<Item = impl Into<GroupId>>) -> Self {
        self.with_ids(IdField::Groups, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.price`: the price, in whole currency units.
    pub fn price(mut self, price: u64) -> Self {
        self.price = Some(price);
        self
    }

    /// Sets `buildin_data.currency_id`: one of these currencies.
    #[doc(alias = "currency_id")]
    pub fn currencies(self, ids: impl IntoIterator<Item = impl Into<CurrencyId>>) -> Self {
        self.with_ids(IdField::Currencies, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.participants_user_id`: one of these users participates.
    #[doc(alias = "participants_user_id")]
    pub fn participant_users(self, ids: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.with_ids(IdField::ParticipantUsers, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.participants_group_id`: one of these groups participates.
    #[doc(alias = "participants_group_id")]
    pub fn participant_groups(self, ids: impl IntoIterator<Item = impl Into<GroupId>>) -> Self {
        self.with_ids(IdField::ParticipantGroups, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.actions_type_id`: it has actions of one of these types.
    #[doc(alias = "actions_type_id")]
    pub fn action_types(self, ids: impl IntoIterator<Item = impl Into<ActionTypeId>>) -> Self {
        self.with_ids(IdField::ActionTypes, ids.into_iter().map(|id| id.into().0))
    }

    /// Sets `buildin_data.good_id`: it has one of these goods.
    #[doc(alias = "good_id")]
    pub fn goods(self, ids: impl IntoIterator<Item = impl Into<GoodId>>) -> Self {
        self.with_ids(IdField::Goods, ids.into_iter().map(|id| id.into().0))
    }

    /// Adds to `data`: a custom field of the account has this value, or one of these: `.field("client_id", [1, 3])`,
    /// `.field("contract_date", "2020-01-01")`.
    #[doc(alias = "data")]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data.insert(name.into(), value.into());
        self
    }

    fn with_ids(mut self, field: IdField, ids: impl Iterator<Item = u64>) -> Self {
        self.ids.insert(field, ids.collect());
        self
    }

    fn fault(&self) -> Option<Fault> {
        if self.created.is_some_and(|(first, last)| first > last) {
            return Some(("created", "ends before it starts"));
        }
        if self.data.keys().any(|name| name.trim().is_empty()) {
            return Some(("field", "has an empty name"));
        }
        let ids = self.ids.iter().find_map(|(field, ids)| fault_of_ids(field.method(), Some(ids)));
        ids.or_else(|| self.page.fault())
    }

    /// The parameters as they are sent. `buildin_data` is the vendor's spelling.
    fn parameters(&self) -> Parameters {
        let ids = |field| self.ids.get(&field);
        let built_in = Parameters::new()
            .with_option("created", self.created.map(|(first, last)| format!("{first};{last}")))
            .with_option("sales_funnel_id", ids(IdField::SalesFunnels))
            .with_option("step_id", ids(IdField::Steps))
            .with_option("user_id", ids(IdField::Users))
            .with_option("group_id", ids(IdField::Groups))
            .with_option("price", self.price)
            .with_option("currency_id", ids(IdField::Currencies))
            .with_option("participants_user_id", ids(IdField::ParticipantUsers))
            .with_option("participants_group_id", ids(IdField::ParticipantGroups))
            .with_option("actions_type_id", ids(IdField::ActionTypes))
            .with_option("good_id", ids(IdField::Goods));
        Parameters::new()
            .with_option("count", self.page.paging.count())
            .with_option("offset", self.page.paging.offset())
            .with_option("order_by", self.page.order_by.as_deref())
            .with_option("reverse", self.page.descending.map(flag))
            .with_option("deleted", self.page.deleted.map(flag))
            .with_option("condition", self.condition.map(Condition::as_str))
            .with_option("having", self.having.map(Having::as_str))
            .with_object("buildin_data", built_in)
            .with_option("data", (!self.data.is_empty()).then_some(&self.data))
    }
}
