//! Odd pickles: what CPython makes of each, and what is made of it here.

use procession_wire::limits::Dimension;
use procession_wire::pickle::{ReadError, Reader};
use procession_wire::{Limits, from_slice};

use crate::known::{expected, to_json, trusting, unhex, vectors};

/// Read by CPython and refused here, with the reason.
const STRICTER: &[(&str, &str)] = &[
    ("build on int", "a state for something that is no object"),
    ("trailing data", "bytes after the end are somebody's mistake"),
    ("py2 string", "Python 2 strings have no one meaning"),
    ("proto0 int", "protocols 0 and 1 are not in the subset"),
];

#[test]
fn odd_pickles_are_read_as_cpython_reads_them_or_refused() {
    for vector in vectors("pickle_reader_odd") {
        let name = vector["name"].as_str().unwrap();
        let bytes = unhex(&vector["hex"]);
        let found = trusting().read(&bytes);
        let theirs = &vector["cpython_3_13"];
        let stricter = STRICTER.iter().any(|(odd, _)| *odd == name);
        match (theirs.get("value"), found) {
            (Some(given), Ok(value)) if !stricter => {
                assert_eq!(to_json(&value), expected(given, 4), "{name}");
                assert_eq!(theirs["consumed"], bytes.len(), "{name}");
            }
            (Some(_), Err(_)) if stricter => {}
            (None, Err(error)) => assert!(error.offset() <= bytes.len(), "{name}: {error}"),
            (_, found) => panic!("{name}: {found:?}, where CPython gives {theirs}"),
        }
    }
}

#[test]
fn errors_say_where_and_what() {
    let said = |bytes: &[u8]| trusting().read(bytes).unwrap_err().to_string();
    assert_eq!(said(b""), "at byte 0: the pickle ends early: expected 2 more bytes, found 0");
    assert_eq!(said(b"\x80\x06N."), "at byte 0: pickle protocol 6, expected 2 to 5");
    assert_eq!(said(b"I1\n."), "at byte 0: no pickle protocol, expected 2 to 5");
    assert_eq!(said(b"\x80\x04N\x86."), "at byte 3: opcode 0x86 takes 2 values, found 1");
    assert_eq!(said(b"\x80\x04h\x05."), "at byte 2: memo entry 5 is read but was never written");
    assert_eq!(said(b"\x80\x04}]Ns."), "at byte 5: a list as a key, expected a value that can be hashed");
    assert_eq!(said(b"\x80\x04)Na."), "at byte 4: opcode 'a' found a tuple, expected a list or an object");
    assert_eq!(said(b"\x80\x04NQ."), "at byte 3: opcode 'Q' is a persistent id, which is not read");
    assert_eq!(said(b"\x80\x04N.N"), "at byte 4: 1 bytes after the end");
    assert_eq!(said(b"\x80\x04\x8c\x02\xc0\x80."), "at byte 4: a text is not UTF-8");
}

#[test]
fn a_run_of_integers_ends_where_its_frame_and_the_bounds_do() {
    let frame = |len: u8, body: &[u8]| [&[0x95, len, 0, 0, 0, 0, 0, 0, 0], body].concat();
    let list = |frames: &[Vec<u8>]| [b"\x80\x04", &*frames.concat()].concat();
    let run = b"](K\x01M\x02\x01J\xff\xff\xff\xff";
    let whole = list(&[frame(12, run), frame(4, b"K\x04e.")]);
    assert_eq!(from_slice::<Vec<i64>>(&whole), Ok(vec![1, 0x102, -1, 4]));
    // The frame ends within the second integer, or the third.
    for (len, offset) in [(6, 15), (9, 18)] {
        let cut = list(&[frame(len, run), b"e.".to_vec()]);
        assert_eq!(trusting().read(&cut).unwrap_err(), ReadError::FrameCut { offset });
    }
    let early = list(&[run[..9].to_vec()]);
    let truncated = ReadError::Truncated { offset: 9, expected: 4, found: 1 };
    assert_eq!(trusting().read(&early).unwrap_err(), truncated);
    // Four records that are always there, the list, and a place for each.
    let many = list(&[b"](".to_vec(), b"K\x01".repeat(100), b"e.".to_vec()]);
    let bounded = |items| Reader { limits: Limits { items, ..Limits::default() }, ..Reader::default() };
    let refused = |items, offset| {
        let dimension = Dimension::Items;
        assert_eq!(
            bounded(items).read(&many).unwrap_err(),
            ReadError::Limit { offset, dimension, allowed: items }
        );
    };
    assert!(bounded(205).read(&many).is_ok());
    refused(204, 204);
    refused(104, 4 + 2 * 99);
    refused(50, 4 + 2 * 45);
}

#[test]
fn names_that_are_not_listed_are_refused_where_they_stand() {
    let system = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.";
    let refused = procession_wire::pickle::read(system).unwrap_err();
    let (module, name) = ("os".to_string(), "system".to_string());
    assert_eq!(refused, ReadError::GlobalRefused { offset: 14, module, name });
    let value = trusting().read(system).unwrap();
    assert_eq!(format!("{value:?}"), r#"call(<os.system>, *("ls",))"#);
    let reader = procession_wire::pickle::Reader {
        globals: procession_wire::Globals::listed().and("os", "system"),
        ..Default::default()
    };
    assert!(reader.read(system).is_ok());
}
