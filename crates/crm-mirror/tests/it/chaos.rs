//! A CRM that people edit while faulty runs copy it, from seeds.

use std::collections::BTreeMap;

use chrono::{Days, TimeDelta};
use crm_mirror::{ChangeFilter, ChangeKind, Mirror, Mode, SqliteStore, Table, Texts};
use crm_sandbox::{Fault, Operation, PageChange, Record, Rule, Sandbox};

use crate::failing_store::{FailingStore, Failure};
use crate::killed::{Rows, replayed, rows};
use crate::world::{World, time};

struct Chaos {
    random: fastrand::Rng,
    world: World,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let builder = Sandbox::builder()
            .records(random.u64(0..450))
            .clients(random.u64(0..230))
            .contacts(random.u64(0..20))
            .projects(random.u64(0..25));
        Self { random, world: World::with(builder) }
    }

    /// What people do in the CRM.
    fn edit(&mut self) {
        let (random, sandbox) = (&mut self.random, &self.world.sandbox);
        for _ in 0..random.usize(0..12) {
            let records = sandbox.records();
            let some = random.choice(&records).map_or(0, |record| record.cid);
            let at = time("2024-06-25 10:00:00") + Days::new(20) - TimeDelta::hours(random.i64(0..2000));
            match random.u32(0..11) {
                0..=2 => {
                    let content = ["звонок", "см. https://x.ru/a", "и-или", "<b>жирно</b>"];
                    sandbox.add_record(Record {
                        datum: Some(at),
                        content: random.choice(content).map(str::to_owned),
                        iduser: random.i64(0..3),
                        clid: 1,
                        ..Record::default()
                    });
                }
                3 => drop(sandbox.remove_record(some)),
                4 => drop(
                    sandbox.change_record(some, |record| record.content = Some("правка / другая".to_owned())),
                ),
                5 => drop(sandbox.change_record(some, |record| record.datum = Some(at))),
                6 => {
                    let owner = random.i64(0..3);
                    sandbox.change_record(some, |record| record.iduser = owner);
                }
                7 => {
                    let id = random.i64(1..20);
                    let edited = at.with_year_of_now(&self.world);
                    sandbox.change_contact(id, |contact| {
                        contact.person = format!("Имя {edited}");
                        contact.date_edit = Some(edited);
                    });
                }
                8 => drop(sandbox.delete_client(random.i64(3..200))),
                9 => {
                    let id = random.u64(1..25);
                    let (deleted, price) = (random.u32(0..4) == 0, random.u64(1..1000));
                    sandbox.change_project(id, |project| {
                        project.price = price;
                        project.deleted = deleted;
                        project.payments.truncate(1);
                    });
                }
                _ => {
                    let id = random.u64(1..25);
                    sandbox.change_project(id, |project| {
                        project.payments.pop();
                    });
                }
            }
        }
        if self.random.u32(0..8) == 0 {
            let shift = self.random.i32(-3..4);
            self.world.sandbox.change_account(0, |account| account.users[0].tzone = Some(shift));
        }
    }

    /// What goes wrong on the way.
    fn fail(&mut self) {
        const LISTS: [Operation; 5] = [
            Operation::HistoryList,
            Operation::ClientList,
            Operation::PersonList,
            Operation::ProjectsList,
            Operation::UserList,
        ];
        const OTHERS: [Operation; 5] = [
            Operation::HistoryInfo,
            Operation::HistoryTips,
            Operation::UserInfo,
            Operation::ProjectsPayments,
            Operation::ProjectsSteps,
        ];
        for _ in 0..self.random.usize(0..4) {
            let random = &mut self.random;
            let faults: [fn() -> Fault; 11] = [
                Fault::empty_page,
                Fault::null_page,
                Fault::repeated_page,
                Fault::doubled_records,
                Fault::database_down,
                Fault::too_many_connections,
                || Fault::short_pages(50, true),
                || Fault::gateway_page(502),
                || Fault::firewall_page(403),
                || Fault::cut_body(None),
                || {
                    Fault::change_between_pages(PageChange {
                        add: 2,
                        delete: 2,
                        edit: 2,
                        ..PageChange::default()
                    })
                },
            ];
            let fault = faults[random.usize(0..faults.len())];
            let rule: Rule = if random.bool() {
                fault().on(LISTS[random.usize(0..LISTS.len())])
            } else {
                fault().on(OTHERS[random.usize(0..OTHERS.len())])
            };
            let rule = rule.after(random.u64(0..5));
            self.world.sandbox.add_fault(if random.bool() { rule.times(1) } else { rule.times(3) });
        }
    }

    async fn run(&mut self) {
        let world = &self.world;
        let mut sync = crate::world::sync()
            .history(&world.history())
            .directory(&world.directory())
            .projects(&world.projects())
            .allow_deletes();
        sync = sync.mode([Mode::Auto, Mode::Quick, Mode::Full][self.random.usize(0..3)]);
        sync = sync.texts([Texts::AsListed, Texts::Changed, Texts::All][self.random.usize(0..3)]);
        let failures = [Failure::Before, Failure::After, Failure::KilledBefore, Failure::KilledAfter];
        let failure = failures[self.random.usize(0..4)];
        let store = FailingStore::new(
            SqliteStore::open(world.path()).await.unwrap(),
            self.random.usize(1..300),
            failure,
        );
        let mirror = world.with_clock(Mirror::with_store(store.clone()));
        tokio::select! {
            _ = mirror.run(sync) => {}
            () = store.killed() => {}
        }
        self.check(&mirror).await;
    }

    /// Nothing that is there was ever deleted, and the change log gives the copy.
    async fn check(&self, mirror: &Mirror) {
        let sandbox = &self.world.sandbox;
        for change in mirror.changes(&ChangeFilter::new().limit(u32::MAX)).await.unwrap() {
            if change.kind != ChangeKind::Delete {
                continue;
            }
            let id = change.key.id.unsigned_abs();
            match change.table {
                Table::Activities => assert!(sandbox.record(id).is_none(), "activity {id} was deleted"),
                Table::Clients | Table::Contacts | Table::Users | Table::ActivityTypes => {
                    panic!("{} {id} was deleted", change.table)
                }
                _ => {}
            }
        }
        assert_eq!(rows(mirror).await, replayed(mirror).await);
    }
}

