//! The projects of the sandbox: made up, the same in every run, different enough for every filter to find some and
//! leave some out.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveDateTime};

use crate::faults::fraction;

/// A project with everything that belongs to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Project {
    /// The ID, counted from 1.
    pub id: u64,
    /// The name.
    pub name: String,
    /// When the project was created.
    pub created: NaiveDateTime,
    /// The funnel (1 to 3).
    pub sales_funnel_id: u64,
    /// The current step of the funnel (1 to 15, five in each funnel).
    pub step_id: u64,
    /// The user in charge (1 to 8).
    pub user_id: u64,
    /// The group of that user (1 to 3).
    pub group_id: u64,
    /// The price in units of the currency.
    pub price: u64,
    /// The currency (1 to 3).
    pub currency_id: u64,
    /// Whether the project is deleted.
    pub deleted: bool,
    /// Users who take part.
    pub participants_user_id: Vec<u64>,
    /// Groups who take part.
    pub participants_group_id: Vec<u64>,
    /// The custom fields of the account.
    pub data: BTreeMap<String, FieldValue>,
    /// The steps of the project so far; the last one is the current step.
    pub steps: Vec<Step>,
    /// Past and planned actions.
    pub actions: Vec<Action>,
    /// Open tasks. No request returns them; the filter knows whether there are any.
    pub tasks: u64,
    /// The checklists.
    pub checklists: Vec<Checklist>,
    /// The goods.
    pub goods: Vec<Good>,
    /// The payments.
    pub payments: Vec<Payment>,
}

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldValue {
    /// A number, such as the ID of a client.
    Number(u64),
    /// A text.
    Text(String),
    /// A day.
    Day(NaiveDate),
}

/// A step a project went through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The ID of the step in its funnel.
    pub id: u64,
    /// The name of the step.
    pub name: String,
    /// When the project entered it.
    pub date: NaiveDateTime,
    /// Who moved it there.
    pub user_id: u64,
}

/// A past or planned action of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// The ID, unique among all projects.
    pub id: u64,
    /// The type (1 to 5).
    pub actions_type_id: u64,
    /// The name of the type.
    pub name: String,
    /// When it happens.
    pub date: NaiveDateTime,
    /// Who does it.
    pub user_id: u64,
    /// Whether it is done.
    pub done: bool,
}

/// A checklist of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checklist {
    /// The ID, unique among all projects.
    pub id: u64,
    /// The name.
    pub name: String,
    /// The day by which every item is to be done.
    pub deadline: NaiveDate,
    /// The items.
    pub items: Vec<ChecklistItem>,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChecklistItem {
    /// The ID, unique among all projects.
    pub id: u64,
    /// What is to be done.
    pub name: String,
    /// Whether it is done.
    pub done: bool,
}

/// A good of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Good {
    /// The ID of the good (10 to 14).
    pub id: u64,
    /// The name.
    pub name: String,
    /// The quantity.
    pub count: u64,
    /// The price of one unit.
    pub price: u64,
}

/// A payment of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payment {
    /// The ID, unique among all projects.
    pub id: u64,
    /// Whether money came in; otherwise it went out.
    pub income: bool,
    /// The amount in units of the currency.
    pub amount: u64,
    /// The currency (1 to 3).
    pub currency_id: u64,
    /// The day.
    pub date: NaiveDate,
}

const FIRST_DAY: NaiveDate = day(2020, 1, 1);
const FAR_DAY: NaiveDate = day(2999, 12, 31);
const STEPS: [&str; 5] = ["Заявка", "Переговоры", "Договор", "Поставка", "Закрыт"];
const ACTIONS: [&str; 5] = ["Звонок", "Встреча", "Письмо", "Отправка КП", "Показ"];
const GOODS: [&str; 5] = ["Кабель ВВГ", "Кабель \"Медь\"", "Муфта & гильза", "Лоток 100/50", "Провод <ПВ>"];

/// Projects 1 to `count`, two or three a week from 2020-01-01. The example of the vendor's page finds the first.
pub(crate) fn generate(count: u64) -> Vec<Project> {
    let mut projects: Vec<Project> = (1..=count).map(project).collect();
    if let Some(first) = projects.first_mut() {
        as_in_the_example(first);
    }
    projects
}

/// Whether a checklist has an item that is not done after its deadline.
pub(super) fn is_expired(checklist: &Checklist, today: NaiveDate) -> bool {
    checklist.deadline < today && checklist.items.iter().any(|item| !item.done)
}

