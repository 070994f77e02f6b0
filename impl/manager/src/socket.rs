//! Stream sockets of either family: bound, connected with a deadline, and the peer behind one.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    self, AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, SockaddrLike, UnixAddr, sockopt,
};
use nix::sys::time::TimeVal;

use crate::address::{Address, Family, LONGEST_NAME};

/// How long a peer on another host may be out of reach before it is taken to be gone: a minute.
pub const UNREACHABLE: Duration = Duration::from_secs(60);

/// A socket at which connections arrive.
#[derive(Debug)]
pub enum Listening {
    /// At a TCP port.
    Tcp(TcpListener),
    /// At a path or an abstract name.
    Unix(UnixListener),
}

impl Listening {
    /// Takes a connection that waits: with where it came from, for TCP. Does not block. It ends when its peer on
    /// another host was out of reach for so long.
    ///
    /// # Errors
    /// The system's: `WouldBlock` where none waits.
    pub fn accept(&self, unreachable: Duration) -> io::Result<(OwnedFd, Option<Address>)> {
        loop {
            let accepted = match self {
                Listening::Tcp(listener) => listener.accept().and_then(|(stream, from)| {
                    stream.set_nodelay(true)?;
                    stream.set_nonblocking(false)?;
                    notice_vanished(&stream, unreachable)?;
                    let from = Address::Tcp { host: from.ip().to_string(), port: from.port() };
                    Ok((stream.into(), Some(from)))
                }),
                Listening::Unix(listener) => listener.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(false)?;
                    Ok((stream.into(), None))
                }),
            };
            match accepted {
                // The peer has left again; the next one may be there.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                other => return other,
            }
        }
    }
}

/// Has the system ask a TCP peer that is silent whether it is still there, so that a connection to one that has
/// vanished, with its host or the way to it, ends after about this time and not never. A peer that vanishes while
/// something is on its way to it is tried for as long as the system does, about a quarter of an hour. Nothing for
/// other sockets: of their peers the system knows the end.
///
/// # Errors
/// The system's.
pub fn notice_vanished(fd: &impl AsFd, after: Duration) -> io::Result<()> {
    let address: socket::SockaddrStorage = socket::getsockname(fd.as_fd().as_raw_fd())?;
    if address.as_sockaddr_in().is_none() {
        return Ok(());
    }
    // In whole seconds. Half of the time nothing is asked.
    let seconds = u32::try_from(after.as_secs()).unwrap_or(u32::MAX).clamp(1, 32_767);
    let questions = if seconds < 6 { 1 } else { 3 };
    let (silence, between) = ((seconds / 2).max(1), (seconds / 2 / questions).max(1));
    // Not TCP_USER_TIMEOUT, which would also end the connection to one who is there and does not read for a while.
    socket::setsockopt(fd, sockopt::KeepAlive, &true)?;
    socket::setsockopt(fd, sockopt::TcpKeepIdle, &silence)?;
    socket::setsockopt(fd, sockopt::TcpKeepInterval, &between)?;
    Ok(socket::setsockopt(fd, sockopt::TcpKeepCount, &questions)?)
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listening::Tcp(listener) => listener.as_fd(),
            Listening::Unix(listener) => listener.as_fd(),
        }
    }
}

