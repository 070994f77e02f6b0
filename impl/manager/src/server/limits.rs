//! What a server's clients may make it spend.

use std::time::Duration;

use super::Quota;

/// The bounds of a server. Whoever meets one is told so, and the server serves on.
///
/// The fields are public: start from [`Limits::default`] and set what differs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at once, of any kind: 2,048. One too many is closed as soon as it has proved its key.
    pub connections: usize,
    /// Connections at once that have not proved their key: 128. One too many costs the oldest its own.
    pub unproved: usize,
    /// How long a handshake may take: 30 s.
    pub handshake: Duration,
    /// How long a client on another host may be out of reach before it is taken to be dead, in whole seconds from 1
    /// on: 60 s. What it holds is given to others then; its references to objects stay, as all do over TCP that are
    /// not given back.
    pub unreachable: Duration,
    /// Sessions at once, which are connections through which proxies call: 1,024. A client has one for each of its
    /// threads. Asking for one too many is an error for that client.
    pub sessions: usize,
    /// Objects: 1,048,576. Creating one too many is an error for that client.
    pub objects: usize,
    /// Bytes of one message: 256 MiB. A longer request ends its connection, since what follows it cannot be told;
    /// a longer reply is an error for the client that asked for it.
    pub message: usize,
    /// Bytes of all objects together, about: 4 GiB. Whatever would make an object grow beyond is a `MemoryError`.
    pub stored: usize,
    /// What one object may become.
    pub quota: Quota,
    /// Steps that one request may cost to compare, hash and print values: 50 millions, which is about a second.
    pub work: u64,
    /// Containers within containers in a request, and other bounds of pickles; see
    /// [`wire::Limits`](procession_wire::Limits).
    pub pickle: procession_wire::Limits,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 2048,
            unproved: 128,
            handshake: Duration::from_secs(30),
            unreachable: crate::socket::UNREACHABLE,
            sessions: 1024,
            objects: 1 << 20,
            message: 256 << 20,
            stored: 4 << 30,
            quota: Quota::default(),
            work: 50_000_000,
            pickle: procession_wire::Limits::default(),
        }
    }
}

impl Default for Quota {
    /// 16 Mi elements, 1 GiB, and 64 MiB of text.
    fn default() -> Quota {
        Quota { elements: 16 << 20, bytes: 1 << 30, text: 64 << 20 }
    }
}
