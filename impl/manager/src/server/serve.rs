//! A server at work: connections are accepted and answered until somebody asks it to stop, sessions on threads of
//! their own.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use procession_wire::Globals;
use procession_wire::auth::{Key, Options};
use procession_wire::pickle::Reader;

use super::acceptors::{Acceptors, Turn};
use super::connections::{Connections, Place};
use super::segments::Segments;
use super::{Bell, Caller, CallerId, Limits, Objects, Registry, session};
use crate::address::Address;
use crate::listener::{AcceptError, BindError, Listener, ListenerOptions};
use crate::stream::{ReceiveError, Stream};

/// How long the clients of a server that ends have for what they are in the middle of.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long one who has proved the key may take for the first request before there is a thread that waits for it.
const FIRST_REQUEST: Duration = Duration::from_millis(10);

/// What a server is made from. Start from [`Settings::new`] and set what differs.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Where it listens; a path in a new private directory where nothing is said.
    pub address: Option<Address>,
    /// What clients must prove to know.
    pub key: Key,
    /// Its types: [`Registry::standard`].
    pub registry: Registry,
    /// What clients may make it spend.
    pub limits: Limits,
    /// The classes and functions that clients may name: [`Globals::listed`]. A server that carries others hands
    /// one client's `os.system` to the next, which calls it if it is Python.
    pub globals: Globals,
    /// How keys are proved.
    pub handshake: Options,
    /// How many connections may wait to be accepted: 128. The kernel bounds it.
    pub backlog: u32,
}

impl Settings {
    /// The usual settings with this key.
    pub fn new(key: Key) -> Settings {
        Settings {
            address: None,
            key,
            registry: Registry::standard(),
            limits: Limits::default(),
            globals: Globals::listed(),
            handshake: Options::default(),
            backlog: 128,
        }
    }
}

/// A server that listens; [`serve`](Server::serve) makes it serve.
///
/// Clients that connect before wait. Dropping it closes it and removes its path.
pub struct Server {
    shared: Arc<Shared>,
    /// Rung when there is a process more to watch.
    news: Bell,
}

/// What the threads of a server have in common.
pub(super) struct Shared {
    listener: Listener,
    pub(super) registry: Registry,
    pub(super) limits: Limits,
    pub(super) reader: Reader,
    pub(super) objects: Objects,
    pub(super) segments: Segments,
    connections: Arc<Connections>,
    acceptors: Acceptors,
    /// Rung when the server is to end, and never read.
    ending: Bell,
    next: AtomicU64,
}

impl Shared {
    /// Makes the server end: from here on nobody finds it.
    pub(super) fn end(&self) {
        self.ending.ring();
        self.listener.close();
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        self.listener.address()
    }
}

impl Server {
    /// A server that listens, with no objects.
    ///
    /// # Errors
    /// A [`BindError`].
    pub fn bind(settings: Settings) -> Result<Server, BindError> {
        let Settings { address, key, registry, limits, globals, handshake, backlog } = settings;
        let options = ListenerOptions {
            backlog,
            key: Some(key),
            most_unproved: limits.unproved,
            proof: handshake,
            proof_time: limits.handshake,
            unreachable: limits.unreachable,
            ..ListenerOptions::default()
        };
        let listener = Listener::bind(address, options)?;
        let news = Bell::new().map_err(BindError::Os)?;
        let objects = Objects::new(limits.objects, news.clone())
            .map_err(|error| BindError::Os(io::Error::other(error.to_string())))?;
        let shared = Shared {
            listener,
            registry,
            limits,
            reader: Reader { limits: limits.pickle, globals },
            objects,
            segments: Segments::new(limits.objects),
            connections: Arc::new(Connections::new()),
            acceptors: Acceptors::new().map_err(BindError::Os)?,
            ending: Bell::new().map_err(BindError::Os)?,
            next: AtomicU64::new(1),
        };
        Ok(Server { shared: Arc::new(shared), news })
    }

    /// Where it listens: the real port, where 0 was asked for.
    pub fn address(&self) -> &Address {
        self.shared.address()
    }