trait WithYearOfNow {
    fn with_year_of_now(self, world: &World) -> chrono::NaiveDateTime;
}

impl WithYearOfNow for chrono::NaiveDateTime {
    /// Returns the time of the server, so that the edit is new.
    fn with_year_of_now(self, world: &World) -> chrono::NaiveDateTime {
        let now = world.now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = chrono::DateTime::from_timestamp(i64::try_from(now.as_secs()).unwrap(), 0).unwrap();
        now.naive_utc().max(self)
    }
}

async fn story(seed: u64) {
    let mut chaos = Chaos::new(seed);
    for _ in 0..4 {
        chaos.edit();
        chaos.fail();
        chaos.run().await;
        chaos.world.sandbox.clear_faults();
        chaos.world.hours(chaos.random.i64(0..40));
    }
    chaos.edit();
    let world = chaos.world;
    let sync = |world: &World| {
        crate::world::sync()
            .history(&world.history())
            .directory(&world.directory())
            .projects(&world.projects())
            .mode(Mode::Full)
            .texts(Texts::All)
            .allow_deletes()
    };
    let mirror = world.mirror().await;
    for _ in 0..2 {
        let report = mirror.run(sync(&world)).await.unwrap();
        assert!(report.is_complete(), "{report}");
        world.hours(2);
    }
    let copy = rows(&mirror).await;
    assert_eq!(copy, replayed(&mirror).await);
    let shift = world.query("SELECT coalesce(max(value), 0) FROM mirror_settings WHERE name = 'shift'");
    let other = world.with_another_copy();
    let fresh = other.mirror().await;
    assert!(fresh.run(sync(&other)).await.unwrap().is_complete());
    let seen: Rows = copy.into_iter().filter(|(_, (_, in_view))| *in_view).collect();
    let expected = rows(&fresh).await;
    // A row keeps the time as it was read when the row was written.
    let has_shift =
        shift != ["0"] || other.query("SELECT 1 FROM runs WHERE shift_hours IS NOT NULL") == ["1"];
    let normal = |rows: Rows| -> Rows { if has_shift { without_times(rows) } else { rows } };
    let (seen, expected) = (normal(seen), normal(expected));
    let keys = |rows: &Rows| rows.keys().copied().collect::<Vec<_>>();
    assert_eq!(keys(&seen), keys(&expected));
    for (key, row) in seen {
        assert_eq!(row, expected[&key], "{key:?}");
    }
}

fn without_times(rows: Rows) -> Rows {
    let mut without = BTreeMap::new();
    for (key, (mut raw, in_view)) in rows {
        for time in ["datum", "date_create", "date_edit"] {
            if let Some(object) = raw.as_object_mut() {
                object.remove(time);
            }
        }
        without.insert(key, (raw, in_view));
    }
    without
}

/// `CRM_MIRROR_TEST_SEEDS=1000` runs more of them, `CRM_MIRROR_TEST_FIRST_SEED=77` begins with another one.
#[tokio::test]
async fn a_copy_is_right_after_the_last_full_run_whatever_came_before() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
    };
    let first = number("CRM_MIRROR_TEST_FIRST_SEED", 0);
    for seed in first..first + number("CRM_MIRROR_TEST_SEEDS", 12) {
        println!("seed {seed}");
        story(seed).await;
    }
}
