//! Accounts of SalesMan CRM: the key, the users, and the settings that change the answers.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Local, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use serde::{Deserialize, Deserializer};

use crate::history::collation;
use crate::{APIKEY, BOSS, SELLER};

/// An account of SalesMan CRM. [`Account::default`] is the built-in one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The `apikey` of its calls.
    pub apikey: String,
    /// Its users.
    pub users: Vec<User>,
    /// Its time zone; [`Zone::default`] by default.
    #[serde(default)]
    pub zone: Zone,
    /// How the database treats a value that does not fit; [`SqlMode::Lenient`] by default.
    #[serde(default)]
    pub sql_mode: SqlMode,
}

impl Account {
    /// Returns an account with this key, without users.
    pub fn new(apikey: impl Into<String>) -> Account {
        Account {
            apikey: apikey.into(),
            users: Vec::new(),
            zone: Zone::default(),
            sql_mode: SqlMode::default(),
        }
    }

    /// Adds a user.
    #[must_use]
    pub fn with_user(mut self, user: User) -> Account {
        self.users.push(user);
        self
    }

    /// The user with this login, compared as the database does it.
    pub(crate) fn user(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| collation::equal(&user.login, login))
    }

    pub(crate) fn user_by_id(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Every user whose records a user sees and may delete, by role.
    pub(crate) fn people_of(&self, user: &User) -> Vec<i64> {
        let subordinates = |of: &[i64]| -> Vec<i64> {
            let direct = self.users.iter().filter(|user| of.contains(&user.chief));
            direct.map(|user| user.id).collect()
        };
        let own = vec![user.id];
        match user.role {
            _ if user.administrator => self.users.iter().map(|user| user.id).collect(),
            Role::Head | Role::SalesSupport | Role::HeadWithAccess | Role::Administrator => {
                self.users.iter().map(|user| user.id).collect()
            }
            Role::HeadOfDivision => {
                let direct = subordinates(&own);
                let theirs = subordinates(&direct);
                [own, direct, theirs].concat()
            }
            Role::HeadOfDepartment => {
                let direct = subordinates(&own);
                [own, direct].concat()
            }
            Role::Manager | Role::Specialist => own,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the key: a file of accounts may hold a real one.
        let Account { users, zone, sql_mode, .. } = self;
        let mut account = f.debug_struct("Account");
        account.field("users", users).field("zone", zone).field("sql_mode", sql_mode).finish_non_exhaustive()
    }
}

impl Default for Account {
    /// The account of the recordings: the key [`APIKEY`], the head [`BOSS`] and the manager [`SELLER`].
    fn default() -> Account {
        Account::new(APIKEY)
            .with_user(User {
                title: "Начальник Отдела".to_owned(),
                role: Role::Head,
                administrator: true,
                phone: "+7(495)1112233".to_owned(),
                extension: "101".to_owned(),
                mobile: "+7(901)1112233".to_owned(),
                ..User::new(1, BOSS)
            })
            .with_user(User {
                title: "Продавец Иван".to_owned(),
                chief: 1,
                phone: "+7(495)1112244".to_owned(),
                extension: "102".to_owned(),
                mobile: "+7(901)1112244".to_owned(),
                ..User::new(2, SELLER)
            })
    }
}

/// A user of an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The ID, on the wire `iduser`; above 0, and the same in no other account.
    pub id: i64,
    /// The login, which is an email address as a rule.
    pub login: String,
    /// The name. A user without a name cannot call the API (read in the source).
    #[serde(default = "nameless")]
    pub title: String,
    /// The role, which decides whose records the user sees; [`Role::Manager`] by default.
    #[serde(default)]
    pub role: Role,
    /// Whether the user administers the account (`isadmin`), and so sees everything.
    #[serde(default)]
    pub administrator: bool,
    /// The ID of the superior (`mid`); 0 is none.
    #[serde(default)]
    pub chief: i64,
    /// Whether the user is blocked (`active` is not `yes`). The API answers a blocked user like any other.
    #[serde(default)]
    pub blocked: bool,
    /// How many hours the clock of this user is ahead of the account's; negative for behind. `None` is an empty field
    /// of the database, which makes every call of the user a PHP error.
    #[serde(default = "no_shift")]
    pub tzone: Option<i32>,
    /// The ID in another system, if any.
    #[serde(default)]
    pub uid: Option<String>,
    /// The department, if any; on the wire `oid`.
    #[serde(default)]
    pub department: Option<String>,
    /// The position, if any; on the wire `user_post`.
    #[serde(default)]
    pub post: Option<String>,
    /// The telephone number as typed.
    #[serde(default)]
    pub phone: String,
    /// The extension; on the wire `phone_in`.
    #[serde(default)]
    pub extension: String,
    /// The mobile number as typed; on the wire `mob`.
    #[serde(default)]
    pub mobile: String,
}

