//! Any bytes are a pickle or an error; what is accepted is written, read and written again without a change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use procession_wire::message::{Reply, Request};
use procession_wire::pickle::{Protocol, Reader, write_as};
use procession_wire::{Globals, Limits};

fuzz_target!(|bytes: &[u8]| {
    // Small bounds, so that the bounds themselves are met.
    let limits = Limits { nesting: 200, memo: 1000, items: 10_000, integer: 300, ..Limits::default() };
    let tight = Reader { limits, globals: Globals::everything() };
    let Ok(value) = tight.read(bytes) else { return };
    let reader = Reader { globals: Globals::everything(), ..Reader::default() };
    let written = write_as(value.root(), Protocol::Five).expect("protocol 5 has no limits");
    let again = reader.read(&written).expect("what was written is read");
    assert_eq!(again, value);
    assert_eq!(write_as(again.root(), Protocol::Five).as_ref(), Ok(&written));
    assert_eq!(value.root().to_value(), value);
    let _ = format!("{value:?}");
    let _ = (Request::read(value.root()), Reply::read(value.root()));
    let _ = procession_wire::from_value::<Vec<Option<u64>>>(&value);
});
