//! The cases: what is measured, by name.

use std::path::Path;

use procession_reference::context::Method;
use procession_reference::{Barrier, Event, Lock, RLock, Semaphore, Value};
use serde::Serialize;

use crate::link::complaint;
use crate::round_trip::{self, Partner};
use crate::run::{Run, Trouble};
use crate::subject::peers::{Crossbeam, IpcChannel, OsPipe, UnixSocket};
use crate::subject::primitives::wait_in_vain;
use crate::subject::reference::{Batches, Bytes, PipeBytes, PipeValues, Values};
use crate::subject::{limits, pthread, python};
use crate::{managed, primitive, start, stream};

/// In what a case is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes: less is better.
    Bytes,
    /// Bytes per second: more is better.
    BytesPerSecond,
    /// Calls per second: more is better.
    CallsPerSecond,
    /// Messages per second: more is better.
    MessagesPerSecond,
    /// Nanoseconds: less is better.
    Nanoseconds,
}

impl Unit {
    /// Whether more is better.
    pub fn is_a_rate(self) -> bool {
        match self {
            Unit::BytesPerSecond | Unit::CallsPerSecond | Unit::MessagesPerSecond => true,
            Unit::Bytes | Unit::Nanoseconds => false,
        }
    }
}

/// Something to measure.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name: whose, what, how large.
    pub name: &'static str,
    /// In what.
    pub unit: Unit,
    /// One run.
    pub measure: fn(&Run, &Path) -> Result<f64, Trouble>,
}

impl Case {
    /// Measures it once; Python's cases by this interpreter.
    pub fn measure(&self, run: &Run, interpreter: &Path) -> Result<f64, Trouble> {
        let figure = (self.measure)(run, interpreter)?;
        Ok(if self.unit == Unit::BytesPerSecond { figure * LARGE as f64 } else { figure })
    }
}

const SMALL: usize = 64;
const LARGE: usize = 1 << 20;

fn one_permit() -> Result<Semaphore, Trouble> {
    Semaphore::new(1).map_err(|error| Trouble::Failed(error.to_string()))
}

fn barrier_of_two() -> Result<Barrier, Trouble> {
    Barrier::new(2).map_err(|error| Trouble::Failed(error.to_string()))
}

/// A case, by its unit, its name and what measures it.
macro_rules! case {
    ($unit:ident $name:expr, |$run:pat_param, $python:pat_param| $body:expr) => {
        Case { name: $name, unit: Unit::$unit, measure: |$run: &Run, $python: &Path| $body }
    };
}

pub(crate) use case;

macro_rules! cases {
    ($($name:literal $unit:ident |$run:pat_param, $python:pat_param| $body:expr;)*) => {
        &[$(case!($unit $name, |$run, $python| $body)),*]
    };
}

/// All cases, in the order in which they are shown.
pub fn all() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(managed::CASES.iter().copied().flatten())
}

