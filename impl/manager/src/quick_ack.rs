//! Acknowledging at once what has come over TCP, where more is to come before anything is answered.
//!
//! CPython does not set TCP_NODELAY. What it sends in two writes, as a long message (its header, then its bytes) or the
//! end of the handshake and the first request, goes in two parts, and the second leaves when the first is
//! acknowledged (RFC 896). The receiver's system delays that by some 40 ms, in the hope of an answer that could carry
//! it along (RFC 1122, 4.2.3.2). It stops to do so only for a while, so it is asked each time.
//!
//! # Invariants
//! 1. The option's value is one `int`, which the call only reads.

#![expect(unsafe_code, reason = "a socket option that nix has no name for")]

use std::os::fd::{AsRawFd, BorrowedFd};

/// Has the system acknowledge now what it was about to acknowledge later; whether it does such things, which it does
/// for TCP alone.
pub(crate) fn acknowledge(socket: BorrowedFd<'_>) -> bool {
    let on: libc::c_int = 1;
    let length = size_of_val(&on) as libc::socklen_t;
    // SAFETY: the descriptor is borrowed, and the pointer and the length are those of an `int` (invariant 1).
    let answered = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_QUICKACK,
            (&raw const on).cast(),
            length,
        )
    };
    answered == 0
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn tcp_alone_acknowledges() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let stream = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
        assert!(acknowledge(stream.as_fd()));
        let (one, _other) = UnixStream::pair().expect("descriptors are left");
        assert!(!acknowledge(one.as_fd()));
    }
}