impl User {
    /// Returns a manager with this ID and login, without a superior or a clock shift.
    pub fn new(id: i64, login: impl Into<String>) -> User {
        User {
            id,
            login: login.into(),
            title: nameless(),
            role: Role::Manager,
            administrator: false,
            chief: 0,
            blocked: false,
            tzone: no_shift(),
            uid: None,
            department: None,
            post: None,
            phone: String::new(),
            extension: String::new(),
            mobile: String::new(),
        }
    }
}

fn nameless() -> String {
    "Сотрудник".to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "a default for an optional field")]
fn no_shift() -> Option<i32> {
    Some(0)
}

/// The role of a user. The roles are read in the server's source; a head and a manager were observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// «Руководитель организации»: sees the records of all users.
    Head,
    /// «Поддержка продаж»: sees the records of all users.
    SalesSupport,
    /// «Руководитель с доступом»: sees the records of all users.
    HeadWithAccess,
    /// «Администратор»: sees the records of all users.
    Administrator,
    /// «Руководитель подразделения»: sees own records, those of direct subordinates, and those of their subordinates.
    HeadOfDivision,
    /// «Руководитель отдела»: sees own records and those of direct subordinates.
    HeadOfDepartment,
    /// «Менеджер продаж»: sees own records.
    #[default]
    Manager,
    /// «Специалист»: sees own records.
    Specialist,
}

impl Role {
    /// The name on the wire.
    pub fn title(self) -> &'static str {
        match self {
            Role::Head => "Руководитель организации",
            Role::SalesSupport => "Поддержка продаж",
            Role::HeadWithAccess => "Руководитель с доступом",
            Role::Administrator => "Администратор",
            Role::HeadOfDivision => "Руководитель подразделения",
            Role::HeadOfDepartment => "Руководитель отдела",
            Role::Manager => "Менеджер продаж",
            Role::Specialist => "Специалист",
        }
    }
}

/// How the database treats a value that does not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SqlMode {
    /// It bends the value, as the vendor asks for.
    #[default]
    Lenient,
    /// It refuses the record with code 500, as MariaDB does by default: emoji, a type of more than 50 characters, content
    /// or contacts that are too long, IDs beyond the column, and dates that cannot be read. Observed with MariaDB.
    Strict,
    /// The same, and it refuses the zero date and finds no record with it in a list, as MySQL does by default
    /// (`NO_ZERO_DATE`). That nothing is found was observed, the refusal is assumed.
    StrictNoZeroDate,
}

impl FromStr for SqlMode {
    type Err = String;

    fn from_str(name: &str) -> Result<SqlMode, String> {
        match name {
            "lenient" => Ok(SqlMode::Lenient),
            "strict" => Ok(SqlMode::Strict),
            "strict-no-zero-date" => Ok(SqlMode::StrictNoZeroDate),
            _ => Err(format!("no SQL mode {name:?}: it is lenient, strict or strict-no-zero-date")),
        }
    }
}

