//! The recordings of users, clients, contacts and guides of a real server, replayed.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use crm_sandbox::{Account, Client, Contact, Role, Sandbox, Signer, User};
use serde_json::Value;

use crate::support::replayed;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/salesman/directory");

#[tokio::test]
async fn every_recording_of_the_directory_gets_the_same_answer_here() {
    let mut sandboxes = BTreeMap::new();
    sandboxes.insert("base", Sandbox::start().await.unwrap());
    sandboxes.insert("more", more().await);
    sandboxes.insert("many", many().await);
    sandboxes.insert("no categories", without_categories().await);
    let mut count = 0;
    // In the order of their names: a search for an unknown source goes before the guide that shows it.
    for (name, recording) in recordings() {
        let sandbox = &sandboxes[recording["data"].as_str().unwrap()];
        let answer = replayed(sandbox, &recording["request"]).await;
        let recorded = &recording["response"];
        assert_eq!(answer.status().as_u16(), recorded["status"].as_u64().unwrap() as u16, "{name}");
        let kind = recorded["headers"]["Content-Type"].as_str().unwrap();
        assert_eq!(answer.headers()["content-type"], kind, "{name}");
        let body = answer.text().await.unwrap();
        assert_eq!(up_to_the_place(&body), up_to_the_place(recorded["body"].as_str().unwrap()), "{name}");
        count += 1;
    }
    assert_eq!(count, 147);
}

/// An error page of PHP up to the file that it names.
fn up_to_the_place(body: &str) -> &str {
    if body.starts_with("<br />") { body.split(" in /").next().unwrap() } else { body }
}

fn recordings() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(FOLDER).unwrap();
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let file = file.unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        (file.file_name().into_string().unwrap(), serde_json::from_str(&text).unwrap())
    };
    files.map(read).collect()
}

/// The data set `more`: more fields, a blocked user, a client with everything filled in, records of nobody.
pub(crate) async fn more() -> Sandbox {
    let support = User {
        title: "Осипова Марина".to_owned(),
        role: Role::SalesSupport,
        chief: 1,
        blocked: true,
        uid: Some("MGR-3".to_owned()),
        department: Some("OAP".to_owned()),
        post: Some("Специалист".to_owned()),
        extension: "103".to_owned(),
        ..User::new(3, "support@example.test")
    };
    let account = Account::default().with_user(support);
    let sandbox = Sandbox::builder().accounts([account]).start().await.unwrap();
    sandbox.set_client_fields(&[
        ("input1", "Номер договора"),
        ("title", "Название"),
        ("iduser", "Ответственный"),
        ("idcategory", "Категория"),
        ("head_clid", "Головн. орг-ия"),
        ("pid", "Осн. контакт"),
        ("address", "Адрес"),
        ("phone", "Телефон"),
        ("fax", "Факс"),
        ("site_url", "Сайт"),
        ("mail_url", "Почта"),
        ("territory", "Территория"),
        ("des", "Описание"),
        ("tip_cmr", "Тип отношений"),
        ("recv", "Реквизиты"),
        ("clientpath", "Источник клиента"),
    ]);
    sandbox.set_contact_fields(&[
        ("clid", "Клиент"),
        ("ptitle", "Должность"),
        ("person", "Ф.И.О."),
        ("tel", "Тел."),
        ("fax", "Факс"),
        ("mob", "Моб."),
        ("mail", "Почта"),
        ("iduser", "Куратор"),
        ("loyalty", "Лояльность"),
        ("input1", "Дата рождения"),
        ("input7", "Добавочный"),
        ("clientpath", "Канал привлечения"),
    ]);
    for client in [wind(), client_of_nobody()] {
        sandbox.add_client(client);
    }
    for contact in [anna(), contact_of_nobody()] {
        sandbox.add_contact(contact);
    }
    sandbox.change_guides(|guides| {
        guides.signers.push(Signer {
            id: 1,
            mcid: 1,
            title: "Коммерческий директор Образцов С.В.".to_owned(),
            status: "Коммерческий директор".to_owned(),
            signature: "Образцов С.В.".to_owned(),
            osnovanie: "Доверенности №1 от 01.02.2024".to_owned(),
            stamp: "signer1.png".to_owned(),
        });
    });
    sandbox
}

fn wind() -> Client {
    Client {
        clid: 3,
        uid: text("1C-000123"),
        phone: text("+7(343)550-10-30,8 (343) 550 10 31"),
        fax: text("+7(343)550-10-32"),
        site_url: text("veter.example"),
        mail_url: text("info@veter.example, sales_1@veter.example"),
        address: text("Пермь, ул. Примерная, 5"),
        des: text("Пишет про «оплату»\nвторая строка"),
        idcategory: 2,
        territory: 1,
        clientpath: 4,
        tip_cmr: text("4 - Постоянный клиент"),
        pid: 3,
        head_clid: 1,
        date_edit: Some(at("2026-11-25T22:24:35")),
        editor: 2,
        recv: "ООО \"Северный ветер\";5900000001;590001001;Банк Пример;30101810000000000001;\
               40702810000000000002;044525001;;1025900000001;Примеровой Анны Петровны;Примерова А.П.;Директора;\
               Директор;Устава;Пермь, ул. Примерная, 5"
            .to_owned(),
        inputs: [("input1".to_owned(), "Д-17/24".to_owned())].into(),
        ..Client::new("Северный ветер, ООО", 1, at("2024-05-01T10:00:00"))
    }
}

fn client_of_nobody() -> Client {
    Client {
        clid: 4,
        kind: "person".to_owned(),
        phone: text("73435501040"),
        mail_url: text("salesX1@veter.example"),
        trash: true,
        ..Client::new("Ничей клиент", 0, at("2024-05-02T10:00:00"))
    }
}

fn anna() -> Contact {
    Contact {
        pid: 3,
        ptitle: text("Директор"),
        tel: text("+7(343)550-10-33, доб. 12"),
        mob: text("+7 912 700-80-90, 8(912)700-80-91"),
        mail: text("anna_p@veter.example"),
        loyalty: 3,
        clientpath: 4,
        social: "blog.example;;;;anna.p;;;".to_owned(),
        date_edit: Some(at("2026-11-25T22:24:40")),
        inputs: [("input1".to_owned(), "1980-05-01".to_owned())].into(),
        ..Contact::new("Примерова Анна", 3, 1, at("2024-05-01T10:05:00"))
    }
}

fn contact_of_nobody() -> Contact {
    Contact { pid: 4, ..Contact::new("Ничей контакт", 4, 0, at("2024-05-02T10:05:00")) }
}

/// The data set `many`: 403 clients and 403 contacts more.
async fn many() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    for id in 101..=503 {
        let created = at("2024-01-01T10:00:00");
        sandbox.add_client(Client { clid: id, ..Client::new(format!("Клиент {id}"), 1, created) });
        sandbox
            .add_contact(Contact { pid: id, ..Contact::new(format!("Контакт {id}"), id, 1, created) });
    }
    sandbox
}

async fn without_categories() -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.change_guides(|guides| guides.categories.clear());
    sandbox
}

#[expect(clippy::unnecessary_wraps, reason = "most fields are optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn at(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}
