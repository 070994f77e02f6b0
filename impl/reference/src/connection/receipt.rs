//! Holding what a value needs until its receiver has it.
//!
//! With such a value goes the writing end of a pipe, which nobody asks for: it is closed when the
//! value has been decoded, refused or lost with its receiver, whichever comes first.
//!
//! One thread of the process waits for all receipts. On a busy machine it may have to wait for a CPU itself, while a
//! sender goes on and on: so whoever sends such a value first lets go of what was confirmed before. What nobody
//! needs any more never keeps a sender from its descriptors.

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::SendError;

/// What is kept for one value.
type Held = Vec<Box<dyn Any + Send>>;

/// How many receipts are looked at in one call of the system.
const AT_ONCE: usize = 64;

/// Those of this process.
static RECEIPTS: Mutex<Option<Arc<Receipts>>> = Mutex::new(None);

/// Adds a request for a receipt behind the descriptors of a value, if it is wanted.
pub(super) fn ask_for(
    mut descriptors: Vec<OwnedFd>,
    wanted: bool,
) -> Result<(Option<OwnedFd>, Vec<OwnedFd>), SendError> {
    if !wanted {
        return Ok((None, descriptors));
    }
    let (receipt, request) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| SendError::Os(error.into()))?;
    descriptors.push(request);
    Ok((Some(receipt), descriptors))
}

/// Keeps `held` until the receipt is there. To be called before the value is sent, for a failure to leave nothing
/// sent.
pub(super) fn keep_until(receipt: Option<OwnedFd>, held: Held) -> Result<(), SendError> {
    let Some(receipt) = receipt else { return Ok(()) };
    waited_for().and_then(|receipts| receipts.keep(receipt, held)).map_err(SendError::Os)
}

/// Lets go of what receivers have confirmed.
pub(super) fn let_go_of_confirmed() {
    let known = lock(&RECEIPTS).clone();
    if let Some(receipts) = known.filter(|receipts| receipts.process == process::id()) {
        receipts.let_go_of_confirmed();
    }
}

/// The receipts of this process, and a thread that waits for them.
fn waited_for() -> io::Result<Arc<Receipts>> {
    let mut known = lock(&RECEIPTS);
    if let Some(receipts) = known.as_ref().filter(|receipts| receipts.process == process::id()) {
        return Ok(Arc::clone(receipts));
    }
    let receipts = Arc::new(Receipts::new()?);
    let waits = Arc::clone(&receipts);
    std::thread::Builder::new().name("receipts".into()).spawn(move || waits.wait())?;
    // What a forked copy finds here is its creator's to let go of.
    std::mem::forget(known.replace(Arc::clone(&receipts)));
    Ok(receipts)
}

/// What waits for its receipt.
struct Receipts {
    process: u32,
    epoll: Epoll,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    values: HashMap<u64, (OwnedFd, Held)>,
}

impl Receipts {
    fn new() -> io::Result<Receipts> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Receipts { process: process::id(), epoll, waiting: Mutex::default() })
    }

    fn keep(&self, receipt: OwnedFd, held: Held) -> io::Result<()> {
        let mut waiting = lock(&self.waiting);
        let number = waiting.next;
        self.epoll.add(&receipt, EpollEvent::new(EpollFlags::EPOLLIN, number))?;
        waiting.next += 1;
        waiting.values.insert(number, (receipt, held));
        Ok(())
    }

    fn let_go_of_confirmed(&self) {
        let mut events = [EpollEvent::empty(); AT_ONCE];
        loop {
            // An error means that nothing can be known; the thread tries again.
            let count = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            let mut confirmed = Vec::new();
            let mut waiting = lock(&self.waiting);
            for event in &events[..count] {
                if let Some((receipt, held)) = waiting.values.remove(&event.data()) {
                    // A forked copy may have the pipe open, too: closing it here would not end the events.
                    let _ = self.epoll.delete(&receipt);
                    confirmed.push(held);
                }
            }
            // With no lock held: what goes may have something to say to others.
            drop(waiting);
            drop(confirmed);
            if count < AT_ONCE {
                return;
            }
        }
    }

    /// Waits for receipts until the process ends.
    fn wait(&self) {
        loop {
            match self.epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE) {
                Ok(_) => self.let_go_of_confirmed(),
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_confirmed_goes_with_its_descriptors_though_no_thread_waits() {
        let receipts = Receipts::new().expect("descriptors are left");
        let mut requests = Vec::new();
        let mut held = Vec::new();
        for _ in 0..200 {
            let (receipt, descriptors) = ask_for(Vec::new(), true).expect("descriptors are left");
            requests.extend(descriptors);
            let value = Arc::new(());
            held.push(Arc::downgrade(&value));
            receipts.keep(receipt.expect("it is wanted"), vec![Box::new(value)]).expect("it can be watched");
        }
        let lives =
            |held: &[std::sync::Weak<()>]| held.iter().filter(|value| value.strong_count() > 0).count();
        receipts.let_go_of_confirmed();
        assert_eq!(lives(&held), 200, "nobody has confirmed anything");
        // More than are looked at in one call.
        requests.drain(50..);
        receipts.let_go_of_confirmed();
        assert_eq!((lives(&held[..50]), lives(&held[50..])), (50, 0));
        assert_eq!(lock(&receipts.waiting).values.len(), 50, "the pipes of the others are closed");
        drop(requests);
        receipts.let_go_of_confirmed();
        assert_eq!(lives(&held), 0);
    }
}