    /// What ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.shared.clone())
    }

    /// Serves until a client asks for the shutdown or a [`Stopper`] stops it. Blocks as long.
    ///
    /// At the end nobody can connect any more, the path is removed, clients that wait in a call are cut off, and
    /// those whose call is under way have a second for it.
    ///
    /// # Errors
    /// The system's, where connections cannot be waited for. The server has ended then, too.
    pub fn serve(self) -> io::Result<()> {
        self.serve_while(Vec::new())
    }

    /// [`serve`](Server::serve), which also ends when one of these descriptors becomes readable: the pidfd of a
    /// process whose end is the server's, say.
    ///
    /// # Errors
    /// As those of [`serve`](Server::serve).
    pub fn serve_while(self, ends: Vec<OwnedFd>) -> io::Result<()> {
        let Server { shared, news } = self;
        let watcher = {
            let shared = shared.clone();
            std::thread::Builder::new().name("watcher".into()).spawn(move || watch(&shared, &news, &ends))?
        };
        let begun = shared.acceptors.start(|turn| begin_to_accept(&shared, turn));
        let served = begun.and_then(|()| oversee(&shared));
        shared.end();
        shared.connections.end();
        let has_panicked = match shared.connections.wait_for_none(Instant::now() + FAREWELL) {
            // Who accepts is at nobody's request, so he finds the listener closed.
            true => shared.acceptors.last().is_some_and(|acceptor| acceptor.join().is_err()),
            false => false,
        };
        // It has heard the bell.
        let _ = watcher.join();
        if has_panicked {
            Err(io::Error::other("the thread that accepts connections panicked"))
        } else {
            served
        }
    }

    /// Serves on threads of this process.
    ///
    /// # Errors
    /// The system's, where no thread can be had.
    pub fn serve_in_background(self) -> io::Result<Serving> {
        let stopper = self.stopper();
        let thread = std::thread::Builder::new().name("server".into()).spawn(move || self.serve())?;
        Ok(Serving { stopper, thread: Some(thread) })
    }
}

/// Ends a server from elsewhere. Cloning shares it.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

impl Stopper {
    /// Makes the server end. Does not wait for it, and may be repeated.
    pub fn stop(&self) {
        self.0.end();
    }
}

/// A server on threads of this process. Dropping it stops it and waits for its end.
pub struct Serving {
    stopper: Stopper,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> &Address {
        self.stopper.0.address()
    }

    /// Stops it and waits for its end; at most a second longer than its listener takes to close.
    ///
    /// # Errors
    /// As those of [`Server::serve`].
    pub fn stop(mut self) -> io::Result<()> {
        self.stopper.stop();
        self.join()
    }

    /// Waits until it has ended, because a client asked for it, say.
    ///
    /// # Errors
    /// As those of [`Server::serve`].
    pub fn wait(mut self) -> io::Result<()> {
        self.join()
    }

    fn join(&mut self) -> io::Result<()> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(served)) => served,
            Some(Err(_)) => Err(io::Error::other("the thread that accepts connections panicked")),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stopper.stop();
        // Whoever wants to know stops it by hand.
        let _ = self.join();
    }
}

/// Has a thread accept connections, whose turn it is.
fn begin_to_accept(shared: &Arc<Shared>, turn: Turn) -> io::Result<JoinHandle<()>> {
    let shared = shared.clone();
    let accept = move || {
        let _not_deaf = NotDeaf(&shared);
        accept(&shared, turn);
    };
    std::thread::Builder::new().name("acceptor".into()).spawn(accept)
}

/// A server whose acceptor panics ends: nobody would be heard any more.
struct NotDeaf<'a>(&'a Shared);

impl Drop for NotDeaf<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

/// Sees to it that somebody accepts, until the server is to end.
fn oversee(shared: &Arc<Shared>) -> io::Result<()> {
    loop {
        let mut polled = [
            PollFd::new(shared.ending.as_fd(), PollFlags::POLLIN),
            PollFd::new(shared.acceptors.alarm(), PollFlags::POLLIN),
        ];
        match nix::poll::poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let [is_over, is_alarmed] = polled.map(|polled| polled.any().unwrap_or(true));
        if is_over {
            return Ok(());
        }
        if is_alarmed {
            shared.acceptors.relieve(|turn| begin_to_accept(shared, turn));
        }
    }
}

