//! The operations of both APIs, under the IDs that faults and the list of requests use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{history, projects};

/// An operation of one of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
#[non_exhaustive]
pub enum Operation {
    /// `history.fields`
    HistoryFields,
    /// `history.tips`
    HistoryTips,
    /// `history.list`
    HistoryList,
    /// `history.info`
    HistoryInfo,
    /// `history.add`
    HistoryAdd,
    /// `history.add_list`, on the wire `add.list`
    HistoryAddList,
    /// `history.delete`
    HistoryDelete,
    /// `directory.user_list`: `user/list`
    UserList,
    /// `directory.user_info`: `user/info`
    UserInfo,
    /// `directory.client_fields`: `client/fields`
    ClientFields,
    /// `directory.client_list`: `client/list`
    ClientList,
    /// `directory.client_info`: `client/info`
    ClientInfo,
    /// `directory.person_fields`: `person/fields`
    PersonFields,
    /// `directory.person_list`: `person/list`
    PersonList,
    /// `directory.person_info`: `person/info`
    PersonInfo,
    /// `directory.guides_category`: `guides/category`
    GuidesCategory,
    /// `directory.guides_territory`: `guides/territory`
    GuidesTerritory,
    /// `directory.guides_relations`: `guides/relations`
    GuidesRelations,
    /// `directory.guides_clientpath`: `guides/clientpath`
    GuidesClientpath,
    /// `directory.guides_company_list`: `guides/company.list`
    GuidesCompanyList,
    /// `directory.guides_company_listfull`: `guides/company.listfull`
    GuidesCompanyListfull,
    /// `directory.guides_company_bank`: `guides/company.bank`
    GuidesCompanyBank,
    /// `directory.guides_company_signers`: `guides/company.signers`
    GuidesCompanySigners,
    /// `projects.list`: `GET /backend/public/projects`
    ProjectsList,
    /// `projects.filter`: `POST /backend/public/projects/filter`
    ProjectsFilter,
    /// `projects.info`: `GET /backend/public/projects/info`
    ProjectsInfo,
    /// `projects.steps`: `GET /backend/public/projects/steps`
    ProjectsSteps,
    /// `projects.actions`: `GET /backend/public/projects/actions`
    ProjectsActions,
    /// `projects.action_info`: `GET /backend/public/projects/actions/info`
    ProjectsActionInfo,
    /// `projects.checklists`: `GET /backend/public/projects/checklists`
    ProjectsChecklists,
    /// `projects.goods`: `GET /backend/public/projects/goods`
    ProjectsGoods,
    /// `projects.payments`: `GET /backend/public/projects/payments`
    ProjectsPayments,
}

impl Operation {
    /// Every operation: those of the history, of the directory, of the projects.
    pub const ALL: [Operation; 32] = [
        Operation::HistoryFields,
        Operation::HistoryTips,
        Operation::HistoryList,
        Operation::HistoryInfo,
        Operation::HistoryAdd,
        Operation::HistoryAddList,
        Operation::HistoryDelete,
        Operation::UserList,
        Operation::UserInfo,
        Operation::ClientFields,
        Operation::ClientList,
        Operation::ClientInfo,
        Operation::PersonFields,
        Operation::PersonList,
        Operation::PersonInfo,
        Operation::GuidesCategory,
        Operation::GuidesTerritory,
        Operation::GuidesRelations,
        Operation::GuidesClientpath,
        Operation::GuidesCompanyList,
        Operation::GuidesCompanyListfull,
        Operation::GuidesCompanyBank,
        Operation::GuidesCompanySigners,
        Operation::ProjectsList,
        Operation::ProjectsFilter,
        Operation::ProjectsInfo,
        Operation::ProjectsSteps,
        Operation::ProjectsActions,
        Operation::ProjectsActionInfo,
        Operation::ProjectsChecklists,
        Operation::ProjectsGoods,
        Operation::ProjectsPayments,
    ];

