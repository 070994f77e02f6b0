//! A server that does nothing: what a Python client could have at most, whatever answers it.
//!
//! It reads a request only as far as it must to answer at all, and the answers are made beforehand.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};
use procession_manager::{Address, Listener, ListenerOptions, Stream};
use procession_wire::frame::Header;
use procession_wire::message::{Created, Reply, Request};
use procession_wire::value::{Builder, Id};
use procession_wire::{Globals, Limits, pickle};

use super::calls::{KEPT, LARGE, MANY};
use super::scene::key;
use crate::link::complaint;
use crate::stage::Stage;

/// How often it looks for the next request before it sleeps, where it looks: longer than a client takes.
const LOOKS: u32 = 2000;

/// The answers, with their headers.
struct Answers {
    none: Vec<u8>,
    kept: Vec<u8>,
    large: Vec<u8>,
    whole: Vec<u8>,
    created: Vec<u8>,
}

/// Serves until somebody asks for the shutdown. With `looks` it looks for requests all the time, as one who has
/// a CPU for himself can.
pub fn serve(stage: &Stage, lane: usize, address: &Address, looks: bool) -> Result<(), String> {
    let options = ListenerOptions { backlog: 64, key: Some(key()), ..ListenerOptions::default() };
    let listener = Listener::bind(address.clone(), options).map_err(complaint)?;
    let answers = Arc::new(Answers {
        none: answer(|builder| builder.none()),
        kept: answer(|builder| builder.int(KEPT)),
        large: answer(|builder| builder.bytes(&vec![b'Z'; LARGE])),
        whole: answer(|builder| {
            let ints: Vec<Id> = (0..MANY).map(|number| builder.int(number)).collect();
            builder.list(&ints)
        }),
        created: answer(|builder| Created::add(builder, "1", &["get", "put"])),
    });
    let over = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| stage.line_up(lane));
        loop {
            let Ok(accepted) = listener.accept_stream() else { continue };
            let mut stream = accepted.stream;
            if first(&mut stream, &answers, &over) {
                let answers = answers.clone();
                scope.spawn(move || session(&stream, &answers, looks));
            } else if over.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    })
}

/// A reply with this result, as it is sent.
fn answer(result: impl FnOnce(&mut Builder) -> Id) -> Vec<u8> {
    let mut builder = Builder::new();
    let result = result(&mut builder);
    let root = Reply::add_return(&mut builder, result);
    let reply = pickle::write(&builder.finish(root)).unwrap_or_default();
    [Header::new(reply.len() as u64).as_bytes(), &reply].concat()
}

/// Answers the first request of a connection; whether it becomes a session.
fn first(stream: &mut Stream, answers: &Answers, over: &AtomicBool) -> bool {
    let Ok(message) = stream.receive(1 << 20, None) else { return false };
    let reader = pickle::Reader { globals: Globals::everything(), limits: Limits::default() };
    let Ok(value) = reader.read(&message) else { return false };
    let Ok(request) = Request::read(value.root()) else { return false };
    let answer = match request.method.as_bytes() {
        b"create" => &answers.created,
        b"shutdown" => {
            over.store(true, Ordering::Release);
            &answers.none
        }
        _ => &answers.none,
    };
    all_sent(stream, answer).is_ok() && request.method.as_bytes() == b"accept_connection"
}

/// Answers whatever comes until the client leaves.
fn session(stream: &Stream, answers: &Answers, looks: bool) {
    let mut request = vec![0; 2 * LARGE];
    let (mut came, mut put_large) = (0, false);
    while let Ok(more @ 1..) = some(stream, &mut request[came..], looks) {
        came += more;
        let Some(length) = request[..came].first_chunk() else { continue };
        if came < 4 + u32::from_be_bytes(*length) as usize {
            continue;
        }
        let begin = &request[..came.min(128)];
        let names = |name: &[u8]| begin.windows(name.len()).any(|part| part == name);
        let answer = match () {
            () if names(b"__getitem__") => &answers.kept,
            () if names(b"#GETVALUE") => &answers.whole,
            () if names(b"\x03put") => {
                put_large = came > LARGE;
                &answers.none
            }
            () if names(b"\x03get") && put_large => &answers.large,
            () if names(b"\x03get") => &answers.kept,
            () => &answers.none,
        };
        if all_sent(stream, answer).is_err() {
            return;
        }
        came = 0;
    }
}

/// The next bytes, for which it looks before it sleeps.
fn some(stream: &Stream, space: &mut [u8], looks: bool) -> nix::Result<usize> {
    let number = stream.as_fd().as_raw_fd();
    for _ in 0..if looks { LOOKS } else { 0 } {
        match recv(number, space, MsgFlags::MSG_DONTWAIT) {
            Err(Errno::EAGAIN) => std::hint::spin_loop(),
            other => return other,
        }
    }
    recv(number, space, MsgFlags::empty())
}

fn all_sent(stream: &Stream, mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        let sent = send(stream.as_fd().as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL)?;
        bytes = &bytes[sent..];
    }
    Ok(())
}
