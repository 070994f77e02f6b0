//! The creator of this process, as its child sees it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pidfd;

/// The process that started this one. It is watched through a pidfd that the creator handed over, so
/// its end is seen also when it is killed, and never confused with a later process of the same pid.
#[derive(Clone, Debug)]
pub struct ParentProcess {
    pub(crate) pid: i32,
    pub(crate) name: String,
    pub(crate) pidfd: Arc<OwnedFd>,
}

impl ParentProcess {
    /// Its pid.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Its name when it started this process.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it runs. Does not block.
    ///
    /// # Errors
    /// What `ppoll` reports.
    pub fn is_alive(&self) -> io::Result<bool> {
        Ok(!pidfd::ended(self.as_fd(), Some(Instant::now()))?)
    }

    /// Blocks until it has ended.
    ///
    /// # Errors
    /// What `ppoll` reports.
    pub fn join(&self) -> io::Result<()> {
        pidfd::ended(self.as_fd(), None).map(|_| ())
    }

    /// Blocks until it has ended or `timeout` is over: whether it has ended.
    ///
    /// # Errors
    /// What `ppoll` reports.
    pub fn join_timeout(&self, timeout: Duration) -> io::Result<bool> {
        pidfd::ended(self.as_fd(), Instant::now().checked_add(timeout))
    }
}

/// Becomes readable when the creator ends, and stays so.
impl AsFd for ParentProcess {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl AsRawFd for ParentProcess {
    fn as_raw_fd(&self) -> i32 {
        self.pidfd.as_raw_fd()
    }
}
