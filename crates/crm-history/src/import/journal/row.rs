//! The identity of a row of the input: a keyed hash of its content.

use std::hash::{BuildHasher, Hasher, RandomState};

use crm_model::history::NewEntry;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip::SipHasher24;

/// The hash of a row. Equal rows have the same one; without the key of its journal it says nothing about the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::import) struct RowHash(u64);

#[cfg(test)]
impl RowHash {
    pub(super) fn of(hash: u64) -> Self {
        Self(hash)
    }
}

/// The key of the hashes of one journal.
#[derive(Clone)]
pub(super) struct HashKey(u128);

impl HashKey {
    /// Creates a random key.
    pub(super) fn random() -> Self {
        // The standard library seeds each of them from the operating system.
        let random = || u128::from(RandomState::new().build_hasher().finish());
        Self(random() << 64 | random())
    }

    pub(super) fn to_hex(&self) -> String {
        format!("{:032x}", self.0)
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let key = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32);
        key.map(Self)
    }

    pub(super) fn hash(&self, entry: &NewEntry) -> RowHash {
        let mut hasher = SipHasher24::new_with_key(&self.0.to_le_bytes());
        hasher.write(&serde_json::to_vec(entry).unwrap_or_default());
        RowHash(hasher.finish())
    }
}

impl Serialize for RowHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for RowHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = u64::from_str_radix(&text, 16).map_err(serde_core::de::Error::custom)?;
        Ok(Self(hash))
    }
}
