//! Managers: calls to objects of a server, ours or CPython's, by clients that are Rust or Python.
//!
//! A server is a role of its own, and so is each client; all clients of a run call one object, which the bench
//! has created before.

mod bare;
mod calls;
mod cases;
mod codec;
mod memory;
mod null;
mod scene;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub use cases::CASES;

use calls::{Call, prepare};
use scene::Scene;

use crate::link::complaint;
use crate::run::{Run, Trouble};
use crate::stream;

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// The one of this library.
    Ours,
    /// That of `multiprocessing.managers`.
    CPython,
    /// One that does nothing: it sends the same bytes whatever it is asked. No server can give its clients more.
    Null {
        /// Whether it looks for requests all the time.
        looks: bool,
    },
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Rust,
    Python,
}

/// Whose clients call whose server.
#[derive(Clone, Copy, Debug)]
struct Pair(Client, Server);

/// What is timed by itself, one after the other: the median.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timed {
    /// A call right after the one before.
    Call,
    /// A call after a millisecond in which nothing is asked: whoever waits has gone to sleep.
    CallAfterPause,
    /// An empty list created, and its proxy dropped.
    Proxy,
    /// A copy of a list of 20,000 ints.
    Whole,
}

/// How long a pause is.
const PAUSE: Duration = Duration::from_millis(1);

/// Calls per second of so many clients, each a process of its own.
fn rate(run: &Run, python: &Path, pair: Pair, call: Call, clients: usize) -> Result<f64, Trouble> {
    let Pair(client, server) = pair;
    let mut scene = Scene::open(run, python, server)?;
    if client == Client::Python {
        let rate = scene.ask_python(run, python, &["rate", call.word(), &clients.to_string()])?;
        return scene.close().map(|()| rate);
    }
    let once = prepare(scene.remote(), call).map_err(Trouble::Failed)?;
    for lane in 0..clients {
        scene.fork(|stage| {
            // Opens the connection.
            once()?;
            if !stage.line_up(lane) {
                return Ok(());
            }
            let mut count = 0;
            while !stage.is_stopped() {
                once()?;
                count += call.requests();
                stage.lanes[lane].count.store(count, Ordering::Relaxed);
            }
            Ok(())
        })?;
    }
    let rate = match scene.start(run, clients) {
        true => {
            let stage = scene.stage();
            let counted =
                || (0..clients).map(|lane| stage.lanes[lane].count.load(Ordering::Relaxed)).sum::<u64>();
            let rate = stream::rate(run, stage, counted);
            stage.stop();
            rate
        }
        false => 0.0,
    };
    scene.wait_for_clients(run)?;
    drop(once);
    scene.close()?;
    if rate == 0.0 { Err(Trouble::Failed("no call returned in time".into())) } else { Ok(rate) }
}

/// Calls per second of Python's clients with a server that does nothing, which waits in whichever way gives more.
fn most(run: &Run, python: &Path, call: Call, clients: usize) -> Result<f64, Trouble> {
    let of = |looks| rate(run, python, Pair(Client::Python, Server::Null { looks }), call, clients);
    let asleep = of(false)?;
    // With more clients there is no CPU for one who looks.
    Ok(if clients > 1 { asleep } else { asleep.max(of(true)?) })
}

/// The median time of something that one client does again and again, in nanoseconds.
fn timed(run: &Run, python: &Path, pair: Pair, timed: Timed) -> Result<f64, Trouble> {
    let Pair(client, server) = pair;
    let mut scene = Scene::open(run, python, server)?;
    if client == Client::Python {
        let word = match timed {
            Timed::Call => "call",
            Timed::CallAfterPause => "call-after-pause",
            Timed::Proxy => "proxy",
            Timed::Whole => "whole",
        };
        let median = scene.ask_python(run, python, &["timed", word, "1"])?;
        return scene.close().map(|()| median);
    }
    let remote = scene.remote().clone();
    scene.fork(|stage| {
        let once: calls::Once = match timed {
            Timed::Call | Timed::CallAfterPause => prepare(&remote, Call::Item)?,
            Timed::Whole => prepare(&remote, Call::Whole)?,
            Timed::Proxy => Box::new(|| remote.list::<i64>(&[]).map(drop).map_err(complaint)),
        };
        once()?;
        if !stage.line_up(0) {
            return Ok(());
        }
        let (began, mut samples) = (Instant::now(), Vec::new());
        while samples.is_empty() || began.elapsed() < run.length * 5 / 4 {
            if timed == Timed::CallAfterPause {
                std::thread::sleep(PAUSE);
            }
            let before = Instant::now();
            once()?;
            let took = before.elapsed().as_nanos() as u64;
            if samples.is_empty() || began.elapsed() > run.length / 4 {
                samples.push(took);
            }
        }
        let middle = samples.len() / 2;
        let median = *samples.select_nth_unstable(middle).1 as f64;
        stage.lanes[0].value.store(median.to_bits(), Ordering::Release);
        Ok(())
    })?;
    scene.start(run, 1);
    scene.wait_for_clients(run)?;
    let median = f64::from_bits(scene.stage().lanes[0].value.load(Ordering::Acquire));
    scene.close().map(|()| median)
}
