//! Bytes made to hurt: mutations of the captured pickles, and bombs of every dimension.

use procession_wire::limits::Dimension;
use procession_wire::pickle::{Protocol, ReadError, Reader, write_as};
use procession_wire::{Globals, Limits};

use crate::known::{trusting, unhex, vectors};

/// How many mutated pickles are read: some seconds.
const CASES: usize = 2_000_000;

/// Opcodes that take part in most faults.
const OPCODES: &[u8] = b"().0123]}ehqjrstuabR\x81\x85\x86\x90\x91\x92\x93\x94\x95";

/// A generator of numbers (xorshift64*, Vigna 2016): the same sequence in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as usize % bound.max(1)
    }
}

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..1 + random.below(4) {
        let (at, len) = (random.below(bytes.len()), random.below(16));
        let end = (at + len).min(bytes.len());
        match random.below(6) {
            0 => bytes[at] = random.below(256) as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.insert(at, OPCODES[random.below(OPCODES.len())]),
            4 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                bytes.splice(at..end, other[from..(from + len).min(other.len())].iter().copied());
            }
        }
        if bytes.len() < 3 {
            bytes = vec![0x80, 4, b'N', b'.'];
        }
    }
    bytes
}

#[test]
fn mutated_pickles_never_panic_and_what_is_accepted_is_stable() {
    let corpus: Vec<Vec<u8>> = vectors("pickles")
        .iter()
        .map(|vector| unhex(&vector["hex"]))
        .filter(|bytes| bytes.len() < 600)
        .collect();
    let mut random = Random(0x5eed);
    let mut accepted = 0;
    for case in 0..CASES {
        let bytes = mutate(&mut random, &corpus);
        let Ok(value) = trusting().read(&bytes) else { continue };
        accepted += 1;
        let written = write_as(value.root(), Protocol::Five).unwrap();
        let again =
            trusting().read(&written).unwrap_or_else(|error| panic!("case {case}: {error}: {bytes:x?}"));
        assert_eq!(again, value, "case {case}: {bytes:x?}");
        let twice = write_as(again.root(), Protocol::Five).unwrap();
        assert_eq!(twice, written, "case {case}: {bytes:x?}");
    }
    assert!(accepted > CASES / 20, "only {accepted} of {CASES} were accepted");
}

fn refused(limits: Limits, pickle: &[u8]) -> Option<Dimension> {
    let reader = Reader { limits, globals: Globals::everything() };
    match reader.read(pickle) {
        Ok(_) => None,
        Err(ReadError::Limit { dimension, .. }) => Some(dimension),
        Err(error) => panic!("{error}"),
    }
}

fn pickle(body: &[u8]) -> Vec<u8> {
    [b"\x80\x04", body, b"."].concat()
}

