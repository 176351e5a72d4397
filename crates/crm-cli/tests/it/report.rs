//! `crm report`: the page shows what the CRMs hold.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use crm_sandbox::{
    APIKEY, Account, BOSS, Fault, FixedAnswer, Operation, Record, SECRET, SELLER, Sandbox, TOKEN, User,
};

use crate::program::{Folder, Ran};

/// Runs it and returns what it wrote.
fn report(name: &str, arguments: &[&str], out: &str) -> (Ran, Option<String>) {
    let folder = Folder::new(&format!("report-{name}"));
    let mut program = folder.crm(&[&["report", "--out", out], arguments].concat());
    program.0.envs([
        ("CRM_APIKEY", APIKEY),
        ("CRM_LOGIN", BOSS),
        ("CRM_TOKEN", TOKEN),
        ("CRM_SECRET", SECRET),
    ]);
    let ran = program.run();
    (ran, std::fs::read_to_string(folder.path(out)).ok())
}

fn activity(day: &str, tip: &str) -> Record {
    let datum = day.parse::<NaiveDate>().unwrap().and_hms_opt(12, 0, 0);
    Record { datum, tip: Some(tip.to_owned()), iduser: 1, clid: 1, ..Record::default() }
}

#[tokio::test]
async fn a_type_has_a_bar_for_each_day_and_its_number_in_chart_and_table() {
    let sandbox = Sandbox::start().await.unwrap();
    for day in ["2026-02-01", "2026-02-01", "2026-02-03", "2026-02-28", "2026-03-01"] {
        sandbox.add_record(activity(day, "вх.Звонок"));
    }
    for day in ["2026-02-03", "2026-02-04"] {
        sandbox.add_record(activity(day, "<script>alert(1)</script>&\"\u{1b}[2J"));
    }
    let range = ["--from", "2026-02-01", "--to", "2026-02-28"];
    let (output, page) = report("types", &[&["--history-url", sandbox.url()], &range[..]].concat(), "a.html");
    output.ended(0, "a.html");
    let page = page.unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Report, 1 Feb 2026 to 28 Feb 2026"));
    assert_eq!(page.matches("<rect class=\"s0\" x=").count(), 3, "a bar for each of three days");
    assert!(page.contains("вх.Звонок <b>4</b>"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot; [2J <b>2</b>"));
    assert!(page.contains("<th scope=\"row\">3 Feb 2026</th><td>1</td><td>1</td><td>2</td>"), "{page}");
    assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains("src="));
    let table = output.out;
    assert!(table.lines().any(|line| line.split_whitespace().eq(["Activities", "6"])), "{table}");
    assert!(!table.contains('\u{1b}'));
}

#[tokio::test]
async fn users_have_their_names_clients_are_ranked_and_hours_are_counted() {
    let sandbox = Sandbox::start().await.unwrap();
    for clid in [1, 1, 2, 0] {
        sandbox.add_record(Record { clid, ..activity("2026-02-02", "Задача") });
    }
    sandbox.add_record(Record { iduser: 2, ..activity("2026-02-03", "Задача") });
    let flags =
        ["--history-url", sandbox.url(), "--from", "01.02.2026", "--to", "28.02.2026", "--lang", "ru"];
    let (output, page) = report("names", &flags, "b.html");
    output.ended(0, "");
    let page = page.unwrap();
    assert!(page.contains("<html lang=\"ru\">") && page.contains("Отчёт за 01.02.2026 – 28.02.2026"));
    let names: Vec<String> = sandbox.accounts()[0].users.iter().map(|user| user.title.clone()).collect();
    assert!(names.iter().all(|name| page.contains(name)) && !page.contains(SELLER), "{names:?} {page}");
    let ranked = |name: &str| page.find(&format!("<th scope=\"row\">{name}")).unwrap();
    assert!(ranked("КАМКАБЕЛЬ, ОАО") < ranked("ООО") && ranked("ООО") < ranked("(без клиента)"));
    assert!(
        page.contains("<th scope=\"row\">12:00</th><td class=\"hot\" style=\"--part:100%\">4</td>"),
        "{page}"
    );
}

#[tokio::test]
async fn payments_are_summed_by_currency_and_labelled_as_assumed() {
    let sandbox = Sandbox::builder().projects(40).start().await.unwrap();
    let range = ["--from", "2020-01-10", "--to", "2020-03-31"];
    let (output, page) =
        report("payments", &[&["--projects-url", sandbox.url()], &range[..]].concat(), "c.html");
    output.ended(0, "");
    let days = range[1].parse::<NaiveDate>().unwrap()..=range[3].parse().unwrap();
    let mut sums: BTreeMap<(bool, u64), (u64, BTreeSet<u32>)> = BTreeMap::new();
    for payment in
        sandbox.projects().iter().filter(|project| !project.deleted).flat_map(|project| &project.payments)
    {
        if days.contains(&payment.date) {
            let sum = sums.entry((payment.income, payment.currency_id)).or_default();
            sum.0 += payment.amount;
            sum.1.insert(payment.date.month());
        }
    }
    assert!(sums.len() > 2, "{sums:?}");
    let page = page.unwrap();
    for ((is_income, currency), (sum, _)) in &sums {
        let kind = if *is_income { "Income" } else { "Expense" };
        let tile = page.split(&format!("<dt>{kind}, currency {currency}</dt><dd>")).nth(1).unwrap();
        let figure = tile.split('<').next().unwrap().replace(',', "");
        assert_eq!(figure, sum.to_string(), "{kind} {currency}");
    }
    let bars: usize = sums.values().map(|(_, months)| months.len()).sum();
    assert_eq!(page.matches(" x=\"").count(), bars, "a bar for each kind, currency and month");
    let currencies: BTreeSet<u64> = sums.keys().map(|(_, currency)| *currency).collect();
    assert_eq!(page.matches("Assumed").count(), currencies.len());
}

#[tokio::test]
async fn a_project_that_is_gone_when_its_payments_are_read_hides_no_others() {
    let sandbox = Sandbox::builder().projects(40).start().await.unwrap();
    let gone =
        FixedAnswer::new(200).body("application/json", r#"{"error":{"code":404,"text":"Не найдено"}}"#);
    sandbox.add_fault(Fault::new().answer(gone).on(Operation::ProjectsPayments));
    let (output, page) = report(
        "gone",
        &["--projects-url", sandbox.url(), "--from", "2020-01-10", "--to", "2020-03-31"],
        "g.html",
    );
    output.ended(65, "Не найдено");
    assert!(page.unwrap().contains("<dt>Income, currency"));
}

#[tokio::test]
async fn a_chart_without_a_bar_says_that_there_is_nothing_to_show() {
    let sandbox = Sandbox::builder().projects(4).start().await.unwrap();
    let servers = ["--history-url", sandbox.url(), "--projects-url", sandbox.url()];
    let (output, page) = report(
        "nothing",
        &[&servers[..], &["--from", "1990-02-01", "--to", "1990-02-28"]].concat(),
        "d.html",
    );
    output.ended(0, "");
    let page = page.unwrap();
    assert_eq!(page.matches("Nothing to show.").count(), 5, "{page}");
    assert!(!page.contains("<div class=\"plot\">") && !page.contains("class=\"heat\""), "{page}");
}

#[tokio::test]
async fn a_longer_time_has_a_column_for_each_week_or_month() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.add_record(activity("2025-01-01", "Задача"));
    for (to, title, first) in
        [("2025-06-30", "by week", "30 Dec 2024"), ("2026-12-31", "by month", "Jan 2025")]
    {
        let flags = ["--history-url", sandbox.url(), "--from", "2025-01-01", "--to", to];
        let (output, page) = report("steps", &flags, "e.html");
        output.ended(0, "");
        let page = page.unwrap();
        assert!(page.contains(title) && page.contains(&format!("<th scope=\"row\">{first}</th>")), "{page}");
    }
}

/// Random numbers that are the same each time.
struct Dice(u64);

impl Dice {
    /// Returns a number below `end`.
    fn roll(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// Returns one of these. Each is as likely as its number says.
    fn choose<T: Copy>(&mut self, weighted: &[(T, u64)]) -> T {
        let mut rolled = self.roll(weighted.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in weighted {
            if rolled < *weight {
                return *item;
            }
            rolled -= weight;
        }
        weighted[0].0
    }
}

/// A company with seven people and thirty clients, and what they did in the first quarter of 2020.
async fn company() -> Sandbox {
    let mut account = Account::default();
    let names = ["Ольга Смирнова", "Иван Кузнецов", "Мария Попова", "Пётр Васильев", "Анна Новикова"];
    for (at, name) in names.iter().enumerate() {
        let mut user = User::new(at as i64 + 3, format!("user{at}@example.test"));
        user.title = (*name).to_owned();
        account.users.push(user);
    }
    let sandbox = Sandbox::builder().accounts([account]).clients(30).projects(80).start().await.unwrap();
    let types = [
        ("исх.Звонок", 34),
        ("вх.Звонок", 26),
        ("Встреча", 9),
        ("исх.Почта", 14),
        ("вх.Почта", 8),
        ("Предложение", 5),
        ("Задача", 6),
        ("Событие", 2),
        ("Отправка КП", 1),
    ];
    let hours = [
        (8, 3),
        (9, 11),
        (10, 17),
        (11, 16),
        (12, 9),
        (13, 6),
        (14, 13),
        (15, 14),
        (16, 11),
        (17, 8),
        (18, 3),
    ];
    let people = [(3, 30), (4, 22), (5, 17), (6, 12), (7, 8), (2, 7), (1, 3), (0, 1)];
    let mut dice = Dice(7);
    let first = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
    for day in first.iter_days().take(91) {
        let is_weekend = day.weekday().num_days_from_monday() > 4;
        let count = if is_weekend { dice.roll(4) } else { 14 + dice.roll(16) + day.day0() as u64 / 3 };
        for _ in 0..count {
            let hour = dice.choose(&hours);
            let clid = if dice.roll(20) == 0 { 0 } else { 1 + (dice.roll(30) * dice.roll(30) / 30) as i64 };
            sandbox.add_record(Record {
                datum: day.and_hms_opt(hour, dice.roll(60) as u32, 0),
                tip: Some(dice.choose(&types).to_owned()),
                iduser: dice.choose(&people),
                clid,
                ..Record::default()
            });
        }
    }
    sandbox
}

/// The pages stay in the folder of temporary files, so that a browser can draw them: `cargo xtask report`.
#[tokio::test]
async fn a_busy_quarter_is_one_page_without_anything_from_outside() {
    let sandbox = company().await;
    let pages = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-pages");
    std::fs::create_dir_all(&pages).unwrap();
    let servers = ["--history-url", sandbox.url(), "--projects-url", sandbox.url(), "--from", "2020-01-01"];
    for (name, to, lang) in [
        ("quarter-en", "2020-03-31", "en"),
        ("quarter-ru", "2020-03-31", "ru"),
        ("month-ru", "2020-01-31", "ru"),
    ] {
        let (output, page) = report(name, &[&servers[..], &["--to", to, "--lang", lang]].concat(), "f.html");
        output.ended(0, "");
        let page = page.unwrap();
        assert_eq!(page.matches("<section").count(), page.matches("</section>").count());
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
        assert!(page.matches("aria-label").count() >= 2 && page.len() < 200_000, "{}", page.len());
        std::fs::write(pages.join(format!("{name}.html")), page).unwrap();
    }
}

#[tokio::test]
async fn without_all_it_needs_it_says_so_and_writes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let range = ["--from", "2026-02-01", "--to", "2026-02-28"];
    let server = ["--history-url", sandbox.url()];
    for (arguments, out, code, word) in [
        (range.to_vec(), "x.html", 64, "--history-url"),
        ([&server[..], &range].concat(), "x.pdf", 64, ".html"),
        (
            [&server[..], &["--from", "2026-02-01", "--to", "2026-01-31"]].concat(),
            "x.html",
            64,
            "--to is before",
        ),
        ([&server[..], &range, &["--apikey", "wrong"]].concat(), "x.html", 77, "401"),
    ] {
        let (ran, written) = report("needs", &arguments, out);
        ran.ended(code, word);
        assert!(written.is_none());
    }
}