    /// The ID, such as `history.add_list`.
    pub fn id(self) -> &'static str {
        match self {
            Operation::HistoryFields => "history.fields",
            Operation::HistoryTips => "history.tips",
            Operation::HistoryList => "history.list",
            Operation::HistoryInfo => "history.info",
            Operation::HistoryAdd => "history.add",
            Operation::HistoryAddList => "history.add_list",
            Operation::HistoryDelete => "history.delete",
            Operation::UserList => "directory.user_list",
            Operation::UserInfo => "directory.user_info",
            Operation::ClientFields => "directory.client_fields",
            Operation::ClientList => "directory.client_list",
            Operation::ClientInfo => "directory.client_info",
            Operation::PersonFields => "directory.person_fields",
            Operation::PersonList => "directory.person_list",
            Operation::PersonInfo => "directory.person_info",
            Operation::GuidesCategory => "directory.guides_category",
            Operation::GuidesTerritory => "directory.guides_territory",
            Operation::GuidesRelations => "directory.guides_relations",
            Operation::GuidesClientpath => "directory.guides_clientpath",
            Operation::GuidesCompanyList => "directory.guides_company_list",
            Operation::GuidesCompanyListfull => "directory.guides_company_listfull",
            Operation::GuidesCompanyBank => "directory.guides_company_bank",
            Operation::GuidesCompanySigners => "directory.guides_company_signers",
            Operation::ProjectsList => "projects.list",
            Operation::ProjectsFilter => "projects.filter",
            Operation::ProjectsInfo => "projects.info",
            Operation::ProjectsSteps => "projects.steps",
            Operation::ProjectsActions => "projects.actions",
            Operation::ProjectsActionInfo => "projects.action_info",
            Operation::ProjectsChecklists => "projects.checklists",
            Operation::ProjectsGoods => "projects.goods",
            Operation::ProjectsPayments => "projects.payments",
        }
    }

    /// The operation a path stands for.
    pub(crate) fn of_path(path: &str) -> Option<Operation> {
        if path.starts_with(history::PREFIX) {
            let (method, action) = history::route(path);
            return Operation::of_action(&method, &action);
        }
        Some(match path.strip_prefix(projects::PREFIX)? {
            "/projects" => Operation::ProjectsList,
            "/projects/filter" => Operation::ProjectsFilter,
            "/projects/info" => Operation::ProjectsInfo,
            "/projects/steps" => Operation::ProjectsSteps,
            "/projects/actions" => Operation::ProjectsActions,
            "/projects/actions/info" => Operation::ProjectsActionInfo,
            "/projects/checklists" => Operation::ProjectsChecklists,
            "/projects/goods" => Operation::ProjectsGoods,
            "/projects/payments" => Operation::ProjectsPayments,
            _ => return None,
        })
    }

    /// The operation an action of a SalesMan method stands for.
    pub(crate) fn of_action(method: &str, action: &str) -> Option<Operation> {
        Some(match (method, action) {
            ("history", "fields") => Operation::HistoryFields,
            ("history", "tips") => Operation::HistoryTips,
            ("history", "list") => Operation::HistoryList,
            ("history", "info") => Operation::HistoryInfo,
            ("history", "add") => Operation::HistoryAdd,
            ("history", "add.list") => Operation::HistoryAddList,
            ("history", "delete") => Operation::HistoryDelete,
            ("user", "list") => Operation::UserList,
            ("user", "info") => Operation::UserInfo,
            ("client", "fields") => Operation::ClientFields,
            ("client", "list") => Operation::ClientList,
            ("client", "info") => Operation::ClientInfo,
            ("person", "fields") => Operation::PersonFields,
            ("person", "list") => Operation::PersonList,
            ("person", "info") => Operation::PersonInfo,
            ("guides", "category") => Operation::GuidesCategory,
            ("guides", "territory") => Operation::GuidesTerritory,
            ("guides", "relations") => Operation::GuidesRelations,
            ("guides", "clientpath") => Operation::GuidesClientpath,
            ("guides", "company.list") => Operation::GuidesCompanyList,
            ("guides", "company.listfull") => Operation::GuidesCompanyListfull,
            ("guides", "company.bank") => Operation::GuidesCompanyBank,
            ("guides", "company.signers") => Operation::GuidesCompanySigners,
            _ => return None,
        })
    }

    /// Every operation that stores or deletes something.
    pub fn writes() -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(|operation| operation.is_write())
    }

    /// Every operation that only reads.
    pub fn reads() -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(|operation| !operation.is_write())
    }

    /// Every operation that returns a list of records.
    pub fn lists() -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(|operation| operation.is_list())
    }

    /// Whether it stores or deletes something.
    pub fn is_write(self) -> bool {
        matches!(self, Operation::HistoryAdd | Operation::HistoryAddList | Operation::HistoryDelete)
    }

    /// Whether it returns a list of records. The guides do not count.
    pub fn is_list(self) -> bool {
        matches!(
            self,
            Operation::HistoryList
                | Operation::UserList
                | Operation::ClientList
                | Operation::PersonList
                | Operation::ProjectsList
                | Operation::ProjectsFilter
                | Operation::ProjectsSteps
                | Operation::ProjectsActions
                | Operation::ProjectsChecklists
                | Operation::ProjectsGoods
                | Operation::ProjectsPayments
        )
    }

    /// Whether it stores new records.
    pub(crate) fn adds(self) -> bool {
        matches!(self, Operation::HistoryAdd | Operation::HistoryAddList)
    }

    /// Whether it is one of SalesMan CRM.
    pub(crate) fn is_salesman(self) -> bool {
        !self.id().starts_with("projects.")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(id: &str) -> Result<Operation, String> {
        Operation::ALL.into_iter().find(|operation| operation.id() == id).ok_or_else(|| {
            let ids: Vec<&str> = Operation::ALL.into_iter().map(Operation::id).collect();
            format!("no operation {id:?}: it is one of {}", ids.join(", "))
        })
    }
}

impl TryFrom<String> for Operation {
    type Error = String;

    fn try_from(id: String) -> Result<Operation, String> {
        id.parse()
    }
}

impl From<Operation> for &'static str {
    fn from(operation: Operation) -> &'static str {
        operation.id()
    }
}
