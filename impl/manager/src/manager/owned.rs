//! A server that this process started, and must end.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use procession_reference::Process;
use procession_reference::exit::at_exit_after_children;
use procession_reference::process::{AuthKey, JoinError, SignalError};
use procession_wire::auth::Key;

use super::ShutdownError;
use crate::address::Address;
use crate::proxy::Remote;

/// A server's process, and where it listens.
pub(super) struct Owned {
    pub(super) process: Process,
    pub(super) address: Address,
    key: AuthKey,
    patience: Duration,
    /// Which file its path led to, when it began.
    identity: Option<(u64, u64)>,
    /// Whether its path is in a directory that it made for it.
    is_private: bool,
    /// Held by who ends it.
    ending: Mutex<()>,
}

/// The servers that this process, or the one that it was copied from, has started and not dropped.
static OWNED: Mutex<Vec<Weak<Owned>>> = Mutex::new(Vec::new());

impl Owned {
    pub(super) fn new(
        process: Process,
        address: Address,
        key: AuthKey,
        patience: Duration,
        is_private: bool,
    ) -> Arc<Owned> {
        let identity = match &address {
            Address::Unix(path) => identity(path),
            _ => None,
        };
        let ending = Mutex::new(());
        let owned = Arc::new(Owned { process, address, key, patience, identity, is_private, ending });
        static REGISTERED: Once = Once::new();
        REGISTERED.call_once(|| at_exit_after_children(end_all));
        let mut all = OWNED.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|owned| owned.strong_count() > 0);
        all.push(Arc::downgrade(&owned));
        owned
    }

    /// Ends the server and waits for its end, however it takes it; a second call finds it ended.
    pub(super) fn end(&self) -> Result<(), ShutdownError> {
        let _ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if self.join(Some(Duration::ZERO))? {
            return Ok(());
        }
        // One that does not answer is told in another way.
        let deadline = Instant::now() + self.patience;
        let server = Remote::at(self.address.clone(), Key::even_empty(self.key.as_bytes()));
        let _ = server.shutdown_by(Some(deadline));
        if self.join(Some(deadline.saturating_duration_since(Instant::now())))? {
            return Ok(());
        }
        signalled(self.process.terminate())?;
        if self.join(Some(self.patience))? {
            return Ok(());
        }
        signalled(self.process.kill())?;
        self.join(None).map(|_| ())
    }

    /// Waits for its end, at most so long: whether it has ended.
    pub(super) fn join(&self, time: Option<Duration>) -> Result<bool, ShutdownError> {
        let ended = match time {
            None => self.process.join().map(|()| true),
            Some(time) => self.process.join_timeout(time),
        };
        match ended {
            Ok(true) => {
                self.tidy();
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(JoinError::Os(error)) => Err(ShutdownError::Os(error)),
            Err(_) => Err(ShutdownError::NotStarter),
        }
    }

    /// Removes what a server that was killed has left.
    fn tidy(&self) {
        let Address::Unix(path) = &self.address else { return };
        if self.identity.is_some() && identity(path) == self.identity {
            // Somebody was faster.
            let _ = std::fs::remove_file(path);
        }
        if self.is_private
            && let Some(directory) = path.parent()
        {
            // Fails where it is gone already, or somebody has put something there.
            let _ = std::fs::remove_dir(directory);
        }
    }
}

fn signalled(sent: Result<(), SignalError>) -> Result<(), ShutdownError> {
    match sent {
        Err(SignalError::Os(error)) => Err(ShutdownError::Os(error)),
        Err(_) => Err(ShutdownError::NotStarter),
        Ok(()) => Ok(()),
    }
}

/// Which file a path leads to.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// At the end of this process, when nobody is left who could use them.
fn end_all() {
    let all = std::mem::take(&mut *OWNED.lock().unwrap_or_else(PoisonError::into_inner));
    for owned in all.iter().filter_map(Weak::upgrade) {
        // Those of the process that this one was copied from are not ended here.
        let _ = owned.end();
    }
}
