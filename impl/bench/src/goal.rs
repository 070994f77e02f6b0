//! The goals: a ratio of two cases of the same run, and how far it should go.
//!
//! Some were set before anybody knew what the machine's own instructions leave room for. Such a goal stays
//! what it is, reached or not, and names the limit beside which it is to be read.

/// On which side of its limit a ratio should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// As large as this or larger.
    AtLeast,
    /// As small as this or smaller.
    AtMost,
}

/// A goal.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// What it says, in words.
    pub text: &'static str,
    /// The case measured.
    pub of: &'static str,
    /// The case that it is divided by.
    pub by: &'static str,
    /// On which side.
    pub sense: Sense,
    /// The limit of the ratio.
    pub limit: f64,
    /// The case that costs what nothing of the kind can do without on this machine, if one is known.
    pub floor: Option<&'static str>,
}

macro_rules! floor {
    () => {
        None
    };
    ($case:literal) => {
        Some($case)
    };
}

macro_rules! goals {
    ($($text:literal: $of:literal / $by:literal $sense:ident $limit:literal $(beside $floor:literal)?;)*) => {
        &[$(Goal {
            text: $text,
            of: $of,
            by: $by,
            sense: Sense::$sense,
            limit: $limit,
            floor: floor!($($floor)?),
        }),*]
    };
}