/// Binds a socket to the address and listens there: gives it with the address that it really has.
///
/// `backlog` is how many connections may wait to be accepted; the kernel bounds it.
///
/// # Errors
/// The system's, among them `AddrInUse` where somebody listens there or a path exists already; `InvalidInput`
/// for a host that is no IPv4 address and has none, or a name that is too long.
pub fn bind(address: &Address, backlog: u32) -> io::Result<(Listening, Address)> {
    let backlog = Backlog::new(i32::try_from(backlog).unwrap_or(i32::MAX)).unwrap_or(Backlog::MAXCONN);
    match address {
        Address::Tcp { host, port } => {
            let fd = open(AddressFamily::Inet)?;
            // A port on which connections of an earlier listener linger can be listened on at once.
            socket::setsockopt(&fd, sockopt::ReuseAddr, &true)?;
            socket::bind(fd.as_raw_fd(), &SockaddrIn::from(resolved(host, *port)?))?;
            socket::listen(&fd, backlog)?;
            let bound: SockaddrIn = socket::getsockname(fd.as_raw_fd())?;
            let listener = TcpListener::from(fd);
            listener.set_nonblocking(true)?;
            Ok((Listening::Tcp(listener), Address::Tcp { host: bound.ip().to_string(), port: bound.port() }))
        }
        Address::Unix(_) | Address::Abstract(_) => {
            let fd = open(AddressFamily::Unix)?;
            socket::bind(fd.as_raw_fd(), &unix(address)?)?;
            socket::listen(&fd, backlog)?;
            let listener = UnixListener::from(fd);
            listener.set_nonblocking(true)?;
            Ok((Listening::Unix(listener), address.clone()))
        }
    }
}

/// Connects to a listener.
///
/// Blocks until the connection stands: a TCP peer must answer, a Unix-domain listener must have room for
/// one more that waits to be accepted.
///
/// # Errors
/// The system's, among them `ConnectionRefused` and `NotFound` where nobody listens; `TimedOut` when the
/// deadline passed first; `InvalidInput` as for [`bind`].
pub fn connect(address: &Address, deadline: Option<Instant>) -> io::Result<OwnedFd> {
    let fd = match address {
        Address::Tcp { .. } => open(AddressFamily::Inet)?,
        Address::Unix(_) | Address::Abstract(_) => open(AddressFamily::Unix)?,
    };
    // The time limit of sends is also that of a connect, in both families.
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        socket::setsockopt(&fd, sockopt::SendTimeout, &time_value(left.max(Duration::from_micros(1))))?;
    }
    let connected = match address {
        Address::Tcp { host, port } => finished(&fd, &SockaddrIn::from(resolved(host, *port)?)),
        Address::Unix(_) | Address::Abstract(_) => finished(&fd, &unix(address)?),
    };
    match connected {
        Err(Errno::EAGAIN | Errno::EINPROGRESS | Errno::EALREADY) => {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("nobody took up a connection to {address} in time"),
            ));
        }
        other => other?,
    }
    if deadline.is_some() {
        socket::setsockopt(&fd, sockopt::SendTimeout, &TimeVal::new(0, 0))?;
    }
    if address.family() == Family::Tcp {
        // A request and its reply are small and alternate: each must leave at once.
        socket::setsockopt(&fd, sockopt::TcpNoDelay, &true)?;
        notice_vanished(&fd, UNREACHABLE)?;
    }
    Ok(fd)
}

/// Connects, again after a signal, as often as it takes: what was begun goes on in the kernel.
fn finished(fd: &OwnedFd, to: &dyn SockaddrLike) -> Result<(), Errno> {
    loop {
        match socket::connect(fd.as_raw_fd(), to) {
            Err(Errno::EINTR) => {}
            Err(Errno::EISCONN) => return Ok(()),
            other => return other,
        }
    }
}

fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(socket::socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?)
}

fn time_value(time: Duration) -> TimeVal {
    TimeVal::new(time.as_secs().try_into().unwrap_or(i64::MAX), time.subsec_micros().into())
}

fn unix(address: &Address) -> io::Result<UnixAddr> {
    let made = match address {
        Address::Unix(path) => UnixAddr::new(path),
        Address::Abstract(name) => UnixAddr::new_abstract(name),
        Address::Tcp { .. } => Err(Errno::EAFNOSUPPORT),
    };
    made.map_err(|_| {
        let what = format!("{address} names no socket: expected 1 to {LONGEST_NAME} bytes");
        io::Error::new(io::ErrorKind::InvalidInput, what)
    })
}

