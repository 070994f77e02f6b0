//! A bare descriptor that can be an argument of a process, or be sent through a connection.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Purpose, claim, lend};

/// An owned descriptor that travels: the receiver gets a duplicate, the sender keeps its own until
/// it drops it. Serialising it where descriptors cannot travel is an error.
#[derive(Debug)]
pub struct Descriptor(OwnedFd);

impl Descriptor {
    /// The descriptor itself.
    pub fn into_inner(self) -> OwnedFd {
        self.0
    }
}

impl<T: Into<OwnedFd>> From<T> for Descriptor {
    fn from(owned: T) -> Descriptor {
        Descriptor(owned.into())
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Serialize for Descriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let anywhere = [Purpose::Connection, Purpose::Starting];
        let index = lend(self.as_fd(), "Descriptor", &anywhere).map_err(serde::ser::Error::custom)?;
        index.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Descriptor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Descriptor, D::Error> {
        let index = u32::deserialize(deserializer)?;
        claim(index, "Descriptor").map(Descriptor).map_err(serde::de::Error::custom)
    }
}
