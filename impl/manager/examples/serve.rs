//! A server with the types of Python's `SyncManager`, for whoever knows the key in a file: `serve KEYFILE [ADDRESS]`.
//!
//! ```text
//! $ (umask 077; head -c 32 /dev/urandom | base64 > key)
//! $ cargo run --example serve key unix:/tmp/served
//! $ python3 -c "from multiprocessing.managers import SyncManager
//! m = SyncManager('/tmp/served', open('key', 'rb').read().rstrip(b'\n')); m.connect(); print(m.list([1, 2]))"
//! ```
//!
//! The key itself is no argument: those of a process can be read by every user of the machine.

use std::error::Error;

use procession_manager::Key;
use procession_manager::server::{Server, Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("expected a file with a key, and perhaps an address")?;
    let text = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    // A newline at its end is no part of the key.
    let key =
        Key::new(text.strip_suffix(b"\n").unwrap_or(&text)).map_err(|error| format!("{file}: {error}"))?;
    let mut settings = Settings::new(key);
    settings.address = arguments.next().map(|address| address.parse()).transpose()?;
    let server = Server::bind(settings)?;
    println!("{}", server.address());
    Ok(server.serve()?)
}
