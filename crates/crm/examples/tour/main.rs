//! All sixteen calls over real HTTP, shown as a person would like to read them.
//!
//! `cargo run -p crm --example tour` starts a sandbox inside the process and calls it. With `--history-url …` or
//! `--projects-url …` (or the environment variables of the same names) it calls a real server instead; it adds
//! three activities there and deletes them again.

mod show;

use chrono::{Days, Local};
use clap::Parser;
use crm::history::operations as history;
use crm::history::{AddOutcome, ApiKey, ClientId, ContactId, EntryId, EntryQuery, HistoryClient, NewEntry};
use crm::projects::operations as projects;
use crm::projects::{
    ActionId, ActionQuery, Having, PaymentKind, PaymentQuery, ProjectFilter, ProjectId, ProjectQuery,
    ProjectsClient, StepQuery, TokenPair,
};
use crm_sandbox::Sandbox;
use show::{Tour, fields, rows};

#[derive(Parser)]
#[command(about = "All sixteen calls, against a sandbox of its own or a real server")]
struct Arguments {
    /// Address of a SalesMan CRM, such as https://crm.example.ru
    #[arg(long, env = "HISTORY_URL", requires_all = ["apikey", "login"])]
    history_url: Option<String>,
    /// API key of the SalesMan CRM
    #[arg(long, env = "APIKEY", hide_env_values = true)]
    apikey: Option<String>,
    /// Login of the user who calls
    #[arg(long, env = "LOGIN", hide_env_values = true)]
    login: Option<String>,
    /// Address of a solOS, such as https://acme.solos.pro
    #[arg(long, env = "PROJECTS_URL", requires_all = ["token", "secret"])]
    projects_url: Option<String>,
    /// Token of the solOS account
    #[arg(long, env = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Secret of the solOS account
    #[arg(long, env = "SECRET", hide_env_values = true)]
    secret: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let sandbox = Sandbox::start().await?;
    let address = |url: Option<String>| url.unwrap_or_else(|| sandbox.url().to_owned());
    let secret = |given: Option<String>, own: &str| given.unwrap_or_else(|| own.to_owned());

    let history_address = address(arguments.history_url);
    let apikey = secret(arguments.apikey, crm_sandbox::APIKEY);
    let login = secret(arguments.login, crm_sandbox::BOSS);
    let history = HistoryClient::builder(&history_address).credentials(ApiKey::new(apikey, login)).build()?;

    let projects_address = address(arguments.projects_url);
    let token = secret(arguments.token, crm_sandbox::TOKEN);
    let secret = secret(arguments.secret, crm_sandbox::SECRET);
    let projects =
        ProjectsClient::builder(&projects_address).credentials(TokenPair::new(token, secret)).build()?;

    let mut tour = Tour::default();
    tour.chapter("SalesMan CRM, history", &history_address);
    visit_history(&mut tour, &history).await?;
    tour.chapter("solOS, projects", &projects_address);
    visit_projects(&mut tour, &projects).await?;
    tour.end()
}

