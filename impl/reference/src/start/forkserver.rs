//! Start through a server: one process of this program, with one thread, that forks on request.
//!
//! The server is started on first use, and again if it has died. Its children are clean: they come
//! from a process that does nothing but fork, not from the creator with its threads. The creator
//! sends each child its order itself, over a socket that the server only passes on; the server
//! answers with the child's pid and pidfd, collects it when it ends and reports how. Working
//! directory, environment and standard streams of the children are those at the server's start.
//! The server ends when its creator does.
#![expect(unsafe_code, reason = "signal dispositions of the server and its children")]

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Order, Started, child, fork, image, socket, spawn};
use crate::context::Method;
use crate::process::state::{self, State, lock};
use crate::process::target::{Function, Target};
use crate::process::{Exit, StartError, pidfd};
use crate::transfer::{self, Descriptor, Parcel, Purpose};

/// The creator's side of its server. Dropping it ends the server.
pub(crate) struct Server {
    pid: i32,
    pidfd: OwnedFd,
    control: Option<UnixStream>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control = None;
        // The server ends at the end of the stream; one that was stopped must not hold up the exit.
        let _ = pidfd::signal(self.pidfd.as_fd(), libc::SIGKILL);
        let _ = pidfd::reap(self.pidfd.as_fd(), true);
    }
}

/// The pid of the fork server, if one has been started. It may have died since.
pub fn pid() -> Option<i32> {
    lock(&state::state().server).as_ref().map(|server| server.pid)
}

pub(crate) fn start(state: &'static State, order: &Order, args: &Parcel) -> Result<Started, StartError> {
    let order = transfer::encode_with_descriptors(order, Purpose::Starting)?;
    let mut current = lock(&state.server);
    if let Some(server) = &mut *current
        && let Ok((started, socket)) = server.fork()
    {
        drop(current);
        return deliver(started, &socket, &order, args);
    }
    // None was started yet, or it has died. A child that it may have made for us without telling
    // gets no order, and so ends by itself.
    *current = None;
    let server = current.insert(launch(state)?);
    let (started, socket) = server.fork()?;
    drop(current);
    deliver(started, &socket, &order, args)
}

fn deliver(
    started: Started,
    socket: &UnixStream,
    order: &Parcel,
    args: &Parcel,
) -> Result<Started, StartError> {
    spawn::deliver(socket, order, args)?;
    Ok(started)
}

fn launch(state: &'static State) -> Result<Server, StartError> {
    let (ours, theirs) = UnixStream::pair()?;
    let target = Function { function: serve, args: Descriptor::from(theirs) };
    let (call, args) = target.encode()?;
    let order = Order {
        fingerprint: image::fingerprint(),
        call: Some(call),
        name: "ForkServer".to_string(),
        identity: Vec::new(),
        daemon: false,
        authkey: state.current.authkey(),
        method: Method::ForkServer,
        parent_pid: state.pid,
        parent_name: state.current.name(),
        parent: Descriptor::from(state.own_pidfd()?.try_clone()?),
        // Its children get it with their orders.
        family: None,
    };
    let started = spawn::start(state, &order, &args)?;
    Ok(Server { pid: started.pid, pidfd: started.pidfd, control: Some(ours) })
}

impl Server {
    /// Asks for a child: it, and the socket at which it waits for its order.
    fn fork(&mut self) -> io::Result<(Started, UnixStream)> {
        let Some(control) = &self.control else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let (ours, theirs) = UnixStream::pair()?;
        let (report, reporter) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        socket::send(control, b"F", &[theirs.as_raw_fd(), reporter.as_raw_fd()])?;
        drop((theirs, reporter));
        let mut answer = [0; 4];
        let (received, descriptors) = socket::receive(control, &mut answer)?;
        if received < answer.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let pid = i32::from_le_bytes(answer);
        match descriptors.into_iter().next() {
            Some(pidfd) => Ok((Started { pid, pidfd, report: Some(report) }, ours)),
            None => Err(io::Error::from_raw_os_error(-pid)),
        }
    }
}

