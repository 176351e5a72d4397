//! What a real account answers, told by its shape: keys, types, counts, never a value. And what of it `docs/openapi`
//! does not know yet.
//!
//! `cargo run -p crm --example discover -- --history-url https://… --apikey … --login …`, and likewise
//! `--projects-url`, `--token`, `--secret`. It only reads. What it prints can be attached to a public bug report: of keys
//! it shows those that the source knows or that look like the name of a field, and not the own fields of an account.

mod explore;
mod shape;
mod source;

use std::io::stdout;

use chrono::{Days, Local};
use clap::Parser;
use crm::history::{ApiKey, HistoryClient};
use crm::projects::{ProjectsClient, TokenPair};

#[derive(Parser)]
#[command(about = "The shape of what a real account answers, and what docs/openapi does not know of it")]
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
    /// How many days back activities are listed
    #[arg(long, default_value_t = 30)]
    days: u64,
    /// Address of a solOS, such as https://acme.solos.pro
    #[arg(long, env = "PROJECTS_URL", requires_all = ["token", "secret"])]
    projects_url: Option<String>,
    /// Token of the solOS account
    #[arg(long, env = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Secret of the solOS account
    #[arg(long, env = "SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Only say what would be called
    #[arg(long)]
    plan: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if arguments.history_url.is_none() && arguments.projects_url.is_none() {
        return Err("give --history-url or --projects-url; --help tells the rest".into());
    }
    // On stderr, so that the report alone can be kept.
    for (url, calls) in
        [(&arguments.history_url, explore::HISTORY), (&arguments.projects_url, explore::PROJECTS)]
    {
        if let Some(url) = url {
            eprintln!("Calls to {url}, all of them reads:\n{}", explore::plan(calls));
        }
    }
    if arguments.plan {
        return Ok(());
    }
    if let (Some(url), Some(apikey), Some(login)) = (arguments.history_url, arguments.apikey, arguments.login)
    {
        let client = HistoryClient::builder(url).credentials(ApiKey::new(apikey, login)).build()?;
        let today = Local::now().date_naive();
        explore::history(&client, (today - Days::new(arguments.days), today), &mut stdout()).await?;
    }
    if let (Some(url), Some(token), Some(secret)) =
        (arguments.projects_url, arguments.token, arguments.secret)
    {
        let client = ProjectsClient::builder(url).credentials(TokenPair::new(token, secret)).build()?;
        explore::projects(&client, &mut stdout()).await?;
    }
    Ok(())
}
