//! The sixteen calls, one by one.

use chrono::{Days, Local};
use crm::history::operations as history;
use crm::history::{AddOutcome, ClientId, ContactId, EntryId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::operations as projects;
use crm::projects::{
    ActionId, ActionQuery, Having, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery,
    ProjectsClient, StepQuery,
};

use super::show::{Tour, fields, records, rows};
use crate::exit::Failure;

/// The seven calls of the history. Without `may_write` only those that read.
pub(super) async fn history(tour: &mut Tour, client: &HistoryClient, may_write: bool) -> Result<(), Failure> {
    tour.call("history.fields()", client.prepare(&history::Fields))?;
    tour.answer(client.fields().await, |titles, messages| {
        rows(messages, ["column-field", "column-title"], titles.iter().map(|(name, title)| [name, title]))
    })?;

    tour.call("history.activity_types()", client.prepare(&history::ActivityTypes))?;
    tour.answer(client.activity_types().await, |kinds, messages| {
        rows(
            messages,
            ["column-title", "column-color", "column-filter"],
            kinds.iter().map(|kind| {
                let filter = kind.filter.as_ref().map_or("", |filter| filter.as_str());
                [kind.title.as_str(), kind.color.as_deref().unwrap_or_default(), filter]
            }),
        )
    })?;

    let mut created = Vec::new();
    if may_write {
        add(tour, client, &mut created).await?;
    } else {
        tour.say("tour-no-write", &[])?;
    }

    let today = Local::now().date_naive();
    let query = EntryQuery::new().between(today - Days::new(7), today);
    tour.call("history.list(&query)", client.prepare(&history::List::new(query.clone())))?;
    let listed = tour.answer(client.list(&query).await, |page, messages| {
        rows(
            messages,
            ["column-id", "column-date", "column-type", "column-client", "column-content"],
            page.items.iter().map(|entry| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let at = entry.at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string());
                let (activity, client) = (text(&entry.activity_type), text(&entry.client_name));
                [entry.id.to_string(), at, activity, client, text(&entry.content)]
            }),
        )
    })?;

    let listed = listed.and_then(|page| Some(page.items.first()?.id));
    if let Some(id) = created.first().copied().or(listed) {
        tour.call("history.entry(id)", client.prepare(&history::Info::new(id)))?;
        tour.answer(client.entry(id).await, |entry, messages| fields(messages, &serde_json::json!(entry)))?;
    }
    delete(tour, client, &created).await
}

/// Adds three activities. What was created is in `created` even if something fails later.
async fn add(tour: &mut Tour, client: &HistoryClient, created: &mut Vec<EntryId>) -> Result<(), Failure> {
    let now = Local::now().naive_local();
    let new = NewEntry::new("Отправлено КП")
        .at(now)
        .activity_type("Предложение")
        .client(ClientId(1))
        .contacts([ContactId(1)]);
    tour.call("history.add(&entry)", client.prepare(&history::Add::new(new.clone())))?;
    let added = tour
        .answer(client.add(&new).await, |id, messages| rows(messages, ["column-id"], [[id.to_string()]]))?;
    created.extend(added);

    let more = [
        NewEntry::new("Входящий звонок, 2 мин").at(now).activity_type("вх.Звонок").client(ClientId(1)),
        NewEntry::new("Письмо с вопросом о цене").at(now).activity_type("вх.Почта").client(ClientId(2)),
    ];
    tour.call("history.add_list(&entries)", client.prepare(&history::AddList::new(more.to_vec())))?;
    let outcomes = tour.answer(client.add_list(&more).await, |outcomes, messages| {
        let outcomes = outcomes.iter().zip(&more);
        rows(
            messages,
            ["column-content", "column-outcome"],
            outcomes.map(|(outcome, entry)| [entry.content.clone(), messages.outcome(outcome, None)]),
        )
    })?;
    created.extend(outcomes.iter().flatten().filter_map(AddOutcome::id));
    Ok(())
}

/// Deletes what the tour created, and nothing else.
async fn delete(tour: &mut Tour, client: &HistoryClient, created: &[EntryId]) -> Result<(), Failure> {
    for (place, id) in created.iter().enumerate() {
        if place == 0 {
            tour.call("history.delete(id)", client.prepare(&history::Delete::new(*id)))?;
            tour.answer(client.delete(*id).await, |(), messages| {
                rows(messages, ["column-deleted"], [[id.to_string()]])
            })?;
        } else if let Err(error) = client.delete(*id).await {
            tour.not_deleted(*id, &error)?;
        }
    }
    Ok(())
}

/// The nine calls of the projects. All of them read.
pub(super) async fn projects(tour: &mut Tour, client: &ProjectsClient) -> Result<(), Failure> {
    let query = ProjectQuery::new().count(5).order_by("id").ascending();
    tour.call("projects.list(&query)", client.prepare(&projects::List::<()>::new(query.clone())))?;
    let listed = tour.answer(client.list(&query).await, records)?;
    let id = listed.and_then(|page| Some(page.items.first()?.id)).unwrap_or(ProjectId(1));

    let today = Local::now().date_naive();
    let filter =
        ProjectFilter::new().created(today - Days::new(3650), today).having(Having::Payments).count(3);
    tour.call("projects.filter(&filter)", client.prepare(&projects::Filter::<()>::new(filter.clone())))?;
    tour.answer(client.filter(&filter).await, records)?;

    tour.call("projects.project(id)", client.prepare(&projects::Info::<()>::new(id)))?;
    tour.answer(client.project(id).await, |project, messages| fields(messages, &serde_json::json!(project)))?;

    let query = StepQuery::new();
    tour.call("projects.steps(id, &query)", client.prepare(&projects::Steps::<()>::new(id, query.clone())))?;
    tour.answer(client.steps(id, &query).await, records)?;

    let query = ActionQuery::new().count(5);
    tour.call(
        "projects.actions(id, &query)",
        client.prepare(&projects::Actions::<()>::new(id, query.clone())),
    )?;
    let actions = tour.answer(client.actions(id, &query).await, records)?;

    let action = actions.and_then(|page| Some(page.items.first()?.id)).unwrap_or(ActionId(1));
    tour.call("projects.action(id)", client.prepare(&projects::ActionInfo::<()>::new(action)))?;
    tour.answer(client.action(action).await, |action, messages| {
        fields(messages, &serde_json::json!(action))
    })?;

    tour.call("projects.checklists(id)", client.prepare(&projects::Checklists::<()>::new(id)))?;
    tour.answer(client.checklists(id).await, records)?;

    tour.call("projects.goods(id)", client.prepare(&projects::Goods::<()>::new(id)))?;
    tour.answer(client.goods(id).await, records)?;

    let query = PaymentQuery::new().kind(PaymentKind::Income);
    tour.call(
        "projects.payments(id, &query)",
        client.prepare(&projects::Payments::<()>::new(id, query.clone())),
    )?;
    tour.answer(client.payments(id, &query).await, records)?;
    Ok(())
}
