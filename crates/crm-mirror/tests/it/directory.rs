//! Users, clients, contacts and their telephone numbers.

use crm_mirror::{Mode, Sync, Table};
use crm_sandbox::{Fault, Operation, RequestEdit};

use crate::world::{World, time};

impl World {
    async fn run_directory(&self, change: impl FnOnce(Sync) -> Sync) -> crm_mirror::Report {
        let sync = change(crate::world::sync().directory(&self.directory()));
        self.mirror().await.run(sync).await.unwrap()
    }
}

#[tokio::test]
async fn users_clients_and_contacts_are_copied_with_their_numbers() {
    let world = World::with(crm_sandbox::Sandbox::builder().clients(250).contacts(250));
    let report = world.run_directory(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Clients).unwrap().inserted, 252);
    assert_eq!(report.table(Table::Contacts).unwrap().inserted, 252);
    assert_eq!(
        world.query("SELECT login, role IS NOT NULL FROM users ORDER BY id")[0],
        "boss@example.test | 1"
    );
    // "Who called" is answered from the copy.
    let number = crm_sandbox::generated_phone(crm_sandbox::Generated::Contact, 17);
    let tail = crm_directory::phone_numbers_in(&number)[0].tail().to_owned();
    let who = format!("SELECT contact_id FROM phones WHERE tail = '{tail}' AND contact_id IS NOT NULL");
    assert_eq!(world.query(&who), ["17"]);
    let log = world.log(0).len();
    let report = world.run_directory(|sync| sync.mode(Mode::Full)).await;
    assert!(report.is_complete(), "{report}");
    assert!(world.log(log).is_empty(), "{:?}", world.log(log));
}

#[tokio::test]
async fn a_quick_run_finds_new_and_changed_clients_and_contacts() {
    let world = World::with(crm_sandbox::Sandbox::builder().clients(300).contacts(300));
    assert!(world.run_directory(|sync| sync).await.is_complete());
    let log = world.log(0).len();
    world.hours(24);
    let now = time("2024-06-26 10:00:00");
    // The contacts of a client show its name, so another field is changed.
    world.sandbox.change_client(30, |client| {
        client.phone = Some("+7 (342) 999-88-77".to_owned());
        client.date_edit = Some(now);
    });
    world.sandbox.change_contact(40, |contact| {
        contact.mob = Some("+7 (999) 111-22-33".to_owned());
        contact.date_edit = Some(now);
    });
    let new = world.sandbox.add_client(crm_sandbox::Client::new("Новый", 1, now));
    let report = world.run_directory(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.mode, Mode::Quick);
    let mut changes = world.log(log);
    changes.sort();
    let expected = [
        format!("insert | clients | {new}"),
        "update | clients | 30".to_owned(),
        "update | contacts | 40".to_owned(),
    ];
    assert_eq!(changes, expected);
    assert_eq!(
        world.query("SELECT number FROM phones WHERE contact_id = 40 AND field = 'mobile'"),
        ["79991112233"]
    );
}

