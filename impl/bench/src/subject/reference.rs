//! The reference's Queue and Pipe as links.

use std::cell::RefCell;
use std::collections::VecDeque;

use procession_reference::connection::{Connection, pipe};
use procession_reference::{Deadline, Queue};
use serde::{Deserialize, Serialize};

use crate::link::{END, Link, complaint, read_stamp};
use crate::run::Trouble;

/// Messages of 64 bytes as a value: postcard writes each byte as it is, so 64 bytes travel.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Value([u8; 32], [u8; 32]);

impl Value {
    fn new(message: &[u8]) -> Result<Value, String> {
        match message.split_at_checked(32) {
            Some((first, rest)) => match (first.try_into(), rest.try_into()) {
                (Ok(first), Ok(rest)) => Ok(Value(first, rest)),
                _ => Err("a value is 64 bytes".into()),
            },
            None => Err("a value is 64 bytes".into()),
        }
    }

    fn append_to(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0);
        into.extend_from_slice(&self.1);
    }
}

/// So many messages may lie in a queue: enough to keep both sides busy, and no more than a few MiB.
pub fn depth(size: usize) -> i64 {
    if size <= 1024 { 4096 } else { 4 }
}

/// A queue for each direction.
fn two_queues<T>(size: usize) -> Result<[Queue<T>; 2], Trouble> {
    let queue = || Queue::bounded(depth(size)).map_err(|error| Trouble::Failed(error.to_string()));
    Ok([queue()?, queue()?])
}

/// `put_bytes` and `get_bytes`.
pub struct Bytes([Queue<()>; 2]);

impl Bytes {
    pub fn open(size: usize) -> Result<Bytes, Trouble> {
        two_queues(size).map(Bytes)
    }
}

impl Link for Bytes {
    #[inline]
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].put_bytes(message, Deadline::Never).map_err(complaint)
    }

    #[inline]
    fn receive(&self, side: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        self.0[1 - side].get_bytes(into, Deadline::Never).map(drop).map_err(complaint)
    }
}

/// `put` and `get` of values of 64 bytes.
pub struct Values([Queue<Value>; 2]);

impl Values {
    pub fn open() -> Result<Values, Trouble> {
        two_queues(64).map(Values)
    }
}

impl Link for Values {
    #[inline]
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].put(&Value::new(message)?).map_err(complaint)
    }

    #[inline]
    fn receive(&self, side: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        self.0[1 - side].get().map(|value| value.append_to(into)).map_err(complaint)
    }
}

/// `put_many` and `get_many` of values of 64 bytes, one way, from one producer to one consumer.
pub struct Batches {
    queue: Queue<Value>,
    outgoing: RefCell<Vec<Value>>,
    incoming: RefCell<VecDeque<Value>>,
}

impl Batches {
    const LEN: usize = 16;

    pub fn open() -> Result<Batches, Trouble> {
        let [queue, _] = two_queues(64)?;
        Ok(Batches { queue, outgoing: RefCell::default(), incoming: RefCell::default() })
    }
}

impl Link for Batches {
    #[inline]
    fn send(&self, _: usize, message: &[u8]) -> Result<(), String> {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.push(Value::new(message)?);
        if outgoing.len() == Batches::LEN || read_stamp(message, 64)?.0 == END {
            self.queue.put_many(outgoing.iter()).map_err(complaint)?;
            outgoing.clear();
        }
        Ok(())
    }

    #[inline]
    fn receive(&self, _: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.is_empty() {
            for value in self.queue.get_many(Batches::LEN as u32).map_err(complaint)? {
                incoming.push_back(value.map_err(complaint)?);
            }
        }
        let value = incoming.pop_front().ok_or("get_many gave nothing")?;
        value.append_to(into);
        Ok(())
    }
}

/// `send_bytes`, and `recv_bytes_into` a buffer that is used again, as the queue's `get_bytes` does.
pub struct PipeBytes([Connection; 2]);

impl PipeBytes {
    pub fn open() -> Result<PipeBytes, Trouble> {
        let (first, second) = pipe(true)?;
        Ok(PipeBytes([first, second]))
    }
}

impl Link for PipeBytes {
    #[inline]
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].send_bytes(message).map_err(complaint)
    }

    #[inline]
    fn receive(&self, side: usize, size: usize, into: &mut Vec<u8>) -> Result<(), String> {
        into.resize(size, 0);
        let length = self.0[side].recv_bytes_into(into, 0).map_err(complaint)?;
        into.truncate(length);
        Ok(())
    }
}

/// `send` and `recv` of values of 64 bytes.
pub struct PipeValues([Connection; 2]);

impl PipeValues {
    pub fn open() -> Result<PipeValues, Trouble> {
        let (first, second) = pipe(true)?;
        Ok(PipeValues([first, second]))
    }
}

impl Link for PipeValues {
    #[inline]
    fn send(&self, side: usize, message: &[u8]) -> Result<(), String> {
        self.0[side].send(&Value::new(message)?).map_err(complaint)
    }

    #[inline]
    fn receive(&self, side: usize, _: usize, into: &mut Vec<u8>) -> Result<(), String> {
        self.0[side].recv::<Value>().map(|value| value.append_to(into)).map_err(complaint)
    }
}
