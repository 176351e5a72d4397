//! The guides: lists of titles that the numbers of clients and contacts point to.

use crate::history::collation;
use crate::history::errors::error;
use crate::json::Json;

/// The guides of the accounts; all accounts share them. [`Guides::default`] has the rows of the recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guides {
    /// `guides/category`
    pub categories: Vec<Category>,
    /// `guides/territory`
    pub territories: Vec<Territory>,
    /// `guides/relations`
    pub relations: Vec<Relation>,
    /// `guides/clientpath`. A search for an unknown title adds a row.
    pub sources: Vec<Source>,
    /// Loyalty of contacts. There is no call for it. One row was observed.
    pub loyalty: Vec<Relation>,
    /// The signers of the account's own company, 1, which is fixed.
    pub signers: Vec<Signer>,
}

/// A category of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The ID, above 0.
    pub id: i64,
    /// The title.
    pub title: String,
    /// What it is for: `client`, `person`, `partner`, `contractor` or `concurent`.
    pub tip: String,
}

/// A territory of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The ID, above 0.
    pub id: i64,
    /// The title.
    pub title: String,
}

/// A relation of clients, or a loyalty of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The ID, above 0.
    pub id: i64,
    /// The title. Clients hold it in place of the ID.
    pub title: String,
    /// The color, `#rrggbb`.
    pub color: String,
}

/// A source of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The ID, above 0.
    pub id: i64,
    /// The title.
    pub title: String,
    /// The UTM mark.
    pub utm_source: Option<String>,
    /// The telephone number that the source calls.
    pub destination: Option<String>,
}

/// A signer of an own company. The names are those of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "texts that the sandbox passes on")]
pub struct Signer {
    pub id: i64,
    pub mcid: i64,
    pub title: String,
    pub status: String,
    pub signature: String,
    pub osnovanie: String,
    pub stamp: String,
}

impl Guides {
    pub(super) fn category(&self, id: i64) -> Option<&str> {
        self.categories.iter().find(|row| row.id == id).map(|row| row.title.as_str())
    }

    pub(super) fn territory(&self, id: i64) -> Option<&str> {
        self.territories.iter().find(|row| row.id == id).map(|row| row.title.as_str())
    }

    pub(super) fn source(&self, id: i64) -> Option<&str> {
        self.sources.iter().find(|row| row.id == id).map(|row| row.title.as_str())
    }

    pub(super) fn loyalty(&self, id: i64) -> Option<&Relation> {
        self.loyalty.iter().find(|row| row.id == id)
    }

    /// The ID of a category title; 0 for an unknown one.
    pub(super) fn category_id(&self, title: &str) -> i64 {
        self.categories.iter().find(|row| collation::equal(&row.title, title)).map_or(0, |row| row.id)
    }

    /// The ID of a territory title; 0 for an unknown one.
    pub(super) fn territory_id(&self, title: &str) -> i64 {
        self.territories.iter().find(|row| collation::equal(&row.title, title)).map_or(0, |row| row.id)
    }

    /// The ID of a loyalty title; 0 for an unknown one.
    pub(super) fn loyalty_id(&self, title: &str) -> i64 {
        self.loyalty.iter().find(|row| collation::equal(&row.title, title)).map_or(0, |row| row.id)
    }

    /// The ID of a source title. An unknown title becomes a new source: the server does so even in a search.
    pub(super) fn source_id(&mut self, title: &str) -> i64 {
        if let Some(row) = self.sources.iter().find(|row| collation::equal(&row.title, title)) {
            return row.id;
        }
        let id = self.sources.iter().map(|row| row.id).max().unwrap_or(0) + 1;
        self.sources.push(Source { id, title: title.to_owned(), utm_source: None, destination: None });
        id
    }

    pub(super) fn answer(&self, action: &str) -> Json {
        let rows: Vec<Json> = match action {
            "category" => self.categories.iter().map(Category::json).collect(),
            "territory" => self.territories.iter().map(Territory::json).collect(),
            "relations" => self.relations.iter().map(Relation::json).collect(),
            "clientpath" => self.sources.iter().map(Source::json).collect(),
            "company.list" => vec![self.company(None)],
            "company.listfull" => vec![self.company(Some(accounts().map(Json::Object).into()))],
            "company.bank" => accounts().map(with_company).into(),
            "company.signers" => vec![self.signers_of_all()],
            _ => return error(404, "Не понимаю чЁ происходит. Может в следующий раз?"),
        };
        // Nothing was ever put into the answer, and PHP writes an empty array as a list.
        if rows.is_empty() { Json::List(rows) } else { Json::object([("data", Json::List(rows))]) }
    }

    fn company(&self, accounts: Option<Vec<Json>>) -> Json {
        let texts = [
            ("compUrName", "Общество с ограниченной ответственностью ”Образец”"),
            ("compShotName", "ООО ”Образец”"),
            ("compUrAddr", "101000, г. Москва, ул. Примерная, 1"),
            ("compFacAddr", "101000, г. Москва, ул. Примерная, 1"),
            ("compDirName", "Директора Примерова Петра Петровича"),
            ("compDirSignature", "Примеров П.П."),
            ("compDirStatus", "Директор"),
            ("compDirOsnovanie", "Устава"),
            ("compInn", "7700000000"),
            ("compKpp", "770001001"),
            ("compOgrn", "1027700000000"),
        ];
        let mut members = vec![("mcid".into(), Json::from(COMPANY))];
        members.extend(texts.map(|(name, text)| (name.into(), text.into())));
        members.extend(accounts.map(|accounts| ("bank".into(), Json::List(accounts))));
        members.push(("signers".into(), Json::List(self.signers_of(COMPANY))));
        Json::Object(members)
    }