fn project(id: u64) -> Project {
    let day = FIRST_DAY + Days::new((id - 1) * 5 / 2);
    // Every value is chosen on its own, so that no two fields go together.
    let choose = |what: u64, of: u64| (fraction(what, id) * of as f64) as u64;
    let funnel = choose(1, 3) + 1;
    let reached = choose(2, 5) + 1;
    let user_id = choose(3, 8) + 1;
    let currency_id = choose(4, 3) + 1;
    let client = choose(5, 4) + 1;
    Project {
        id,
        name: format!("Проект {id}"),
        created: at(day, choose(6, 9) + 9),
        sales_funnel_id: funnel,
        step_id: (funnel - 1) * 5 + reached,
        user_id,
        group_id: user_id % 3 + 1,
        price: choose(7, 10) * 50,
        currency_id,
        deleted: choose(8, 8) == 0,
        participants_user_id: vec![user_id, (user_id + choose(9, 6)) % 8 + 1],
        participants_group_id: (0..choose(10, 3)).map(|index| index * 3 + choose(11, 3) + 1).collect(),
        data: BTreeMap::from([
            ("client_id".to_owned(), FieldValue::Number(client)),
            ("comment".to_owned(), FieldValue::Text(format!("Клиент \"{client}\" & Ко"))),
            ("contract_date".to_owned(), FieldValue::Day(FIRST_DAY + Days::new(choose(12, 60)))),
        ]),
        steps: (0..reached)
            .map(|step| Step {
                id: (funnel - 1) * 5 + step + 1,
                name: STEPS[step as usize % 5].to_owned(),
                date: at(day + Days::new(step * 2), 12),
                user_id,
            })
            .collect(),
        actions: (0..choose(13, 5))
            .map(|index| {
                let kind = choose(14 + index, 5);
                Action {
                    id: (id - 1) * 10 + index + 1,
                    actions_type_id: kind + 1,
                    name: ACTIONS[kind as usize].to_owned(),
                    date: at(day + Days::new(index / 2), 10 + index),
                    user_id,
                    done: index % 2 == 0,
                }
            })
            .collect(),
        tasks: choose(20, 3),
        checklists: (0..choose(21, 3)).map(|index| checklist(id, index, day, choose(22, 4))).collect(),
        goods: (0..choose(23, 4))
            .map(|index| {
                let good = (choose(24, 5) + index) % 5;
                Good {
                    id: 10 + good,
                    name: GOODS[good as usize].to_owned(),
                    count: index + 1,
                    price: 100 + choose(25, 9) * 10,
                }
            })
            .collect(),
        payments: (0..choose(26, 5))
            .map(|index| Payment {
                id: (id - 1) * 10 + index + 1,
                income: choose(27 + index, 3) > 0,
                amount: 1_000 + choose(32 + index, 90) * 100,
                currency_id,
                date: day + Days::new(index / 2 * 7),
            })
            .collect(),
    }
}

/// The second checklist of a project is due far in the future, the first soon after the project began.
fn checklist(project: u64, index: u64, day: NaiveDate, done: u64) -> Checklist {
    let id = (project - 1) * 10 + index + 1;
    Checklist {
        id,
        name: format!("Чек-лист {}", index + 1),
        deadline: if index == 0 { day + Days::new(30) } else { FAR_DAY },
        items: (0..3)
            .map(|item| ChecklistItem {
                id: id * 10 + item,
                name: format!("Пункт {}", item + 1),
                done: item < done,
            })
            .collect(),
    }
}

fn as_in_the_example(project: &mut Project) {
    let day = project.created.date();
    *project = Project {
        sales_funnel_id: 1,
        step_id: 5,
        user_id: 2,
        group_id: 3,
        price: 100,
        deleted: false,
        participants_user_id: vec![2, 7],
        participants_group_id: vec![1, 4],
        checklists: vec![checklist(project.id, 0, day, 1), checklist(project.id, 1, day, 0)],
        ..project.clone()
    };
    project.data.insert("client_id".to_owned(), FieldValue::Number(3));
    project.data.insert("contract_date".to_owned(), FieldValue::Day(FIRST_DAY));
    project.steps = STEPS
        .iter()
        .zip(0..)
        .map(|(name, step)| Step {
            id: step + 1,
            name: (*name).to_owned(),
            date: at(day + Days::new(step * 2), 12),
            user_id: 2,
        })
        .collect();
    project.actions = (0..3)
        .map(|index| Action {
            id: index + 1,
            actions_type_id: index + 1,
            name: ACTIONS[index as usize].to_owned(),
            date: at(day + Days::new(index / 2), 10 + index),
            user_id: 2,
            done: index == 0,
        })
        .collect();
    project.goods = (0..2)
        .map(|index| Good {
            id: 10 + index,
            name: GOODS[index as usize].to_owned(),
            count: index + 1,
            price: 150,
        })
        .collect();
    project.payments = (0..4)
        .map(|index| Payment {
            id: index + 1,
            income: index != 1,
            amount: 1_000 * (index + 1),
            currency_id: project.currency_id,
            date: day + Days::new(index / 2 * 7),
        })
        .collect();
}

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

fn at(day: NaiveDate, hour: u64) -> NaiveDateTime {
    day.and_hms_opt(u32::try_from(hour).unwrap_or(0), 30, 0).unwrap_or_default()
}
