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
use crate::quick_ack::acknowledge;
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
    /// Those who have proved the key and are given time for their first message.
    proved: VecDeque<Proved>,
    /// Why others were let go, of whom no accept has told yet.
    failed: VecDeque<Unproved>,
    /// What has been learnt of waits for those who are at their proof.
    answers: Looking,
    /// What has been learnt of waits for somebody to come.
    arrivals: Looking,
    /// Removed with the door.
    _place: Option<Place>,
}

/// One who has nothing more to prove, and may say the first message until then.
#[derive(Debug)]
struct Proved {
    fd: OwnedFd,
    origin: Origin,
    deadline: Instant,
}

/// Whom an accept lets in.
#[derive(Debug)]
struct Admitted {
    fd: OwnedFd,
    origin: Origin,
    /// Whether something of the first message has come, or the connection has ended.
    has_asked: bool,
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
            proved: VecDeque::new(),
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
        let Admitted { fd, .. } = self.take(None)?;
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
        let Admitted { fd, origin, .. } = self.take(None)?;
        let process = socket::peer_process(&fd);
        Ok(Accepted { stream: Stream::new(fd), origin, process })
    }

    /// Waits for a client that asks something: gives its connection when its first message begins to come, or when it
    /// has let so much time pass after its proof, and whether something has come. Those who take their time delay
    /// nobody.
    ///
    /// # Errors
    /// Those of [`accept`](Self::accept).
    pub(crate) fn accept_asking(&self, time: Duration) -> Result<(Stream, bool), AcceptError> {
        let Admitted { fd, has_asked, .. } = self.take(Some(time))?;
        Ok((Stream::new(fd), has_asked))
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

    /// The next one to be let in; one whose first message is waited for so long, where that is said.
    fn take(&self, time: Option<Duration>) -> Result<Admitted, AcceptError> {
        let mut door = lock(&self.door);
        loop {
            if self.is_closed() {
                return Err(AcceptError::Closed);
            }
            let Some(open) = &mut *door else { return Err(AcceptError::Closed) };
            if let Some(admitted) = open.next(&self.options, time)? {
                *lock(&self.last) = Some(admitted.origin.clone());
                return Ok(admitted);
            }
            open.wait(&self.closing).map_err(AcceptError::Os)?;
        }
    }
}

impl Door {
    /// One who is to be let in now, if there is one.
    fn next(
        &mut self,
        options: &ListenerOptions,
        time: Option<Duration>,
    ) -> Result<Option<Admitted>, AcceptError> {
        let now = Instant::now();
        let most = options.most_unproved.max(1);
        if let Some(admitted) = self.who_asks(now, most) {
            return Ok(Some(admitted));
        }
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
                Ok(true) => {
                    if matches!(origin, Origin::Tcp(_)) {
                        // A client in Python sends its first message when the end of its proof is acknowledged.
                        acknowledge(candidate.fd.as_fd());
                    }
                    let admitted = self.admit(candidate.fd, origin, time);
                    if admitted.is_some() {
                        return Ok(admitted);
                    }
                }
                Ok(false) => {}
                // Whoever has proved himself goes first; of the others the accept that finds nobody tells.
                Err(error) => {
                    self.failed.push_back(error);
                    if self.failed.len() > most {
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
        let Some(key) = &options.key else { return Ok(self.admit(fd, origin, time)) };
        if self.candidates.len() >= most {
            self.candidates.pop_front();
        }
        let deadline = now + options.proof_time;
        let candidate = Candidate::challenge(fd, key, options.proof, deadline)
            .map_err(|error: Unproved| AcceptError::AuthenticationFailed(error))?;
        self.candidates.push_back((candidate, origin));
        Ok(None)
    }

    /// Lets in one who has proved himself, unless his first message is to be waited for.
    fn admit(&mut self, fd: OwnedFd, origin: Origin, time: Option<Duration>) -> Option<Admitted> {
        let Some(time) = time else { return Some(Admitted { fd, origin, has_asked: false }) };
        if is_ready(&fd) {
            return Some(Admitted { fd, origin, has_asked: true });
        }
        self.proved.push_back(Proved { fd, origin, deadline: Instant::now() + time });
        None
    }

    /// The first of those who have proved themselves that has asked something or whose time is over, or the first of
    /// all where there are more than that.
    fn who_asks(&mut self, now: Instant, most: usize) -> Option<Admitted> {
        let is_over = |proved: &Proved| proved.deadline <= now;
        let asked = self.proved.iter().position(|proved| is_ready(&proved.fd));
        let silent = || self.proved.iter().position(is_over).or((self.proved.len() > most).then_some(0));
        let index = asked.or_else(silent)?;
        let Proved { fd, origin, .. } = self.proved.remove(index)?;
        Some(Admitted { fd, origin, has_asked: asked.is_some() })
    }

    /// Waits until something has come, somebody's time is over or the listener is closed.
    fn wait(&mut self, closing: &Bell) -> io::Result<()> {
        let mut polled = vec![
            PollFd::new(closing.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listening.as_fd(), PollFlags::POLLIN),
        ];
        let candidates = self.candidates.iter().map(|(candidate, _)| (&candidate.fd, candidate.deadline));
        let proved = self.proved.iter().map(|proved| (&proved.fd, proved.deadline));
        let expected: Vec<_> = candidates.chain(proved).collect();
        polled.extend(expected.iter().map(|(fd, _)| PollFd::new(fd.as_fd(), PollFlags::POLLIN)));
        let looking = if expected.is_empty() { &mut self.arrivals } else { &mut self.answers };
        let look = || match nix::poll::poll(&mut polled, PollTimeout::ZERO) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        };
        if looking.until(look).is_some() {
            return Ok(());
        }
        let earliest = expected.iter().map(|(_, deadline)| *deadline).min();
        match nix::poll::poll(&mut polled, earliest.map_or(PollTimeout::NONE, until)) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether there is something to be read, or the connection has ended. Does not wait.
fn is_ready(fd: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    !matches!(nix::poll::poll(&mut polled, PollTimeout::ZERO), Ok(0))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
