//! A server with the types of Python's `SyncManager`, for whoever knows the key: `serve KEY [ADDRESS]`.
//!
//! ```text
//! $ cargo run --example serve secret unix:/tmp/served
//! $ python3 -c "from multiprocessing.managers import SyncManager
//! m = SyncManager('/tmp/served', b'secret'); m.connect(); print(m.list([1, 2]))"
//! ```

use std::error::Error;

use procession_manager::Key;
use procession_manager::server::{Server, Settings};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let key = arguments.next().ok_or("expected a key, and perhaps an address")?;
    let mut settings = Settings::new(Key::new(key)?);
    settings.address = arguments.next().map(|address| address.parse()).transpose()?;
    let server = Server::bind(settings)?;
    println!("{}", server.address());
    Ok(server.serve()?)
}
