//! The methods that find who called.

use crm_history::NewEntry;
use crm_model::directory::User;
use crm_transport::Error;

use super::DirectoryClient;
use crate::cache::Key;
use crate::phone::PhoneNumber;
use crate::{Attribution, Match, UnknownCallers, email, find};

impl DirectoryClient {
    /// Finds the clients and contacts with this telephone number, the most certain match first.
    ///
    /// A number is found however it is written in the CRM: with 8 or +7, brackets, dashes, dots, in a text with other
    /// numbers, with an extension after it. The client compares every candidate of the server, number by number. A
    /// match is [`exact`](Match::exact) only if both numbers have country and area code and are equal. A number without
    /// `+` counts as Russian if it looks like a Russian one (assumed).
    ///
    /// The result is empty if no client or contact has the number. It is empty, without a call, for a text with fewer
    /// than five digits: a hidden caller ID, or an internal number. For internal numbers, use
    /// [`find_users_by_extension`](Self::find_users_by_extension).
    ///
    /// It makes three concurrent calls: for `phone` of clients, `tel` of contacts and `mob` of contacts. A result with
    /// more than 200 candidates takes more calls. A cached result takes none; see [`CachePolicy`](crate::CachePolicy).
    /// A number of ten digits or more does not find one that is stored without its area code. Fax numbers are not
    /// searched.
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// for found in directory.find_by_phone("+7 (342) 206-72-01").await? {
    ///     println!("{:?} {:?} {}", found.client_name, found.contact_name, found.exact);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A candidate that cannot be decoded is an error, because it could be the one.
    pub async fn find_by_phone(&self, number: &str) -> Result<Vec<Match>, Error> {
        let Some(number) = PhoneNumber::first_in(number) else { return Ok(Vec::new()) };
        let key = Key::Phone(number.clone());
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let matches = find::by_phone(self, &number).await?;
        self.cache.keep(key, &matches);
        Ok(matches)
    }

    /// Finds the clients and contacts with this email address. Case is ignored, and every match is exact.
    ///
    /// The result is empty, without a call, for a text without an address. It makes two concurrent calls: for clients
    /// and for contacts. A cached result takes none; see [`CachePolicy`](crate::CachePolicy).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let matches = directory.find_by_email("info@kamkabel.example").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. A candidate that cannot be decoded is an error, because it could be the one.
    pub async fn find_by_email(&self, address: &str) -> Result<Vec<Match>, Error> {
        let Some(address) = email::addresses_in(address).next() else { return Ok(Vec::new()) };
        let key = Key::Email(address.clone());
        if let Some(known) = self.cache.get(&key) {
            return Ok(known);
        }
        let matches = find::by_email(self, &address).await?;
        self.cache.keep(key, &matches);
        Ok(matches)
    }

    /// Finds the users with this internal number of the PBX (`phone_in`), except blocked users.
    ///
    /// The server cannot search for it (observed). The first call fetches the list of users, and one record for each of
    /// them; they are kept for 10 minutes, see [`CachePolicy::users_time_to_live`](crate::CachePolicy::users_time_to_live).
    ///
    /// ```no_run
    /// # async fn run(directory: crm_directory::DirectoryClient) -> Result<(), crm_directory::Error> {
    /// let users = directory.find_users_by_extension("101").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_users_by_extension(&self, extension: &str) -> Result<Vec<User>, Error> {
        let extension = extension.trim();
        if extension.is_empty() {
            return Ok(Vec::new());
        }
        let users = self.cache.users(find::users_with_numbers(self)).await?;
        Ok(users.iter().filter(|user| find::has_extension(user, extension)).cloned().collect())
    }

    /// Finds who called, and returns the activity with that client and contact. `unknown` decides what happens to a
    /// call of an unknown caller.
    ///
    /// ```no_run
    /// # async fn run(
    /// #     history: crm_history::HistoryClient,
    /// #     directory: crm_directory::DirectoryClient,
    /// # ) -> Result<(), crm_directory::Error> {
    /// use crm_directory::{Attribution, ClientId, UnknownCallers};
    /// use crm_history::NewEntry;
    ///
    /// let call = NewEntry::new("вх. звонок, 2 мин").activity_type("вх.Звонок");
    /// match directory.attribute(call, "+7 (342) 206-72-01", UnknownCallers::LogTo(ClientId(1))).await? {
    ///     Attribution::Found(call, _) | Attribution::Unknown(call) => drop(history.add(&call).await?),
    ///     not_logged => eprintln!("not logged: {not_logged:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`find_by_phone`](Self::find_by_phone). After an error the caller does not count as unknown, because the
    /// lookup failed.
    pub async fn attribute(
        &self,
        entry: NewEntry,
        number: &str,
        unknown: UnknownCallers,
    ) -> Result<Attribution, Error> {
        let matches = self.find_by_phone(number).await?;
        Ok(unknown.decide(entry, &matches))
    }
}
