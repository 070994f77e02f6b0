//! Ends: the last holder's going is an end, and comes after its records; handing on is none.

use std::rc::Rc;

use super::super::platform;
use super::super::ring::{Limits, PopError, PushError};
use super::super::surroundings::{Channel, RECEIVING, SENDING, bounded, unlimited};
use super::super::{A32, Ordering};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Plain};

pub const SCENES: &[Scene] = &[
    Scene { name: "ends, the last sender goes", play: last_sender, plans: &[Plain, Death(1)] },
    Scene { name: "ends, handed on", play: handed_on, plans: &[Plain, Death(1), Death(2)] },
    Scene { name: "ends, the only receiver goes", play: only_receiver, plans: &[Plain, Death(2)] },
];

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

/// The first lets go when the second has confirmed that it holds the end, and no sooner.
fn handed_on() {
    // The giver's slot is looked at after the taker's, so that a look can miss both.
    let channel = Channel::new(Limits { eof: true, ..unlimited() }, &[4], [0, 0, SENDING, 0, 0]);
    let confirmed = Rc::new(A32::new(0));
    let taking = {
        let (channel, confirmed) = (channel.clone(), confirmed.clone());
        Box::new(move || {
            channel.hold(SENDING);
            confirmed.store(1, Ordering::Release);
            channel.ring().push(&[&[1]], Deadline::Never).unwrap();
            channel.let_go(SENDING);
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let giving = {
        let (channel, confirmed) = (channel.clone(), confirmed.clone());
        Box::new(move || {
            // It keeps the end if it sees no confirmation: then its own end lets go.
            if confirmed.load(Ordering::Acquire) == 0 {
                return vec![0_u8];
            }
            channel.let_go(SENDING);
            Vec::new()
        }) as Body<Vec<u8>>
    };
    let looking = {
        let channel = channel.clone();
        Box::new(move || {
            let mut received = Vec::new();
            match channel.ring().pop(&mut received, Deadline::At(0)) {
                Ok(_) | Err(PopError::Empty) => {}
                Err(PopError::Eof) => received.push(0),
                Err(error) => panic!("{error:?}"),
            }
            received
        }) as Body<Vec<u8>>
    };
    let told = platform::processes(vec![taking, giving, looking]);
    let kept = told[1].as_deref() == Some(&[0]);
    let seen = told[2].as_deref().unwrap();
    if told[1].is_none() {
        // A giver that dies before the taker holds the end leaves nobody who does.
        assert!(seen == [1] || seen == [0], "{seen:?}");
    } else if told[0].is_some() {
        assert_eq!(seen, [1], "the end came before the record");
    } else {
        assert!(!kept || seen != [0], "an end although one process holds it");
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
