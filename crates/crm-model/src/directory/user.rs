//! A user of the CRM.

use serde_core::de::{Deserialize, Deserializer};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::UserId;
use super::keys::Keys;
use crate::Extra;

/// A user of the CRM: an employee.
///
/// `user/list` sends `id` to `is_active`; the rest comes from `user/info` only (observed).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// `iduser`: the ID of the user.
    #[doc(alias = "iduser")]
    pub id: UserId,
    /// `uid`: the ID of the user in another system.
    pub uid: Option<String>,
    /// `oid`: the ID of the user's department in another system.
    #[doc(alias = "oid")]
    pub department_uid: Option<String>,
    /// `title`: the name.
    #[doc(alias = "title")]
    pub name: Option<String>,
    /// `login`: the login. The server compares logins without regard to case and to spaces at the end (observed).
    pub login: Option<String>,
    /// `email`: the email address.
    pub email: Option<String>,
    /// `active`: whether the user may log in. `false` for a blocked user.
    #[doc(alias = "active")]
    pub is_active: Option<bool>,
    /// `tip`: the title of the role, such as «Менеджер продаж».
    #[doc(alias = "tip")]
    pub role: Option<String>,
    /// `user_post`: the position.
    #[doc(alias = "user_post")]
    pub position: Option<String>,
    /// `phone`: the telephone number, as typed.
    pub phone: Option<String>,
    /// `phone_in`: the internal number of the PBX, as typed.
    #[doc(alias = "phone_in")]
    pub extension: Option<String>,
    /// `mob`: the mobile number, as typed.
    #[doc(alias = "mob")]
    pub mobile: Option<String>,
    /// Unknown keys, as received.
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Keys::read(deserializer, |mut keys| {
            Ok(Self {
                id: keys.own_id("iduser")?,
                uid: keys.text("uid")?,
                department_uid: keys.text("oid")?,
                name: keys.text("title")?,
                login: keys.text("login")?,
                email: keys.text("email")?,
                is_active: keys.flag("active")?,
                role: keys.text("tip")?,
                position: keys.text("user_post")?,
                phone: keys.text("phone")?,
                extension: keys.text("phone_in")?,
                mobile: keys.text("mob")?,
                extra: keys.rest(),
            })
        })
    }
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("iduser", &self.id)?;
        map.serialize_entry("uid", &self.uid)?;
        map.serialize_entry("oid", &self.department_uid)?;
        map.serialize_entry("title", &self.name)?;
        map.serialize_entry("login", &self.login)?;
        map.serialize_entry("email", &self.email)?;
        map.serialize_entry("active", &self.is_active.map(|active| if active { "yes" } else { "no" }))?;
        map.serialize_entry("tip", &self.role)?;
        map.serialize_entry("user_post", &self.position)?;
        map.serialize_entry("phone", &self.phone)?;
        map.serialize_entry("phone_in", &self.extension)?;
        map.serialize_entry("mob", &self.mobile)?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