/// The first IPv4 address of the host, as CPython takes it. May ask the system's resolver.
fn resolved(host: &str, port: u16) -> io::Result<SocketAddrV4> {
    let mut found = (host, port).to_socket_addrs()?;
    found
        .find_map(|address| match address {
            SocketAddr::V4(address) => Some(address),
            SocketAddr::V6(_) => None,
        })
        .ok_or_else(|| {
            let what = format!("{host} has no IPv4 address, which this wire needs");
            io::Error::new(io::ErrorKind::InvalidInput, what)
        })
}

/// The process at the other end of a Unix-domain socket, as it was when it connected; `None` for TCP.
pub fn peer_process(fd: impl AsFd) -> Option<i32> {
    let credentials = socket::getsockopt(&fd, sockopt::PeerCredentials).ok()?;
    // The kernel reports process 0 where it knows none: another pid namespace, or no such socket.
    Some(credentials.pid()).filter(|&pid| pid > 0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn in_a_folder(folder: &tempfile::TempDir) -> Address {
        Address::Unix(folder.path().join("socket"))
    }

    fn abstract_name() -> Address {
        let folder = tempfile::tempdir().expect("a folder");
        Address::Abstract(folder.path().to_string_lossy().as_bytes().to_vec())
    }

    #[test]
    fn a_connection_of_each_family_is_accepted() {
        let folder = tempfile::tempdir().expect("a folder");
        for address in [Address::loopback(0), in_a_folder(&folder), abstract_name()] {
            let (listening, bound) = bind(&address, 5).expect("the address is free");
            let client = connect(&bound, Some(Instant::now() + Duration::from_secs(60))).expect("it listens");
            let (server, from) = listening.accept(UNREACHABLE).expect("a connection waits");
            assert_eq!(from.is_some(), address.family() == Family::Tcp);
            // Also a host that vanishes is noticed.
            for end in [&client, &server] {
                let is_asked = socket::getsockopt(end, sockopt::KeepAlive);
                assert_eq!(is_asked, Ok(address.family() == Family::Tcp));
            }
            if address.family() == Family::Unix {
                assert_eq!(peer_process(&server), Some(nix::unistd::getpid().as_raw()));
            }
            nix::unistd::write(&client, b"x").expect("a byte fits");
            let mut byte = [0];
            assert_eq!(nix::unistd::read(&server, &mut byte), Ok(1));
            assert_eq!(listening.accept(UNREACHABLE).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn nobody_listens() {
        let folder = tempfile::tempdir().expect("a folder");
        let (listening, bound) = bind(&Address::loopback(0), 1).expect("a port is free");
        drop(listening);
        let refused = |address| connect(&address, None).unwrap_err().kind();
        assert_eq!(refused(bound), io::ErrorKind::ConnectionRefused);
        assert_eq!(refused(in_a_folder(&folder)), io::ErrorKind::NotFound);
        assert_eq!(refused(abstract_name()), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn an_address_is_taken_once() {
        let folder = tempfile::tempdir().expect("a folder");
        for address in [Address::loopback(0), in_a_folder(&folder), abstract_name()] {
            let (_first, bound) = bind(&address, 1).expect("the address is free");
            assert_eq!(bind(&bound, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse, "{bound}");
        }
    }

    #[test]
    fn a_full_backlog_is_waited_for_until_the_deadline() {
        let (_listening, bound) = bind(&abstract_name(), 0).expect("the name is free");
        let first = connect(&bound, None).expect("one waits");
        let late = connect(&bound, Some(Instant::now() + Duration::from_millis(20)));
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(first);
    }

    #[rstest]
    #[case(Address::Unix("/".repeat(200).into()))]
    #[case(Address::Abstract(vec![b'a'; 200]))]
    fn a_name_that_is_too_long_is_refused(#[case] address: Address) {
        assert_eq!(connect(&address, None).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(bind(&address, 1).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