/// How a child of the server ended, which it has, from its report; from the kernel if the server died
/// before.
pub(crate) fn read_report(report: &OwnedFd, pidfd: &OwnedFd, pid: i32) -> io::Result<Exit> {
    let remembered = || {
        let pidfd = pidfd.as_fd();
        Ok(pidfd::uncollected(pidfd, pid).unwrap_or_else(|| pidfd::remembered(pidfd)))
    };
    let mut bytes = [0; 5];
    let mut filled = 0;
    while filled < bytes.len() {
        match nix::unistd::read(report, &mut bytes[filled..]) {
            Ok(0) => return remembered(),
            Ok(read) => filled += read,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    let number = i32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
    Ok(match bytes[0] {
        b'C' => Exit::Code(number),
        b'S' => Exit::Signal(number),
        _ => return remembered(),
    })
}

struct Child {
    pidfd: OwnedFd,
    reporter: OwnedFd,
}

/// The body of the server.
fn serve(control: Descriptor) -> Result<(), String> {
    // SAFETY: this disposition runs no code. An interrupt from the terminal is for the creator.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
    let control = UnixStream::from(control.into_inner());
    let Some(creator) = state::state().parent.clone() else { return Err("no creator".to_string()) };
    let mut children: Vec<Child> = Vec::new();
    loop {
        let mut asked = vec![
            PollFd::new(control.as_fd(), PollFlags::POLLIN),
            PollFd::new(creator.as_fd(), PollFlags::POLLIN),
        ];
        asked.extend(children.iter().map(|child| PollFd::new(child.pidfd.as_fd(), PollFlags::POLLIN)));
        match poll(&mut asked, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(format!("cannot wait for requests: {errno}")),
            Ok(_) => {}
        }
        let ready: Vec<bool> = asked.iter().map(|one| one.any().unwrap_or(false)).collect();
        drop(asked);
        let mut index = 1;
        children.retain(|child| {
            index += 1;
            !ready[index] || !child.report()
        });
        if ready[0] {
            match answer(&control) {
                Ok(Some(child)) => children.push(child),
                Ok(None) => {}
                Err(_) => return Ok(()),
            }
        } else if ready[1] {
            return Ok(());
        }
    }
}

impl Child {
    /// Collects the child and reports, if it has ended.
    fn report(&self) -> bool {
        let bytes = match pidfd::reap(self.pidfd.as_fd(), false) {
            Ok(pidfd::Reaped::NotYet) => return false,
            Ok(pidfd::Reaped::Ended(Exit::Code(code))) => (b'C', code),
            Ok(pidfd::Reaped::Ended(Exit::Signal(signal))) => (b'S', signal),
            _ => (b'U', 0),
        };
        let mut line = vec![bytes.0];
        line.extend(bytes.1.to_le_bytes());
        // Whoever closed the object does not read it; SIGPIPE is ignored.
        let _ = nix::unistd::write(&self.reporter, &line);
        true
    }
}

/// Answers one request; an error is the end of the server. In the child it does not return.
fn answer(control: &UnixStream) -> io::Result<Option<Child>> {
    let (received, descriptors) = socket::receive(control, &mut [0])?;
    let Ok([orders, reporter]) = <[OwnedFd; 2]>::try_from(descriptors) else {
        return match received {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            // The request came without its descriptors: this process has no room for them.
            _ => refuse(control, Errno::EMFILE as i32),
        };
    };
    let pid = match fork::fork_single_threaded() {
        Ok(0) => become_child(orders),
        Ok(pid) => pid,
        Err(error) => return refuse(control, error.raw_os_error().unwrap_or(libc::EAGAIN)),
    };
    drop(orders);
    // Nobody else collects this process's children, so the pid is still the child's.
    let pidfd = match pidfd::open(pid) {
        Ok(pidfd) => pidfd,
        Err(error) => {
            // The child gets no order and ends; it is collected at this process's end.
            return refuse(control, error.raw_os_error().unwrap_or(libc::EMFILE));
        }
    };
    socket::send(control, &pid.to_le_bytes(), &[pidfd.as_raw_fd()])?;
    Ok(Some(Child { pidfd, reporter }))
}

fn refuse(mut control: &UnixStream, errno: i32) -> io::Result<Option<Child>> {
    control.write_all(&(-errno).to_le_bytes())?;
    Ok(None)
}

fn become_child(orders: OwnedFd) -> ! {
    // SAFETY: these dispositions run no code.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
    match fork::close_all_but(orders) {
        Ok(orders) => child::follow(UnixStream::from(orders), child::Origin::Served),
        Err(error) => {
            eprintln!("a child of the fork server cannot arrange its descriptors: {error}");
            crate::exit::leave(1, false)
        }
    }
}
