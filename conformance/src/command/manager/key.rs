//! The key that clients must prove to know: from a file or the environment, where others cannot see it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use procession_manager::Key;

use super::Failure;

/// The environment's variable that holds it.
pub const VARIABLE: &str = "PROCESSION_AUTHKEY";

/// How a key is made.
const MAKE: &str = "(umask 077; head -c 32 /dev/urandom | base64 >";

/// The longest key that a file may hold, in bytes: whoever names another file by mistake is told so.
const LONGEST: u64 = 64 << 10;

/// The key that the file holds, or else the environment. Says on standard error who else can read the file.
pub fn key(file: Option<&Path>) -> Result<Key, Failure> {
    match (file, std::env::var_os(VARIABLE)) {
        (Some(path), _) => of_file(path),
        (None, Some(value)) => of_variable(value),
        (None, None) => Err(Failure::usage(format!(
            "there is no key that clients could prove to know; make one by `{MAKE} key)` and name it by \
             `--authkey-file key`, or put one into {VARIABLE}"
        ))),
    }
}

fn of_variable(value: OsString) -> Result<Key, Failure> {
    Key::new(value.into_vec()).map_err(|_| {
        Failure::usage(format!("{VARIABLE} is empty; put a key into it, or name --authkey-file"))
    })
}

fn of_file(path: &Path) -> Result<Key, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let next = match error.kind() {
            ErrorKind::NotFound => format!("`{MAKE} {shown})` makes it"),
            ErrorKind::PermissionDenied => "run this as the user whose key it is".into(),
            _ => "name a file that holds the key".into(),
        };
        Failure::usage(format!("the key file {shown} cannot be read: {error}; {next}"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    let mut key = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut key).map_err(unreadable)?;
    if key.len() as u64 > LONGEST {
        return Err(Failure::usage(format!(
            "the key file {shown} holds more than {LONGEST} bytes; name the file that holds the key"
        )));
    }
    if key.ends_with(b"\n") {
        key.pop();
    }
    if found.is_file() && found.mode() & 0o077 != 0 {
        anstream::eprintln!(
            "procession: other users may read or change {shown}; `chmod 600 {shown}` keeps the key from them"
        );
    }
    Key::new(key).map_err(|_| {
        Failure::usage(format!("the key file {shown} is empty; `{MAKE} {shown})` puts a new key into it"))
    })
}