const CASES: &[Case] = cases! {
    "reference queue 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &Bytes::open(SMALL)?, SMALL, 1);
    "reference queue 64 B 2->2" MessagesPerSecond |run, _|
        stream::between_processes(run, &Bytes::open(SMALL)?, SMALL, 2);
    "reference queue values 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &Values::open()?, SMALL, 1);
    "reference queue batches of 16 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &Batches::open()?, SMALL, 1);
    "reference queue 1 MiB 1->1" BytesPerSecond |run, _|
        stream::between_processes(run, &Bytes::open(LARGE)?, LARGE, 1);
    "reference queue 1 MiB 2->2" BytesPerSecond |run, _|
        stream::between_processes(run, &Bytes::open(LARGE)?, LARGE, 2);
    "reference pipe 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &PipeBytes::open()?, SMALL, 1);
    "reference pipe values 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &PipeValues::open()?, SMALL, 1);
    "reference pipe 1 MiB 1->1" BytesPerSecond |run, _|
        stream::between_processes(run, &PipeBytes::open()?, LARGE, 1);
    "cpython queue 64 B 1->1" MessagesPerSecond |run, python|
        python::measure(run, python, &["queue", "64", "1"]);
    "cpython queue 64 B 2->2" MessagesPerSecond |run, python|
        python::measure(run, python, &["queue", "64", "2"]);
    "cpython queue 1 MiB 1->1" BytesPerSecond |run, python|
        python::measure(run, python, &["queue", "1048576", "1"]);
    "cpython pipe 64 B 1->1" MessagesPerSecond |run, python|
        python::measure(run, python, &["pipe-bytes", "64", "1"]);
    "cpython pipe values 64 B 1->1" MessagesPerSecond |run, python|
        python::measure(run, python, &["pipe", "64", "1"]);
    "cpython pipe 1 MiB 1->1" BytesPerSecond |run, python|
        python::measure(run, python, &["pipe-bytes", "1048576", "1"]);
    "faster-fifo 64 B 1->1" MessagesPerSecond |run, python|
        python::measure(run, python, &["faster-fifo", "64", "1"]);
    "faster-fifo 1 MiB 1->1" BytesPerSecond |run, python|
        python::measure(run, python, &["faster-fifo", "1048576", "1"]);
    "ipc-channel 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &IpcChannel::open()?, SMALL, 1);
    "ipc-channel 1 MiB 1->1" BytesPerSecond |run, _|
        stream::between_processes(run, &IpcChannel::open()?, LARGE, 1);
    "os pipe 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &OsPipe::open()?, SMALL, 1);
    "os pipe 1 MiB 1->1" BytesPerSecond |run, _|
        stream::between_processes(run, &OsPipe::open()?, LARGE, 1);
    "unix socket 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_processes(run, &UnixSocket::open()?, SMALL, 1);
    "unix socket 1 MiB 1->1" BytesPerSecond |run, _|
        stream::between_processes(run, &UnixSocket::open()?, LARGE, 1);
    "crossbeam threads 64 B 1->1" MessagesPerSecond |run, _|
        stream::between_threads(run, &Crossbeam::open(), SMALL, 1);
    "crossbeam threads 64 B 2->2" MessagesPerSecond |run, _|
        stream::between_threads(run, &Crossbeam::open(), SMALL, 2);
    "limit memcpy 1 MiB" BytesPerSecond |run, _| limits::copies(run, LARGE);

    "reference queue round trip awake" Nanoseconds |run, _|
        round_trip::over(run, &Bytes::open(SMALL)?, SMALL, Partner::Awake);
    "reference pipe round trip awake" Nanoseconds |run, _|
        round_trip::over(run, &PipeBytes::open()?, SMALL, Partner::Awake);
    "reference queue round trip asleep" Nanoseconds |run, _|
        round_trip::over(run, &Bytes::open(SMALL)?, SMALL, Partner::Asleep);
    "reference pipe round trip asleep" Nanoseconds |run, _|
        round_trip::over(run, &PipeBytes::open()?, SMALL, Partner::Asleep);
    "cpython queue round trip" Nanoseconds |run, python|
        python::measure(run, python, &["queue-round-trip", "64", "1"]);
    "cpython pipe round trip" Nanoseconds |run, python|
        python::measure(run, python, &["pipe-round-trip", "64", "1"]);
    "ipc-channel round trip" Nanoseconds |run, _|
        round_trip::over(run, &IpcChannel::open()?, SMALL, Partner::Awake);
    "os pipe round trip" Nanoseconds |run, _|
        round_trip::over(run, &OsPipe::open()?, SMALL, Partner::Awake);
    "unix socket round trip" Nanoseconds |run, _|
        round_trip::over(run, &UnixSocket::open()?, SMALL, Partner::Awake);
    "crossbeam threads round trip" Nanoseconds |run, _|
        round_trip::between_threads(run, &Crossbeam::open(), SMALL);
    "limit cache line round trip awake" Nanoseconds |run, _| limits::cache_line(run);
    "limit futex round trip asleep" Nanoseconds |run, _| limits::futex(run);

    "reference process spawn" Nanoseconds |run, _| start::reference(run, Method::Spawn);
    "reference process fork" Nanoseconds |run, _| start::reference(run, Method::Fork);
    "reference process forkserver" Nanoseconds |run, _| start::reference(run, Method::ForkServer);
    "cpython process spawn" Nanoseconds |run, python|
        python::measure(run, python, &["start", "spawn", "1"]);
    "cpython process fork" Nanoseconds |run, python|
        python::measure(run, python, &["start", "fork", "1"]);
    "cpython process forkserver" Nanoseconds |run, python|
        python::measure(run, python, &["start", "forkserver", "1"]);
    "limit fork and exec" Nanoseconds |run, _| start::fork_exec(run);
    "limit fork" Nanoseconds |run, _| start::fork(run);

    "reference lock alone" Nanoseconds |run, _| primitive::alone(run, &Lock::new()?);
    "reference rlock alone" Nanoseconds |run, _| primitive::alone(run, &RLock::new()?);
    "reference semaphore alone" Nanoseconds |run, _| primitive::alone(run, &one_permit()?);
    "reference event set and cleared" Nanoseconds |run, _| primitive::alone(run, &Event::new()?);
    "reference value += under its lock" Nanoseconds |run, _| primitive::alone(run, &Value::new(0i64)?);
    "reference lock, two take turns" Nanoseconds |run, _| primitive::contended(run, &Lock::new()?, 2);
    "reference semaphore, two take turns" Nanoseconds |run, _| primitive::contended(run, &one_permit()?, 2);
    "reference barrier of two" Nanoseconds |run, _| primitive::rounds(run, &barrier_of_two()?);
    "reference lock, death to next" Nanoseconds |run, _| primitive::death(run, &Lock::new()?);
    "reference lock, a waiter's use of a CPU per second" Nanoseconds |run, _| {
        let lock = Lock::new()?;
        let hold = || lock.acquire().map(drop).map_err(complaint);
        primitive::idle(run, hold, |time| wait_in_vain(&lock, time))
    };
    "limit 20 ms" Nanoseconds |_, _| Ok(20e6);
    "limit 0.3 % of a second" Nanoseconds |_, _| Ok(3e6);
    "pthread mutex alone" Nanoseconds |run, _| primitive::alone(run, &pthread::Mutex::open(false)?);
    "pthread robust mutex alone" Nanoseconds |run, _| primitive::alone(run, &pthread::Mutex::open(true)?);
    "sem_t alone" Nanoseconds |run, _| primitive::alone(run, &pthread::Semaphore::open()?);
    "pthread mutex, two take turns" Nanoseconds |run, _|
        primitive::contended(run, &pthread::Mutex::open(false)?, 2);
    "pthread robust mutex, two take turns" Nanoseconds |run, _|
        primitive::contended(run, &pthread::Mutex::open(true)?, 2);
    "sem_t, two take turns" Nanoseconds |run, _| primitive::contended(run, &pthread::Semaphore::open()?, 2);
    "pthread barrier of two" Nanoseconds |run, _| primitive::rounds(run, &pthread::Barrier::open(2)?);
    "pthread robust mutex, death to next" Nanoseconds |run, _|
        primitive::death(run, &pthread::Mutex::open(true)?);
    "cpython lock alone" Nanoseconds |run, python| python::measure(run, python, &["turns", "lock", "1"]);
    "cpython lock, two take turns" Nanoseconds |run, python|
        python::measure(run, python, &["turns", "lock", "2"]);
    "cpython rlock alone" Nanoseconds |run, python| python::measure(run, python, &["turns", "rlock", "1"]);
    "cpython semaphore alone" Nanoseconds |run, python|
        python::measure(run, python, &["turns", "semaphore", "1"]);
    "cpython event set and cleared" Nanoseconds |run, python|
        python::measure(run, python, &["turns", "event", "1"]);
    "cpython value += under its lock" Nanoseconds |run, python|
        python::measure(run, python, &["turns", "value", "1"]);
    "cpython barrier of two" Nanoseconds |run, python| python::measure(run, python, &["barrier", "2", "2"]);
    "limit atomic add" Nanoseconds |run, _| primitive::alone(run, &limits::AtomicAdd::open()?);
    "limit one locked instruction and a store" Nanoseconds |run, _|
        primitive::alone(run, &limits::Flag::open(limits::Lowered::ByStore)?);
    "limit two locked instructions" Nanoseconds |run, _|
        primitive::alone(run, &limits::Flag::open(limits::Lowered::ByExchange)?);
};
