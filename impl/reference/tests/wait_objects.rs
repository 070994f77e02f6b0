//! Waiting for several things at once: the promises of the `wait` clauses.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use procession_reference::connection::{Connection, stream_pipe};
use procession_reference::os_pipe::os_pipe;
use procession_reference::wait::{Descriptor, WaitError, Waitable, wait};
use procession_reference::{Queue, SimpleQueue};
use rstest::rstest;

#[test]
fn every_kind_of_object_can_be_mixed_and_all_that_are_ready_are_told() {
    let (silent, _silent_peer) = stream_pipe(true).unwrap();
    let (receiver, sender) = stream_pipe(false).unwrap();
    sender.send(&1).unwrap();
    let (reader, writer) = os_pipe().unwrap();
    writer.write(b"x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (socket, mut peer) = UnixStream::pair().unwrap();
    peer.write_all(b"x").unwrap();
    let null = File::open("/dev/null").unwrap();
    let number = Descriptor(null.as_raw_fd());
    let objects: [&dyn Waitable; 6] = [&silent, &receiver, &reader, &listener, &socket, &number];
    // The listener may need a moment to see its client.
    wait(&[&listener], None).unwrap();
    for _ in 0..2 {
        assert_eq!(wait(&objects, None).unwrap(), [1, 2, 3, 4, 5], "and what is ready stays so");
    }
}

#[test]
fn the_end_of_a_process_is_ready() {
    let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let sentinel = pidfd::open(child.id());
    assert!(wait(&[&sentinel], Some(0)).unwrap().is_empty(), "it reads and reads");
    drop(child.stdin.take());
    assert_eq!(wait(&[&sentinel], None).unwrap(), [0]);
    assert!(child.wait().unwrap().success());
}

mod pidfd {
    //! A descriptor that turns readable when a process ends.
    #![expect(unsafe_code, reason = "pidfd_open has no safe wrapper at hand")]

    use std::os::fd::{FromRawFd, OwnedFd};

    pub fn open(pid: u32) -> OwnedFd {
        // SAFETY: the call takes no pointers.
        let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        assert!(number >= 0, "{}", std::io::Error::last_os_error());
        // SAFETY: the kernel has just opened it for us.
        unsafe { OwnedFd::from_raw_fd(number as i32) }
    }
}

#[test]
fn each_message_of_several_writers_wakes_the_reader() {
    let pipes: Vec<_> = (0..4).map(|_| stream_pipe(false).unwrap()).collect();
    let (mut open, senders): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let mut received = Vec::new();
    thread::scope(|scope| {
        for (id, sender) in senders.into_iter().enumerate() {
            scope.spawn(move || {
                for round in 0..10 {
                    sender.send(&(id, round)).unwrap();
                }
            });
        }
        while !open.is_empty() {
            let objects: Vec<&dyn Waitable> = open.iter().map(|end| end as &dyn Waitable).collect();
            let ready = wait(&objects, None).unwrap();
            assert!(!ready.is_empty());
            for index in ready.into_iter().rev() {
                match open[index].recv::<(usize, i32)>() {
                    Ok(message) => received.push(message),
                    Err(_) => drop(open.remove(index)),
                }
            }
        }
    });
    received.sort_unstable();
    let expected: Vec<_> = (0..4).flat_map(|id| (0..10).map(move |round| (id, round))).collect();
    assert_eq!(received, expected);
}

#[test]
fn a_closed_peer_is_ready() {
    let (end, peer) = stream_pipe(true).unwrap();
    let (reader, writer) = os_pipe().unwrap();
    assert!(wait(&[&end, &reader], Some(0)).unwrap().is_empty());
    drop((peer, writer));
    assert_eq!(wait(&[&end, &reader], None).unwrap(), [0, 1]);
}

#[test]
fn a_queue_is_ready_while_it_has_an_item() {
    let queue = Queue::<i32>::new().unwrap();
    let simple = SimpleQueue::<i32>::new().unwrap();
    let (end, peer) = stream_pipe(true).unwrap();
    let objects: [&dyn Waitable; 3] = [&queue, &end, &simple];
    assert!(wait(&objects, Some(0)).unwrap().is_empty());
    thread::scope(|scope| {
        scope.spawn(|| queue.put(&1).unwrap());
        assert_eq!(wait(&objects, None).unwrap(), [0]);
    });
    simple.put(&2).unwrap();
    peer.send(&3).unwrap();
    for _ in 0..2 {
        assert_eq!(wait(&objects, None).unwrap(), [0, 1, 2]);
    }
    queue.get().unwrap();
    assert_eq!(wait(&objects, None).unwrap(), [1, 2]);
    queue.close();
    assert!(matches!(wait(&objects, None), Err(WaitError::Closed { index: 0 })));
}

#[test]
fn part_of_a_message_is_not_ready() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let end = Connection::from_fd(ours.into(), true, true).unwrap();
    theirs.write_all(&[0, 0, 0, 2, b'a']).unwrap();
    assert!(wait(&[&end], Some(0)).unwrap().is_empty());
    assert!(wait(&[&end], Some(5)).unwrap().is_empty());
    thread::scope(|scope| {
        scope.spawn(|| theirs.write_all(b"b").unwrap());
        assert_eq!(wait(&[&end], None).unwrap(), [0]);
    });
    assert_eq!(end.recv_bytes().unwrap(), b"ab");
}