#[test]
fn each_bound_holds_exactly() {
    let usual = Limits::default();
    let nested = |depth: usize| pickle(&[vec![b']'; depth], vec![b'a'; depth - 1]].concat());
    assert_eq!(refused(usual, &nested(5000)), None);
    assert_eq!(refused(usual, &nested(5001)), Some(Dimension::Nesting));
    // From the outside in: each list goes into its parent before it is filled.
    let inwards = |depth: u8| {
        let mut body = b"]\x94".to_vec();
        body.extend((0..depth - 1).flat_map(|index| [b'h', index, b']', 0x94, b'a', b'0']));
        pickle(&body)
    };
    assert_eq!(refused(Limits { nesting: 50, ..usual }, &inwards(50)), None);
    assert_eq!(refused(Limits { nesting: 50, ..usual }, &inwards(51)), Some(Dimension::Nesting));
    let bytes = pickle(b"C\x04abcd");
    assert_eq!(refused(Limits { bytes: bytes.len(), ..usual }, &bytes), None);
    assert_eq!(refused(Limits { bytes: bytes.len() - 1, ..usual }, &bytes), Some(Dimension::Bytes));
    let memo = pickle(b"N\x94\x94\x94");
    assert_eq!(refused(Limits { memo: 3, ..usual }, &memo), None);
    assert_eq!(refused(Limits { memo: 2, ..usual }, &memo), Some(Dimension::Memo));
    let sparse = pickle(b"Nr\xff\xff\xff\xffr\xfe\xff\xff\xff");
    assert_eq!(refused(Limits { memo: 2, ..usual }, &sparse), None);
    assert_eq!(refused(Limits { memo: 1, ..usual }, &sparse), Some(Dimension::Memo));
    let int = pickle(b"\x8a\x0a1234567890");
    assert_eq!(refused(Limits { integer: 10, ..usual }, &int), None);
    assert_eq!(refused(Limits { integer: 9, ..usual }, &int), Some(Dimension::Integer));
    let name = pickle(b"\x8c\x03abc\x8c\x02de\x93");
    assert_eq!(refused(Limits { name: 3, ..usual }, &name), None);
    assert_eq!(refused(Limits { name: 2, ..usual }, &name), Some(Dimension::Name));
    let items = pickle(&[b"](".to_vec(), b"K\x01".repeat(100), b"e".to_vec()].concat());
    assert_eq!(refused(Limits { items: 300, ..usual }, &items), None);
    assert_eq!(refused(Limits { items: 200, ..usual }, &items), Some(Dimension::Items));
}

#[test]
fn copies_that_multiply_meet_a_bound() {
    let few = Limits { items: 100_000, bytes: 100_000, ..Limits::default() };
    // list(list) of a thousand places, a thousand times.
    let mut lists = b"\x8c\x08builtins\x8c\x04list\x93\x940](".to_vec();
    lists.extend(b"N".repeat(1000));
    lists.extend(b"e\x940]");
    lists.extend(b"h\x00h\x01\x85Ra".repeat(1000));
    assert_eq!(refused(few, &pickle(&lists)), Some(Dimension::Items));
    // Two lists that grow in turn, so that each moves whenever it outgrows its room.
    let mut pair = b"]\x94]\x94".to_vec();
    pair.extend(b"0h\x00Na0h\x01Na".repeat(9_000));
    pair.extend(b"\x86");
    assert_eq!(refused(few, &pickle(&pair)), None);
    // The same text encoded a thousand times.
    let mut texts = b"\x8c\x07_codecs\x8c\x06encode\x93\x940X\xe8\x03\x00\x00".to_vec();
    texts.extend(b"x".repeat(1000));
    texts.extend(b"\x940\x8c\x06latin1\x940](");
    texts.extend(b"h\x00h\x01h\x02\x86R".repeat(1000));
    texts.extend(b"e");
    assert_eq!(refused(few, &pickle(&texts)), Some(Dimension::Bytes));
}

#[test]
fn deep_and_shared_values_take_no_stack_and_no_time() {
    let deep = Limits { nesting: usize::MAX, ..Limits::default() };
    let reader = Reader { limits: deep, globals: Globals::listed() };
    let depth = 300_000;
    for (open, close) in [(&b"]"[..], &b"a"[..]), (b"", b"\x85"), (b"}N", b"s"), (b"(", b"\x91")] {
        let body = [open.repeat(depth), b"N".to_vec(), close.repeat(depth)].concat();
        let bytes = pickle(&body);
        let value = reader.read(&bytes).unwrap();
        let written = write_as(value.root(), Protocol::Four).unwrap();
        assert_eq!(reader.read(&written).unwrap(), value);
        assert_eq!(value.root().to_value(), value);
        assert!(format!("{value:?}").len() > depth);
    }
    // Tuples that hold the one before twice, as keys: 2^60 leaves to hash or compare one by one.
    for container in [&b"\x8f("[..], b"}("] {
        let tail: &[u8] = if container[0] == b'}' { b"Nh\x7fNu" } else { b"h\x7f\x90" };
        let mut body = Vec::new();
        for chain in [0_u8, 0x40] {
            body.extend([&b"K\x01q"[..], &[chain]].concat());
            for level in chain..chain + 60 {
                body.extend([b"0h", &[level][..], b"h", &[level], b"\x86q", &[level + 1]].concat());
            }
            body.extend(b"0");
        }
        body.extend(container);
        body.extend(b"h\x3c");
        body.extend(tail.iter().map(|&byte| if byte == 0x7f { 0x7c } else { byte }));
        let bytes = pickle(&body);
        let value = reader.read(&bytes).unwrap();
        assert_eq!(reader.read(&bytes).unwrap(), value);
        // The two chains are equal, so they are one key.
        let len = match value.root().kind() {
            procession_wire::Kind::Set(items) => items.len(),
            procession_wire::Kind::Dict(pairs) => pairs.len(),
            kind => panic!("{kind:?}"),
        };
        assert_eq!(len, 1);
    }
}

