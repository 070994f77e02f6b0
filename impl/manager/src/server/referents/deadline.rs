//! How long a call waits, from the arguments that Python's conventions give it.
//!
//! They differ: a lock takes -1 for no limit, everything else `None`; a queue refuses a negative limit, a lock
//! refuses one but -1, a semaphore and a condition do not wait then.

use std::time::{Duration, Instant};

use procession_wire::{Kind, Node};

use crate::python::{Class, Number, Raise};
use crate::server::Arguments;

/// The longest time limit, in seconds, as `threading.TIMEOUT_MAX`: 2^63 nanoseconds.
const LONGEST: f64 = 9_223_372_036.0;

/// Until when a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// It does not.
    Now,
    /// Until then.
    At(Instant),
    /// As long as it takes.
    Never,
}

/// How long a wait takes at most, if there is a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(Option<Duration>);

impl Deadline {
    /// Until when `acquire(blocking=True, timeout=-1)` of a lock waits.
    ///
    /// # Errors
    /// Python's: a `ValueError` for a limit without waiting, and for a negative one but -1.
    pub fn of_lock(method: &str, arguments: Arguments<'_>) -> Result<Deadline, Raise> {
        let [blocking, timeout] = arguments.bind(method, ["blocking", "timeout"], 0)?;
        let seconds = match timeout {
            None => -1.0,
            Some(timeout) => seconds(timeout, "a number")?,
        };
        let is_unlimited = seconds == -1.0;
        match blocking.is_none_or(is_true) {
            false if is_unlimited => Ok(Deadline::Now),
            false => Err(Raise::value_error("can't specify a timeout for a non-blocking call")),
            true if is_unlimited => Ok(Deadline::Never),
            true if seconds < 0.0 => Err(Raise::value_error("timeout value must be a non-negative number")),
            true => Limit::of_seconds(seconds).map(Limit::deadline),
        }
    }

    /// Until when `acquire(blocking=True, timeout=None)` of a semaphore waits.
    ///
    /// # Errors
    /// Python's: a `ValueError` for a limit without waiting.
    pub fn of_permit(method: &str, arguments: Arguments<'_>) -> Result<Deadline, Raise> {
        let [blocking, timeout] = arguments.bind(method, ["blocking", "timeout"], 0)?;
        let timeout = timeout.filter(|timeout| !timeout.is_none());
        match blocking.is_none_or(is_true) {
            true => Deadline::of_wait(timeout),
            false if timeout.is_none() => Ok(Deadline::Now),
            false => Err(Raise::value_error("can't specify timeout for non-blocking acquire")),
        }
    }

    /// Until when a wait with `timeout=None` waits.
    ///
    /// # Errors
    /// Those of [`Limit::of`].
    pub fn of_wait(timeout: Option<Node<'_>>) -> Result<Deadline, Raise> {
        Limit::of(timeout).map(Limit::deadline)
    }

    /// Until when `get` and `put` with `block=True, timeout=None` of a queue wait.
    ///
    /// # Errors
    /// As for [`of_wait`](Deadline::of_wait), and a `ValueError` for a negative limit.
    pub fn of_queue(block: Option<Node<'_>>, timeout: Option<Node<'_>>) -> Result<Deadline, Raise> {
        if !block.is_none_or(is_true) {
            return Ok(Deadline::Now);
        }
        match timeout.filter(|timeout| !timeout.is_none()) {
            Some(timeout) if seconds(timeout, "a number or None")? < 0.0 => {
                Err(Raise::value_error("'timeout' must be a non-negative number"))
            }
            timeout => Deadline::of_wait(timeout),
        }
    }

    /// The instant, for whoever waits until it.
    pub fn instant(self) -> Option<Instant> {
        match self {
            Deadline::Now => Some(Instant::now()),
            Deadline::At(instant) => Some(instant),
            Deadline::Never => None,
        }
    }
}

impl Limit {
    /// The limit that `timeout=None` gives. A negative one is none: with it nobody waits.
    ///
    /// # Errors
    /// A `TypeError` for what is no number, a `ValueError` for NaN, an `OverflowError` for more than 292 years.
    pub fn of(timeout: Option<Node<'_>>) -> Result<Limit, Raise> {
        match timeout.filter(|timeout| !timeout.is_none()) {
            None => Ok(Limit(None)),
            Some(timeout) => Limit::of_seconds(seconds(timeout, "a number or None")?),
        }
    }

    fn of_seconds(seconds: f64) -> Result<Limit, Raise> {
        match seconds > LONGEST {
            false => Ok(Limit(Some(Duration::from_secs_f64(seconds.max(0.0))))),
            true => Err(Raise::text(Class::Overflow, "timeout value is too large")),
        }
    }

    /// Until when a wait takes that begins now.
    pub fn deadline(self) -> Deadline {
        match self.0 {
            None => Deadline::Never,
            Some(Duration::ZERO) => Deadline::Now,
            // No system has been up for so long that the end of its clock is near.
            Some(limit) => Instant::now().checked_add(limit).map_or(Deadline::Never, Deadline::At),
        }
    }
}

/// Python's truth of a value. What is recorded of an object of another class does not say; by default it is true.
pub fn is_true(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::None => false,
        Kind::Bool(flag) => flag,
        Kind::Int(number) => number.to_i64() != Some(0),
        Kind::Float(number) => number != 0.0,
        Kind::Str(text) => !text.as_bytes().is_empty(),
        Kind::Bytes(bytes) | Kind::ByteArray(bytes) => !bytes.is_empty(),
        Kind::Tuple(items) | Kind::List(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
            !items.is_empty()
        }
        Kind::Dict(pairs) => !pairs.is_empty(),
        _ => true,
    }
}

/// A number of seconds; an integer that no float holds is infinite.
fn seconds(node: Node<'_>, expected: &str) -> Result<f64, Raise> {
    match Number::of(node) {
        Some(Number::Int(number)) => Ok(match number.to_i64() {
            Some(number) => number as f64,
            None if number.is_negative() => f64::NEG_INFINITY,
            None => f64::INFINITY,
        }),
        Some(Number::Float(number)) if number.is_nan() => {
            Err(Raise::value_error("Invalid value NaN (not a number)"))
        }
        Some(Number::Float(number)) => Ok(number),
        None => Err(Raise::type_error(format!("timeout must be {expected}, not '{}'", node.type_name()))),
    }
}
