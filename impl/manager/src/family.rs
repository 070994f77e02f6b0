//! What this process shares with those of its family, Python's among them: the key, and how messages spell
//! addresses.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use procession_reference::process::current_process;
use procession_wire::auth::Key;
use procession_wire::{Text, message};

use crate::address::Address;

/// The key that this process shares with its family.
pub(crate) fn process_key() -> Key {
    Key::even_empty(current_process().authkey().as_bytes())
}

/// The address as messages have it.
pub(crate) fn with_spelled<R>(address: &Address, use_it: impl FnOnce(message::Address<'_>) -> R) -> R {
    match address {
        Address::Tcp { host, port } => {
            use_it(message::Address::Tcp { host: Text::from(host.as_str()), port: *port })
        }
        Address::Unix(path) => {
            let lossy = path.to_string_lossy();
            let text = Text::new(path.as_os_str().as_bytes()).unwrap_or(Text::from(&*lossy));
            use_it(message::Address::Unix(text))
        }
        Address::Abstract(name) => {
            let name = [b"\0", name.as_slice()].concat();
            use_it(match Text::new(&name) {
                Ok(text) => message::Address::Unix(text),
                Err(_) => message::Address::UnixBytes(&name),
            })
        }
    }
}

/// The address that a message names.
pub(crate) fn named(address: &message::Address<'_>) -> Address {
    let of_bytes = |bytes: &[u8]| Address::from(OsStr::from_bytes(bytes));
    match address {
        message::Address::Tcp { host, port } => {
            Address::Tcp { host: host.to_str_lossy().into_owned(), port: *port }
        }
        message::Address::Unix(path) => of_bytes(path.as_bytes()),
        message::Address::UnixBytes(name) => of_bytes(name),
    }
}
