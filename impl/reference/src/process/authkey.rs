//! The secret that the processes of one program share.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::transfer::{self, Purpose};

/// A secret of bytes: random in the main process, the same in all that descend from it. It can be
/// an argument of a process, and is not serialised anywhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthKey(Vec<u8>);

impl AuthKey {
    /// 32 random bytes.
    pub(crate) fn random() -> AuthKey {
        use std::hash::{BuildHasher, RandomState};
        let mut key = [0; 32];
        let read = std::fs::File::open("/dev/urandom")
            .and_then(|mut random| std::io::Read::read_exact(&mut random, &mut key));
        if read.is_err() {
            // No descriptor was free: four numbers that the system's random source has seeded.
            for chunk in key.chunks_mut(8) {
                chunk.copy_from_slice(&RandomState::new().hash_one(std::process::id()).to_le_bytes());
            }
        }
        AuthKey(key.to_vec())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for AuthKey {
    fn from(bytes: &[u8]) -> AuthKey {
        AuthKey(bytes.to_vec())
    }
}

impl From<Vec<u8>> for AuthKey {
    fn from(bytes: Vec<u8>) -> AuthKey {
        AuthKey(bytes)
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthKey({} bytes)", self.0.len())
    }
}

impl Serialize for AuthKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        transfer::permit("AuthKey", &[Purpose::Starting]).map_err(serde::ser::Error::custom)?;
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AuthKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AuthKey, D::Error> {
        Vec::deserialize(deserializer).map(AuthKey)
    }
}
