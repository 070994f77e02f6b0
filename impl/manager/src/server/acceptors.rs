//! Who accepts connections: one thread, which answers the first request of each as well, and another in its place
//! when that takes long.
//!
//! Most connections are for one request, which takes less time than to have another thread begin with it. Which ones
//! do cannot be told beforehand: a `create` may run a user's code, with the last reference a million objects may go,
//! and a client may not read its reply. So nobody is asked: an alarm is set before, and whoever hears it lets another
//! thread accept.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// For so long nobody accepts at most, about. A thread begins in a tenth of it.
const LONGEST: Duration = Duration::from_millis(1);

/// Those of one server, of whom one is on duty at a time.
#[derive(Debug)]
pub(super) struct Acceptors {
    duty: Mutex<Duty>,
    /// Rings when who is on duty has been away for long.
    alarm: TimerFd,
}

#[derive(Debug, Default)]
struct Duty {
    turn: Turn,
    is_away: bool,
    /// None before the first one begins.
    thread: Option<JoinHandle<()>>,
}

/// One after the other is on duty; each has a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn(u64);

impl Acceptors {
    /// Nobody so far.
    ///
    /// # Errors
    /// The system's, where there are too many descriptors.
    pub(super) fn new() -> io::Result<Acceptors> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        Ok(Acceptors { duty: Mutex::default(), alarm })
    }

    /// Has the first one begin.
    ///
    /// # Errors
    /// Those of `begin`.
    pub(super) fn start(&self, begin: impl FnOnce(Turn) -> io::Result<JoinHandle<()>>) -> io::Result<()> {
        let mut duty = self.lock();
        duty.thread = Some(begin(duty.turn)?);
        Ok(())
    }

    /// Who is on duty, to be waited for; nobody where none has begun.
    pub(super) fn last(&self) -> Option<JoinHandle<()>> {
        self.lock().thread.take()
    }

    /// Who is on duty goes away to answer a request.
    pub(super) fn leave(&self) {
        let mut duty = self.lock();
        duty.is_away = true;
        self.set_alarm();
    }

    /// Who went away is back: whether it is his turn still.
    pub(super) fn is_back(&self, turn: Turn) -> bool {
        let mut duty = self.lock();
        if duty.turn != turn {
            return false;
        }
        duty.is_away = false;
        // An alarm that rings all the same is heard for nothing.
        let _ = self.alarm.unset();
        true
    }

    /// Readable while the alarm rings.
    pub(super) fn alarm(&self) -> BorrowedFd<'_> {
        self.alarm.as_fd()
    }

    /// Silences the alarm, and has another one begin if the one on duty is away. Where that cannot be, he keeps his
    /// turn, and the alarm rings again.
    pub(super) fn relieve(&self, begin: impl FnOnce(Turn) -> io::Result<JoinHandle<()>>) {
        if self.alarm.wait().is_err() {
            // It was set anew before this thread came to it.
            return;
        }
        let mut duty = self.lock();
        if !duty.is_away {
            return;
        }
        let next = Turn(duty.turn.0 + 1);
        match begin(next) {
            // The one before ends when he is back.
            Ok(thread) => *duty = Duty { turn: next, is_away: false, thread: Some(thread) },
            Err(_) => self.set_alarm(),
        }
    }

    fn set_alarm(&self) {
        let after = Expiration::OneShot(TimeSpec::from(LONGEST));
        // The kernel refuses only times that are none.
        let _ = self.alarm.set(after, TimerSetTimeFlags::empty());
    }

    fn lock(&self) -> MutexGuard<'_, Duty> {
        self.duty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn hear(acceptors: &Acceptors) {
        poll(&mut [PollFd::new(acceptors.alarm(), PollFlags::POLLIN)], PollTimeout::NONE)
            .expect("it is a timer");
    }

    #[test]
    fn who_is_away_for_long_is_relieved_once() {
        let acceptors = Acceptors::new().expect("descriptors are left");
        let mut begun = Vec::new();
        let mut begin = |turn| {
            begun.push(turn);
            Ok(std::thread::spawn(|| ()))
        };
        acceptors.start(&mut begin).expect("it begins");
        acceptors.leave();
        hear(&acceptors);
        acceptors.relieve(&mut begin);
        assert!(!acceptors.is_back(Turn(0)));
        // The one who is on duty now comes back when the alarm rings already.
        acceptors.leave();
        hear(&acceptors);
        assert!(acceptors.is_back(Turn(1)));
        acceptors.relieve(&mut begin);
        assert_eq!(begun, [Turn(0), Turn(1)]);
        acceptors.last().expect("it has begun").join().expect("it does nothing");
    }

    #[test]
    fn who_cannot_be_relieved_keeps_his_turn() {
        let acceptors = Acceptors::new().expect("descriptors are left");
        acceptors.leave();
        hear(&acceptors);
        acceptors.relieve(|_| Err(io::ErrorKind::WouldBlock.into()));
        hear(&acceptors);
        acceptors.relieve(|_| Err(io::ErrorKind::WouldBlock.into()));
        assert!(acceptors.is_back(Turn::default()));
    }
}
