//! The session for which a method is carried out: who it is, and how it waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// The peer has closed its side; nix has no name for it.
const HUNG_UP: PollFlags = PollFlags::from_bits_retain(libc::POLLRDHUP);

/// A session, by a number that no other session of this server has or will have.
///
/// It is what owns a lock: a client has a session for each of its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(pub u64);

/// The session that makes a call.
pub struct Caller {
    id: CallerId,
    /// Its connection; `None` for calls by the server's own process.
    stream: Option<OwnedFd>,
    /// Rung to end its waits.
    ending: Bell,
    bell: OnceLock<Bell>,
}

/// What somebody who waits is woken by. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Bell(Arc<EventFd>);

/// Why a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The bell was rung, at least once since the last time that this was said.
    Rung,
    /// The deadline has passed, and the bell was not rung.
    TimedOut,
    /// The client has left or the server ends. The bell may have been rung too: whoever was given something
    /// with it hands it on.
    Left,
}

impl Bell {
    /// A bell that has not been rung.
    ///
    /// # Errors
    /// The system's, where there are too many descriptors.
    pub fn new() -> io::Result<Bell> {
        let fd = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Bell(Arc::new(fd)))
    }

    /// Wakes whoever waits, or the next to wait. Does not block.
    pub fn ring(&self) {
        // The counter's end is 2^64 - 2 rings away, and rung is what the bell then is already.
        let _ = self.0.write(1);
    }

    /// Makes it as one that was not rung.
    pub(super) fn silence(&self) {
        self.was_rung();
    }

    /// Whether it was rung since the last time that this was asked.
    fn was_rung(&self) -> bool {
        self.0.read().is_ok()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Caller {
    /// The session of this connection; `ending` is rung when the server ends, and never read.
    pub fn new(id: CallerId, stream: Option<OwnedFd>, ending: Bell) -> Caller {
        Caller { id, stream, ending, bell: OnceLock::new() }
    }

    /// Which session it is.
    pub fn id(&self) -> CallerId {
        self.id
    }

    /// Its connection; none for calls by the server's own process.
    pub fn stream(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(AsFd::as_fd)
    }

    /// The bell by which this session is woken. It has one, since it makes one call at a time: a ring that comes
    /// after a wait has ended wakes the next for nothing, so who is woken looks at what he waits for.
    ///
    /// # Errors
    /// Those of [`Bell::new`].
    pub fn bell(&self) -> io::Result<&Bell> {
        match self.bell.get() {
            Some(bell) => Ok(bell),
            None => {
                let bell = Bell::new()?;
                Ok(self.bell.get_or_init(|| bell))
            }
        }
    }

    /// Waits until the bell is rung, the deadline passes, the client leaves or the server ends.
    ///
    /// # Errors
    /// Those of [`Caller::bell`], and the system's for `poll`.
    pub fn park(&self, deadline: Option<Instant>) -> io::Result<Woken> {
        let bell = self.bell()?;
        loop {
            let left = match deadline {
                None => PollTimeout::NONE,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // Rounded up: a wait never ends before its time.
                    let millis = left.as_nanos().div_ceil(1_000_000);
                    PollTimeout::try_from(millis.min(i32::MAX as u128) as i32).unwrap_or(PollTimeout::MAX)
                }
            };
            let mut polled = vec![
                PollFd::new(bell.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.ending.as_fd(), PollFlags::POLLIN),
            ];
            if let Some(stream) = &self.stream {
                // What the peer has sent meanwhile is not looked at; that it has hung up is.
                polled.push(PollFd::new(stream.as_fd(), HUNG_UP));
            }
            match nix::poll::poll(&mut polled, left) {
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            let ready = |at: usize| polled.get(at).is_some_and(|fd| fd.any().unwrap_or(true));
            let (ending, hung_up) = (ready(1), ready(2));
            if ending || hung_up {
                return Ok(Woken::Left);
            }
            if bell.was_rung() {
                return Ok(Woken::Rung);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(Woken::TimedOut);
            }
        }
    }
}
