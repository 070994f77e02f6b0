//! The digests of the handshake, by the names that CPython gives them.

use hmac::{KeyInit, Mac, SimpleHmac};

/// A digest under HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// The only one up to CPython 3.11.
    Md5,
    /// The usual one from CPython 3.12 on.
    Sha256,
    /// SHA-2 of 384 bits.
    Sha384,
    /// SHA-3 of 256 bits.
    Sha3_256,
    /// SHA-3 of 384 bits.
    Sha3_384,
}

impl Digest {
    /// All that CPython knows.
    pub const ALL: [Digest; 5] =
        [Digest::Md5, Digest::Sha256, Digest::Sha384, Digest::Sha3_256, Digest::Sha3_384];

    /// The name, as messages have it.
    pub fn name(self) -> &'static str {
        self.prefix().trim_matches(['{', '}'])
    }

    /// The name in braces, as it stands before a challenge or response.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Digest::Md5 => "{md5}",
            Digest::Sha256 => "{sha256}",
            Digest::Sha384 => "{sha384}",
            Digest::Sha3_256 => "{sha3_256}",
            Digest::Sha3_384 => "{sha3_384}",
        }
    }

    pub(crate) fn named(name: &[u8]) -> Option<Digest> {
        Digest::ALL.into_iter().find(|digest| digest.name().as_bytes() == name)
    }

    /// HMAC of the message under the key.
    pub(crate) fn mac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        // `SimpleHmac` because `Hmac` does not take SHA-3.
        macro_rules! mac {
            ($digest:ty) => {{
                let mut mac = match SimpleHmac::<$digest>::new_from_slice(key) {
                    Ok(mac) => mac,
                    Err(_) => unreachable!("HMAC takes keys of any length"),
                };
                mac.update(message);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Digest::Md5 => mac!(md5::Md5),
            Digest::Sha256 => mac!(sha2::Sha256),
            Digest::Sha384 => mac!(sha2::Sha384),
            Digest::Sha3_256 => mac!(sha3::Sha3_256),
            Digest::Sha3_384 => mac!(sha3::Sha3_384),
        }
    }
}

/// A set of digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests(u8);

impl Digests {
    /// All of them, for peers of every version.
    pub const ALL: Digests = Digests(0b1_1111);
    /// All but MD5, for peers from CPython 3.12 on.
    pub const MODERN: Digests = Digests(0b1_1110);

    /// The same without this one.
    pub const fn without(self, digest: Digest) -> Self {
        Digests(self.0 & !(1 << digest as u8))
    }

    /// Whether it is in the set.
    pub const fn contains(self, digest: Digest) -> bool {
        self.0 & 1 << digest as u8 != 0
    }
}
