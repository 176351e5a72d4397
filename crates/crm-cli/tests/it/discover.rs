//! `crm discover`: the shape of what an account returns, and no value.

use crm_sandbox::{Account, Record, Sandbox, User};

use crate::program::Folder;

const KEY: &str = "Jx4apikey";
const LOGIN: &str = "vq8login@example.test";

#[tokio::test]
async fn its_report_holds_no_key_no_login_and_no_text_of_the_account() {
    let account = Account::new(KEY).with_user(User::new(1, LOGIN));
    let sandbox = Sandbox::builder().accounts([account]).start().await.unwrap();
    let today = chrono::Local::now().naive_local();
    let content = Some(format!("Канарейкин {KEY}"));
    sandbox.add_record(Record { datum: Some(today), content, iduser: 1, ..Record::default() });
    let folder = Folder::new("discover");
    let ran = folder
        .crm(&["discover", "--history-url", sandbox.url()])
        .env("CRM_APIKEY", KEY)
        .env("CRM_LOGIN", LOGIN)
        .run();
    ran.ended(0, "all of them reads");
    assert!(ran.out.contains("history.list, 1 answer") && ran.out.contains("content"), "{}", ran.out);
    for secret in [KEY, LOGIN, "Канарейкин"] {
        assert!(!ran.out.contains(secret) && !ran.said.contains(secret), "{secret}: {ran:?}");
    }
}

#[tokio::test]
async fn a_plan_calls_nothing_and_without_a_server_there_is_none() {
    let (folder, sandbox) = (Folder::new("discover-plan"), Sandbox::start().await.unwrap());
    folder.crm_with(&sandbox, &["discover", "--plan"]).run().ended(0, "/developer/v3/history/list");
    assert_eq!(sandbox.requests().len(), 0);
    folder.crm(&["discover"]).run().ended(64, "CRM_PROJECTS_URL");
}

#[tokio::test]
async fn a_refused_key_ends_with_77() {
    let (folder, sandbox) = (Folder::new("discover-key"), Sandbox::start().await.unwrap());
    folder.crm_with(&sandbox, &["discover"]).env("CRM_APIKEY", "wrong").run().ended(77, "401");
}