#[rstest]
#[case(0)]
#[case(-1)]
#[case(i64::MIN)]
fn a_timeout_that_is_over_only_looks(#[case] timeout_ms: i64) {
    let (idle, _peer) = stream_pipe(true).unwrap();
    let (ready, peer) = stream_pipe(true).unwrap();
    peer.send(&1).unwrap();
    assert!(wait(&[&idle], Some(timeout_ms)).unwrap().is_empty());
    assert_eq!(wait(&[&idle, &ready], Some(timeout_ms)).unwrap(), [1]);
}

#[test]
fn a_timeout_ends_the_wait_and_not_before_its_time() {
    let (idle, _peer) = stream_pipe(true).unwrap();
    for objects in [&[&idle as &dyn Waitable, &idle][..], &[]] {
        let began = Instant::now();
        assert!(wait(objects, Some(20)).unwrap().is_empty());
        assert!(began.elapsed() >= Duration::from_millis(20));
    }
}

#[test]
fn waiting_for_nothing_without_a_timeout_returns() {
    assert!(wait(&[], None).unwrap().is_empty());
}

#[test]
fn the_same_object_twice_is_told_twice() {
    let (end, peer) = stream_pipe(true).unwrap();
    peer.send(&1).unwrap();
    assert_eq!(wait(&[&end, &end], None).unwrap(), [0, 1]);
}

#[rstest]
#[case(-1)]
#[case(1_000_000)]
fn what_cannot_be_waited_for_is_named(#[case] number: RawFd) {
    let (end, _peer) = stream_pipe(true).unwrap();
    let (receiver, sender) = stream_pipe(false).unwrap();
    receiver.close();
    assert!(matches!(wait(&[&end, &receiver], None), Err(WaitError::Closed { index: 1 })));
    assert!(matches!(wait(&[&end, &sender], None), Err(WaitError::WrongDirection { index: 1 })));
    match wait(&[&end, &Descriptor(number)], None) {
        Err(WaitError::BadDescriptor { index: 1, number: named }) => assert_eq!(named, number),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reader_at_its_end_does_not_make_the_others_late() {
    let (reader, writer) = os_pipe().unwrap();
    drop(writer);
    let mut rest = Vec::new();
    let mut reader = reader;
    assert_eq!(wait(&[&reader], None).unwrap(), [0]);
    Read::read_to_end(&mut reader, &mut rest).unwrap();
    assert!(rest.is_empty());
}
