//! `crm report`: the picture shows what the CRMs hold.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use crm_sandbox::{APIKEY, BOSS, Record, SECRET, Sandbox, TOKEN};

use crate::program::{Folder, Ran};

/// Runs it and returns what it wrote.
fn report(arguments: &[&str], out: &str) -> (Ran, Option<String>) {
    let folder = Folder::new(&format!("report-{out}"));
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
    Record { datum, tip: Some(tip.to_owned()), iduser: 1, ..Record::default() }
}

#[tokio::test]
async fn a_type_has_a_bar_for_each_day_its_colour_and_its_number() {
    let sandbox = Sandbox::start().await.unwrap();
    for day in ["2026-02-01", "2026-02-01", "2026-02-03", "2026-02-28", "2026-03-01"] {
        sandbox.add_record(activity(day, "вх.Звонок"));
    }
    for day in ["2026-02-03", "2026-02-04"] {
        sandbox.add_record(activity(day, "<script>alert(1)</script>&\"\u{1b}[2J"));
    }
    let range = ["--from", "2026-02-01", "--to", "2026-02-28"];
    let (output, page) = report(&[&["--history-url", sandbox.url()], &range[..]].concat(), "types.html");
    output.ended(0, "");
    let page = page.unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("6 activities, 2026-02-01 to 2026-02-28"));
    assert!(page.contains("вх.Звонок: 4"));
    assert_eq!(page.matches("fill=\"#99CC00\"").count(), 3 + 1, "three days, and the legend");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot; [2J: 2"));
    assert!(!page.contains("<script") && !page.contains('\u{1b}'));
    let table = output.out;
    assert!(table.lines().any(|line| line.split_whitespace().eq(["вх.Звонок", "4"])), "{table}");
    assert!(!table.contains('\u{1b}'));
}

#[tokio::test]
async fn payments_are_summed_by_kind_and_currency() {
    let sandbox = Sandbox::builder().projects(40).start().await.unwrap();
    let range = ["--from", "2020-01-10", "--to", "2020-03-31"];
    let (output, svg) = report(&[&["--projects-url", sandbox.url()], &range[..]].concat(), "payments.svg");
    output.ended(0, "");
    let days = range[1].parse::<NaiveDate>().unwrap()..=range[3].parse().unwrap();
    let mut sums: BTreeMap<String, (u64, std::collections::BTreeSet<u32>)> = BTreeMap::new();
    for payment in
        sandbox.projects().iter().filter(|project| !project.deleted).flat_map(|project| &project.payments)
    {
        if days.contains(&payment.date) {
            let kind = if payment.income { "in" } else { "out" };
            let sum = sums.entry(format!("{kind}, currency {}", payment.currency_id)).or_default();
            sum.0 += payment.amount;
            sum.1.insert(payment.date.month());
        }
    }
    assert!(sums.len() > 2, "{sums:?}");
    let svg = svg.unwrap();
    assert!(svg.starts_with("<svg "));
    for (name, (sum, _)) in &sums {
        let figure = svg.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        assert_eq!(figure.replace(' ', ""), sum.to_string(), "{name}");
    }
    let bars: usize = sums.values().map(|(_, months)| months.len()).sum();
    let drawn = svg.matches("<rect ").count() - sums.len() - 1;
    assert_eq!(drawn, bars, "a bar for each of them in each month, beside the legend and the paper");
}

#[tokio::test]
async fn a_chart_without_a_bar_says_that_there_is_nothing_to_show() {
    let sandbox = Sandbox::builder().projects(4).start().await.unwrap();
    let of = ["--history-url", sandbox.url(), "--projects-url", sandbox.url()];
    let (output, svg) =
        report(&[&of[..], &["--from", "1990-02-01", "--to", "1990-02-28"]].concat(), "nothing.svg");
    output.ended(0, "");
    let svg = svg.unwrap();
    assert_eq!(svg.lines().filter(|line| *line == "nothing to show").count(), 2, "{svg}");
    assert!(svg.contains("Payments, 1990-02-01 to 1990-02-28") && !svg.contains("<line "), "{svg}");
    let table = output.out;
    assert_eq!(
        table.lines().filter(|line| line.trim_end().ends_with("nothing to show")).count(),
        2,
        "{table}"
    );
}

#[tokio::test]
async fn without_all_it_needs_it_says_so_and_writes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let range = ["--from", "2026-02-01", "--to", "2026-02-28"];
    let of = ["--history-url", sandbox.url()];
    for (arguments, out, code, word) in [
        (range.to_vec(), "x.html", 64, "--history-url"),
        ([&of[..], &range].concat(), "x.pdf", 64, ".html or .svg"),
        ([&of[..], &["--from", "2026-02-01", "--to", "2026-01-31"]].concat(), "x.svg", 64, "--to is before"),
        ([&of[..], &range, &["--apikey", "wrong"]].concat(), "x.svg", 77, "history.tips"),
    ] {
        let (ran, written) = report(&arguments, out);
        ran.ended(code, word);
        assert!(written.is_none());
    }
}
