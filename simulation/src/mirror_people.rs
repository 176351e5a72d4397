//! What people do in the CRM of a mirror.

use chrono::TimeDelta;
use crm_sandbox::{Client, Contact, Record, User};

use crate::draw::Draw;
use crate::mirror_crm::{Crm, some_time};

/// Lets people do something, mostly with what is copied: the history, the directory, the projects. Returns what.
pub(crate) fn edit(
    crm: &Crm,
    draw: &mut Draw,
    [has_history, has_directory, has_projects]: [bool; 3],
) -> String {
    let what = loop {
        let what = draw.number(0, 23);
        let is_copied = match what {
            0..=9 => has_history,
            10..=17 => has_directory,
            18 => true,
            _ => has_projects,
        };
        if is_copied || draw.chance(0.2) {
            break what;
        }
    };
    match what {
        0..=3 => add_activity(crm, draw),
        4..=8 => change_activity(crm, draw),
        9 if draw.chance(0.3) => {
            let most = draw.skewed(1, 30);
            move_in(crm, draw, most)
        }
        9 => remove_activities(crm, draw),
        10..=13 => change_client(crm, draw),
        14..=16 if draw.chance(0.1) => many_contacts(crm, draw),
        14..=16 => change_contact(crm, draw),
        17 => change_user(crm, draw),
        18 => shift_clock(crm, draw),
        _ => change_project(crm, draw),
    }
}

fn add_activity(crm: &Crm, draw: &mut Draw) -> String {
    let count = if draw.chance(0.1) { draw.size(5, 40) } else { 1 };
    // Old calls are imported.
    let is_old = draw.chance(0.5) && count > 1;
    let mut last = 0;
    for _ in 0..count {
        let at = if is_old { crm.now() - TimeDelta::days(400) } else { some_time(crm, draw) };
        last = crm.sandbox().add_record(Record {
            datum: draw.chance(0.97).then_some(at),
            content: Some(content(draw)),
            tip: Some("вх.Звонок".to_owned()),
            iduser: draw.number(0, 3) as i64,
            clid: *draw.among(&[0, 1, 2, 3, 4]),
            ..Record::default()
        });
    }
    format!("{count} activities are added, the last is {last}")
}

fn content(draw: &mut Draw) -> String {
    let number = draw.number(1, 999);
    match draw.number(0, 3) {
        0 => format!("см. https://x.ru/{number}"),
        1 => format!("и-или {number}"),
        _ => format!("звонок {number}"),
    }
}

fn some_activity(crm: &Crm, draw: &mut Draw) -> u64 {
    // Between two calls about it.
    if draw.chance(0.3)
        && let Some(asked) = crm.asked()
    {
        return asked;
    }
    let ids: Vec<u64> = crm.sandbox().with_records(|records| records.map(|record| record.cid).collect());
    // People edit the latest ones most.
    let recent = ids.len().saturating_sub(draw.skewed(1, 200));
    ids.get(recent).copied().unwrap_or(0)
}

fn change_activity(crm: &Crm, draw: &mut Draw) -> String {
    let id = some_activity(crm, draw);
    let what = draw.number(0, 4);
    let (text, at, owner) = (content(draw), some_time(crm, draw), *draw.among(&[0, 0, 1, 2]));
    let sandbox = crm.sandbox();
    match what {
        0 => drop(sandbox.remove_record(id)),
        1 => {
            crm.note_moved(id);
            sandbox.change_record(id, |record| record.datum = Some(at));
        }
        2 => drop(sandbox.change_record(id, |record| record.iduser = owner)),
        _ => drop(sandbox.change_record(id, |record| record.content = Some(text))),
    }
    format!("activity {id} is changed: {what}")
}

/// Somebody gives old activities, one after the other, a time of these days.
pub(crate) fn move_in(crm: &Crm, draw: &mut Draw, most: usize) -> String {
    let old = crm.now() - TimeDelta::days(20);
    let mut ids: Vec<u64> = crm.sandbox().with_records(|records| {
        records.filter(|record| record.datum.is_some_and(|at| at < old)).map(|record| record.cid).collect()
    });
    ids.drain(..draw.size(0, ids.len()));
    ids.truncate(most);
    let at = crm.now() - TimeDelta::hours(draw.number(0, 24 * 7) as i64);
    for id in &ids {
        crm.note_moved(*id);
        crm.sandbox().change_record(*id, |record| record.datum = Some(at));
    }
    format!("activities {ids:?} are moved to {at}")
}

fn remove_activities(crm: &Crm, draw: &mut Draw) -> String {
    let from = some_activity(crm, draw);
    let most = draw.skewed(1, 60);
    let hides = draw.chance(0.3);
    let ids: Vec<u64> = crm.sandbox().with_records(|records| {
        records.map(|record| record.cid).filter(|id| *id >= from).take(most).collect()
    });
    for id in &ids {
        if hides {
            crm.sandbox().change_record(*id, |record| record.iduser = 0);
        } else {
            crm.sandbox().remove_record(*id);
        }
    }
    format!("{} activities from {from} on are {}", ids.len(), if hides { "hidden" } else { "removed" })
}

