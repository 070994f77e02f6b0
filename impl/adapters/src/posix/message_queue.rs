//! Message queues of the system, whose names are gone before anybody else could know them.
//!
//! # Invariants
//! 1. `descriptor` is an open message queue that only this `Open` closes, on drop.
//! 2. Names, attributes, times and buffers that are passed are alive during the call, with the lengths that
//!    are passed beside them.
#![expect(unsafe_code, reason = "calls the C library's functions on message queues")]

use std::any::Any;
use std::ffi::CString;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::Result;
use nix::errno::Errno;
use nix::time::ClockId;
use procession_contract::{Answer, Call, Item, Object, Outcome, Value};

use super::errors::{deadline, failed};
use crate::patience::Patience;

/// The longest message: what the system grants everybody.
const LONGEST: usize = 8192;

/// How many messages wait at most where no bound is asked for: what the system grants everybody.
const MOST: i64 = 10;

/// A handle to a message queue.
#[derive(Clone)]
pub(super) struct MessageQueue {
    /// Absent once this handle is closed.
    open: Option<Arc<Open>>,
}

struct Open {
    descriptor: libc::mqd_t,
}

/// What came of an attempt to put or to take.
enum Done<T> {
    /// It was done.
    Yes(T),
    /// There was no room, or no message, in the time given.
    No,
}

impl MessageQueue {
    /// A queue for so many messages.
    pub(super) fn new(maxsize: i64) -> Result<MessageQueue> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("/procession-{}-{number}", std::process::id());
        let name = CString::new(name).map_err(|_| Errno::EINVAL)?;
        // SAFETY: all-zero bytes are a value of this structure of numbers.
        let mut attributes: libc::mq_attr = unsafe { MaybeUninit::zeroed().assume_init() };
        attributes.mq_maxmsg = if maxsize > 0 { maxsize } else { MOST };
        attributes.mq_msgsize = LONGEST as i64;
        let flags = libc::O_CREAT | libc::O_EXCL | libc::O_RDWR | libc::O_CLOEXEC;
        // SAFETY: by 2.
        let descriptor = unsafe { libc::mq_open(name.as_ptr(), flags, 0o600, &attributes) };
        Errno::result(descriptor)?;
        let open = Arc::new(Open { descriptor });
        // SAFETY: by 2.
        Errno::result(unsafe { libc::mq_unlink(name.as_ptr()) })?;
        Ok(MessageQueue { open: Some(open) })
    }
}

impl Open {
    fn send(&self, message: &[u8], patience: Patience) -> Result<Done<()>> {
        let time = limit(patience)?;
        self.until_done(|| {
            let (start, length) = (message.as_ptr().cast(), message.len());
            // SAFETY: by 1 and 2.
            let returned = unsafe {
                match &time {
                    None => libc::mq_send(self.descriptor, start, length, 0),
                    Some(time) => libc::mq_timedsend(self.descriptor, start, length, 0, time),
                }
            };
            Errno::result(returned).map(drop)
        })
    }

    fn receive(&self, patience: Patience) -> Result<Done<Vec<u8>>> {
        let time = limit(patience)?;
        self.until_done(|| {
            let mut message = vec![0; LONGEST];
            let (start, length, priority) = (message.as_mut_ptr().cast(), LONGEST, std::ptr::null_mut());
            // SAFETY: by 1 and 2; a null pointer asks for no priority.
            let returned = unsafe {
                match &time {
                    None => libc::mq_receive(self.descriptor, start, length, priority),
                    Some(time) => libc::mq_timedreceive(self.descriptor, start, length, priority, time),
                }
            };
            message.truncate(Errno::result(returned)? as usize);
            Ok(message)
        })
    }

    fn until_done<T>(&self, attempt: impl Fn() -> Result<T>) -> Result<Done<T>> {
        loop {
            return match attempt() {
                Ok(done) => Ok(Done::Yes(done)),
                Err(Errno::ETIMEDOUT) => Ok(Done::No),
                // A signal was handled: the same deadline goes on.
                Err(Errno::EINTR) => continue,
                Err(error) => Err(error),
            };
        }
    }

    fn attributes(&self) -> Result<libc::mq_attr> {
        // SAFETY: all-zero bytes are a value of this structure of numbers.
        let mut attributes: libc::mq_attr = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: by 1 and 2.
        Errno::result(unsafe { libc::mq_getattr(self.descriptor, &mut attributes) })?;
        Ok(attributes)
    }

    fn put(&self, item: &Item, patience: Patience, then_clear: bool) -> Answer {
        let mut value = item.value();
        let message = match postcard::to_stdvec(&value) {
            Ok(message) => message,
            Err(error) => return Answer::error(Outcome::EncodeFailed, error),
        };
        let sent = self.send(&message, patience);
        if let (true, Value::List(elements)) = (then_clear, &mut value) {
            elements.clear();
        }
        match sent {
            Ok(Done::Yes(())) => Answer::ok(),
            Ok(Done::No) => Answer::of(Outcome::Full),
            Err(error) => failed(error),
        }
    }

    fn get(&self, patience: Patience) -> Answer {
        match self.receive(patience) {
            Ok(Done::Yes(message)) => match postcard::from_bytes::<Value>(&message) {
                Ok(value) => Answer::received(&value),
                Err(error) => Answer::error(Outcome::DecodeFailed, error),
            },
            Ok(Done::No) => Answer::of(Outcome::Empty),
            Err(error) => failed(error),
        }
    }
}

/// When to give up: at a time long past where the caller does not wait at all, which the system looks at
/// only if the call would have to wait.
fn limit(patience: Patience) -> Result<Option<libc::timespec>> {
    Ok(match patience {
        Patience::Forever => None,
        Patience::For(time) => Some(deadline(ClockId::CLOCK_REALTIME, time)?),
        Patience::None => Some(libc::timespec { tv_sec: 0, tv_nsec: 0 }),
    })
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: by 1.
        unsafe { libc::mq_close(self.descriptor) };
    }
}

impl Object for MessageQueue {
    fn call(&mut self, call: &Call) -> Answer {
        if matches!(call, Call::Close) {
            self.open = None;
            return Answer::ok();
        }
        let Some(open) = &self.open else { return Answer::of(Outcome::Closed) };
        let asked = |read: fn(libc::mq_attr) -> Answer| open.attributes().map_or_else(failed, read);
        match call {
            Call::Put { item, block, timeout_ms, then_clear } => {
                open.put(item, Patience::of(*block, *timeout_ms), *then_clear)
            }
            Call::PutNowait { item } => open.put(item, Patience::None, false),
            Call::Get { block, timeout_ms } => open.get(Patience::of(*block, *timeout_ms)),
            Call::GetNowait => open.get(Patience::None),
            Call::Qsize => asked(|now| Answer::number(now.mq_curmsgs)),
            Call::Empty => asked(|now| Answer::truth(now.mq_curmsgs == 0)),
            Call::Full => asked(|now| Answer::truth(now.mq_curmsgs >= now.mq_maxmsg)),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> std::result::Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
