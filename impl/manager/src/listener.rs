//! Where connections arrive: `multiprocessing.connection.Listener`, whose clients may be Python's.

mod error;
mod place;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use procession_reference::Connection;
use procession_reference::connection::FromFdError;
use procession_wire::auth::{self, Key};

pub use self::error::{AcceptError, BindError};
use self::place::Place;
use crate::address::{Address, Family};
use crate::handshake::{Candidate, Unproved};
use crate::server::Bell;
use crate::socket::{self, Listening};
use crate::stream::looking::Looking;
use crate::stream::{Stream, until};

/// What a listener asks of those who connect, and how many it lets wait.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// How many connections wait to be accepted before the system lets further ones wait outside; the kernel
    /// adds one. 1.
    pub backlog: u32,
    /// The kind of socket, where no address says it; Unix-domain where nothing does.
    pub family: Option<Family>,
    /// What a client must know to be accepted; without one, everybody is.
    pub key: Option<Key>,
    /// How many may have connected and not yet proved the key; when one more comes, the one who came first is
    /// let go. 64.
    pub most_unproved: usize,
    /// How the key is proved.
    pub proof: auth::Options,
    /// How long a client may take for its proof. Ten seconds.
    pub proof_time: Duration,
    /// How long a client on another host may be out of reach before its connection ends, in whole seconds from 1 on.
    /// A minute.
    pub unreachable: Duration,
}

impl Default for ListenerOptions {
    fn default() -> ListenerOptions {
        ListenerOptions {
            backlog: 1,
            family: None,
            key: None,
            most_unproved: 64,
            proof: auth::Options::default(),
            proof_time: Duration::from_secs(10),
            unreachable: socket::UNREACHABLE,
        }
    }
}

/// A socket at which connections are accepted, by any number of threads.
///
/// With a key, those who connect are challenged side by side, so one who stays silent delays nobody: when his
/// time is over he is let go without a word. One who fails the proof is reported by the accept that found it
/// out, and the next one goes on.
///
/// Dropping a listener closes it. What was accepted lives on.
#[derive(Debug)]
pub struct Listener {
    address: Address,
    options: ListenerOptions,
    closed: AtomicBool,
    /// Rung when the listener is closed, and never read.
    closing: Bell,
    last: Mutex<Option<Origin>>,
    /// Held by the accept that waits; others queue for it.
    door: Mutex<Option<Door>>,
}

/// What is there to accept from.
#[derive(Debug)]
struct Door {
    listening: Listening,
    /// From the one who came first to the one who came last.
    candidates: VecDeque<(Candidate, Origin)>,
    /// Why others were let go, of whom no accept has told yet.
    failed: VecDeque<Unproved>,
    /// What has been learnt of waits for those who are at their proof.
    answers: Looking,
    /// What has been learnt of waits for somebody to come.
    arrivals: Looking,
    /// Removed with the door.
    _place: Option<Place>,
}

/// Where an accepted connection came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client of a Unix-domain socket, which has no address.
    Local,
    /// A TCP port.
    Tcp(Address),
}

impl fmt::Display for Origin {
    /// The address as text; nothing for a local client.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Local => Ok(()),
            Origin::Tcp(address) => address.fmt(f),
        }
    }
}

/// An accepted connection as a stream, with who is at its other end.
#[derive(Debug)]
pub struct Accepted {
    /// The connection. Its peer has proved the key, where there is one.
    pub stream: Stream,
    /// Where it came from.
    pub origin: Origin,
    /// The process that connected; unknown over TCP and from another pid namespace.
    pub process: Option<i32>,
}

impl Listener {
    /// Listens at the address, or, without one, at a free one: a path in a directory of its own that only this
    /// user can enter, or a port of the loopback interface where the options ask for TCP.
    ///
    /// # Errors
    /// See [`BindError`]. Nothing is left behind.
    pub fn bind(
        address: impl Into<Option<Address>>,
        options: ListenerOptions,
    ) -> Result<Listener, BindError> {
        let address: Option<Address> = address.into();
        if let (Some(address), Some(family)) = (&address, options.family)
            && address.family() != family
        {
            let what =
                format!("{address} is an address of the family {:?}, not {family:?}", address.family());
            return Err(BindError::BadAddress(what));
        }
        let (wanted, directory) = match (address, options.family) {
            (Some(address), _) => (address, None),
            (None, Some(Family::Tcp)) => (Address::loopback(0), None),
            (None, Some(Family::Unix) | None) => {
                let directory = place::PrivateDirectory::new().map_err(BindError::Os)?;
                (Address::Unix(directory.path().join("listener")), Some(directory))
            }
        };
        let closing = Bell::new().map_err(BindError::Os)?;
        let (listening, address) =
            socket::bind(&wanted, options.backlog).map_err(|error| match error.kind() {
                ErrorKind::AddrInUse => BindError::AddressInUse(wanted.clone()),
                ErrorKind::InvalidInput => BindError::BadAddress(error.to_string()),
                _ => BindError::Os(error),
            })?;
        let place = match &address {
            Address::Unix(path) => Some(Place::new(path, directory)),
            _ => None,
        };
        let door = Door {
            listening,
            candidates: VecDeque::new(),
            failed: VecDeque::new(),
            answers: Looking::new(),
            arrivals: Looking::new(),
            _place: place,
        };
        Ok(Listener {
            address,
            options,
            closed: AtomicBool::new(false),
            closing,
            last: Mutex::new(None),
            door: Mutex::new(Some(door)),
        })
    }

