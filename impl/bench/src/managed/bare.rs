//! What a request and its reply cost over a Unix socket when nothing is read in them: the same bytes as those of
//! `l[0]`, or as many as those of `put` and `get` of large values, between two processes.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, recv, send, shutdown, socketpair,
};
use procession_wire::frame::Header;
use procession_wire::message::{Reply, Request};
use procession_wire::value::{Builder, Id};
use procession_wire::{Text, pickle};

use super::PAUSE;
use super::calls::{KEPT, LARGE};
use crate::crew::Crew;
use crate::link::complaint;
use crate::run::{Run, Trouble};
use crate::stage::{LANES, Stage};
use crate::{round_trip, stream};

/// The lane of the side that replies.
const REPLIER: usize = LANES - 1;

/// Room for the longest message.
const SPACE: usize = LARGE + 1024;

/// How both sides wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// In the kernel.
    Asleep,
    /// Looking all the time.
    Awake,
}

impl Waits {
    fn flags(self) -> MsgFlags {
        match self {
            Waits::Asleep => MsgFlags::empty(),
            Waits::Awake => MsgFlags::MSG_DONTWAIT,
        }
    }
}

/// A request and its reply, with their headers.
type Exchange = [Vec<u8>; 2];

/// What is exchanged in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The request and the reply of `l[0]`.
    Item,
    /// Those of `q.put(...)` and `q.get()` of a large value.
    LargePutGet,
}

impl What {
    fn exchanges(self) -> Result<Vec<Exchange>, String> {
        let large = [b'Z'; LARGE];
        match self {
            What::Item => {
                Ok(vec![exchange_of("__getitem__", |request| vec![request.int(0)], |reply| reply.int(KEPT))?])
            }
            What::LargePutGet => Ok(vec![
                exchange_of("put", |request| vec![request.bytes(&large)], |reply| reply.none())?,
                exchange_of("get", |_| Vec::new(), |reply| reply.bytes(&large))?,
            ]),
        }
    }
}

fn exchange_of(
    method: &str,
    arguments: impl FnOnce(&mut Builder) -> Vec<Id>,
    result: impl FnOnce(&mut Builder) -> Id,
) -> Result<Exchange, String> {
    let mut builder = Builder::new();
    let arguments = arguments(&mut builder);
    let root = Request::add(&mut builder, Some(Text::from("7f2a1c0b4d60")), method, &arguments, &[]);
    let request = pickle::write(&builder.finish(root)).map_err(complaint)?;
    let mut builder = Builder::new();
    let result = result(&mut builder);
    let root = Reply::add_return(&mut builder, result);
    let reply = pickle::write(&builder.finish(root)).map_err(complaint)?;
    Ok([request, reply].map(|message| [Header::new(message.len() as u64).as_bytes(), &message].concat()))
}

/// Requests per second of so many clients, each a process of its own with a thread for it in one that replies.
pub fn rate(run: &Run, what: What, waits: Waits, clients: usize) -> Result<f64, Trouble> {
    let exchanges = what.exchanges().map_err(Trouble::Failed)?;
    between(run, &exchanges, waits, clients, |stage, lane, once| {
        let mut count = 0;
        while !stage.is_stopped() {
            once()?;
            count += exchanges.len() as u64;
            stage.lanes[lane].count.store(count, Ordering::Relaxed);
        }
        Ok(())
    })
}

/// Requests per second of one client, waiting in whichever way gives more.
pub fn most(run: &Run, what: What) -> Result<f64, Trouble> {
    Ok(rate(run, what, Waits::Asleep, 1)?.max(rate(run, what, Waits::Awake, 1)?))
}

/// The median of one request and its reply after a pause in which nothing is asked, in nanoseconds.
pub fn after_pause(run: &Run) -> Result<f64, Trouble> {
    let exchanges = What::Item.exchanges().map_err(Trouble::Failed)?;
    between(run, &exchanges, Waits::Asleep, 1, |stage, lane, once| {
        let mut samples = Vec::new();
        while samples.is_empty() || !stage.is_stopped() {
            std::thread::sleep(PAUSE);
            let before = Instant::now();
            once()?;
            samples.push(before.elapsed().as_nanos() as u64);
            stage.lanes[lane].count.store(samples.len() as u64, Ordering::Relaxed);
        }
        let middle = samples.len() / 2;
        let median = *samples.select_nth_unstable(middle).1 as f64;
        stage.lanes[lane].value.store(median.to_bits(), Ordering::Release);
        Ok(())
    })
}