async fn visit_history(tour: &mut Tour, client: &HistoryClient) -> Result<(), crm::Error> {
    tour.call("history.fields()", &client.prepare(&history::Fields)?);
    tour.answer(client.fields().await, |titles| {
        rows(["column", "title"], titles.iter().map(|(k, v)| [k, v]))
    });

    tour.call("history.activity_types()", &client.prepare(&history::ActivityTypes)?);
    tour.answer(client.activity_types().await, |kinds| {
        rows(
            ["title", "color", "filter"],
            kinds.iter().map(|kind| {
                let filter = kind.filter.as_ref().map_or("", |filter| filter.as_str());
                [kind.title.as_str(), kind.color.as_deref().unwrap_or_default(), filter]
            }),
        )
    });

    let now = Local::now().naive_local();
    let new = NewEntry::new("Отправлено КП")
        .at(now)
        .activity_type("Предложение")
        .client(ClientId(1))
        .contacts([ContactId(1)]);
    tour.call("history.add(&entry)", &client.prepare(&history::Add::new(new.clone()))?);
    let added = tour.answer(client.add(&new).await, |id| rows(["id"], [[id.to_string()]]));

    let more = [
        NewEntry::new("Входящий звонок, 2 мин").at(now).activity_type("вх.Звонок").client(ClientId(1)),
        NewEntry::new("Письмо с вопросом о цене").at(now).activity_type("вх.Почта").client(ClientId(2)),
    ];
    tour.call("history.add_list(&entries)", &client.prepare(&history::AddList::new(more.to_vec()))?);
    let outcomes = tour.answer(client.add_list(&more).await, |outcomes| {
        let outcomes = outcomes.iter().zip(&more);
        rows(
            ["entry", "outcome"],
            outcomes.map(|(outcome, entry)| [entry.content.clone(), outcome.to_string()]),
        )
    });

    let today = now.date();
    let query = EntryQuery::new().between(today - Days::new(7), today);
    tour.call("history.list(&query)", &client.prepare(&history::List::new(query.clone()))?);
    tour.answer(client.list(&query).await, |page| {
        rows(
            ["id", "at", "activity", "client", "content"],
            page.items.iter().map(|entry| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let at = entry.at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string());
                let (activity, client) = (text(&entry.activity_type), text(&entry.client_name));
                [entry.id.to_string(), at, activity, client, text(&entry.content)]
            }),
        )
    });

    let id = added.unwrap_or(EntryId(1));
    tour.call("history.entry(id)", &client.prepare(&history::Info::new(id))?);
    tour.answer(client.entry(id).await, |entry| fields(&serde_json::json!(entry)));

    tour.call("history.delete(id)", &client.prepare(&history::Delete::new(id))?);
    tour.answer(client.delete(id).await, |()| rows(["deleted"], [[id.to_string()]]));
    for id in outcomes.iter().flatten().filter_map(AddOutcome::id) {
        client.delete(id).await?;
    }
    Ok(())
}

async fn visit_projects(tour: &mut Tour, client: &ProjectsClient) -> Result<(), crm::Error> {
    let query = ProjectQuery::new().count(5).order_by("id").ascending();
    tour.call("projects.list(&query)", &client.prepare(&projects::List::<()>::new(query.clone()))?);
    let listed = tour.answer(client.list(&query).await, show::records);
    let id = listed.and_then(|page| Some(page.items.first()?.id)).unwrap_or(ProjectId(1));

    let today = Local::now().date_naive();
    let filter =
        ProjectFilter::new().created(today - Days::new(3650), today).having(Having::Payments).count(3);
    tour.call("projects.filter(&filter)", &client.prepare(&projects::Filter::<()>::new(filter.clone()))?);
    tour.answer(client.filter(&filter).await, show::records);

    tour.call("projects.project(id)", &client.prepare(&projects::Info::<()>::new(id))?);
    tour.answer(client.project(id).await, |project| fields(&serde_json::json!(project)));

    let query = StepQuery::new();
    tour.call("projects.steps(id, &query)", &client.prepare(&projects::Steps::<()>::new(id, query.clone()))?);
    tour.answer(client.steps(id, &query).await, show::records);

    let query = ActionQuery::new().count(5);
    tour.call(
        "projects.actions(id, &query)",
        &client.prepare(&projects::Actions::<()>::new(id, query.clone()))?,
    );
    let actions = tour.answer(client.actions(id, &query).await, show::records);

    let action = actions.and_then(|page| Some(page.items.first()?.id)).unwrap_or(ActionId(1));
    tour.call("projects.action(id)", &client.prepare(&projects::ActionInfo::<()>::new(action))?);
    tour.answer(client.action(action).await, |action| fields(&serde_json::json!(action)));

    tour.call("projects.checklists(id)", &client.prepare(&projects::Checklists::<()>::new(id))?);
    tour.answer(client.checklists(id).await, show::records);

    tour.call("projects.goods(id)", &client.prepare(&projects::Goods::<()>::new(id))?);
    tour.answer(client.goods(id).await, show::records);

    let query = PaymentQuery::new().kind(PaymentKind::Income);
    tour.call(
        "projects.payments(id, &query)",
        &client.prepare(&projects::Payments::<()>::new(id, query.clone()))?,
    );
    tour.answer(client.payments(id, &query).await, show::records);
    Ok(())
}
