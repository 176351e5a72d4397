//! What people do before a run of a scene.

use chrono::TimeDelta;
use crm_sandbox::Record;

use crate::draw::Draw;
use crate::mirror_crm::Crm;
use crate::mirror_people::move_in;

/// What people do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// They import so many calls of an earlier year.
    Import(usize),
    /// They give so many old activities a time of these days.
    MoveIn(usize),
    /// They give so many activities of these days an earlier time.
    MoveOut(usize),
    /// They change a contact.
    ChangeContact,
    /// They change a client.
    ChangeClient,
    /// They take so many activities, and a project, from the login.
    Hide(usize),
    /// They give them back.
    Show,
}

/// What the login does not see for a while.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// Activities with their owners.
    activities: Vec<(u64, i64)>,
    projects: Vec<u64>,
}

/// Does it. Returns what was done.
pub(crate) fn carry_out(crm: &Crm, draw: &mut Draw, hidden: &mut Hidden, act: Act) -> String {
    match act {
        Act::Import(count) => import(crm, count),
        Act::MoveIn(most) => move_in(crm, draw, most),
        Act::MoveOut(most) => move_out(crm, most),
        Act::ChangeContact => change_contact(crm, draw),
        Act::ChangeClient => change_client(crm, draw),
        Act::Hide(most) => hide(crm, draw, hidden, most),
        Act::Show => show(crm, std::mem::take(hidden)),
    }
}

fn move_out(crm: &Crm, most: usize) -> String {
    let recent = crm.now() - TimeDelta::days(10);
    let is_recent = |record: &&Record| record.datum.is_some_and(|at| at > recent);
    let ids: Vec<u64> = crm
        .sandbox()
        .with_records(|records| records.filter(is_recent).map(|record| record.cid).take(most).collect());
    for id in &ids {
        crm.note_moved(*id);
        crm.sandbox().change_record(*id, |record| record.datum = Some(recent - TimeDelta::days(100)));
    }
    format!("activities {ids:?} are moved out of these days")
}

fn import(crm: &Crm, count: usize) -> String {
    for _ in 0..count {
        crm.sandbox().add_record(Record {
            datum: Some(crm.now() - TimeDelta::days(2000)),
            content: Some("звонок".to_owned()),
            iduser: 1,
            ..Record::default()
        });
    }
    format!("{count} old activities are imported")
}

fn change_contact(crm: &Crm, draw: &mut Draw) -> String {
    let contacts = crm.sandbox().contacts();
    if contacts.is_empty() {
        return "nothing".to_owned();
    }
    let (id, mobile) = (draw.among(&contacts).pid, format!("+7 (912) {}", draw.number(100_0000, 999_9999)));
    let now = crm.now();
    crm.sandbox().change_contact(id, |contact| {
        contact.mob = Some(mobile);
        contact.date_edit = Some(now);
    });
    format!("contact {id} is changed")
}

fn change_client(crm: &Crm, draw: &mut Draw) -> String {
    let clients = crm.sandbox().clients();
    if clients.is_empty() {
        return "nothing".to_owned();
    }
    let (id, phone) = (draw.among(&clients).clid, format!("+7 (342) {}", draw.number(100_0000, 999_9999)));
    let now = crm.now();
    crm.sandbox().change_client(id, |client| {
        client.phone = Some(phone);
        client.date_edit = Some(now);
    });
    format!("client {id} is changed")
}

fn hide(crm: &Crm, draw: &mut Draw, hidden: &mut Hidden, most: usize) -> String {
    let activities = crm.sandbox().records();
    for _ in 0..most.min(activities.len()) {
        let Record { cid, iduser, .. } = *draw.among(&activities);
        hidden.activities.push((cid, iduser));
        crm.sandbox().change_record(cid, |record| record.iduser = 0);
    }
    let projects = crm.sandbox().projects();
    if !projects.is_empty() {
        let id = draw.among(&projects).id;
        hidden.projects.push(id);
        crm.hide_or_show(id);
    }
    format!("{hidden:?} are hidden")
}

fn show(crm: &Crm, hidden: Hidden) -> String {
    for (id, owner) in &hidden.activities {
        crm.sandbox().change_record(*id, |record| record.iduser = *owner);
    }
    hidden.projects.iter().for_each(|id| crm.hide_or_show(*id));
    format!("{hidden:?} are shown again")
}
