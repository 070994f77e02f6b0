//! Addresses and keys: as scripts name them, and as the manager crate takes and gives them.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use procession_contract::{Answer, Endpoint, Key, Outcome, Value, run_directory};
use procession_manager::{Address, AddressError, Family};

use super::outcome;

/// How long an address that is not known yet is waited for: a server in the foreground tells it while it
/// begins.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to listen, as far as something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing is said.
    Unsaid,
    /// Some address of this family.
    Of(Family),
    /// Here.
    At(Address),
}

/// The place that a script names. What has the form of no address is refused as the text of one is.
pub(super) fn place(endpoint: &Endpoint) -> Result<Place, Answer> {
    let parsed =
        |text: &str| text.parse().map_err(|error: AddressError| Answer::error(Outcome::BadValue, error));
    Ok(Place::At(match endpoint {
        Endpoint::Unsaid => return Ok(Place::Unsaid),
        Endpoint::Unix => return Ok(Place::Of(Family::Unix)),
        Endpoint::Tcp => Address::loopback(0),
        Endpoint::Abstract(name) => Address::Abstract(abstract_name(&directory()?, name)),
        Endpoint::Path(name) => Address::Unix(directory()?.join(name)),
        Endpoint::Of(name) => noted(&directory()?, name)?,
        Endpoint::LocalhostOf(name) => match noted(&directory()?, name)? {
            Address::Tcp { port, .. } => Address::Tcp { host: "localhost".into(), port },
            other => {
                let text = format!("`{name}` has an address without a host: {other}");
                return Err(Answer::error(Outcome::Other, text));
            }
        },
        Endpoint::NobodyTcp => Address::loopback(unused_port().map_err(outcome::os)?),
        Endpoint::NobodyUnix => Address::Unix(directory()?.join("nobody")),
        Endpoint::Nonsense => parsed("5")?,
        Endpoint::UnknownFamily => parsed(r"pipe:\\.\pipe\procession")?,
    }))
}

/// The address to connect to that a script names.
pub(super) fn target(endpoint: &Endpoint) -> Result<Address, Answer> {
    match place(endpoint)? {
        Place::At(address) => Ok(address),
        unsaid => {
            let text = format!("{unsaid:?} is no address to connect to");
            Err(Answer::error(Outcome::BadValue, text))
        }
    }
}

/// The key that a script gives; `None` where it gives none.
pub(super) fn key(key: &Key) -> Result<Option<Vec<u8>>, Answer> {
    match key {
        Key::Unsaid | Key::Absent => Ok(None),
        Key::Given(text) => Ok(Some(text.clone().into_bytes())),
        Key::Nonsense => Err(Answer::error(Outcome::BadType, "the compiler demands bytes")),
    }
}

fn directory() -> Result<PathBuf, Answer> {
    run_directory().ok_or_else(|| Answer::error(Outcome::Other, "this process belongs to no run"))
}

/// Such names are the whole machine's, and runs side by side may have the same id, but not directory.
fn abstract_name(directory: &Path, name: &str) -> Vec<u8> {
    let of_directory = Value::fingerprint_of_bytes(directory.as_os_str().as_encoded_bytes()) as u32;
    format!("procession-{of_directory:08x}-{name}").into_bytes()
}

/// One that was free a moment ago.
fn unused_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The file in which the address of a manager or a listener is noted.
pub(super) fn note_of(name: &str) -> Result<PathBuf, Answer> {
    Ok(note_in(&directory()?, name))
}

fn note_in(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.address"))
}

/// Tells the run an address; whole, or not at all.
pub(super) fn note(path: &Path, address: &Address) -> io::Result<()> {
    let aside = path.with_extension("address.new");
    fs::write(&aside, address.to_string())?;
    fs::rename(aside, path)
}

/// The address that a manager or a listener of the run has noted. Others write the file, of whom nothing else
/// is known here: it is looked for again and again.
fn noted(directory: &Path, name: &str) -> Result<Address, Answer> {
    let (path, began) = (note_in(directory, name), Instant::now());
    loop {
        match fs::read_to_string(&path) {
            Ok(text) => {
                return text
                    .parse()
                    .map_err(|error| Answer::error(Outcome::Other, format!("{}: {error}", path.display())));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(outcome::os(error)),
            Err(_) if began.elapsed() > PATIENCE => {
                return Err(Answer::error(Outcome::Other, format!("nothing called `{name}` has an address")));
            }
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused_as_a_value() {
        for endpoint in [Endpoint::Nonsense, Endpoint::UnknownFamily] {
            assert_eq!(place(&endpoint).map_err(|answer| answer.outcome), Err(Outcome::BadValue));
        }
        assert_eq!(target(&Endpoint::Unix).map_err(|answer| answer.outcome), Err(Outcome::BadValue));
        assert_eq!(key(&Key::Nonsense).map_err(|answer| answer.outcome), Err(Outcome::BadType));
    }

    #[test]
    fn an_address_that_was_noted_is_found() {
        let directory = std::env::temp_dir().join(format!("procession-note-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory can be made");
        let address = Address::Abstract(abstract_name(&directory, "x"));
        note(&note_in(&directory, "m"), &address).expect("a file can be written");
        let found = noted(&directory, "m");
        fs::remove_dir_all(&directory).expect("it is there");
        assert_eq!(found, Ok(address));
    }
}
