//! The connections of a client: one for each thread and server that stays open, and those for one request.

use std::cell::{Cell, RefCell};
use std::process;
use std::sync::Arc;
use std::thread::LocalKey;
use std::time::{Duration, Instant};

use procession_wire::auth;
use procession_wire::frame::WORTH_KEEPING;
use procession_wire::message::{Reply, Request};
use procession_wire::pickle::{self, Reader, Written};
use procession_wire::{Builder, Globals, Limits, Text, Value};

use super::arguments::{Arguments, Named};
use super::error::CallError;
use super::home::Home;
use crate::client::{ConnectError, ConnectOptions, FirstError, connect_and_send, connect_stream};
use crate::stream::{ReceiveError, SendError, Stream};

/// The longest reply, as the codec bounds it.
const LONGEST: u64 = 256 << 20;

/// How long a server may take for its half of the handshake: it may be busy.
const PROOF_TIME: Duration = Duration::from_secs(30);

/// The length of the reply that says `None`, in any protocol, and a few bytes more.
const NOTHING: usize = 40;

/// `None` as the second of two in a tuple, in any protocol.
const NONE: &[u8] = b"N\x86";

/// A connection on which this thread calls methods.
struct Line {
    home: Arc<Home>,
    /// Who opened it: in a forked copy of that process it is the other's.
    process: u32,
    stream: Stream,
}

thread_local! {
    /// The connections of this thread that no call is using.
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };

    /// The memory of this thread's last request, for the next.
    static REQUESTED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };

    /// The memory of this thread's last reply, for the next.
    static RECEIVED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Keeps the memory of a reply that was read.
pub(super) fn keep_space(reply: Vec<u8>) {
    keep(&RECEIVED, reply);
}

fn keep(place: &'static LocalKey<Cell<Vec<u8>>>, space: Vec<u8>) {
    if space.capacity() <= WORTH_KEEPING {
        // Whoever is at the end of his thread goes without.
        let _ = place.try_with(|kept| kept.set(space));
    }
}

/// What was kept.
fn take(place: &'static LocalKey<Cell<Vec<u8>>>) -> Vec<u8> {
    place.try_with(Cell::take).unwrap_or_default()
}

/// A request.
pub(super) fn request(
    ident: Option<&str>,
    method: &str,
    args: &impl Arguments,
    named: &impl Named,
) -> Result<Value<'static>, CallError> {
    let mut builder = Builder::for_message();
    let args = args.add(&mut builder).map_err(CallError::Argument)?;
    let named = named.add(&mut builder).map_err(CallError::Argument)?;
    let named: Vec<_> = named.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    let root = Request::add(&mut builder, ident.map(Text::from), method, &args, &named);
    Ok(builder.finish(root))
}

/// A request, encoded.
fn written<'v>(request: &'v Value<'static>) -> Result<Written<'v>, CallError> {
    pickle::write_into(request, take(&REQUESTED))
        .map_err(|error| CallError::Argument(procession_wire::bridge::Problem::Write(error).into()))
}

/// A reply, decoded. Whatever classes it names: they are never looked up.
pub(super) fn read(reply: &[u8]) -> Result<Value<'_>, CallError> {
    let reader = Reader { globals: Globals::everything(), limits: Limits::default() };
    reader.read(reply).map_err(|error| CallError::Nonsense(error.to_string()))
}

/// Sends a request on this thread's connection and waits for the reply. `process` is this process.
pub(super) fn exchange(
    home: &Arc<Home>,
    process: u32,
    request: &Value<'static>,
) -> Result<Vec<u8>, CallError> {
    let request = written(request)?;
    let mut stream = match kept(home, process) {
        // The server has closed it, or said something that nobody asked for: see below.
        Some(stream) if stream.is_stale() => open(home)?,
        Some(stream) => stream,
        None => open(home)?,
    };
    stream.send_written(&request, None)?;
    keep(&REQUESTED, request.into_space());
    stream.reuse(take(&RECEIVED));
    let reply = stream.receive(LONGEST, None)?;
    // CPython's server ends a connection, when it is shut down, by one more `None`. It stands where the reply to
    // a request would that came too late, but the end of the stream is behind it.
    if reply.len() <= NOTHING && reply.windows(NONE.len()).any(|part| part == NONE) && stream.is_stale() {
        return Err(CallError::ServerGone);
    }
    // Whoever is at the end of his thread goes without.
    let line = Line { home: Arc::clone(home), process, stream };
    let _ = LINES.try_with(|lines| lines.borrow_mut().push(line));
    Ok(reply)
}

