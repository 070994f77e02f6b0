//! The processes of a server's clients, as far as the kernel tells: who they are, and when they are gone.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{getsockopt, sockopt};

use super::Bell;
use crate::socket::peer_process;

/// The process at the other end of a connection.
///
/// It is named by a pidfd, so that a later process of the same number is another one.
#[derive(Debug)]
pub struct Peer {
    pid: i32,
    pidfd: OwnedFd,
}

impl Peer {
    /// Its number.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether it has ended. Does not block.
    pub fn has_ended(&self) -> bool {
        let mut polled = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        matches!(nix::poll::poll(&mut polled, PollTimeout::ZERO), Ok(1))
    }
}

/// The process at the other end of a connection has ended. What it still asks for concerns nobody: its references
/// have been taken back, or are about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departed;

/// Becomes readable when the process ends, and stays so.
impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// Those that have references to objects.
#[derive(Debug, Default)]
pub(super) struct Peers {
    known: Mutex<Known>,
    /// Rung when somebody is to be watched who was not before.
    news: Option<Bell>,
}

#[derive(Debug, Default)]
struct Known {
    by_pid: HashMap<i32, Arc<Peer>>,
    /// Those whose number another process has by now.
    replaced: Vec<Arc<Peer>>,
}

impl Peers {
    /// Nobody so far; whoever watches them is woken by the bell.
    pub(super) fn watched(news: Bell) -> Peers {
        Peers { known: Mutex::default(), news: Some(news) }
    }

    /// The process at the other end of this connection; `None` where nobody knows: over TCP, from another pid
    /// namespace, and on kernels before 6.5.
    ///
    /// # Errors
    /// [`Departed`].
    pub(super) fn at(&self, stream: BorrowedFd<'_>) -> Result<Option<Arc<Peer>>, Departed> {
        let Some(pid) = peer_process(stream) else { return Ok(None) };
        if let Some(peer) = self.lock().by_pid.get(&pid)
            && !peer.has_ended()
        {
            return Ok(Some(peer.clone()));
        }
        let pidfd = match getsockopt(&stream, sockopt::PeerPidfd) {
            Ok(pidfd) => pidfd,
            // Of one that has been waited for, most kernels have none to give.
            Err(Errno::EINVAL | Errno::ESRCH | Errno::ENODATA) => return Err(Departed),
            Err(_) => return Ok(None),
        };
        let peer = Arc::new(Peer { pid, pidfd });
        if peer.has_ended() {
            return Err(Departed);
        }
        let mut known = self.lock();
        match known.by_pid.get(&pid) {
            // Another connection of the same process was faster.
            Some(found) if !found.has_ended() => return Ok(Some(found.clone())),
            _ => {}
        }
        let replaced = known.by_pid.insert(pid, peer.clone());
        known.replaced.extend(replaced);
        drop(known);
        if let Some(news) = &self.news {
            news.ring();
        }
        Ok(Some(peer))
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Arc<Peer>> {
        let known = self.lock();
        known.by_pid.values().chain(&known.replaced).cloned().collect()
    }

    /// Forgets one.
    pub(super) fn remove(&self, peer: &Arc<Peer>) {
        let mut known = self.lock();
        known.by_pid.retain(|_, found| !Arc::ptr_eq(found, peer));
        known.replaced.retain(|found| !Arc::ptr_eq(found, peer));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
