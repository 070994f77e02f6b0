//! The cases that are about managers, by name: who calls whose server, and what.

use super::bare::{Waits, What};
use super::calls::Call;
use super::codec::{self, How};
use super::memory::Counted;
use super::{Client, Pair, Server, Timed, bare, memory, most, rate, timed};
use crate::case::{Case, Unit, case};
use crate::run::Run;

use std::path::Path;

const RUST_ON_OURS: Pair = Pair(Client::Rust, Server::Ours);
const RUST_ON_CPYTHON: Pair = Pair(Client::Rust, Server::CPython);
const PYTHON_ON_OURS: Pair = Pair(Client::Python, Server::Ours);
const PYTHON_ON_CPYTHON: Pair = Pair(Client::Python, Server::CPython);
const PYTHON_ON_NULL: Pair = Pair(Client::Python, Server::Null { looks: false });

/// One case for each pair.
macro_rules! pairs {
    ($unit:ident $name:literal |$run:ident, $python:ident, $pair:ident| $body:expr) => {
        &[
            pairs!(RUST_ON_OURS "rust->ours " $unit $name |$run, $python, $pair| $body),
            pairs!(RUST_ON_CPYTHON "rust->cpython " $unit $name |$run, $python, $pair| $body),
            pairs!(PYTHON_ON_OURS "python->ours " $unit $name |$run, $python, $pair| $body),
            pairs!(PYTHON_ON_CPYTHON "python->cpython " $unit $name |$run, $python, $pair| $body),
        ]
    };
    ($who:ident $words:literal $unit:ident $name:literal |$run:ident, $python:ident, $pair:ident| $body:expr) => {
        case!($unit concat!("manager ", $words, $name), |$run, $python| {
            let $pair = $who;
            $body
        })
    };
}

/// Calls per second: one case for each pair, and one for a Python client and a server that does nothing.
macro_rules! rates {
    ($name:literal $call:ident $clients:literal) => {
        &[
            rates!(RUST_ON_OURS "rust->ours " $name $call $clients),
            rates!(RUST_ON_CPYTHON "rust->cpython " $name $call $clients),
            rates!(PYTHON_ON_OURS "python->ours " $name $call $clients),
            rates!(PYTHON_ON_CPYTHON "python->cpython " $name $call $clients),
            case!(CallsPerSecond concat!("manager python->null ", $name), |run, python| {
                most(run, python, Call::$call, $clients)
            }),
        ]
    };
    ($who:ident $words:literal $name:literal $call:ident $clients:literal) => {
        case!(CallsPerSecond concat!("manager ", $words, $name), |run, python| {
            rate(run, python, $who, Call::$call, $clients)
        })
    };
}

/// Our codec and CPython's.
macro_rules! codecs {
    ($name:literal $how:ident $what:ident) => {
        &[
            case!(Nanoseconds concat!("codec ours ", $name), |run, _| codec::ours(run, How::$how, codec::What::$what)),
            case!(Nanoseconds concat!("codec cpython ", $name), |run, python| {
                codec::cpython(run, python, How::$how, codec::What::$what)
            }),
        ]
    };
}

/// All of them, in the order in which they are shown.
pub const CASES: &[&[Case]] = &[
    rates!("l[0], 1 client" Item 1),
    rates!("l[0], 2 clients" Item 2),
    rates!("l[0], 8 clients" Item 8),
    rates!("d[k] = v, 1 client" Entry 1),
    rates!("put and get, 1 client" PutGet 1),
    rates!("put and get 64 KiB, 1 client" LargePutGet 1),
    &[
        case!(CallsPerSecond "limit bare request and reply, 1 client", |run, _| bare::most(run, What::Item)),
        case!(CallsPerSecond "limit bare request and reply, 64 KiB, 1 client", |run, _| {
            bare::most(run, What::LargePutGet)
        }),
        case!(CallsPerSecond "limit bare request and reply, awake, 1 client", |run, _| {
            bare::rate(run, What::Item, Waits::Awake, 1)
        }),
        case!(CallsPerSecond "limit bare request and reply, asleep, 1 client", |run, _| {
            bare::rate(run, What::Item, Waits::Asleep, 1)
        }),
        case!(CallsPerSecond "limit bare request and reply, asleep, 2 clients", |run, _| {
            bare::rate(run, What::Item, Waits::Asleep, 2)
        }),
        case!(CallsPerSecond "limit bare request and reply, asleep, 8 clients", |run, _| {
            bare::rate(run, What::Item, Waits::Asleep, 8)
        }),
    ],
    pairs!(Nanoseconds "round trip" |run, python, pair| timed(run, python, pair, Timed::Call)),
    pairs!(Nanoseconds "round trip after a pause" |run, python, pair| {
        timed(run, python, pair, Timed::CallAfterPause)
    }),
    &[case!(Nanoseconds "limit bare round trip after a pause", |run, _| bare::after_pause(run))],
    pairs!(Nanoseconds "proxy created and dropped" |run, python, pair| timed(run, python, pair, Timed::Proxy)),
    &[case!(Nanoseconds "manager python->null proxy created and dropped", |run, python| {
        timed(run, python, PYTHON_ON_NULL, Timed::Proxy)
    })],
    pairs!(Nanoseconds "copy of 20,000 ints" |run, python, pair| timed(run, python, pair, Timed::Whole)),
    &[case!(Nanoseconds "manager python->null copy of 20,000 ints", |run, python| {
        timed(run, python, PYTHON_ON_NULL, Timed::Whole)
    })],
    &[
        case!(Bytes "manager ours, memory of a connection", |run, python| {
            memory::each(run, python, Server::Ours, Counted::Connections)
        }),
        case!(Bytes "manager cpython, memory of a connection", |run, python| {
            memory::each(run, python, Server::CPython, Counted::Connections)
        }),
        case!(Bytes "manager ours, memory of an empty list", |run, python| {
            memory::each(run, python, Server::Ours, Counted::Objects)
        }),
        case!(Bytes "manager cpython, memory of an empty list", |run, python| {
            memory::each(run, python, Server::CPython, Counted::Objects)
        }),
    ],
    codecs!("dumps an int" Dumps Int),
    codecs!("loads an int" Loads Int),
    codecs!("dumps a request" Dumps Request),
    codecs!("loads a request" Loads Request),
    codecs!("dumps 20,000 ints" Dumps Ints),
    codecs!("loads 20,000 ints" Loads Ints),
    codecs!("dumps a dict of 1,000 texts" Dumps Dict),
    codecs!("loads a dict of 1,000 texts" Loads Dict),
    codecs!("dumps 64 KiB" Dumps Bytes),
    codecs!("loads 64 KiB" Loads Bytes),
];
