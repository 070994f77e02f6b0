//! Connections sent through connections.

use procession_reference::connection::{Connection, RecvError, SendError, stream_pipe};

#[test]
fn a_connection_travels_alone_and_inside_a_value() {
    let (first, second) = stream_pipe(true).unwrap();
    let (near, far) = stream_pipe(true).unwrap();
    first.send_connection(&far).unwrap();
    first.send(&("named", &near, 7)).unwrap();
    drop((near, far));
    let far = second.recv_connection().unwrap();
    let (name, near, number): (String, Connection, i32) = second.recv().unwrap();
    assert_eq!((name.as_str(), number), ("named", 7));
    near.send(&"over the travelled ends").unwrap();
    assert_eq!(far.recv::<String>().unwrap(), "over the travelled ends");
    drop(near);
    assert!(matches!(far.recv_bytes(), Err(RecvError::Eof)), "no copy of the end was left behind");
}

#[test]
fn directions_travel_with_the_end() {
    let (first, second) = stream_pipe(true).unwrap();
    let (receiver, sender) = stream_pipe(false).unwrap();
    first.send(&[receiver, sender]).unwrap();
    let [receiver, sender]: [Connection; 2] = second.recv().unwrap();
    assert!(receiver.is_readable() && !receiver.is_writable());
    assert!(!sender.is_readable() && sender.is_writable());
}

#[test]
fn what_cannot_travel_writes_nothing() {
    let (receiver, sender) = stream_pipe(false).unwrap();
    let (end, peer) = stream_pipe(true).unwrap();
    assert!(matches!(sender.send_connection(&end), Err(SendError::Encode(_))), "a pipe passes none");
    assert!(!receiver.poll().unwrap());
    let (closed, _) = stream_pipe(true).unwrap();
    closed.close();
    assert!(matches!(end.send_connection(&closed), Err(SendError::Encode(_))));
    assert!(!peer.poll().unwrap());
}

#[test]
fn descriptors_that_nobody_asks_for_are_closed() {
    let (first, second) = stream_pipe(true).unwrap();
    let (near, far) = stream_pipe(true).unwrap();
    first.send_connection(&far).unwrap();
    drop(far);
    second.recv_bytes().unwrap();
    assert!(matches!(near.recv_bytes(), Err(RecvError::Eof)));
}
