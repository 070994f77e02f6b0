//! Where a listener or a manager's server is found: a TCP port, a path, or a name of Linux's own namespace.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::str::FromStr;

/// The longest path or abstract name that a socket's address holds, its closing NUL not counted, in bytes.
pub const LONGEST_NAME: usize = 107;

/// An address, as Python's `multiprocessing.connection` has them.
///
/// As text it is `tcp:HOST:PORT`, `unix:PATH` or `abstract:NAME`; bytes of a name that are no printable ASCII are
/// written as `%` and two hexadecimal digits, and so is `%` itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP port of a host, over IPv4. Port 0 asks a listener for a free one.
    Tcp {
        /// The host's name, or its address in figures.
        host: String,
        /// The port.
        port: u16,
    },
    /// A path in the file system.
    Unix(PathBuf),
    /// A name in Linux's abstract namespace, without the NUL before it.
    Abstract(Vec<u8>),
}

/// What kind of socket an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// TCP over IPv4 (`AF_INET`).
    Tcp,
    /// Unix-domain sockets, with a path or an abstract name (`AF_UNIX`).
    Unix,
}

impl Address {
    /// The loopback interface with this port; 0 for a free one.
    pub fn loopback(port: u16) -> Address {
        Address::Tcp { host: "127.0.0.1".into(), port }
    }

    /// The kind of socket that it is for.
    pub fn family(&self) -> Family {
        match self {
            Address::Tcp { .. } => Family::Tcp,
            Address::Unix(_) | Address::Abstract(_) => Family::Unix,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Address::Unix(path) => write!(f, "unix:{}", escaped(path.as_os_str().as_bytes())),
            Address::Abstract(name) => write!(f, "abstract:{}", escaped(name)),
        }
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if (byte.is_ascii_graphic() || byte == b' ') && byte != b'%' {
            text.push(byte.into());
        } else {
            text += &format!("%{byte:02x}");
        }
    }
    text
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    Some(bytes)
}

/// Why a text is no [`Address`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// It begins with none of `tcp:`, `unix:` and `abstract:`.
    UnknownFamily(String),
    /// A TCP address without a host, or without a port from 0 to 65535 behind the last colon.
    NoPort(String),
    /// A path or name that is empty, holds a NUL (a path), is longer than [`LONGEST_NAME`] bytes, or has a `%`
    /// without two hexadecimal digits.
    BadName(String),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::UnknownFamily(text) => {
                write!(f, "{text:?} is no address: expected `tcp:HOST:PORT`, `unix:PATH` or `abstract:NAME`")
            }
            AddressError::NoPort(text) => {
                write!(f, "{text:?} is no TCP address: expected `tcp:HOST:PORT` with a port from 0 to 65535")
            }
            AddressError::BadName(text) => write!(
                f,
                "{text:?} names no socket: expected 1 to {LONGEST_NAME} bytes, a path without NUL, and two \
                 hexadecimal digits after each `%`"
            ),
        }
    }
}

impl std::error::Error for AddressError {}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let Some((family, rest)) = text.split_once(':') else {
            return Err(AddressError::UnknownFamily(text.into()));
        };
        let name = || {
            let name = unescaped(rest).filter(|name| (1..=LONGEST_NAME).contains(&name.len()));
            name.ok_or_else(|| AddressError::BadName(text.into()))
        };
        match family {
            "tcp" => {
                let parts = rest.rsplit_once(':').filter(|(host, _)| !host.is_empty());
                let (host, port) = parts.ok_or_else(|| AddressError::NoPort(text.into()))?;
                let port = port.parse().map_err(|_| AddressError::NoPort(text.into()))?;
                Ok(Address::Tcp { host: host.into(), port })
            }
            "unix" => match name()? {
                path if path.contains(&0) => Err(AddressError::BadName(text.into())),
                path => Ok(Address::Unix(std::ffi::OsString::from_vec(path).into())),
            },
            "abstract" => Ok(Address::Abstract(name()?)),
            _ => Err(AddressError::UnknownFamily(text.into())),
        }
    }
}

impl From<&OsStr> for Address {
    /// The path, or the abstract name where it begins with NUL, as Python spells one.
    fn from(path: &OsStr) -> Address {
        match path.as_bytes() {
            [0, name @ ..] => Address::Abstract(name.to_vec()),
            _ => Address::Unix(path.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Address::loopback(80), "tcp:127.0.0.1:80")]
    #[case(Address::Unix("/tmp/a b".into()), "unix:/tmp/a b")]
    #[case(Address::Abstract(b"x\0%".to_vec()), "abstract:x%00%25")]
    fn each_has_its_text(#[case] address: Address, #[case] text: &str) {
        assert_eq!(address.to_string(), text);
        assert_eq!(text.parse(), Ok(address));
    }

    #[rstest]
    #[case("/tmp/x", "expected `tcp:HOST:PORT`, `unix:PATH`")]
    #[case("udp:1", "expected `tcp:HOST:PORT`, `unix:PATH`")]
    #[case("tcp:localhost", "port from 0 to 65535")]
    #[case("tcp:localhost:65536", "port from 0 to 65535")]
    #[case("tcp::1", "port from 0 to 65535")]
    #[case("unix:", "1 to 107 bytes")]
    #[case("unix:/a%00b", "without NUL")]
    #[case("unix:/a%4", "two hexadecimal digits")]
    #[case("abstract:%€", "two hexadecimal digits")]
    fn what_is_none_says_what_is_expected(#[case] text: &str, #[case] expected: &str) {
        let said = text.parse::<Address>().unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn a_name_is_no_longer_than_a_socket_holds() {
        assert!(format!("unix:/{}", "a".repeat(106)).parse::<Address>().is_ok());
        assert!(format!("unix:/{}", "a".repeat(107)).parse::<Address>().is_err());
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in proptest::collection::vec(any::<u8>(), 1..=LONGEST_NAME)) {
            let address = Address::Abstract(name);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