fn change_client(crm: &Crm, draw: &mut Draw) -> String {
    let (sandbox, now) = (crm.sandbox(), crm.now());
    let ids: Vec<i64> = sandbox.clients().iter().map(|client| client.clid).collect();
    let id = if ids.is_empty() { 0 } else { *draw.among(&ids) };
    let phone = format!("+7 (342) {}", draw.number(100_0000, 999_9999));
    match draw.number(0, 5) {
        0 => format!("client {} is added", sandbox.add_client(Client::new("Новый", 1, now))),
        1 => {
            let from = ids.iter().position(|other| *other == id).unwrap_or(0);
            let count = if draw.chance(0.1) { draw.size(20, 40) } else { 1 };
            let gone: Vec<i64> = ids.iter().skip(from).take(count).copied().collect();
            for id in &gone {
                sandbox.delete_client(*id);
            }
            format!("{} clients from {id} on are deleted", gone.len())
        }
        2 => {
            // A backup is played back.
            let back = Client { clid: draw.number(3, 40) as i64, ..Client::new("Снова", 1, now) };
            if ids.contains(&back.clid) {
                return format!("client {} is still there", back.clid);
            }
            format!("client {} is there again", sandbox.add_client(back))
        }
        _ => {
            sandbox.change_client(id, |client| {
                client.phone = Some(phone);
                client.date_edit = Some(now);
            });
            format!("client {id} is changed")
        }
    }
}

fn change_contact(crm: &Crm, draw: &mut Draw) -> String {
    let (sandbox, now) = (crm.sandbox(), crm.now());
    let ids: Vec<i64> = sandbox.contacts().iter().map(|contact| contact.pid).collect();
    let id = if ids.is_empty() { 0 } else { *draw.among(&ids) };
    let mobile = format!("+7 (912) {}", draw.number(100_0000, 999_9999));
    let owner = *draw.among(&[0, 1, 1, 2]);
    match draw.number(0, 5) {
        0 => {
            let contact =
                Contact {
                    person: "Новый".to_owned(), iduser: 1, date_create: now, ..Contact::default()
                };
            format!("contact {} is added", sandbox.add_contact(contact))
        }
        1 => {
            sandbox.delete_contact(id);
            format!("contact {id} is deleted")
        }
        _ => {
            sandbox.change_contact(id, |contact| {
                contact.mob = Some(mobile);
                contact.iduser = owner;
                contact.date_edit = Some(now);
            });
            format!("contact {id} is changed, and belongs to {owner}")
        }
    }
}

/// Somebody imports contacts, or changes many of them at once.
fn many_contacts(crm: &Crm, draw: &mut Draw) -> String {
    let (sandbox, now, count) = (crm.sandbox(), crm.now(), draw.size(10, 70));
    if draw.chance(0.5) {
        for number in 0..count {
            let person = format!("Новый {number}");
            sandbox.add_contact(Contact { person, iduser: 1, date_create: now, ..Contact::default() });
        }
        return format!("{count} contacts are imported");
    }
    let contacts = sandbox.contacts();
    for contact in contacts.iter().take(count) {
        let mobile = format!("+7 (912) {}", draw.number(100_0000, 999_9999));
        sandbox.change_contact(contact.pid, |contact| {
            contact.mob = Some(mobile);
            contact.date_edit = Some(now);
        });
    }
    format!("the first {count} contacts are changed")
}

fn change_user(crm: &Crm, draw: &mut Draw) -> String {
    let (what, mobile) = (draw.number(0, 2), format!("+7901{}", draw.number(100_0000, 999_9999)));
    crm.sandbox().change_account(0, |account| match what {
        0 if account.users.iter().all(|user| user.id != 3) => {
            account.users.push(User::new(3, "new@example.test"));
        }
        0 => account.users.retain(|user| user.id != 3),
        1 => account.users[1].mobile = mobile,
        _ => account.users[1].title = format!("Продавец {mobile}"),
    });
    format!("a user is changed: {what}")
}

fn shift_clock(crm: &Crm, draw: &mut Draw) -> String {
    let shift = draw.number(0, 6) as i32 - 3;
    crm.sandbox().change_account(0, |account| account.users[0].tzone = Some(shift));
    format!("the clock of the login is shifted by {shift} hours")
}

fn change_project(crm: &Crm, draw: &mut Draw) -> String {
    let ids: Vec<u64> = crm.sandbox().projects().iter().map(|project| project.id).collect();
    if ids.is_empty() {
        return "nothing".to_owned();
    }
    let (id, what, number) = (*draw.among(&ids), draw.number(0, 9), draw.number(1, 999));
    if what == 9 {
        crm.hide_or_show(id);
    }
    // More than fit into one answer.
    let many = if what == 7 && draw.chance(0.3) { draw.number(9, 25) } else { 1 };
    crm.sandbox().change_project(id, |project| match what {
        0 => project.deleted = !project.deleted,
        1 | 2 => project.price = number,
        3 => drop(project.payments.pop()),
        4 => project.goods.iter_mut().take(1).for_each(|good| good.count = number),
        5 => {
            let again = project.goods.first().cloned();
            project.goods.extend(again);
        }
        6 => drop(project.goods.pop()),
        7 => {
            let first = project.payments.first().cloned();
            let payments = (0..many).filter_map(|place| {
                let mut payment = first.clone()?;
                (payment.id, payment.amount) = (1000 * (place + 1) + number, number);
                Some(payment)
            });
            project.payments.extend(payments);
        }
        9 => {}
        _ => project.steps.iter_mut().take(1).for_each(|step| step.date += TimeDelta::days(1)),
    });
    format!("project {id} is changed: {what}")
}
