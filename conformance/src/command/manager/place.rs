//! Where a server listens: as a person names it, and as it is told to people and scripts.

use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use procession_manager::{Address, BindError, ConnectError, ConnectOptions, LONGEST_NAME, connect_stream};
use serde_json::{Value, json};

use super::Failure;

/// The address that a text names: a path, `@NAME`, `HOST:PORT`, or as [`Address`] writes one.
pub fn address(text: &str) -> Result<Address, String> {
    if let Some(name) = text.strip_prefix('@') {
        return named(name.as_bytes(), Address::Abstract(name.into()));
    }
    if ["tcp:", "unix:", "abstract:"].iter().any(|family| text.starts_with(family)) {
        return text.parse().map_err(|error: procession_manager::AddressError| error.to_string());
    }
    if text.contains('/') {
        return named(text.as_bytes(), Address::Unix(from_anywhere(Path::new(text))));
    }
    if text.contains(':') {
        return format!("tcp:{text}").parse().map_err(|_| {
            format!(
                "{text:?} is no TCP address; expected HOST:PORT with a port from 0 to 65535, 0 for a free one"
            )
        });
    }
    Err(format!("{text:?} is no address; expected a path with a slash (./{text}), @NAME or HOST:PORT"))
}

/// The path as clients in any directory find it, where a socket's name has room for that: proxies travel.
fn from_anywhere(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).ok().filter(|path| path.as_os_str().len() <= LONGEST_NAME);
    absolute.unwrap_or_else(|| path.into())
}

fn named(name: &[u8], address: Address) -> Result<Address, String> {
    match name.len() {
        1..=LONGEST_NAME => Ok(address),
        long => Err(format!("a name of {long} bytes; a socket's has 1 to {LONGEST_NAME}")),
    }
}

/// The address as `SyncManager(address=…)` of Python takes it; null for a name that no JSON text holds.
pub fn in_python(address: &Address) -> Value {
    match address {
        Address::Tcp { host, port } => json!([host, port]),
        Address::Unix(path) => path.to_str().map_or(Value::Null, Value::from),
        Address::Abstract(name) => {
            std::str::from_utf8(name).map_or(Value::Null, |name| Value::from(format!("\0{name}")))
        }
    }
}

/// Why nobody can be served there, and what to do about it.
pub fn not_bound(error: &BindError, wanted: Option<&Address>) -> Failure {
    let next = match (error, wanted) {
        (BindError::AddressInUse(Address::Unix(path)), _) => in_the_way(path),
        (BindError::AddressInUse(Address::Tcp { .. }), _) => {
            "somebody else listens at this port; name another one, or port 0 for a free one".into()
        }
        (BindError::AddressInUse(_), _) => "somebody else listens by this name; choose another one".into(),
        (BindError::Os(error), Some(wanted)) => next_of(error, wanted).into(),
        _ => "name another address".into(),
    };
    match wanted {
        Some(wanted) => Failure::suite(format!("cannot listen at {wanted}: {error}; {next}")),
        None => Failure::suite(format!("cannot listen: {error}; name an --address")),
    }
}

/// What is at a path at which nobody can listen.
fn in_the_way(path: &Path) -> String {
    let shown = path.display();
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => {}
        _ => return format!("{shown} is a file that is no socket; choose another path"),
    }
    match connect_stream(&Address::Unix(path.into()), &ConnectOptions::default()) {
        Err(ConnectError::Refused(_)) => {
            format!("nobody listens there: a server that was killed has left it, and `rm {shown}` removes it")
        }
        _ => "somebody else listens there; choose another path".into(),
    }
}

fn next_of(error: &std::io::Error, wanted: &Address) -> &'static str {
    match (error.kind(), wanted) {
        (ErrorKind::NotFound, Address::Unix(_)) => "make the directory first",
        (ErrorKind::PermissionDenied, Address::Tcp { .. }) => {
            "ports below 1024 are for root; choose another one"
        }
        (ErrorKind::PermissionDenied, _) => "choose a directory that you may write to",
        (ErrorKind::AddrNotAvailable, _) => {
            "no interface of this machine has this address; 0.0.0.0 stands for all of them"
        }
        _ => "name another address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_an_address_is_understood() {
        let tcp = |host: &str, port| Ok(Address::Tcp { host: host.into(), port });
        assert_eq!(address("localhost:0"), tcp("localhost", 0));
        assert_eq!(address("tcp:0.0.0.0:80"), tcp("0.0.0.0", 80));
        assert_eq!(address("/a:b%"), Ok(Address::Unix("/a:b%".into())));
        let here = std::env::current_dir().expect("there is one").join("a");
        assert_eq!(address("./a"), Ok(Address::Unix(here)));
        assert_eq!(address("unix:a"), Ok(Address::Unix("a".into())));
        assert_eq!(address("@a b"), Ok(Address::Abstract(b"a b".to_vec())));
        assert_eq!(address("abstract:%00"), Ok(Address::Abstract(vec![0])));
    }

    #[test]
    fn what_is_no_address_says_what_one_is() {
        let long = format!("/{}", "a".repeat(LONGEST_NAME));
        let wrong = [
            ("socket", "(./socket)"),
            ("", "HOST:PORT"),
            ("localhost:http", "a port from 0 to 65535"),
            ("@", "1 to 107"),
            (&long, "1 to 107"),
        ];
        for (text, expected) in wrong {
            let said = address(text).expect_err(text);
            assert!(said.contains(expected), "{said}");
        }
    }
}
