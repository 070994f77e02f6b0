//! The server that a soak is about: `procession manager serve`, as anybody would start it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use procession_manager::{Address, Key};

use super::stock::SHARED;
use crate::command::manager::key;

/// A server's process. It ends with this, and with this program.
pub struct Served {
    child: Child,
    address: Address,
    secret: String,
}

impl Served {
    /// Starts it, and waits until it can be connected to.
    pub fn start() -> Result<Served, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program's own file: {error}"))?;
        let secret = secret().map_err(|error| format!("no random key: {error}"))?;
        let mut child = Command::new(program)
            .args(["manager", "serve", "--end-with-stdin"])
            .args(SHARED.iter().flat_map(|(name, of)| ["--share".into(), format!("{name}={of}")]))
            .env(key::VARIABLE, &secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the server was not started: {error}"))?;
        let mut line = String::new();
        let told = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        match (told, line.trim_end().parse()) {
            (Some(Ok(_)), Ok(address)) => Ok(Served { child, address, secret }),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("the server said {line:?} in place of its address"))
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What its clients must know.
    pub fn key(&self) -> Key {
        Key::even_empty(self.secret.as_bytes())
    }

    /// The same, for the environment of a client.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, or says how it has ended otherwise.
    pub fn end(&mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        match self.child.wait() {
            Ok(status) if status.success() => match &self.address {
                Address::Unix(path) if path.exists() => {
                    Err(format!("the server has left {}", path.display()))
                }
                _ => Ok(()),
            },
            Ok(status) => Err(format!("the server has ended with {status}")),
            Err(error) => Err(format!("the server's end: {error}")),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It has been ended in order, unless something else went wrong.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn secret() -> std::io::Result<String> {
    let mut random = [0; 16];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
