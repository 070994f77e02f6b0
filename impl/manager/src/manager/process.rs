//! The process in which a manager's server runs: how it is started, and what it does.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use procession_reference::Process;
use procession_reference::connection::{Connection, stream_pipe};
use procession_reference::process::{AuthKey, parent_process};
use procession_wire::auth::Key;
use serde::{Deserialize, Serialize};

use super::owned::Owned;
use super::{ManagerOptions, Setup, StartError};
use crate::address::Address;
use crate::server::{Server, Settings};

/// What the server's process is told.
#[derive(Serialize, Deserialize)]
struct Order<S> {
    address: Option<String>,
    key: AuthKey,
    setup: S,
    report: Connection,
}

/// What it answers, once: its address, or why it does not serve.
#[derive(Serialize, Deserialize)]
enum Report {
    Serves(String),
    AddressInUse(String),
    BadAddress(String),
    Os(String),
    SetUp(String),
}

/// Starts a server, and waits until it can be connected to.
pub(super) fn start<S: Setup>(
    options: &ManagerOptions,
    key: &AuthKey,
    setup: S,
) -> Result<Arc<Owned>, StartError> {
    let os = |error: &dyn std::fmt::Display| StartError::Os(error.to_string());
    let (report, theirs) = stream_pipe(false).map_err(|error| os(&error))?;
    let address = options.address.as_ref().map(Address::to_string);
    let order = Order { address, key: key.clone(), setup, report: theirs };
    // The server may have processes of its own types, so it is not daemonic; and it outlives the other children.
    let mut process = Process::new(serve::<S>, order).with_daemon(false).as_service();
    if let Some(method) = options.method {
        process = process.with_method(method);
    }
    process.set_name(format!("Manager-{}", process.name()));
    process.start().map_err(StartError::Process)?;
    let failed = match report.recv::<Report>() {
        Ok(Report::Serves(address)) => match address.parse() {
            Ok(address) => {
                let is_private = options.address.is_none();
                return Ok(Owned::new(process, address, key.clone(), options.patience, is_private));
            }
            Err(error) => os(&error),
        },
        Ok(Report::AddressInUse(address)) => match address.parse() {
            Ok(address) => StartError::AddressInUse(address),
            Err(_) => StartError::BadAddress(address),
        },
        Ok(Report::BadAddress(what)) => StartError::BadAddress(what),
        Ok(Report::Os(what)) => StartError::Os(what),
        Ok(Report::SetUp(what)) => StartError::SetUp(what),
        // It has ended without a word: it was killed, or what it was told could not be decoded.
        Err(_) => {
            let _ = process.join();
            StartError::Died(process.exit().ok().flatten())
        }
    };
    // It ends by itself.
    let _ = process.join();
    Err(failed)
}

/// The body of the server's process.
fn serve<S: Setup>(order: Order<S>) -> Result<(), String> {
    let Order { address, key, setup, report } = order;
    let ready = ends()
        .map_err(|error| Report::Os(error.to_string()))
        .and_then(|ends| Ok((bind(address.as_deref(), &key, setup)?, ends)));
    // Whoever started this process has died, if it does not listen: then the server ends, too.
    match ready {
        Ok((server, ends)) => {
            let _ = report.send(&Report::Serves(server.address().to_string()));
            drop(report);
            server.serve_while(ends).map_err(|error| error.to_string())
        }
        Err(failed) => {
            let _ = report.send(&failed);
            Ok(())
        }
    }
}

/// What ends the server: SIGTERM, and the end of the process that started it. SIGINT does not.
fn ends() -> io::Result<Vec<OwnedFd>> {
    let terminate = SigSet::from(Signal::SIGTERM);
    // Before there are other threads, which inherit it. SIGINT is left waiting for ever.
    (terminate | Signal::SIGINT).thread_block()?;
    let told = SignalFd::with_flags(&terminate, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut ends = vec![told.as_fd().try_clone_to_owned()?];
    if let Some(parent) = parent_process() {
        ends.push(parent.as_fd().try_clone_to_owned()?);
    }
    Ok(ends)
}

fn bind<S: Setup>(address: Option<&str>, key: &AuthKey, setup: S) -> Result<Server, Report> {
    let key = Key::new(key.as_bytes()).map_err(|error| Report::Os(error.to_string()))?;
    let mut settings = Settings::new(key);
    settings.address = address
        .map(|address| address.parse())
        .transpose()
        .map_err(|error: crate::AddressError| Report::BadAddress(error.to_string()))?;
    let set_up = catch_unwind(AssertUnwindSafe(|| setup.set_up(&mut settings)));
    // What it panicked with is on the standard error by now.
    set_up.unwrap_or_else(|_| Err("it panicked".into())).map_err(Report::SetUp)?;
    Server::bind(settings).map_err(|error| match error {
        crate::BindError::AddressInUse(address) => Report::AddressInUse(address.to_string()),
        crate::BindError::BadAddress(what) => Report::BadAddress(what),
        crate::BindError::Os(error) => Report::Os(error.to_string()),
    })
}