#[test]
fn keys_that_are_one_in_python_are_one() {
    // {1: 'a', 1.0: 'b', True: 'c', 2**64: 'd', float(2**64): 'e', -2**64: 'f', float(-2**64): 'g', nan: 0,
    // nan: 1}
    let mut body = b"}(K\x01\x8c\x01aG?\xf0\0\0\0\0\0\0\x8c\x01b\x88\x8c\x01c".to_vec();
    body.extend(b"\x8a\x09\0\0\0\0\0\0\0\0\x01\x8c\x01dGC\xf0\0\0\0\0\0\0\x8c\x01e");
    body.extend(b"\x8a\x09\0\0\0\0\0\0\0\0\xff\x8c\x01fG\xc3\xf0\0\0\0\0\0\0\x8c\x01g");
    body.extend(b"G\x7f\xf8\0\0\0\0\0\0K\0G\x7f\xf8\0\0\0\0\0\0K\x01u");
    let bytes = pickle(&body);
    let value = trusting().read(&bytes).unwrap();
    let shown = "{1: \"c\", 18446744073709551616: \"e\", -18446744073709551616: \"g\", NaN: 0, NaN: 1}";
    assert_eq!(format!("{value:?}"), shown);
}

#[test]
fn long_texts_in_many_places_are_gone_through_once() {
    // A megabyte, 300,000 times the key of one dict, of dicts of two keys, and the item of a list: going
    // through it each time would take minutes.
    let text = |memo: u8, last: u8| {
        let mut text = b"X\0\0\x10\0".to_vec();
        text.extend([b'x'].repeat((1 << 20) - 1));
        text.extend([last, b'q', memo, b'0']);
        text
    };
    let mut body = [text(0, b'a'), text(1, b'a'), text(2, b'b')].concat();
    body.extend(b"(}(");
    body.extend(b"h\x00Nh\x01N".repeat(150_000));
    body.extend(b"u](");
    body.extend(b"}(h\x00Nh\x02Nu".repeat(50_000));
    body.extend(b"e](");
    body.extend(b"h\x01h\x02".repeat(150_000));
    body.extend(b"et");
    let bytes = pickle(&body);
    let value = trusting().read(&bytes).unwrap();
    assert_eq!(trusting().read(&bytes).unwrap(), value);
    let [one, many, _] = value.root().tuple().unwrap().array().unwrap();
    let procession_wire::Kind::Dict(one) = one.kind() else { panic!("no dict") };
    let procession_wire::Kind::List(many) = many.kind() else { panic!("no list") };
    assert_eq!((one.len(), many.len()), (1, 50_000));
    assert!(format!("{value:?}").len() < 10 << 20);
    // Unfolded, the list is 300 GB.
    let list = pickle(&[&text(0, b'a')[..], b"](", &b"h\0".repeat(300_000), b"e"].concat());
    let few = Reader { limits: Limits { items: 2_000_000, ..Limits::default() }, ..Reader::default() };
    let refused = procession_wire::bridge::from_slice_with::<Vec<String>>(&few, &list);
    let problem = refused.unwrap_err();
    assert!(matches!(problem.problem(), procession_wire::bridge::Problem::TooMany { .. }), "{problem}");
}
