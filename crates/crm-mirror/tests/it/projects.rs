//! Projects and what belongs to them.

use chrono::NaiveDate;
use crm_mirror::{ColumnKind, Mode, Outcome, Sync, Table};
use crm_sandbox::{AnswerEdit, Condition, Fault, FixedAnswer, Operation, Sandbox};

use crate::world::World;

impl World {
    async fn run_projects(&self, change: impl FnOnce(Sync) -> Sync) -> crm_mirror::Report {
        let sync = change(crate::world::sync().projects(&self.projects()));
        self.mirror().await.run(sync).await.unwrap()
    }

    fn child_requests(&self) -> usize {
        let of = |operation| self.count(operation);
        of(Operation::ProjectsSteps)
            + of(Operation::ProjectsActions)
            + of(Operation::ProjectsChecklists)
            + of(Operation::ProjectsGoods)
            + of(Operation::ProjectsPayments)
    }
}

#[tokio::test]
async fn projects_are_copied_with_everything_that_belongs_to_them() {
    let world = World::with(Sandbox::builder().projects(40));
    let report = world.run_projects(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    let active: Vec<_> = world.sandbox.projects().into_iter().filter(|project| !project.deleted).collect();
    let count = |sql: &str| world.query(&format!("SELECT count(*) FROM {sql}"))[0].parse::<usize>().unwrap();
    assert_eq!(count("projects"), active.len());
    assert_eq!(count("project_steps"), active.iter().map(|p| p.steps.len()).sum::<usize>());
    assert_eq!(count("project_actions"), active.iter().map(|p| p.actions.len()).sum::<usize>());
    assert_eq!(count("checklists"), active.iter().map(|p| p.checklists.len()).sum::<usize>());
    assert_eq!(count("goods"), active.iter().map(|p| p.goods.len()).sum::<usize>());
    assert_eq!(count("payments"), active.iter().map(|p| p.payments.len()).sum::<usize>());
    assert_eq!(count("projects WHERE children_read_at IS NULL"), 0);
    assert!(count("payments_by_month") > 0);
    let log = world.log(0).len();
    world.sandbox.clear_requests();
    let report = world.run_projects(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
    assert_eq!(world.child_requests(), 0, "nothing has changed, and no time has passed");
}

#[tokio::test]
async fn children_of_unchanged_projects_are_read_in_rotation() {
    let world = World::with(Sandbox::builder().projects(70));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    let project =
        world.sandbox.projects().into_iter().find(|p| !p.deleted && !p.payments.is_empty()).unwrap();
    let payment = project.payments[0].id;
    world.sandbox.change_project(project.id, |project| {
        project.payments.remove(0);
    });
    let active = world.query("SELECT count(*) FROM projects")[0].parse::<usize>().unwrap();
    let mut most = 0;
    for _ in 0..7 {
        world.hours(24);
        world.sandbox.clear_requests();
        let report = world.run_projects(|sync| sync).await;
        assert!(report.is_complete(), "{report}");
        most = most.max(world.count(Operation::ProjectsGoods));
    }
    assert!(most <= active / 7 + 2, "{most} projects at once");
    assert_eq!(world.log(log), [format!("delete | payments | {payment}")]);
    assert_eq!(world.query("SELECT count(*) FROM projects WHERE children_read_at < '2024-06-26'"), ["0"]);
}

#[tokio::test]
async fn a_changed_project_is_read_with_its_children_at_once() {
    let world = World::with(Sandbox::builder().projects(20));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    let project = world.sandbox.projects().into_iter().find(|p| !p.deleted && !p.goods.is_empty()).unwrap();
    world.sandbox.change_project(project.id, |project| {
        project.price += 1;
        project.goods[0].count += 1;
        let again = project.goods[0].clone();
        project.goods.push(again);
    });
    world.sandbox.clear_requests();
    let report = world.run_projects(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    let good = project.goods[0].id;
    let mut changes = world.log(log);
    changes.sort();
    let expected = [
        format!("insert | goods | {good}"),
        format!("update | goods | {good}"),
        format!("update | projects | {}", project.id),
    ];
    assert_eq!(changes, expected);
    assert_eq!(world.count(Operation::ProjectsGoods), 1);
    let rows = format!(
        "SELECT count(*), max(occurrence) FROM goods WHERE project_id = {} AND id = {good}",
        project.id
    );
    assert_eq!(world.query(&rows), ["2 | 1"]);
}

#[tokio::test]
async fn children_that_cannot_be_decoded_are_read_again_by_the_next_run() {
    let world = World::with(Sandbox::builder().projects(20));
    let unreadable = FixedAnswer::new(200).body("application/json", r#"{"payload":["?"]}"#);
    world.sandbox.add_fault(Fault::new().answer(unreadable).on(Operation::ProjectsGoods).times(2));
    assert!(!world.run_projects(|sync| sync).await.is_complete());
    let report = world.run_projects(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    let active = world.sandbox.projects().into_iter().filter(|project| !project.deleted);
    let goods: usize = active.map(|project| project.goods.len()).sum();
    assert_eq!(world.query("SELECT count(*) FROM goods"), [goods.to_string()]);
}

#[tokio::test]
async fn a_project_is_deleted_when_the_server_lists_it_as_deleted() {
    let world = World::with(Sandbox::builder().projects(20));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    let project = world.sandbox.projects().into_iter().find(|p| !p.deleted && !p.steps.is_empty()).unwrap();
    world.sandbox.change_project(project.id, |project| project.deleted = true);
    let report = world.run_projects(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert!(world.log(log).contains(&format!("delete | projects | {}", project.id)));
    let rest = format!("SELECT count(*) FROM project_steps WHERE project_id = {}", project.id);
    assert_eq!(world.query(&rest), ["0"]);
    let replayed = world.query("SELECT sum(change = 'insert') - sum(change = 'delete') FROM changes WHERE table_name = 'project_steps'");
    assert_eq!(replayed, world.query("SELECT count(*) FROM project_steps"));
}

#[tokio::test]
async fn a_project_that_is_restored_after_a_soft_delete_is_new_with_its_children() {
    let world = World::with(Sandbox::builder().projects(20));
    assert!(world.run_projects(Sync::soft_deletes).await.is_complete());
    let project = world.sandbox.projects().into_iter().find(|p| !p.deleted && !p.steps.is_empty()).unwrap();
    let rows = |deleted: &str| {
        let of = format!("project_id = {} AND deleted_at IS {deleted}", project.id);
        world.query(&format!("SELECT count(*) FROM project_steps WHERE {of}"))
    };
    let steps = project.steps.len().to_string();
    world.sandbox.change_project(project.id, |project| project.deleted = true);
    assert!(world.run_projects(Sync::soft_deletes).await.is_complete());
    assert_eq!((rows("NULL"), rows("NOT NULL")), (vec!["0".to_owned()], vec![steps.clone()]));
    let log = world.log(0).len();
    world.sandbox.change_project(project.id, |project| project.deleted = false);
    assert!(world.run_projects(Sync::soft_deletes).await.is_complete());
    assert_eq!((rows("NULL"), rows("NOT NULL")), (vec![steps], vec!["0".to_owned()]));
    assert!(world.log(log).contains(&format!("insert | projects | {}", project.id)));
    assert!(world.log(log).iter().all(|line| line.starts_with("insert")));
}

#[tokio::test]
async fn a_project_that_two_lists_lack_is_out_of_view_with_its_children_until_it_is_listed_again() {
    let world = World::with(Sandbox::builder().projects(5));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let children = |view: &str| {
        let of = format!("project_id = 1 AND out_of_view_at IS {view}");
        world.query(&format!("SELECT count(*) FROM payments WHERE {of}"))[0].parse::<usize>().unwrap()
    };
    let payments = children("NULL");
    assert!(payments > 0);
    world
        .sandbox
        .add_fault(Fault::new().edit_answer(AnswerEdit::LeaveOut(0)).on(Operation::ProjectsList).always());
    for hours in [0, 2] {
        assert_eq!(children("NULL"), payments);
        world.hours(hours);
        assert!(world.run_projects(|sync| sync).await.is_complete());
    }
    assert_eq!((children("NULL"), children("NOT NULL")), (0, payments));
    world.sandbox.clear_faults();
    assert!(world.run_projects(|sync| sync).await.is_complete());
    assert_eq!((children("NULL"), children("NOT NULL")), (payments, 0));
}

#[tokio::test]
async fn payments_are_summed_without_floats() {
    let world = World::with(Sandbox::builder().projects(40));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let rusqlite = rusqlite::Connection::open(world.path()).unwrap();
    rusqlite.execute_batch("DELETE FROM payments WHERE rowid > 3; UPDATE payments SET kind = 'income', currency_id = 1, date = '2024-02-29'").unwrap();
    for (rowid, amount) in [(1, "0.10"), (2, "0.20"), (3, "-100000000000.31")] {
        rusqlite
            .execute("UPDATE payments SET amount = ?2 WHERE rowid = ?1", rusqlite::params![rowid, amount])
            .unwrap();
    }
    assert_eq!(
        world.query("SELECT month, payments, amount FROM payments_by_month"),
        ["2024-02 | 3 | -100000000000.01"]
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_once_deletes_no_child() {
    let world = World::with(Sandbox::builder().projects(20));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.hours(1);
    world.sandbox.add_fault(Fault::empty_page().on(Operation::ProjectsGoods).after(3).times(5));
    let report = world.run_projects(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    assert!(world.child_requests() > 0);
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
}

#[tokio::test]
async fn children_beyond_a_limit_of_the_server_are_copied() {
    let world = World::with(Sandbox::builder().projects(3));
    let projects = world.sandbox.projects();
    let payment = projects.iter().find_map(|project| project.payments.first()).unwrap().clone();
    for (project, first) in projects.iter().zip([1_000, 2_000, 3_000]) {
        let numbered = |id| {
            let mut payment = payment.clone();
            payment.id = id;
            payment
        };
        let payments = (first..first + 25).map(numbered).collect();
        world.sandbox.change_project(project.id, |project| project.payments = payments);
    }
    world.sandbox.add_fault(Fault::small_pages(10).on(Operation::ProjectsPayments).always());
    assert!(world.run_projects(|sync| sync).await.is_complete());
    assert_eq!(world.query("SELECT count(*) FROM payments"), ["75"]);
}

#[tokio::test]
async fn a_custom_field_becomes_a_column_and_older_rows_are_filled() {
    let world = World::with(Sandbox::builder().projects(20));
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.sandbox.clear_requests();
    let report = world.run_projects(|sync| sync.column("contract_date", ColumnKind::Date)).await;
    assert!(report.is_complete(), "{report}");
    assert!(world.log(log).is_empty(), "a new column does not change a record");
    assert_eq!(world.child_requests(), 0);
    let dates = world.query("SELECT contract_date FROM projects WHERE contract_date IS NOT NULL");
    assert!(!dates.is_empty() && dates[0].parse::<NaiveDate>().is_ok(), "{dates:?}");
    let mirror = world.mirror().await;
    let error = mirror
        .run(crate::world::sync().projects(&world.projects()).column("id", ColumnKind::Text))
        .await
        .unwrap_err();
    assert_eq!(error.field(), Some("column"));
}

#[tokio::test]
async fn too_many_missing_children_stop_the_run_before_it_removes_any() {
    let world = World::with(Sandbox::builder().projects(60));
    let payment = world.sandbox.projects().iter().find_map(|it| it.payments.first().cloned()).unwrap();
    for project in world.sandbox.projects() {
        world.sandbox.change_project(project.id, |project| project.payments = vec![payment.clone()]);
    }
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    for project in world.sandbox.projects() {
        world.sandbox.change_project(project.id, |project| project.payments.clear());
    }
    for _ in 0..3 {
        world.hours(1);
        let report = world.run_projects(|sync| sync.mode(Mode::Full)).await;
        assert!(matches!(report.outcome, Outcome::NeedsPerson(_)), "{report}");
        assert!(world.log(log).is_empty(), "{:?}", world.log(log));
    }
    let report = world.run_projects(|sync| sync.mode(Mode::Full).allow_deletes()).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.query("SELECT count(*) FROM payments"), ["0"]);
    assert_eq!(report.table(Table::Payments).unwrap().updated, 0);
}

impl World {
    /// 80 projects with 8 payments each, and a copy of them.
    async fn with_many_payments() -> Self {
        let world = Self::with(Sandbox::builder().projects(80));
        for project in world.sandbox.projects() {
            world.set_payments(project.id, project.id * 100..project.id * 100 + 8);
        }
        assert!(world.run_projects(|sync| sync).await.is_complete());
        world
    }

    /// Gives a project payments with these IDs, and another name, so that it has changed.
    fn set_payments(&self, id: u64, ids: std::ops::Range<u64>) {
        let payment = self.sandbox.projects().iter().find_map(|it| it.payments.first().cloned()).unwrap();
        let numbered = |id| {
            let mut payment = payment.clone();
            payment.id = id;
            payment
        };
        self.sandbox.change_project(id, |project| {
            project.payments = ids.map(numbered).collect();
            project.name += "!";
        });
    }

    /// The IDs of the first active projects.
    fn first_projects(&self, count: usize) -> Vec<u64> {
        let active = self.sandbox.projects().into_iter().filter(|project| !project.deleted);
        active.map(|project| project.id).take(count).collect()
    }
}

#[tokio::test]
async fn most_children_of_the_few_projects_that_are_read_may_not_be_missing_either() {
    let world = World::with_many_payments().await;
    let log = world.log(0).len();
    // No more than 5 % of the table.
    world.first_projects(3).into_iter().for_each(|id| world.set_payments(id, 0..0));
    for _ in 0..2 {
        let report = world.run_projects(|sync| sync).await;
        assert!(matches!(report.outcome, Outcome::NeedsPerson(_)), "{report}");
        assert_eq!(report.too_many_missing.map(|it| (it.missing, it.rows)), Some((24, 24)));
        assert!(!world.log(log).iter().any(|entry| entry.contains("payments")), "{:?}", world.log(log));
    }
    // Beside all others, they are few.
    world.hours(1);
    let report = world.run_projects(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete() && report.too_many_missing.is_none(), "{report}");
    assert_eq!(report.table(Table::Payments).unwrap().deleted, 24);
}

#[tokio::test]
async fn all_children_of_one_project_may_be_replaced() {
    let world = World::with_many_payments().await;
    let id = world.first_projects(1)[0];
    world.set_payments(id, 100_000..100_025);
    assert!(world.run_projects(|sync| sync).await.is_complete());
    world.set_payments(id, 200_000..200_025);
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let payments = format!("SELECT min(id), max(id) FROM payments WHERE project_id = {id}");
    assert_eq!(world.query(&payments), ["200000 | 200024"]);
}

#[tokio::test]
async fn a_project_that_always_fails_hides_no_other() {
    let world = World::with(Sandbox::builder().projects(60));
    let projects = world.sandbox.projects();
    let first = projects.iter().find(|it| !it.deleted && !it.goods.is_empty()).unwrap().id;
    world.sandbox.change_project(first, |project| project.goods[0].name = "особый".to_owned());
    let of_first = Condition::Shows("особый".to_owned());
    let fault = Fault::bare_status(500).only_if(of_first);
    world.sandbox.add_fault(fault.on(Operation::ProjectsGoods).always());
    let report = world.run_projects(|sync| sync).await;
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    let unread = "SELECT id FROM projects WHERE children_read_at IS NULL";
    assert_eq!(world.query(unread), [first.to_string()]);
}

#[tokio::test]
async fn what_a_run_that_was_cut_has_missed_is_decided_by_the_next_one_although_it_is_cut_too() {
    let world = World::with_many_payments().await;
    let log = world.log(0).len();
    world.set_payments(world.first_projects(1)[0], 0..0);
    let night = async || {
        world.hours(24);
        world.hours_pass_after(Operation::ProjectsPayments, 30, 2);
        let limit = world.now() + std::time::Duration::from_secs(3600);
        let report = world.run_projects(|sync| sync.mode(Mode::Full).until(limit)).await;
        assert!(matches!(report.outcome, Outcome::Stopped), "{report}");
        world.log(log).iter().filter(|entry| entry.starts_with("delete | payments")).count()
    };
    assert_eq!(night().await, 0);
    assert_eq!(night().await, 8);
}

#[tokio::test]
async fn a_list_that_is_not_there_hides_no_other_and_deletes_nothing() {
    let world = World::with(Sandbox::builder().projects(20));
    let gone =
        FixedAnswer::new(200).body("application/json", r#"{"error":{"code":404,"text":"Не найдено"}}"#);
    let rule = |operation| Fault::new().answer(gone.clone()).on(operation).always();
    world.sandbox.add_fault(rule(Operation::ProjectsChecklists));
    // The application says so of an empty list, too.
    assert!(world.run_projects(|sync| sync).await.is_complete());
    let counts = "SELECT (SELECT count(*) > 0 FROM payments), (SELECT count(*) > 0 FROM project_steps),
        (SELECT count(*) > 0 FROM goods), (SELECT count(*) FROM checklists)";
    assert_eq!(world.query(counts), ["1 | 1 | 1 | 0"]);

    let log = world.log(0).len();
    world.sandbox.add_fault(rule(Operation::ProjectsPayments));
    world.hours(1);
    let report = world.run_projects(|sync| sync.mode(Mode::Full)).await;
    let error = report.error().unwrap().to_string();
    assert!(error.contains("the server no longer finds the list"), "{error}");
    assert!(
        !report.table(Table::Payments).unwrap().is_complete
            && report.table(Table::Goods).unwrap().is_complete
    );
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));

    for operation in [Operation::ProjectsSteps, Operation::ProjectsActions, Operation::ProjectsGoods] {
        world.sandbox.add_fault(rule(operation));
    }
    world.hours(1);
    let report = world.run_projects(|sync| sync.mode(Mode::Full)).await;
    assert!(report.error().unwrap().to_string().contains("the server no longer finds the list"), "{report}");
    // Only a project that is not there itself may lack everything.
    world.sandbox.add_fault(rule(Operation::ProjectsInfo));
    assert!(world.run_projects(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
    world.sandbox.clear_faults();
    world.hours(24 * 8);
    assert!(world.run_projects(|sync| sync).await.is_complete());
    assert_eq!(world.query(counts), ["1 | 1 | 1 | 20"]);
    assert!(world.log(log).iter().all(|entry| entry.starts_with("insert | checklists")));

    world.sandbox.add_fault(rule(Operation::ProjectsPayments));
    world.hours(1);
    assert!(world.run_projects(|sync| sync.mode(Mode::Full).allow_deletes()).await.is_complete());
    assert_eq!(world.query("SELECT count(*) FROM payments"), ["0"]);
}

#[tokio::test]
async fn a_server_that_fails_is_not_asked_for_the_other_projects() {
    let world = World::with(Sandbox::builder().projects(60));
    world.sandbox.add_fault(Fault::bare_status(500).on(Operation::ProjectsSteps).after(25).always());
    let report = world.run_projects(|sync| sync).await;
    assert!(matches!(report.outcome, Outcome::RunAgain(_)), "{report}");
    assert!(world.count(Operation::ProjectsSteps) <= 31, "{}", world.count(Operation::ProjectsSteps));
    let read = "SELECT count(*) FROM projects WHERE children_read_at IS NOT NULL";
    assert_eq!(world.query(read), ["25"]);
}

#[tokio::test]
async fn children_beyond_a_limit_of_the_server_are_copied_although_their_ids_came_before() {
    let world = World::with(Sandbox::builder().projects(1));
    let payment = world.sandbox.projects()[0].payments.first().unwrap().clone();
    let numbered = |n: u64| {
        let mut payment = payment.clone();
        payment.id = 1 + n % 20;
        payment
    };
    let payments = (0..25).map(numbered).collect();
    world.sandbox.change_project(1, |project| project.payments = payments);
    world.sandbox.add_fault(Fault::small_pages(20).on(Operation::ProjectsPayments).always());
    let report = world.run_projects(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.query("SELECT count(*) FROM payments"), ["25"]);
}
