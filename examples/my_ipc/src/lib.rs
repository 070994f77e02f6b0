//! A queue between processes made of a pair of datagram sockets: what somebody might write in an hour.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// A queue of messages. After `fork` every process that has it may send and receive.
pub struct DatagramQueue {
    sender: UnixDatagram,
    receiver: UnixDatagram,
}

impl DatagramQueue {
    /// Makes an empty queue.
    pub fn new() -> io::Result<DatagramQueue> {
        let (sender, receiver) = UnixDatagram::pair()?;
        Ok(DatagramQueue { sender, receiver })
    }

    /// Puts a message; waits while the kernel's buffer is full.
    pub fn put(&self, message: &[u8]) -> io::Result<()> {
        self.sender.send(message).map(drop)
    }

    /// Takes a message; `None` if there is none within the time limit. No limit is no limit.
    pub fn get(&self, limit: Option<Duration>) -> io::Result<Option<Vec<u8>>> {
        let mut message = vec![0; 1 << 18];
        self.receiver.set_read_timeout(limit)?;
        match self.receiver.recv(&mut message) {
            Ok(length) => {
                message.truncate(length);
                Ok(Some(message))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A second handle to the same queue.
    pub fn try_clone(&self) -> io::Result<DatagramQueue> {
        Ok(DatagramQueue { sender: self.sender.try_clone()?, receiver: self.receiver.try_clone()? })
    }
}
