//! Pipes in shared memory: the promises of the `pipe` clauses, within one process and across forks.

#![expect(unsafe_code, reason = "forks and kills")]

use std::os::fd::BorrowedFd;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use procession_reference::connection::{Connection, RecvError, SendError, pipe, stream_pipe};
use procession_reference::transfer::{self, Purpose};
use procession_reference::wait::wait;
use rstest::rstest;

/// Runs `body` in a forked process; its exit code is 0 if it returns true.
fn in_child(body: impl FnOnce() -> bool) -> Pid {
    // SAFETY: the child runs only `body`, which uses nothing that another thread may hold, and leaves
    // by `_exit`.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            // SAFETY: ends this process at once.
            unsafe { libc::_exit(i32::from(!result.unwrap_or(false))) }
        }
    }
}

fn succeeded(child: Pid) -> bool {
    waitpid(child, None).unwrap() == WaitStatus::Exited(child, 0)
}

#[rstest]
fn both_sides_may_send_large_messages_before_they_receive(#[values(1_000_000, 16 << 20)] length: u32) {
    let (first, second) = pipe(true).unwrap();
    let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    first.send_bytes(&message).unwrap();
    second.send_bytes(&message).unwrap();
    assert!(first.recv_bytes().unwrap() == message);
    assert!(second.recv_bytes().unwrap() == message);
}

/// Whether the descriptor is readable for somebody who knows nothing of connections.
fn foreign_poll(number: i32, timeout: PollTimeout) -> bool {
    // SAFETY: the connection that the number was asked of lives through the call.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], timeout).unwrap() == 1
}

#[test]
fn the_descriptor_is_readable_exactly_while_there_is_something_to_receive() {
    let (receiver, sender) = pipe(false).unwrap();
    sender.send(&0).unwrap();
    let number = receiver.fileno().unwrap();
    for _ in 0..3 {
        assert!(foreign_poll(number, PollTimeout::ZERO), "also for what came before the question");
        receiver.recv::<i32>().unwrap();
        assert!(!foreign_poll(number, PollTimeout::ZERO));
        thread::scope(|scope| {
            scope.spawn(|| sender.send(&1).unwrap());
            assert!(foreign_poll(number, PollTimeout::NONE));
        });
    }
    receiver.recv::<i32>().unwrap();
    drop(sender);
    assert!(foreign_poll(number, PollTimeout::NONE), "the end is something to receive");
}

#[test]
fn both_transports_can_be_waited_for_together() {
    let (shared, shared_peer) = pipe(true).unwrap();
    let (stream, stream_peer) = stream_pipe(true).unwrap();
    assert!(wait(&[&shared, &stream], Some(0)).unwrap().is_empty());
    assert!(wait(&[&shared, &stream], Some(30)).unwrap().is_empty());
    thread::scope(|scope| {
        scope.spawn(|| shared_peer.send(&1).unwrap());
        assert_eq!(wait(&[&stream, &shared], None).unwrap(), [1]);
    });
    stream_peer.send(&1).unwrap();
    for _ in 0..2 {
        assert_eq!(wait(&[&stream, &shared], None).unwrap(), [0, 1]);
    }
    shared.recv::<i32>().unwrap();
    assert_eq!(wait(&[&stream, &shared], None).unwrap(), [0]);
    drop(shared_peer);
    assert_eq!(wait(&[&shared], None).unwrap(), [0]);
}

#[test]
fn a_forked_process_echoes() {
    let (ours, theirs) = pipe(true).unwrap();
    let child = in_child(|| {
        for _ in 0..1000 {
            let message = theirs.recv_bytes().unwrap();
            theirs.send_bytes(&message).unwrap();
        }
        true
    });
    for number in 0..1000_u32 {
        ours.send_bytes(&number.to_le_bytes()).unwrap();
        assert_eq!(ours.recv_bytes().unwrap(), number.to_le_bytes());
    }
    assert!(succeeded(child));
}

#[test]
fn two_processes_that_send_at_one_end_never_mix_messages() {
    let (receiver, sender) = pipe(false).unwrap();
    let children =
        [1_u8, 2].map(|id| in_child(|| (0..40).all(|_| sender.send_bytes(&vec![id; 100_000]).is_ok())));
    let mut seen = [0; 3];
    for _ in 0..80 {
        let message = receiver.recv_bytes().unwrap();
        assert!(message == vec![message[0]; 100_000]);
        seen[usize::from(message[0])] += 1;
    }
    assert_eq!(seen, [0, 40, 40]);
    assert!(children.into_iter().all(succeeded));
}

