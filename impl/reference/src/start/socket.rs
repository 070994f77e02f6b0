//! The words between a creator and the process it starts: parcels one way, one byte of answer back.
//!
//! # Invariants
//! 1. A descriptor that the kernel delivers with a message belongs to nobody else.
#![expect(unsafe_code, reason = "takes ownership of received descriptors")]

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use crate::transfer::Parcel;

/// What a new process reads first.
pub(crate) struct Letter {
    pub(crate) order: Vec<u8>,
    pub(crate) order_descriptors: Vec<OwnedFd>,
    pub(crate) args: Vec<u8>,
    pub(crate) args_descriptors: Vec<OwnedFd>,
}

/// The kernel takes at most 253 descriptors a message.
const BATCH: usize = 200;
const MAGIC: u32 = u32::from_le_bytes(*b"PrcS");

/// Sends an order and the arguments that go with it.
pub(crate) fn send_letter(socket: &UnixStream, order: &Parcel, args: &Parcel) -> io::Result<()> {
    let descriptors: Vec<RawFd> =
        order.descriptors.iter().chain(&args.descriptors).map(AsRawFd::as_raw_fd).collect();
    let mut text = Vec::with_capacity(32 + order.bytes.len() + args.bytes.len());
    text.extend(MAGIC.to_le_bytes());
    for len in [order.descriptors.len() as u32, args.descriptors.len() as u32] {
        text.extend(len.to_le_bytes());
    }
    for len in [order.bytes.len() as u64, args.bytes.len() as u64] {
        text.extend(len.to_le_bytes());
    }
    let mut batches = descriptors.chunks(BATCH);
    let first = batches.next().unwrap_or(&[]);
    if descriptors.len() > BATCH {
        send(socket, &text, first)?;
        for batch in batches {
            send(socket, b"+", batch)?;
        }
        text.clear();
        text.extend_from_slice(&order.bytes);
        text.extend_from_slice(&args.bytes);
        return (&mut &*socket).write_all(&text);
    }
    text.extend_from_slice(&order.bytes);
    text.extend_from_slice(&args.bytes);
    let sent = send(socket, &text, first)?;
    (&mut &*socket).write_all(&text[sent..])
}

/// Receives what [`send_letter`] sent; `None` if the creator went away or changed its mind.
pub(crate) fn receive_letter(socket: &UnixStream) -> io::Result<Option<Letter>> {
    let mut header = [0; HEADER];
    let (received, mut descriptors) = receive(socket, &mut header)?;
    if received == 0 {
        return Ok(None);
    }
    (&mut &*socket).read_exact(&mut header[received..])?;
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    if word(0) != MAGIC {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no order to start a process"));
    }
    let (of_order, of_args) = (word(4) as usize, word(8) as usize);
    while descriptors.len() < of_order + of_args {
        let (received, more) = receive(socket, &mut [0])?;
        if received == 0 || more.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        descriptors.extend(more);
    }
    let order = read_vec(socket, long(12))?;
    let args = read_vec(socket, long(20))?;
    let args_descriptors = descriptors.split_off(of_order);
    Ok(Some(Letter { order, order_descriptors: descriptors, args, args_descriptors }))
}

const HEADER: usize = 28;

fn read_vec(mut socket: &UnixStream, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Read::take(&mut socket, len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// Sends at least one byte, and the descriptors with it: how many bytes went.
pub(crate) fn send(socket: &UnixStream, bytes: &[u8], descriptors: &[RawFd]) -> io::Result<usize> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let control: &[ControlMessage<'_>] = if descriptors.is_empty() { &[] } else { &rights };
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::MSG_NOSIGNAL, None)
        {
            Err(Errno::EINTR) => {}
            sent => return Ok(sent?),
        }
    }
}

/// Receives at least one byte, none at the end of the stream, and the descriptors that came with it.
pub(crate) fn receive(socket: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = nix::cmsg_space!([RawFd; BATCH]);
    loop {
        let mut parts = [IoSliceMut::new(bytes)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags) {
            Err(Errno::EINTR) => continue,
            message => message?,
        };
        let mut descriptors = Vec::new();
        for part in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(received) = part {
                // SAFETY: 1.
                descriptors.extend(received.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        if message.flags.contains(MsgFlags::MSG_CTRUNC) {
            return Err(Errno::EMFILE.into());
        }
        return Ok((message.bytes, descriptors));
    }
}
