//! Users, clients and contacts.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use crm_directory::operations::{UserInfo, UserKey};
use crm_directory::{
    ClientExport, ClientQuery, Contact, ContactOrder, ContactQuery, DirectoryClient, Page, User,
};
use crm_history::{Texts, UserId};
use crm_transport::Error;
use futures_util::FutureExt;

use super::merge::{Details, Merge, merge_some};
use super::missing::{Fate, Rule, is_gone};
use super::{Run, Step, contradiction};
use crate::records::Copied;
use crate::row::Key;
use crate::store::{Missing, RUN, Range};
use crate::table::Table;
use crate::time::to_utc;
use crm_history::engine::mutations::breaks;

/// What was read of a list of contacts.
struct RecentContacts {
    /// How many contacts it was.
    contacts: u64,
    /// Whether one of its pages is in the order of creation, newest first.
    is_in_order_of_creation: bool,
}

impl Run<'_> {
    /// Copies the users. The server returns all of them at once, without telephone numbers and roles.
    pub(super) async fn users(&mut self, directory: &DirectoryClient) -> Step {
        const TABLE: Table = Table::Users;
        self.begin_table(TABLE);
        let client = directory.clone();
        let fetch = move |user: User| {
            let client = client.clone();
            async move {
                match client.run(&UserInfo::new(UserKey::Id(user.id))).await {
                    Ok(whole) => Ok(Some(whole)),
                    Err(error) if is_gone(&error, GONE) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        let is_full = self.is_full(TABLE);
        let texts = if is_full { Texts::All } else { Texts::Changed };
        self.check_time()?;
        // One answer may be cut. Two do not lack the same users by chance.
        let mut page = whole_list_of_users(directory).await?;
        if !breaks("a-user-is-missing-twice") {
            let again = whole_list_of_users(directory).await?;
            page.items.extend(again.items);
            page.unreadable.extend(again.unreadable);
        }
        let mut merge = Merge::new(Details::new(texts, Arc::new(fetch)));
        let mut users = page.items;
        users.sort_by_key(|user| user.id.0);
        users.dedup_by_key(|user| user.id.0);
        for user in users {
            merge.push(self, user).await?;
        }
        if let Some(unreadable) = page.unreadable.first() {
            self.add_unreadable(
                TABLE,
                Error::incomplete(RUN, format!("a user cannot be decoded: {unreadable}")),
            );
            return merge.stop(self).await;
        }
        merge.finish(self).await?;
        let ask = |id: i64| {
            async move {
                let user = UserInfo::new(UserKey::Id(UserId(id.unsigned_abs())));
                match directory.run(&user).await {
                    Ok(_) => Ok(Fate::OutOfView),
                    Err(error) if is_gone(&error, GONE) => Ok(Fate::Deleted),
                    Err(error) => Err(error),
                }
            }
            .boxed()
        };
        self.settle_missing(TABLE, &Rule::Ask(&ask)).await?;
        self.complete(TABLE, is_full, Vec::new()).await
    }

    pub(super) async fn clients(&mut self, directory: &DirectoryClient) -> Step {
        const TABLE: Table = Table::Clients;
        self.begin_table(TABLE);
        let read = (CLIENTS_READ.to_owned(), self.started_at.to_string());
        if !self.is_full(TABLE)
            && let Some(since) = self.read_before(CLIENTS_READ)
        {
            // Times are those of the login's clock, so the range is wide.
            let until = self.utc() + TimeDelta::days(2);
            let mut export = directory.changed(since, until);
            self.take_clients(&mut export, None).await?;
            if self.take_verdict(&export.finish())?
                || breaks("clients-are-read-again-after-an-incomplete-list")
            {
                self.complete(TABLE, false, vec![read]).await?;
            }
            return Ok(());
        }
        let mut export = directory.export_clients(ClientQuery::new());
        let mut seen = Vec::new();
        self.take_clients(&mut export, Some(&mut seen)).await?;
        if !self.take_verdict(&export.finish())? {
            return Ok(());
        }
        seen.sort_unstable();
        self.mark_unseen(TABLE, &seen).await?;
        self.settle_missing(TABLE, &Rule::TwoLists).await?;
        self.complete(TABLE, true, vec![read]).await
    }

    /// Merges clients as they come: newest first, not by ID.
    async fn take_clients(&mut self, export: &mut ClientExport, mut seen: Option<&mut Vec<i64>>) -> Step {
        let mut some = Vec::new();
        loop {
            let record = export.next().await;
            let is_over = record.is_none();
            if let Some(Ok(record)) = record {
                if let Some(seen) = &mut seen {
                    seen.extend(record.key().map(|key| key.id));
                }
                some.push(record);
            }
            if some.len() >= TOGETHER || is_over {
                merge_some(self, &Details::none(), std::mem::take(&mut some)).await?;
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// Marks the rows in view whose ID is not among these, which are sorted.
    async fn mark_unseen(&mut self, table: Table, seen: &[i64]) -> Step {
        let mut after = Key::default();
        loop {
            let range = Range { after, ..Range::of_table(table, TOGETHER as i64) };
            let heads = self.store.heads(&range).await?;
            let Some(last) = heads.last() else { return Ok(()) };
            after = last.key;
            let mut batch = self.batch(table);
            let unseen =
                heads.iter().filter(|head| !head.is_out_of_view && seen.binary_search(&head.key.id).is_err());
            batch.missing = unseen.map(|head| Missing { key: head.key, run: self.id, since: None }).collect();
            self.commit(vec![batch]).await?;
        }
    }

    pub(super) async fn contacts(&mut self, directory: &DirectoryClient) -> Step {
        const TABLE: Table = Table::Contacts;
        self.begin_table(TABLE);
        let read = (CONTACTS_READ.to_owned(), self.started_at.to_string());
        if !self.is_full(TABLE)
            && let Some(since) = self.read_before(CONTACTS_READ)
            && self.new_and_changed_contacts(directory, since).await?
        {
            return self.complete(TABLE, false, vec![read]).await;
        }
        self.any_full = true;
        let export = directory.export_contacts(ContactQuery::new()).concurrency(self.sync.concurrency);
        let export = export.start().await?;
        if Merge::new(Details::none()).take(self, export).await?.is_none() {
            return Ok(());
        }
        self.settle_missing(TABLE, &Rule::TwoLists).await?;
        self.complete(TABLE, true, vec![read]).await
    }

    /// Reads the contacts that are new or were changed. Returns `false` if all have to be read.
    ///
    /// A page in the order of creation, newest first, may come from a server that ignored the order: that is its default. Most
    /// contacts were never changed, so such a page can look sorted by change as well, and hide changes on other pages.
    async fn new_and_changed_contacts(
        &mut self,
        directory: &DirectoryClient,
        since: NaiveDateTime,
    ) -> Step<bool> {
        self.recent_contacts(directory, ContactOrder::Created, since, |contact| contact.created).await?;
        if breaks("changed-contacts-are-read") {
            return Ok(true);
        }
        let read =
            self.recent_contacts(directory, ContactOrder::Changed, since, |contact| contact.changed).await?;
        // Nothing is hidden if the pages hold as many contacts as the copy.
        Ok(!read.is_in_order_of_creation
            || read.contacts >= self.store.count(Table::Contacts).await?
            || breaks("a-page-of-contacts-shows-its-order"))
    }

    /// Reads contacts from the newest to the first that is older.
    ///
    /// A deletion moves contacts from a later page to an earlier one, past the reader. So more than one page is read until a
    /// reading finds nothing that the one before it has passed by.
    async fn recent_contacts(
        &mut self,
        directory: &DirectoryClient,
        order: ContactOrder,
        since: NaiveDateTime,
        time: fn(&Contact) -> Option<NaiveDateTime>,
    ) -> Step<RecentContacts> {
        let query = ContactQuery::new().order_by(order).newest_first();
        let mut seen = BTreeSet::new();
        let mut newest = None;
        let mut is_in_order_of_creation = false;
        for reading in 1..=MOST_READINGS {
            let before = newest;
            let mut passed_by = false;
            let mut number = 0;
            loop {
                self.check_time()?;
                let page = directory.contacts(&query.clone().page(number)).await?;
                if let Some(unreadable) = page.unreadable.first() {
                    let fault = format!("a contact cannot be decoded: {unreadable}");
                    self.add_unreadable(Table::Contacts, Error::incomplete(RUN, fault));
                }
                if page.is_empty() && !directory.contacts(&query.clone().page(number)).await?.is_empty() {
                    return Err(contradiction(
                        "a page of contacts was empty in one read, but not in another",
                    ));
                }
                let ids: BTreeSet<u64> = page.items.iter().map(|contact| contact.id.0).collect();
                let is_sorted = page.items.is_sorted_by(|one, next| time(one) >= time(next));
                let is_whole = ids.len() == page.items.len() && is_sorted;
                if !is_whole && !breaks("a-page-of-contacts-is-whole") {
                    return Err(contradiction("a page of contacts is not sorted, or holds one twice"));
                }
                is_in_order_of_creation |=
                    !page.is_empty() && page.items.is_sorted_by(|one, next| one.created >= next.created);
                let is_last = page.is_empty()
                    || page.items.iter().any(|contact| time(contact).is_none_or(|at| at < since));
                for contact in &page.items {
                    let is_new = seen.insert(contact.id.0);
                    passed_by |= is_new && before.is_some_and(|before| time(contact) <= before);
                    newest = newest.max(Some(time(contact)));
                }
                merge_some(self, &Details::none(), page.items).await?;
                if is_last {
                    break;
                }
                number += 1;
            }
            let is_over = number == 0 || (reading > 1 && !passed_by);
            if is_over || breaks("more-than-one-page-of-contacts-is-read-again") {
                return Ok(RecentContacts { contacts: seen.len() as u64, is_in_order_of_creation });
            }
        }
        Err(contradiction("the pages of contacts change too quickly"))
    }

    /// Returns from when on changes are read. The login's clock and the program's may differ by more than a day.
    fn read_before(&self, setting: &str) -> Option<NaiveDateTime> {
        Some(to_utc(self.setting::<i64>(setting)?) - TimeDelta::days(2))
    }
}

/// Returns the users. The login is one of them, and none comes twice.
async fn whole_list_of_users(directory: &DirectoryClient) -> Step<Page<User>> {
    let page = directory.users().await?;
    let ids: BTreeSet<u64> = page.items.iter().map(|user| user.id.0).collect();
    if page.is_empty() || ids.len() < page.items.len() {
        return Err(contradiction("the list of users is empty or holds a user twice"));
    }
    Ok(page)
}

const CLIENTS_READ: &str = "read:clients";
const CONTACTS_READ: &str = "read:contacts";
/// What `user/info` says of a user who is not there (observed).
const GONE: &[i64] = &[404];
const MOST_READINGS: usize = 5;
const TOGETHER: usize = 500;