/// The open connection of this thread, which is out of the store while a call uses it: one that breaks off does
/// not come back.
fn kept(home: &Arc<Home>, process: u32) -> Option<Stream> {
    let mut gone = Vec::new();
    let found = LINES.try_with(|lines| {
        let mut lines = lines.borrow_mut();
        gone.extend(lines.extract_if(.., |line| line.process != process));
        let index = lines.iter().position(|line| Arc::ptr_eq(&line.home, home))?;
        Some(lines.swap_remove(index).stream)
    });
    found.ok().flatten()
}

/// Opens a connection for calls of methods, and closes those whose servers have ended meanwhile.
fn open(home: &Home) -> Result<Stream, CallError> {
    let _ = LINES.try_with(|lines| lines.borrow_mut().retain(|line| !line.stream.is_stale()));
    let thread = std::thread::current();
    let name = match thread.name() {
        None | Some("main") => format!("Rust-{}", process::id()),
        Some(thread) => format!("Rust-{}|{thread}", process::id()),
    };
    let request = request(None, "accept_connection", &(name,), &())?;
    let mut stream = begin(home, &written(&request)?.into_bytes(), None)?;
    result(&mut stream, None)?;
    Ok(stream)
}

/// Calls a function of the server itself, on a connection of its own.
pub(super) fn one_shot(
    home: &Home,
    function: &str,
    args: impl Arguments,
    named: impl Named,
    deadline: Option<Instant>,
) -> Result<Value<'static>, CallError> {
    let request = request(None, function, &args, &named)?;
    let mut stream = begin(home, &written(&request)?.into_bytes(), deadline)?;
    result(&mut stream, deadline)
}

/// Sends a request on a connection that is for nothing else, and waits for the result.
pub(super) fn one_exchange(
    stream: &mut Stream,
    request: &Value<'static>,
    deadline: Option<Instant>,
) -> Result<Value<'static>, CallError> {
    stream.send_written(&written(request)?, deadline)?;
    result(stream, deadline)
}

/// The result of the first request of a connection, for which it waits.
fn result(stream: &mut Stream, deadline: Option<Instant>) -> Result<Value<'static>, CallError> {
    let bytes = stream.receive(LONGEST, deadline)?;
    let reply = read(&bytes)?;
    match Reply::read(reply.root())? {
        Reply::Return(node) => Ok(node.to_value()),
        other => Err(CallError::of_reply(&other)),
    }
}

/// Opens a connection.
pub(super) fn connect(home: &Home, deadline: Option<Instant>) -> Result<Stream, ConnectError> {
    connect_stream(&home.address, &options(home, deadline))
}

/// Opens a connection with its first request.
fn begin(home: &Home, request: &[u8], deadline: Option<Instant>) -> Result<Stream, CallError> {
    connect_and_send(&home.address, &options(home, deadline), request).map_err(|error| match error {
        FirstError::Connect(error) => error.into(),
        FirstError::Send(error) => error.into(),
    })
}

fn options(home: &Home, deadline: Option<Instant>) -> ConnectOptions {
    ConnectOptions {
        deadline,
        key: Some(home.key.clone()),
        proof: auth::Options::default(),
        proof_time: PROOF_TIME,
    }
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> CallError {
        match error {
            SendError::BrokenPipe => CallError::ServerGone,
            SendError::Os(error) => CallError::Os(error),
            SendError::TimedOut => CallError::TimedOut,
            SendError::TooLong(_) => CallError::Os(std::io::Error::other(error)),
        }
    }
}

impl From<ReceiveError> for CallError {
    fn from(error: ReceiveError) -> CallError {
        match error {
            ReceiveError::Ended | ReceiveError::Reset | ReceiveError::Torn => CallError::ServerGone,
            ReceiveError::TimedOut => CallError::TimedOut,
            ReceiveError::Os(error) => CallError::Os(error),
            ReceiveError::Corrupt(_) | ReceiveError::TooLong(_) => CallError::Nonsense(error.to_string()),
        }
    }
}
