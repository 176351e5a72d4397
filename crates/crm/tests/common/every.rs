//! Every operation of both clients, called by its id.

use std::fmt::Debug;

use crm::Error;
use crm::history::{EntryId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::{
    ActionId, ActionQuery, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery, ProjectsClient, StepQuery,
};

pub(crate) const IDS: [&str; 16] = [
    "history.fields",
    "history.tips",
    "history.list",
    "history.info",
    "history.add",
    "history.add_list",
    "history.delete",
    "projects.list",
    "projects.filter",
    "projects.info",
    "projects.steps",
    "projects.actions",
    "projects.action_info",
    "projects.checklists",
    "projects.goods",
    "projects.payments",
];

pub(crate) fn is_write(id: &str) -> bool {
    matches!(id, "history.add" | "history.add_list")
}

/// Calls the operation; gives what was read, as `Debug` shows it.
pub(crate) async fn call(id: &str, h: &HistoryClient, p: &ProjectsClient) -> Result<String, Error> {
    fn shown<T: Debug>(value: T) -> String {
        format!("{value:?}")
    }
    let (entry, project) = (NewEntry::new("x"), ProjectId(1));
    match id {
        "history.fields" => h.fields().await.map(shown),
        "history.tips" => h.activity_types().await.map(shown),
        "history.list" => h.list(&EntryQuery::new()).await.map(shown),
        "history.info" => h.entry(EntryId(1)).await.map(shown),
        "history.add" => h.add(&entry).await.map(shown),
        "history.add_list" => h.add_list(&[entry]).await.map(shown),
        "history.delete" => h.delete(EntryId(1)).await.map(shown),
        "projects.list" => p.list(&ProjectQuery::new()).await.map(shown),
        "projects.filter" => p.filter(&ProjectFilter::new()).await.map(shown),
        "projects.info" => p.project(project).await.map(shown),
        "projects.steps" => p.steps(project, &StepQuery::new()).await.map(shown),
        "projects.actions" => p.actions(project, &ActionQuery::new()).await.map(shown),
        "projects.action_info" => p.action(ActionId(1)).await.map(shown),
        "projects.checklists" => p.checklists(project).await.map(shown),
        "projects.goods" => p.goods(project).await.map(shown),
        "projects.payments" => p.payments(project, &PaymentQuery::new()).await.map(shown),
        other => panic!("no call for {other}"),
    }
}