    /// The address at which it listens: the real port, where a free one was asked for.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where the connection that was accepted last came from; nothing before the first.
    pub fn last_accepted(&self) -> Option<Origin> {
        lock(&self.last).clone()
    }

    /// Waits for a client and gives the connection to it.
    ///
    /// # Errors
    /// See [`AcceptError`]; all but [`Closed`](AcceptError::Closed) concern one client, and the next accept goes
    /// on with the next one.
    pub fn accept(&self) -> Result<Connection, AcceptError> {
        let (fd, _) = self.take()?;
        Connection::from_fd(fd, true, true).map_err(|error| match error {
            FromFdError::Os(error) => AcceptError::Os(error),
            other => AcceptError::Os(io::Error::other(other)),
        })
    }

    /// Waits for a client, as [`accept`](Self::accept) does, and gives the bare stream.
    ///
    /// # Errors
    /// Those of [`accept`](Self::accept).
    pub fn accept_stream(&self) -> Result<Accepted, AcceptError> {
        let (fd, origin) = self.take()?;
        let process = socket::peer_process(&fd);
        Ok(Accepted { stream: Stream::new(fd), origin, process })
    }

    /// Stops listening, at once: nobody can connect any more, whoever had connected and was not accepted is let
    /// go, accepts that wait fail, and the path is removed (by the process that made the listener). May be
    /// repeated.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // An accept that waits lets go of the door when it hears this.
        self.closing.ring();
        drop(lock(&self.door).take());
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn take(&self) -> Result<(OwnedFd, Origin), AcceptError> {
        let mut door = lock(&self.door);
        loop {
            if self.is_closed() {
                return Err(AcceptError::Closed);
            }
            let Some(open) = &mut *door else { return Err(AcceptError::Closed) };
            if let Some(accepted) = open.next(&self.options)? {
                *lock(&self.last) = Some(accepted.1.clone());
                return Ok(accepted);
            }
            open.wait(&self.closing).map_err(AcceptError::Os)?;
        }
    }
}

impl Door {
    /// One who is to be let in now, if there is one.
    fn next(&mut self, options: &ListenerOptions) -> Result<Option<(OwnedFd, Origin)>, AcceptError> {
        let now = Instant::now();
        let mut index = 0;
        while let Some((candidate, _)) = self.candidates.get_mut(index) {
            let proved = candidate.advance();
            let late = candidate.deadline <= now;
            if matches!(proved, Ok(false)) && !late {
                index += 1;
                continue;
            }
            let Some((candidate, origin)) = self.candidates.remove(index) else { break };
            match proved {
                Ok(true) => return Ok(Some((candidate.fd, origin))),
                Ok(false) => {}
                // Whoever has proved himself goes first; of the others the accept that finds nobody tells.
                Err(error) => {
                    self.failed.push_back(error);
                    if self.failed.len() > options.most_unproved.max(1) {
                        self.failed.pop_front();
                    }
                }
            }
        }
        if let Some(error) = self.failed.pop_front() {
            return Err(AcceptError::AuthenticationFailed(error));
        }
        let (fd, from) = match self.listening.accept(options.unreachable) {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(AcceptError::Os(error)),
        };
        let origin = from.map_or(Origin::Local, Origin::Tcp);
        let Some(key) = &options.key else { return Ok(Some((fd, origin))) };
        if self.candidates.len() >= options.most_unproved.max(1) {
            self.candidates.pop_front();
        }
        let deadline = now + options.proof_time;
        let candidate = Candidate::challenge(fd, key, options.proof, deadline)
            .map_err(|error: Unproved| AcceptError::AuthenticationFailed(error))?;
        self.candidates.push_back((candidate, origin));
        Ok(None)
    }

    /// Waits until something has come, somebody's time is over or the listener is closed.
    fn wait(&mut self, closing: &Bell) -> io::Result<()> {
        let mut polled = vec![
            PollFd::new(closing.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listening.as_fd(), PollFlags::POLLIN),
        ];
        polled.extend(
            self.candidates.iter().map(|(candidate, _)| PollFd::new(candidate.fd.as_fd(), PollFlags::POLLIN)),
        );
        let looking = if self.candidates.is_empty() { &mut self.arrivals } else { &mut self.answers };
        let look = || match nix::poll::poll(&mut polled, PollTimeout::ZERO) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        };
        if looking.until(look).is_some() {
            return Ok(());
        }
        let earliest = self.candidates.iter().map(|(candidate, _)| candidate.deadline).min();
        match nix::poll::poll(&mut polled, earliest.map_or(PollTimeout::NONE, until)) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