/// All goals that these cases can answer.
pub const GOALS: &[Goal] = goals! {
    "Queue, 64 B, 1 to 1, over CPython's": "reference queue 64 B 1->1" / "cpython queue 64 B 1->1" AtLeast 100.0;
    "Queue of values, 1 to 1, over CPython's":
        "reference queue values 64 B 1->1" / "cpython queue 64 B 1->1" AtLeast 100.0;
    "Queue, 64 B, 2 to 2, over CPython's": "reference queue 64 B 2->2" / "cpython queue 64 B 2->2" AtLeast 100.0;
    "Queue, 64 B, 1 to 1, over crossbeam's between threads":
        "reference queue 64 B 1->1" / "crossbeam threads 64 B 1->1" AtLeast 1.0;
    "Queue, 64 B, 2 to 2, over crossbeam's between threads":
        "reference queue 64 B 2->2" / "crossbeam threads 64 B 2->2" AtLeast 1.0;
    "Queue, 64 B, 1 to 1, over ipc-channel": "reference queue 64 B 1->1" / "ipc-channel 64 B 1->1" AtLeast 20.0;
    "Queue, 1 MiB, over one memcpy": "reference queue 1 MiB 1->1" / "limit memcpy 1 MiB" AtLeast 0.4;
    "Pipe, 64 B, over our own Queue": "reference pipe 64 B 1->1" / "reference queue 64 B 1->1" AtLeast 1.2;
    "Pipe, 64 B, over CPython's, send_bytes": "reference pipe 64 B 1->1" / "cpython pipe 64 B 1->1" AtLeast 100.0;
    "Pipe of values, over CPython's, send":
        "reference pipe values 64 B 1->1" / "cpython pipe values 64 B 1->1" AtLeast 100.0;
    "Queue, round trip, both awake, over a cache line's":
        "reference queue round trip awake" / "limit cache line round trip awake" AtMost 4.0;
    "Pipe, round trip, both awake, over a cache line's":
        "reference pipe round trip awake" / "limit cache line round trip awake" AtMost 4.0;
    "Queue, round trip, partner asleep, over a futex's":
        "reference queue round trip asleep" / "limit futex round trip asleep" AtMost 1.15;
    "Pipe, round trip, partner asleep, over a futex's":
        "reference pipe round trip asleep" / "limit futex round trip asleep" AtMost 1.15;
    "Process, spawn, over fork and exec": "reference process spawn" / "limit fork and exec" AtMost 2.0;
    "Process, fork, over fork and exec": "reference process fork" / "limit fork and exec" AtMost 2.0;
    "Process, forkserver, over fork and exec": "reference process forkserver" / "limit fork and exec" AtMost 2.0;
    "Lock alone, how often in a plain pthread mutex's time":
        "pthread mutex alone" / "reference lock alone" AtLeast 1.3
        beside "limit one locked instruction and a store";
    "Lock alone, how often in CPython's time":
        "cpython lock alone" / "reference lock alone" AtLeast 20.0
        beside "limit one locked instruction and a store";
    "Lock, two take turns, how often in a plain pthread mutex's time":
        "pthread mutex, two take turns" / "reference lock, two take turns" AtLeast 1.2;
    "RLock, how often in CPython's time":
        "cpython rlock alone" / "reference rlock alone" AtLeast 10.0
        beside "limit one locked instruction and a store";
    "Semaphore, how often in CPython's time":
        "cpython semaphore alone" / "reference semaphore alone" AtLeast 10.0
        beside "limit two locked instructions";
    "Event, how often in CPython's time":
        "cpython event set and cleared" / "reference event set and cleared" AtLeast 10.0;
    "Value under its lock, how often in CPython's time":
        "cpython value += under its lock" / "reference value += under its lock" AtLeast 10.0;
    "Barrier of two, how often in CPython's time": "cpython barrier of two" / "reference barrier of two" AtLeast 20.0;
    "Lock, 99 % of deaths are known to the next, over 20 ms":
        "reference lock, death to next" / "limit 20 ms" AtMost 1.0;
    "Lock, what a waiter uses of a CPU, over 0.3 %":
        "reference lock, a waiter's use of a CPU per second" / "limit 0.3 % of a second" AtMost 1.0;
    "Manager, l[0], 1 client, Rust on ours over CPython's":
        "manager rust->ours l[0], 1 client" / "manager python->cpython l[0], 1 client" AtLeast 4.0
        beside "limit bare request and reply, 1 client";
    "Manager, l[0], 1 client, Python on ours over CPython's":
        "manager python->ours l[0], 1 client" / "manager python->cpython l[0], 1 client" AtLeast 2.0
        beside "manager python->null l[0], 1 client";
    "Manager, l[0], 2 clients, Rust on ours over CPython's":
        "manager rust->ours l[0], 2 clients" / "manager python->cpython l[0], 2 clients" AtLeast 4.0
        beside "limit bare request and reply, asleep, 2 clients";
    "Manager, l[0], 2 clients, Python on ours over CPython's":
        "manager python->ours l[0], 2 clients" / "manager python->cpython l[0], 2 clients" AtLeast 2.0
        beside "manager python->null l[0], 2 clients";
    "Manager, l[0], 8 clients, Rust on ours over CPython's":
        "manager rust->ours l[0], 8 clients" / "manager python->cpython l[0], 8 clients" AtLeast 4.0
        beside "limit bare request and reply, asleep, 8 clients";
    "Manager, l[0], 8 clients, Python on ours over CPython's":
        "manager python->ours l[0], 8 clients" / "manager python->cpython l[0], 8 clients" AtLeast 2.0
        beside "manager python->null l[0], 8 clients";
    "Manager, d[k] = v, 1 client, Rust on ours over CPython's":
        "manager rust->ours d[k] = v, 1 client" / "manager python->cpython d[k] = v, 1 client" AtLeast 4.0
        beside "limit bare request and reply, 1 client";
    "Manager, d[k] = v, 1 client, Python on ours over CPython's":
        "manager python->ours d[k] = v, 1 client" / "manager python->cpython d[k] = v, 1 client" AtLeast 2.0
        beside "manager python->null d[k] = v, 1 client";
    "Manager, put and get, 1 client, Rust on ours over CPython's":
        "manager rust->ours put and get, 1 client" / "manager python->cpython put and get, 1 client" AtLeast 4.0
        beside "limit bare request and reply, 1 client";
    "Manager, put and get, 1 client, Python on ours over CPython's":
        "manager python->ours put and get, 1 client" / "manager python->cpython put and get, 1 client" AtLeast 2.0
        beside "manager python->null put and get, 1 client";
    "Manager, put and get 64 KiB, 1 client, Rust on ours over CPython's":
        "manager rust->ours put and get 64 KiB, 1 client" /
        "manager python->cpython put and get 64 KiB, 1 client" AtLeast 4.0
        beside "limit bare request and reply, 64 KiB, 1 client";
    "Manager, put and get 64 KiB, 1 client, Python on ours over CPython's":
        "manager python->ours put and get 64 KiB, 1 client" /
        "manager python->cpython put and get 64 KiB, 1 client" AtLeast 2.0
        beside "manager python->null put and get 64 KiB, 1 client";
    "Manager, proxy created and dropped, Rust on ours, how often in CPython's time":
        "manager python->cpython proxy created and dropped" / "manager rust->ours proxy created and dropped" AtLeast 4.0;
    "Manager, proxy created and dropped, Python on ours, how often in CPython's time":
        "manager python->cpython proxy created and dropped" / "manager python->ours proxy created and dropped" AtLeast 2.0
        beside "manager python->null proxy created and dropped";
    "Manager, copy of 20,000 ints, Rust on ours, how often in CPython's time":
        "manager python->cpython copy of 20,000 ints" / "manager rust->ours copy of 20,000 ints" AtLeast 4.0;
    "Manager, copy of 20,000 ints, Python on ours, how often in CPython's time":
        "manager python->cpython copy of 20,000 ints" / "manager python->ours copy of 20,000 ints" AtLeast 2.0
        beside "manager python->null copy of 20,000 ints";
    "Manager, a call after a pause, Rust on ours over a bare request and reply":
        "manager rust->ours round trip after a pause" / "limit bare round trip after a pause" AtMost 1.5;
    "Manager, memory of a connection, over CPython's":
        "manager ours, memory of a connection" / "manager cpython, memory of a connection" AtMost 1.0;
    "Manager, memory of an empty list, over CPython's":
        "manager ours, memory of an empty list" / "manager cpython, memory of an empty list" AtMost 1.0;
    "Codec dumps an int, how often in C pickle's time":
        "codec cpython dumps an int" / "codec ours dumps an int" AtLeast 1.0;
    "Codec loads an int, how often in C pickle's time":
        "codec cpython loads an int" / "codec ours loads an int" AtLeast 1.0;
    "Codec dumps a request, how often in C pickle's time":
        "codec cpython dumps a request" / "codec ours dumps a request" AtLeast 1.0;
    "Codec loads a request, how often in C pickle's time":
        "codec cpython loads a request" / "codec ours loads a request" AtLeast 1.0;
    "Codec dumps 20,000 ints, how often in C pickle's time":
        "codec cpython dumps 20,000 ints" / "codec ours dumps 20,000 ints" AtLeast 1.0;
    "Codec loads 20,000 ints, how often in C pickle's time":
        "codec cpython loads 20,000 ints" / "codec ours loads 20,000 ints" AtLeast 1.0;
    "Codec dumps a dict of 1,000 texts, how often in C pickle's time":
        "codec cpython dumps a dict of 1,000 texts" / "codec ours dumps a dict of 1,000 texts" AtLeast 1.0;
    "Codec loads a dict of 1,000 texts, how often in C pickle's time":
        "codec cpython loads a dict of 1,000 texts" / "codec ours loads a dict of 1,000 texts" AtLeast 1.0;
    "Codec dumps 64 KiB, how often in C pickle's time":
        "codec cpython dumps 64 KiB" / "codec ours dumps 64 KiB" AtLeast 1.0;
    "Codec loads 64 KiB, how often in C pickle's time":
        "codec cpython loads 64 KiB" / "codec ours loads 64 KiB" AtLeast 1.0;
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;

    #[test]
    fn every_goal_is_about_cases_that_exist_and_share_a_unit() {
        for goal in GOALS {
            let unit = |name: &str| case::all().find(|case| case.name == name).map(|case| case.unit);
            assert!(unit(goal.of).is_some(), "no case is named {:?}", goal.of);
            assert_eq!(unit(goal.of), unit(goal.by), "{:?}", goal.text);
            assert!(goal.floor.is_none_or(|floor| unit(floor) == unit(goal.by)), "{:?}", goal.text);
        }
    }
}