/// The time zone of an account, such as `"Europe/Moscow".parse()`.
///
/// The default is `local`: the clock of the account is that of this machine, and counts as Moscow time (UTC+3, no
/// daylight saving time) wherever an offset matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Zone(Option<chrono_tz::Tz>);

impl Zone {
    /// The time of the account at a moment.
    pub(crate) fn local(self, moment: DateTime<Utc>) -> NaiveDateTime {
        let utc = moment.naive_utc();
        utc.checked_add_signed(self.offset(moment)).unwrap_or(utc)
    }

    /// How far the account is ahead of Greenwich at a moment.
    pub(crate) fn offset(self, moment: DateTime<Utc>) -> TimeDelta {
        self.0.map_or(MOSCOW, |zone| {
            let offset = zone.offset_from_utc_datetime(&moment.naive_utc()).fix();
            TimeDelta::seconds(offset.local_minus_utc().into())
        })
    }

    /// The moment at which the account has this time; the first of two where the clock is set back.
    pub(crate) fn moment(self, local: NaiveDateTime) -> DateTime<Utc> {
        let moment = self.0.and_then(|zone| zone.from_local_datetime(&local).earliest());
        let by_offset = || local.checked_sub_signed(self.offset(local.and_utc())).unwrap_or(local).and_utc();
        moment.map_or_else(by_offset, |moment| moment.to_utc())
    }

    /// The present moment by the clock of this machine.
    pub(crate) fn wall_clock(self) -> DateTime<Utc> {
        match self.0 {
            None => self.moment(Local::now().naive_local()),
            Some(_) => Utc::now(),
        }
    }
}

const MOSCOW: TimeDelta = TimeDelta::hours(3);

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Zone, String> {
        if name == "local" {
            return Ok(Zone(None));
        }
        let zone = name.parse().map_err(|_| {
            format!(
                "no time zone {name:?}: it is local, or a name of the IANA database such as Europe/Moscow"
            )
        });
        Ok(Zone(Some(zone?)))
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// A user who calls, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// The place of the account in the list of accounts, as in [`Record::account`](crate::Record::account).
    pub(crate) place: usize,
    pub(crate) account: &'a Account,
    pub(crate) user: &'a User,
    /// The local time of the account, not shifted for the user.
    pub(crate) now: NaiveDateTime,
    /// How far the account is ahead of Greenwich today.
    pub(crate) offset: TimeDelta,
    /// How far the clock of the user is ahead of the account's: [`User::tzone`], unless the server ignores it.
    pub(crate) shift: TimeDelta,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(
        (place, account): (usize, &'a Account),
        user: &'a User,
        moment: DateTime<Utc>,
        shift: TimeDelta,
    ) -> Caller<'a> {
        let (now, offset) = (account.zone.local(moment), account.zone.offset(moment));
        Caller { place, account, user, now, offset, shift }
    }

    /// The IDs of the users whose records the caller sees.
    pub(crate) fn people(&self) -> Vec<i64> {
        self.account.people_of(self.user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_zone_is_three_hours_ahead_of_greenwich_and_has_no_summer_time() {
        let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for at in ["2024-01-15T10:00:00Z", "2024-07-15T10:00:00Z"] {
            assert_eq!(Zone::default().local(moment(at)).time().to_string(), "13:00:00");
        }
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        assert_eq!(berlin.local(moment("2024-01-15T10:00:00Z")).time().to_string(), "11:00:00");
        assert_eq!(berlin.local(moment("2024-07-15T10:00:00Z")).time().to_string(), "12:00:00");
        assert!("Europe/Atlantis".parse::<Zone>().unwrap_err().contains("Europe/Moscow"));
    }

    #[test]
    fn a_time_that_a_zone_skips_is_read_with_the_offset_of_its_day() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let skipped: NaiveDateTime = "2024-03-31T02:30:00".parse().unwrap();
        assert_eq!(berlin.moment(skipped).to_string(), "2024-03-31 00:30:00 UTC");
    }
}
