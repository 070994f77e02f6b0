//! A channel is a FIFO of byte strings; its ends end; what is damaged is refused.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::sync::Ordering;

#[derive(Clone, Debug)]
enum Op {
    Push(usize),
    PushMany(Vec<usize>),
    Pop,
    PopMany(u32),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // Around the first ring's size, so that rings wrap, grow and shrink.
    let len = prop_oneof![8 => 0..40usize, 2 => 3000..30_000usize, 1 => Just(70_000usize)];
    let op = prop_oneof![
        4 => len.clone().prop_map(Op::Push),
        1 => prop::collection::vec(len, 0..5).prop_map(Op::PushMany),
        4 => Just(Op::Pop),
        1 => (1..9u32).prop_map(Op::PopMany),
    ];
    prop::collection::vec(op, 0..200)
}

fn record(serial: &mut u32, len: usize) -> Vec<u8> {
    *serial += 1;
    (0..len).map(|at| (at as u32).wrapping_mul(31).wrapping_add(*serial) as u8).collect()
}

proptest! {
    #[test]
    fn a_channel_is_a_fifo_of_byte_strings(ops in ops(), bound in prop::option::of(1..9u32)) {
        let options = ChannelOptions { max_items: bound, ..ChannelOptions::default() };
        let channel = Channel::create(options).unwrap();
        let mut model = VecDeque::new();
        let mut serial = 0;
        let room = |model: &VecDeque<Vec<u8>>| bound.is_none_or(|bound| model.len() < bound as usize);
        for op in ops {
            match op {
                Op::Push(len) => {
                    let bytes = record(&mut serial, len);
                    let (first, rest) = bytes.split_at(len / 3);
                    let pushed = channel.push(&[first, rest], Deadline::Now);
                    prop_assert_eq!(pushed.is_ok(), room(&model));
                    if pushed.is_ok() {
                        model.push_back(bytes);
                    }
                }
                Op::PushMany(lens) => {
                    let many: Vec<_> = lens.iter().map(|len| record(&mut serial, *len)).collect();
                    let slices: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
                    let (pushed, outcome) = channel.push_many(&slices, Deadline::Now);
                    prop_assert_eq!(outcome.is_ok(), pushed == many.len());
                    for bytes in many.into_iter().take(pushed) {
                        prop_assert!(room(&model));
                        model.push_back(bytes);
                    }
                }
                Op::Pop => {
                    let mut bytes = Vec::new();
                    let popped = channel.pop(&mut bytes, Deadline::Now);
                    prop_assert_eq!(popped.is_ok(), !model.is_empty());
                    if popped.is_ok() {
                        prop_assert_eq!(Some(bytes), model.pop_front());
                    }
                }
                Op::PopMany(max) => {
                    let mut batch = Batch::default();
                    let popped = channel.pop_many(max, &mut batch, Deadline::Now).unwrap_or(0);
                    prop_assert_eq!(popped as usize, model.len().min(max as usize));
                    for bytes in batch.records() {
                        prop_assert_eq!(Some(bytes.to_vec()), model.pop_front());
                    }
                }
            }
            prop_assert_eq!(channel.len() as usize, model.len());
            prop_assert_eq!(channel.is_empty(), model.is_empty());
            prop_assert_eq!(channel.is_full(), !room(&model));
        }
    }
}

fn both_ends() -> Channel {
    let options = ChannelOptions { eof: true, broken_pipe: true, ..ChannelOptions::default() };
    let channel = Channel::create(options).unwrap();
    channel.hold(End::Sending).unwrap();
    channel.hold(End::Receiving).unwrap();
    channel
}

#[test]
fn the_end_comes_after_the_last_record_when_the_last_holder_lets_go() {
    let channel = both_ends();
    let other = Channel::attach(channel.duplicate_fds().unwrap(), Kind::Queue).unwrap();
    other.hold(End::Sending).unwrap();
    channel.push(&[b"last"], Deadline::Now).unwrap();
    channel.let_go(End::Sending);
    let mut bytes = Vec::new();
    assert_eq!(channel.pop(&mut bytes, Deadline::Never).unwrap().len, 4);
    assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Empty)));
    drop(other);
    assert!(matches!(channel.pop(&mut bytes, Deadline::Never), Err(PopError::Eof)));
    assert_eq!(channel.readiness(), Readiness::Eof);
}