#[test]
fn a_sibling_that_was_not_given_the_end_does_not_hide_the_end_of_the_stream() {
    let (receiver, sender) = pipe(false).unwrap();
    let (ready, told) = stream_pipe(false).unwrap();
    let killed = in_child(|| {
        sender.send(&1).unwrap();
        told.send(&()).unwrap();
        loop {
            nix::unistd::pause();
        }
    });
    let sibling = in_child(|| {
        loop {
            nix::unistd::pause();
        }
    });
    ready.recv::<()>().unwrap();
    drop(sender);
    assert_eq!(receiver.recv::<i32>().unwrap(), 1);
    assert!(!receiver.poll().unwrap(), "the sender lives");
    kill(killed, Signal::SIGKILL).unwrap();
    waitpid(killed, None).unwrap();
    assert_eq!(wait(&[&receiver], None).unwrap(), [0]);
    assert!(matches!(receiver.recv_bytes(), Err(RecvError::Eof)));
    kill(sibling, Signal::SIGKILL).unwrap();
    waitpid(sibling, None).unwrap();
}

#[test]
fn a_killed_sender_has_sent_whole_messages_only() {
    let (receiver, sender) = pipe(false).unwrap();
    let child =
        in_child(|| (0_u64..).all(|count| sender.send_bytes(&count.to_le_bytes().repeat(2000)).is_ok()));
    let mut expected = 0_u64;
    let mut killed = false;
    loop {
        match receiver.recv_bytes() {
            Ok(message) => {
                assert!(message == expected.to_le_bytes().repeat(2000), "message {expected}");
                expected += 1;
            }
            Err(RecvError::Eof) => break,
            Err(other) => panic!("{other}"),
        }
        if expected == 50 {
            kill(child, Signal::SIGKILL).unwrap();
            waitpid(child, None).unwrap();
            sender.close();
            killed = true;
        }
    }
    assert!(killed);
}

#[test]
fn a_killed_receiver_is_a_broken_pipe() {
    let (receiver, sender) = pipe(false).unwrap();
    let child = in_child(|| {
        loop {
            receiver.recv_bytes().unwrap();
        }
    });
    sender.send_bytes(b"x").unwrap();
    // Only the child receives, so what is taken was taken by it: it holds the end now.
    while receiver.poll().unwrap() {
        thread::yield_now();
    }
    drop(receiver);
    sender.send_bytes(b"y").unwrap();
    kill(child, Signal::SIGKILL).unwrap();
    waitpid(child, None).unwrap();
    // A death is seen within a tick.
    let error = loop {
        match sender.send_bytes(b"z") {
            Ok(()) => thread::yield_now(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SendError::BrokenPipe), "{error}");
}

#[rstest]
fn an_end_travels_through_either_transport(#[values(true, false)] over_shared: bool) {
    let (first, second) = if over_shared { pipe(true).unwrap() } else { stream_pipe(true).unwrap() };
    let (near, far) = pipe(true).unwrap();
    first.send(&("an end", &far)).unwrap();
    first.send_bytes(b"after it").unwrap();
    drop(far);
    assert!(!near.poll().unwrap(), "the end is on its way, so it is not gone");
    near.send(&7).unwrap();
    let (text, far): (String, Connection) = second.recv().unwrap();
    assert_eq!(text, "an end");
    assert_eq!(second.recv_bytes().unwrap(), b"after it");
    assert_eq!(far.recv::<i32>().unwrap(), 7);
    far.send(&8).unwrap();
    assert_eq!(near.recv::<i32>().unwrap(), 8);
    drop(far);
    assert!(matches!(near.recv_bytes(), Err(RecvError::Eof)), "nobody else holds it");
}

#[test]
fn an_argument_of_a_process_being_started_is_held_until_it_has_arrived() {
    let (near, far) = pipe(true).unwrap();
    let parcel = transfer::encode_with_descriptors(&far, Purpose::Starting).unwrap();
    drop(far);
    assert!(!near.poll().unwrap());
    let far: Connection =
        transfer::decode_with_descriptors(&parcel.bytes, parcel.descriptors, Purpose::Starting).unwrap();
    drop(parcel.held);
    far.send(&1).unwrap();
    assert_eq!(near.recv::<i32>().unwrap(), 1);
    drop(far);
    assert!(matches!(near.recv_bytes(), Err(RecvError::Eof)));
}

#[test]
fn an_end_that_is_lost_on_its_way_is_gone() {
    let (first, second) = pipe(true).unwrap();
    let (near, far) = pipe(true).unwrap();
    first.send_connection(&far).unwrap();
    drop(far);
    second.recv_bytes().unwrap();
    drop((first, second));
    assert!(matches!(near.recv_bytes(), Err(RecvError::Eof)));
}