/// Has clients go through the exchanges again and again: what the first of them has measured by itself, or else how
/// many requests there were in a second.
fn between(
    run: &Run,
    exchanges: &[Exchange],
    waits: Waits,
    clients: usize,
    ask: impl Fn(&Stage, usize, &mut dyn FnMut() -> Result<(), String>) -> Result<(), String>,
) -> Result<f64, Trouble> {
    let (stage, mut crew) = (Stage::new()?, Crew::new()?);
    let pair = |_| socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC);
    let pairs: Vec<(OwnedFd, OwnedFd)> = (0..clients).map(pair).collect::<Result<_, _>>()?;
    // Two who look all the time can do nothing for each other on one CPU.
    let settle = |number| {
        if waits == Waits::Awake {
            round_trip::stay_on(number);
        }
    };
    let reply_to = |socket: &OwnedFd| -> Result<(), String> {
        settle(1);
        let mut space = vec![0; SPACE];
        let mut in_turn = exchanges.iter().cycle();
        while let Some([request, reply]) = in_turn.next()
            && exchange(socket, &mut space, None, request, reply, waits)?
        {}
        Ok(())
    };
    crew.fork(&stage, || {
        std::thread::scope(|scope| {
            let repliers: Vec<_> = pairs.iter().map(|(_, socket)| scope.spawn(|| reply_to(socket))).collect();
            stage.line_up(REPLIER);
            let mut ended = repliers.into_iter().map(|replier| replier.join());
            ended.try_for_each(|ended| ended.unwrap_or(Err("a thread panicked".into())))
        })
    })?;
    for (lane, (socket, _)) in pairs.iter().enumerate() {
        crew.fork(&stage, || {
            if stage.line_up(lane) {
                settle(0);
                let mut space = vec![0; SPACE];
                ask(&stage, lane, &mut || {
                    exchanges.iter().try_for_each(|[request, reply]| {
                        match exchange(socket, &mut space, Some(request), reply, &[], waits)? {
                            true => Ok(()),
                            false => Err("the other side has left".into()),
                        }
                    })
                })?;
            }
            // The other processes have this end, too, so it is not enough to close it.
            shutdown(socket.as_raw_fd(), Shutdown::Both).map_err(complaint)
        })?;
    }
    let mut rate = 0.0;
    if stage.wait_ready(1 + clients as u32, Instant::now() + run.patience) {
        stage.start();
        let counted =
            || (0..clients).map(|lane| stage.lanes[lane].count.load(Ordering::Relaxed)).sum::<u64>();
        rate = stream::rate(run, &stage, counted);
    }
    stage.stop();
    crew.wait(Instant::now() + run.patience)?;
    crew.dismiss().map_err(Trouble::Failed)?;
    match f64::from_bits(stage.lanes[0].value.load(Ordering::Acquire)) {
        0.0 if rate == 0.0 => Err(Trouble::Failed("no reply came in time".into())),
        0.0 => Ok(rate),
        median => Ok(median),
    }
}

/// Sends what there is to send first, receives as many bytes as these, and sends what there is to send then;
/// false where the other side has left.
fn exchange(
    socket: &OwnedFd,
    space: &mut [u8],
    first: Option<&[u8]>,
    expected: &[u8],
    then: &[u8],
    waits: Waits,
) -> Result<bool, String> {
    let number = socket.as_raw_fd();
    let all = |bytes: &[u8]| match send(number, bytes, MsgFlags::MSG_NOSIGNAL) {
        Ok(sent) if sent == bytes.len() => Ok(()),
        Ok(sent) => Err(format!("only {sent} bytes were taken")),
        Err(errno) => Err(errno.to_string()),
    };
    first.map_or(Ok(()), all)?;
    let mut came = 0;
    while came < expected.len() {
        match recv(number, &mut space[came..], waits.flags()) {
            Ok(0) => return Ok(false),
            Ok(more) => came += more,
            Err(Errno::EAGAIN) => std::hint::spin_loop(),
            Err(errno) => return Err(errno.to_string()),
        }
    }
    if !then.is_empty() {
        all(then)?;
    }
    Ok(true)
}