#[test]
fn a_push_that_nobody_can_receive_is_refused() {
    let channel = both_ends();
    channel.let_go(End::Receiving);
    assert!(matches!(channel.push(&[b"x"], Deadline::Never), Err(PushError::BrokenPipe)));
}

#[test]
fn a_full_ring_of_bytes_refuses_or_waits_as_asked() {
    for wait_for_bytes in [false, true] {
        let options = ChannelOptions { limit_bytes: 4096, wait_for_bytes, ..ChannelOptions::default() };
        let channel = Channel::create(options).unwrap();
        let long = [0; 5000];
        assert!(matches!(channel.push(&[&long], Deadline::Now), Err(PushError::TooLong { len: 5000, .. })));
        channel.push(&[&long[..4000]], Deadline::Now).unwrap();
        let refused = channel.push(&[&long[..4000]], Deadline::Now).unwrap_err();
        assert_eq!(matches!(refused, PushError::Full), wait_for_bytes);
        assert_eq!(matches!(refused, PushError::Exhausted(_)), !wait_for_bytes);
    }
}

#[test]
fn several_pollers_of_one_descriptor_all_see_what_comes() {
    let channel = Channel::create(ChannelOptions::default()).unwrap();
    let pollers: Vec<_> = (0..3)
        .map(|_| {
            let channel = channel.clone();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                while channel.wait_readable(Deadline::Never) {
                    match channel.pop(&mut bytes, Deadline::Now) {
                        Ok(_) => return bytes[0],
                        Err(error) => assert!(matches!(error, PopError::Empty)),
                    }
                }
                unreachable!("without a deadline it waits")
            })
        })
        .collect();
    for byte in 0..3 {
        channel.push(&[&[byte]], Deadline::Now).unwrap();
    }
    let mut seen: Vec<_> = pollers.into_iter().map(|poller| poller.join().unwrap()).collect();
    seen.sort();
    assert_eq!(seen, [0, 1, 2]);
}

#[test]
fn foreign_and_damaged_segments_are_refused() {
    let channel = Channel::create(ChannelOptions::default()).unwrap();
    let event = || channel.duplicate_fds().unwrap().event;
    let attach = |segment| Channel::attach(ChannelFds { segment, event: event() }, Kind::Queue);
    let null = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    assert!(matches!(attach(null), Err(AttachError::NotASegment(_))));
    assert!(matches!(attach(event()), Err(AttachError::NotASegment(_))));
    let pipe = Channel::attach(channel.duplicate_fds().unwrap(), Kind::Pipe);
    assert!(matches!(pipe, Err(AttachError::Kind { found: "queue", expected: "pipe" })));
    let file = channel.duplicate_fds().unwrap().segment;
    nix::sys::uio::pwrite(&file, &[9], 8).unwrap();
    assert!(matches!(attach(file), Err(AttachError::Version { found: 9, .. })));
}

#[test]
fn a_damaged_record_is_an_error_and_not_a_wild_read() {
    let channel = Channel::create(ChannelOptions::default()).unwrap();
    channel.push(&[b"abc"], Deadline::Now).unwrap();
    let limits = *channel.limits();
    channel.inner.region.write_record(limits.min_capacity, 0, 1 << 40, &[]);
    let mut bytes = Vec::new();
    assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Corrupt(_))));
    channel.inner.region.header().words.tail.0.store(u64::MAX, Ordering::Relaxed);
    assert!(matches!(channel.pop(&mut bytes, Deadline::Now), Err(PopError::Corrupt(_))));
    assert!(matches!(channel.push(&[b"x"], Deadline::Now), Err(PushError::Corrupt(_))));
}
