//! A server as a program of its own, for adapters in other languages: told in one line of JSON what to serve,
//! it answers in one where it does.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use nix::sys::signal::{SigSet, Signal};
use procession_contract::{Body, Initializer};
use procession_manager::{Manager, ManagerOptions, StartError};
use serde::{Deserialize, Serialize};

use super::setup::Types;

/// What is to be served.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Where; `null` for a place that the server finds.
    address: Option<String>,
    /// The key, in hexadecimal digits.
    key: String,
    /// The run's directory.
    directory: PathBuf,
    /// What is done first.
    initializer: Option<Initializer>,
}

/// What whoever asked is told.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Serving { address: String },
    Refused { error: &'static str, text: String },
}

/// Serves what the first line of standard input asks for, until a client asks for the end or standard input
/// ends.
pub fn serve<B: Body>() -> ExitCode {
    match served::<B>() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("procession manager: {error}");
            ExitCode::FAILURE
        }
    }
}

fn served<B: Body>() -> io::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let Request { address, key, directory, initializer } = serde_json::from_str(&line)?;
    let address = address.map(|address| address.parse()).transpose().map_err(io::Error::other)?;
    let key = bytes_of(&key).ok_or_else(|| io::Error::other("the key is no hexadecimal digits"))?;
    // An interrupt from a terminal goes to all of a program's processes; clients still need this one.
    let mut interrupt = SigSet::empty();
    interrupt.add(Signal::SIGINT);
    interrupt.thread_block()?;
    let manager =
        Manager::new(ManagerOptions { address, key: Some(key.into()), ..ManagerOptions::default() });
    let begun = manager.server(Types::<B>::of_run(directory, initializer));
    let told = match &begun {
        Ok(server) => Told::Serving { address: server.address().to_string() },
        Err(why) => {
            let error = match why {
                StartError::AddressInUse(_) => "address_in_use",
                StartError::BadAddress(_) | StartError::BadKey(_) => "bad_address",
                StartError::SetUp(_) => "initializer",
                _ => "other",
            };
            Told::Refused { error, text: why.to_string() }
        }
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(&told)?)?;
    out.flush()?;
    drop(out);
    match begun {
        Ok(server) => server.serve_while(vec![io::stdin().as_fd().try_clone_to_owned()?]),
        // Whoever asked knows.
        Err(_) => Ok(()),
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