    fn signers_of(&self, mcid: i64) -> Vec<Json> {
        self.signers.iter().filter(|signer| signer.mcid == mcid).map(Signer::json).collect()
    }

    /// One object, keyed by the company; an empty list without signers.
    fn signers_of_all(&self) -> Json {
        let mut companies: Vec<i64> = Vec::new();
        for signer in &self.signers {
            if !companies.contains(&signer.mcid) {
                companies.push(signer.mcid);
            }
        }
        if companies.is_empty() {
            return Json::List(Vec::new());
        }
        let of_company = |mcid: i64| (mcid.to_string().into(), Json::List(self.signers_of(mcid)));
        Json::Object(companies.into_iter().map(of_company).collect())
    }
}

/// The ID of the only own company.
const COMPANY: i64 = 1;

/// The bank account and the cash desk of the own company.
fn accounts() -> [super::Members; 2] {
    let account = |id: i64, texts: [&'static str; 8]| {
        let names = [
            "tip",
            "isDefault",
            "ndsDefault",
            "compNameRs",
            "compBankBik",
            "compBankRs",
            "compBankKs",
            "compBankName",
        ];
        let texts = names.into_iter().zip(texts).map(|(name, text)| (name.into(), text.into()));
        [("id".into(), Json::from(id))].into_iter().chain(texts).collect()
    };
    let bank = [
        "bank",
        "yes",
        "20",
        "Основной расчетный счет",
        "044525000",
        "40702810000000000001",
        "30101810000000000000",
        "Банк ”Пример”",
    ];
    [account(1, bank), account(2, ["kassa", "", "0", "Касса", "", "0", "", ""])]
}

fn with_company(mut account: super::Members) -> Json {
    account.insert(1, ("mcid".into(), Json::from(COMPANY)));
    Json::Object(account)
}

impl Category {
    fn json(&self) -> Json {
        Json::object([
            ("id", self.id.into()),
            ("title", self.title.as_str().into()),
            ("tip", self.tip.as_str().into()),
        ])
    }
}

impl Territory {
    fn json(&self) -> Json {
        Json::object([("id", self.id.into()), ("title", self.title.as_str().into())])
    }
}

impl Relation {
    fn json(&self) -> Json {
        Json::object([
            ("id", self.id.into()),
            ("title", self.title.as_str().into()),
            ("color", self.color.as_str().into()),
        ])
    }
}

impl Source {
    fn json(&self) -> Json {
        Json::object([
            ("id", self.id.into()),
            ("title", self.title.as_str().into()),
            ("utm_source", Json::optional(self.utm_source.as_deref())),
            ("destination", Json::optional(self.destination.as_deref())),
        ])
    }
}

impl Signer {
    fn json(&self) -> Json {
        Json::object([
            ("id", self.id.into()),
            ("mcid", self.mcid.into()),
            ("title", self.title.as_str().into()),
            ("status", self.status.as_str().into()),
            ("signature", self.signature.as_str().into()),
            ("osnovanie", self.osnovanie.as_str().into()),
            ("stamp", self.stamp.as_str().into()),
        ])
    }
}

impl Default for Guides {
    fn default() -> Guides {
        let category =
            |(id, title): (i64, &str)| Category { id, title: title.to_owned(), tip: "client".to_owned() };
        let territory = |(id, title): (i64, &str)| Territory { id, title: title.to_owned() };
        let relation = |(id, title, color): (i64, &str, &str)| Relation {
            id,
            title: title.to_owned(),
            color: color.to_owned(),
        };
        let source = |(id, title, utm_source): (i64, &str, &str)| Source {
            id,
            title: title.to_owned(),
            utm_source: Some(utm_source.to_owned()),
            destination: Some(String::new()),
        };
        Guides {
            categories: [(1, "Физические лица"), (2, "Розница")].map(category).into(),
            territories: [(1, "Пермь"), (3, "Тюмень"), (4, "Челябинск"), (5, "Москва")].map(territory).into(),
            relations: [
                (1, "0 - Не работаем", "#333333"),
                (2, "1 - Холодный клиент", "#99ccff"),
                (3, "3 - Текущий клиент", "#3366ff"),
                (5, "4 - Постоянный клиент", "#ff9900"),
                (4, "2 - Потенциальный клиент", "#99ff66"),
                (6, "5 - Перспективный клиент", "#ff0033"),
            ]
            .map(relation)
            .into(),
            sources: [
                (1, "Личные связи", ""),
                (2, "Маркетинг", ""),
                (3, "Справочник", ""),
                (4, "Заказ с сайта", ""),
                (5, "Рекомендации клиентов", "fromfriend"),
            ]
            .map(source)
            .into(),
            loyalty: [(3, "3 - Лояльный", "#ff00ff")].map(relation).into(),
            signers: Vec::new(),
        }
    }
}