#[tokio::test]
async fn a_client_is_out_of_view_when_two_complete_lists_an_hour_apart_lack_it() {
    let world = World::with(crm_sandbox::Sandbox::builder().clients(10).contacts(10));
    assert!(world.run_directory(|sync| sync).await.is_complete());
    world.sandbox.delete_client(5);
    assert!(world.run_directory(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert!(world.run_directory(|sync| sync.mode(Mode::Full)).await.is_complete());
    let marks = || world.query("SELECT id FROM changes WHERE table_name = 'clients' AND change <> 'insert'");
    assert!(marks().is_empty(), "less than an hour");
    world.hours(1);
    // An incomplete list proves nothing.
    world.sandbox.add_fault(Fault::database_down().on(Operation::ClientList).always());
    assert!(!world.run_directory(|sync| sync.mode(Mode::Full)).await.is_complete());
    world.sandbox.clear_faults();
    assert!(marks().is_empty());
    assert!(world.run_directory(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert_eq!(marks(), ["5"]);
    assert!(world.run_directory(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert_eq!(marks().len(), 1);
    assert_eq!(world.query("SELECT name IS NOT NULL FROM clients WHERE id = 5"), ["1"]);
}

#[tokio::test]
async fn a_page_of_contacts_that_is_empty_by_mistake_hides_no_change() {
    let world = World::with(crm_sandbox::Sandbox::builder().contacts(10));
    assert!(world.run_directory(|sync| sync).await.is_complete());
    world.hours(24);
    world.sandbox.change_contact(4, |contact| {
        contact.mob = Some("+7 (999) 111-22-33".to_owned());
        contact.date_edit = Some(time("2024-06-26 10:00:00"));
    });
    for fault in [Fault::empty_page(), Fault::doubled_records()] {
        world.sandbox.add_fault(fault.on(Operation::PersonList).times(1));
        assert!(!world.run_directory(|sync| sync.mode(Mode::Quick)).await.is_complete());
        world.sandbox.clear_faults();
    }
    assert!(world.run_directory(|sync| sync.mode(Mode::Quick)).await.is_complete());
    assert_eq!(world.query("SELECT mobile FROM contacts WHERE id = 4"), ["+7 (999) 111-22-33"]);
}

#[tokio::test]
async fn a_quick_run_reads_all_contacts_if_the_changed_ones_may_be_in_the_order_of_creation() {
    let world = World::with(crm_sandbox::Sandbox::builder().contacts(400));
    for contact in world.sandbox.contacts() {
        world.sandbox.change_contact(contact.pid, |contact| contact.date_edit = None);
    }
    assert!(world.run_directory(|sync| sync).await.is_complete());
    // In the order of creation, contact 1 comes first and contact 201 is on another page. That page looks sorted by change.
    for id in [1, 201] {
        world.sandbox.change_contact(id, |contact| {
            contact.mob = Some("+7 (912) 3456780".to_owned());
            contact.date_edit = Some(time("2024-06-25 10:00:00"));
        });
    }
    let ignored = RequestEdit::Ignore(vec!["order".to_owned(), "first".to_owned()]);
    let rule = Fault::new().edit_request(ignored).on(Operation::PersonList).after(1).times(1);
    world.sandbox.add_fault(rule);
    let report = world.run_directory(|sync| sync).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.table(Table::Contacts).unwrap().updated, 2);

    // The next run has no reason to read all of them.
    world.sandbox.clear_requests();
    assert!(world.run_directory(|sync| sync).await.is_complete());
    assert_eq!(world.count(Operation::PersonList), 2);
}

#[tokio::test]
async fn a_quick_run_copies_a_contact_that_a_deletion_moves_to_a_page_that_was_read() {
    let world = World::with(crm_sandbox::Sandbox::builder().contacts(300));
    assert!(world.run_directory(|sync| sync).await.is_complete());
    world.hours(24);
    for id in 1..=300 {
        world.sandbox.change_contact(id, |contact| {
            contact.mob = Some("+7 (999) 111-22-33".to_owned());
            contact.date_edit = Some(time("2024-06-26 10:00:00") + chrono::TimeDelta::seconds(id));
        });
    }
    // The first answer has the newest contacts, the second one the first page of those that were changed. Its first contact
    // is deleted, so the first one of the second page moves to the first.
    world.meanwhile(Operation::PersonList, 2, |sandbox| {
        sandbox.delete_contact(300);
    });
    let report = world.run_directory(|sync| sync.mode(Mode::Quick)).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(world.query("SELECT count(*) FROM contacts WHERE mobile = '+7 (999) 111-22-33'"), ["300"]);
}

#[tokio::test]
async fn a_user_whom_one_list_lacks_is_copied_and_stays_in_view() {
    let world = World::new();
    // The first run does not know the user yet.
    for _ in 0..2 {
        let cut = Fault::new().edit_answer(crm_sandbox::AnswerEdit::Shorten(1));
        world.sandbox.add_fault(cut.on(Operation::UserList).times(1));
        assert!(world.run_directory(|sync| sync).await.is_complete());
        assert_eq!(world.query("SELECT count(*) FROM users WHERE out_of_view_at IS NULL"), ["2"]);
    }
    world.sandbox.clear_faults();
    world.sandbox.add_fault(Fault::empty_page().on(Operation::UserList).times(1));
    assert!(!world.run_directory(|sync| sync).await.is_complete());
}

#[tokio::test]
async fn forget_removes_a_person_everywhere() {
    let world = World::with(crm_sandbox::Sandbox::builder().contacts(10));
    world.sandbox.change_contact(7, |contact| {
        contact.person = "Тайнов Тихон".to_owned();
        contact.mob = Some("+7 999 111-22-33".to_owned());
    });
    let record = crm_sandbox::Record {
        datum: Some(time("2024-01-10 10:00:00")),
        content: Some("звонок".to_owned()),
        iduser: 1,
        clid: 1,
        pid: "7".to_owned(),
        ..crm_sandbox::Record::default()
    };
    world.sandbox.add_record(record);
    let sync = || crate::world::sync().history(&world.history()).directory(&world.directory());
    let mirror = world.mirror().await;
    assert!(mirror.run(sync()).await.unwrap().is_complete());
    let bytes = |name: &str| {
        let text = std::fs::read(world.scratch.path().join(name)).unwrap_or_default();
        let name = "Тайнов".as_bytes();
        text.windows(name.len()).any(|window| window == name)
    };
    assert!(bytes("crm.db") || bytes("crm.db-wal"));
    world.sandbox.delete_contact(7);
    assert!(mirror.forget(Table::Contacts, 7).await.unwrap() > 2);
    assert_eq!(world.query("SELECT count(*) FROM contacts WHERE id = 7"), ["0"]);
    assert_eq!(world.query("SELECT count(*) FROM phones WHERE contact_id = 7"), ["0"]);
    assert_eq!(world.query("SELECT count(*) FROM changes WHERE table_name = 'contacts' AND id = 7"), ["0"]);
    assert!(!bytes("crm.db") && !bytes("crm.db-wal"), "the name is still in the file");
}

#[tokio::test]
async fn forget_removes_the_deleted_activities_about_a_client() {
    let world = World::with(crm_sandbox::Sandbox::builder().clients(10));
    for clid in [5, 6] {
        world.sandbox.add_record(crm_sandbox::Record {
            datum: Some(time("2024-01-10 10:00:00")),
            content: Some(format!("личное о клиенте {clid}")),
            iduser: 1,
            clid,
            ..crm_sandbox::Record::default()
        });
    }
    let mirror = world.mirror().await;
    let sync =
        || crate::world::sync().history(&world.history()).directory(&world.directory()).mode(Mode::Full);
    assert!(mirror.run(sync()).await.unwrap().is_complete());
    world.sandbox.delete_client(5);
    assert!(mirror.run(sync()).await.unwrap().is_complete());
    let texts = |clid: u32| {
        let of = format!("coalesce(before, '') || coalesce(after, '') LIKE '%личное о клиенте {clid}%'");
        world.query(&format!("SELECT count(*) FROM changes WHERE {of}"))[0].parse::<u32>().unwrap()
    };
    assert_eq!((texts(5), texts(6)), (2, 1));
    mirror.forget(Table::Clients, 5).await.unwrap();
    mirror.forget(Table::Clients, 6).await.unwrap();
    assert_eq!((texts(5), texts(6)), (0, 1), "the CRM still has the activity about client 6");
}

#[tokio::test]
async fn contacts_show_a_shift_of_the_clock_that_the_activities_do_not_show() {
    let world = World::with(crm_sandbox::Sandbox::builder().records(5).contacts(20));
    let both = |sync: Sync| sync.directory(&world.directory()).allow_deletes();
    let shift = |hours| world.sandbox.change_account(0, |account| account.users[0].tzone = Some(hours));
    assert!(world.run(both).await.is_complete());
    // None of the known activities is left, and new ones show no shift.
    shift(-1);
    for record in world.sandbox.records() {
        world.sandbox.remove_record(record.cid);
    }
    for day in 10..22 {
        world.add(&format!("2024-06-{day} 10:00:00"), "новое");
    }
    assert!(world.run(|sync| both(sync).mode(Mode::Full)).await.is_complete());
    // The activities are compared by the clock that the contacts have shown.
    assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
    shift(0);
    assert!(world.run(|sync| sync.mode(Mode::Full)).await.is_complete());
    assert_eq!(world.query("SELECT shift_hours FROM runs"), ["-", "-1", "-", "1"]);
    assert_eq!(world.query("SELECT count(*) FROM changes WHERE change = 'update'"), ["0"]);
}
