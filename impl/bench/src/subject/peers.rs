//! Other ways to pass messages, as links: the kernel's pipe and socket, ipc-channel, crossbeam.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crossbeam_channel::{Receiver, Sender, bounded};
use ipc_channel::ipc::{IpcBytesReceiver, IpcBytesSender, bytes_channel};

use super::reference::depth;
use crate::link::{Link, complaint};
use crate::run::Trouble;

/// A pipe of the kernel for each direction; the messages have one size, so nothing frames them.
pub struct OsPipe([(File, File); 2]);

impl OsPipe {
    pub fn open() -> Result<OsPipe, Trouble> {
        let pipe = || -> Result<_, Trouble> {
            let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
            Ok((read.into(), write.into()))
        };
        Ok(OsPipe([pipe()?, pipe()?]))
    }
}

impl Link for OsPipe {
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        (&self.0[side].1).write_all(message).map_err(complaint)
    }

    fn receive(&self, side: usize, size: usize, into: &mut Vec<u8>) -> Result<(), String> {
        read_exactly(&self.0[1 - side].0, size, into)
    }
}

/// A pair of connected stream sockets.
pub struct UnixSocket([UnixStream; 2]);

impl UnixSocket {
    pub fn open() -> Result<UnixSocket, Trouble> {
        let (first, second) = UnixStream::pair()?;
        Ok(UnixSocket([first, second]))
    }
}

impl Link for UnixSocket {
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        (&self.0[side]).write_all(message).map_err(complaint)
    }

    fn receive(&self, side: usize, size: usize, into: &mut Vec<u8>) -> Result<(), String> {
        read_exactly(&self.0[side], size, into)
    }
}

fn read_exactly(mut from: impl Read, size: usize, into: &mut Vec<u8>) -> Result<(), String> {
    into.resize(size, 0);
    from.read_exact(into).map_err(complaint)
}

/// ipc-channel's channels of bytes, one for each direction.
pub struct IpcChannel([(IpcBytesSender, IpcBytesReceiver); 2]);

impl IpcChannel {
    pub fn open() -> Result<IpcChannel, Trouble> {
        Ok(IpcChannel([bytes_channel()?, bytes_channel()?]))
    }
}

impl Link for IpcChannel {
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].0.send(message).map_err(complaint)
    }

    fn receive(&self, side: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        *into = self.0[1 - side].1.recv().map_err(|error| format!("{error:?}"))?;
        Ok(())
    }
}

/// crossbeam's bounded channels of 64 bytes between threads, one for each direction, as deep as the
/// reference's queue.
pub struct Crossbeam([(Sender<Small>, Receiver<Small>); 2]);

type Small = [u8; 64];

impl Crossbeam {
    pub fn open() -> Crossbeam {
        let channel = || bounded(depth(64) as usize);
        Crossbeam([channel(), channel()])
    }
}

impl Link for Crossbeam {
    #[inline]
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].0.send(message.try_into().map_err(complaint)?).map_err(complaint)
    }

    #[inline]
    fn receive(&self, side: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        into.extend_from_slice(&self.0[1 - side].1.recv().map_err(complaint)?);
        Ok(())
    }
}
