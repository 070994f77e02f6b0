//! Ends: the last holder's going is an end, and comes after its records; handing on is none.

use std::rc::Rc;

use super::super::platform;
use super::super::ring::{Limits, PopError, PushError, Readiness};
use super::super::surroundings::{Channel, RECEIVING, SENDING, bounded, unlimited};
use super::super::{A32, Ordering, futex_wait, futex_wake};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Plain};

pub const SCENES: &[Scene] = &[
    Scene { name: "ends, the last sender goes", play: last_sender, plans: &[Plain, Death(1)] },
    Scene { name: "ends, handed on", play: || handed_on(send_and_let_go, get), plans: &[Plain] },
    Scene {
        name: "ends, handed on while one looks",
        play: || handed_on(|_| {}, |channel| channel.ring().readiness()),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene { name: "ends, the only receiver goes", play: only_receiver, plans: &[Plain, Death(2)] },
];

/// The process to which an end is handed on.
const TAKER: u32 = 1;

/// Receives until the end.
fn until_the_end(channel: &Rc<Channel>) -> Body<Vec<u8>> {
    let channel = channel.clone();
    Box::new(move || {
        let mut received = Vec::new();
        loop {
            match channel.ring().pop(&mut received, Deadline::Never) {
                Ok(_) => {}
                Err(PopError::Eof) => return received,
                Err(error) => panic!("{error:?}"),
            }
        }
    })
}

fn last_sender() {
    let channel = Channel::new(Limits { eof: true, ..unlimited() }, &[4], [0, SENDING, 0, 0, 0]);
    let leaving = {
        let channel = channel.clone();
        Box::new(move || {
            channel.ring().push(&[&[1]], Deadline::Never).unwrap();
            channel.let_go(SENDING);
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let told = platform::processes(vec![leaving, until_the_end(&channel)]);
    let received = told[1].as_deref().unwrap();
    assert!(received == [1] || (received.is_empty() && told[0].is_none()), "{received:?}");
}

/// The giver lets go when the taker has confirmed that it holds the end, and no sooner unless it died.
/// The taker may then use it. A third process must not find that nobody holds it.
fn handed_on(use_it: fn(&Channel), look: fn(&Channel) -> Readiness) {
    // The giver's slot is looked at after the taker's, so that a look can miss both.
    let channel = Channel::new(Limits { eof: true, ..unlimited() }, &[4], [0, 0, SENDING, 0, 0]);
    let confirmed = Rc::new(A32::new(0));
    let taking = {
        let (channel, confirmed) = (channel.clone(), confirmed.clone());
        Box::new(move || {
            channel.hold(SENDING);
            confirmed.swap(1, Ordering::AcqRel);
            futex_wake(&confirmed, 1);
            use_it(&channel);
            None
        }) as Body<Option<Readiness>>
    };
    let giving = {
        let (channel, confirmed) = (channel.clone(), confirmed.clone());
        Box::new(move || {
            while confirmed.load(Ordering::Acquire) == 0 && !platform::is_dead(TAKER) {
                let _ = futex_wait(&confirmed, 0, Deadline::Never, 0);
            }
            channel.let_go(SENDING);
            None
        }) as Body<Option<Readiness>>
    };
    let looking = {
        let channel = channel.clone();
        Box::new(move || Some(look(&channel))) as Body<Option<Readiness>>
    };
    let told = platform::processes(vec![taking, giving, looking]);
    // A taker may die before it sends, and a giver before anybody else holds the end.
    let handed_on = told[0].is_some() && told[1].is_some();
    assert!(!handed_on || told[2] != Some(Some(Readiness::Eof)), "an end in flight was overlooked");
}

fn send_and_let_go(channel: &Channel) {
    channel.ring().push(&[&[1]], Deadline::Never).unwrap();
    channel.let_go(SENDING);
}

/// Waits for a record as long as needed.
fn get(channel: &Channel) -> Readiness {
    match channel.ring().pop(&mut Vec::new(), Deadline::Never) {
        Ok(_) => Readiness::Record,
        Err(PopError::Eof) => Readiness::Eof,
        Err(error) => panic!("{error:?}"),
    }
}

/// A sender that waits for room learns that it waits in vain.
fn only_receiver() {
    let limits = Limits { broken_pipe: true, ..bounded(1) };
    let channel = Channel::new(limits, &[4], [0, 0, RECEIVING, 0, 0]);
    let sending = {
        let channel = channel.clone();
        Box::new(move || {
            let push = |byte: &u8| match channel.ring().push(&[&[*byte]], Deadline::Never) {
                Ok(()) => true,
                Err(PushError::BrokenPipe) => false,
                Err(error) => panic!("{error:?}"),
            };
            [1, 2, 3].iter().take_while(|byte| push(byte)).copied().collect()
        }) as Body<Vec<u8>>
    };
    let receiving = {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            channel.ring().pop(&mut received, Deadline::Never).unwrap();
            channel.let_go(RECEIVING);
            received
        }) as Body<Vec<u8>>
    };
    let told = platform::processes(vec![sending, receiving]);
    let sent = told[0].as_deref().unwrap();
    assert!([1, 2].starts_with(sent), "sent {sent:?} although nobody received more than one");
    assert!(told[1].as_deref().is_none_or(|received| received == [1] && sent.starts_with(&[1])));
}