/// Accepts connections and answers their first requests, until the listener is closed or somebody else has taken
/// over.
fn accept(shared: &Arc<Shared>, turn: Turn) {
    loop {
        match shared.listener.accept_asking(FIRST_REQUEST) {
            Ok((stream, has_asked)) => {
                shared.acceptors.leave();
                // A panic costs its own connection alone.
                let _ = catch_unwind(AssertUnwindSafe(|| admit(shared, stream, has_asked)));
                if !shared.acceptors.is_back(turn) {
                    return;
                }
            }
            Err(AcceptError::Closed) => return,
            // Whoever it was has been told so by the handshake.
            Err(AcceptError::AuthenticationFailed(_)) => {}
            // Descriptors or memory are short: with the next that leaves there are more.
            Err(AcceptError::Os(_)) => shared.connections.wait_for_one_less(Duration::from_millis(100)),
        }
    }
}

/// Answers the first request of a connection, if it is there. What takes its time is left to a thread of its own, and
/// a connection for which there is no room is closed.
fn admit(shared: &Arc<Shared>, mut stream: Stream, has_asked: bool) {
    let Ok(second) = stream.as_fd().try_clone_to_owned() else { return };
    let id = CallerId(shared.next.fetch_add(1, Ordering::Relaxed));
    let caller = Arc::new(Caller::new(id, Some(second), shared.ending.clone()));
    let Some(mut place) = shared.connections.enter(caller.clone(), &shared.limits) else { return };
    if !has_asked {
        return on_a_thread(shared, stream, caller, place, session::serve);
    }
    match stream.receive(shared.limits.message as u64, Some(Instant::now())) {
        Ok(message) => {
            if session::begin(shared, &mut stream, &caller, &mut place, message) {
                on_a_thread(shared, stream, caller, place, |shared, mut stream, caller, _place| {
                    session::run(shared, &mut stream, caller);
                });
            }
        }
        // The next receive goes on with what has come of it.
        Err(ReceiveError::TimedOut) => on_a_thread(shared, stream, caller, place, session::serve),
        Err(_) => {}
    }
}

/// Serves a connection on a thread of its own. Where none can be had, the connection is closed.
fn on_a_thread(
    shared: &Arc<Shared>,
    stream: Stream,
    caller: Arc<Caller>,
    place: Place,
    serve: impl FnOnce(&Shared, Stream, &Caller, Place) + Send + 'static,
) {
    let shared = shared.clone();
    let serve = move || serve(&shared, stream, &caller, place);
    let _ = std::thread::Builder::new().name("session".into()).spawn(serve);
}

/// Takes back the references of processes that end, until the server does; makes it end with one of these.
fn watch(shared: &Shared, news: &Bell, ends: &[OwnedFd]) {
    loop {
        let peers = shared.objects.peers();
        let mut polled = vec![
            PollFd::new(shared.ending.as_fd(), PollFlags::POLLIN),
            PollFd::new(news.as_fd(), PollFlags::POLLIN),
        ];
        polled.extend(ends.iter().map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)));
        polled.extend(peers.iter().map(|peer| PollFd::new(peer.as_fd(), PollFlags::POLLIN)));
        match nix::poll::poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            // Without a watch it still serves, and counts again whenever it is asked how many objects it has.
            Err(_) if ends.is_empty() => return,
            Err(_) => return shared.end(),
            Ok(_) => {}
        }
        let ready: Vec<bool> = polled.iter().map(|polled| polled.any().unwrap_or(true)).collect();
        drop(polled);
        match ready.as_slice() {
            [true, ..] => return,
            [_, news_came, others @ ..] => {
                if *news_came {
                    news.silence();
                }
                let (ends, peers) = others.split_at(ends.len());
                if ends.contains(&true) {
                    return shared.end();
                }
                if peers.contains(&true) {
                    shared.objects.collect();
                }
            }
            _ => return,
        }
    }
}
