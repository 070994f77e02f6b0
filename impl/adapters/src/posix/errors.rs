//! What the C library's error numbers mean, and the deadlines that it takes.

use std::time::Duration;

use nix::Result;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use procession_contract::{Answer, Outcome};

/// The result of a function that returns its error.
pub(super) fn check(returned: i32) -> Result<()> {
    match returned {
        0 => Ok(()),
        error => Err(Errno::from_raw(error)),
    }
}

/// The answer that stands for an error.
pub(super) fn failed(error: Errno) -> Answer {
    Answer::error(
        match error {
            Errno::EPERM => Outcome::NotOwner,
            // The caller has the mutex already and would wait for itself.
            Errno::EDEADLK => Outcome::Misuse,
            Errno::EOVERFLOW => Outcome::OverRelease,
            Errno::EINVAL => Outcome::BadValue,
            Errno::EMSGSIZE => Outcome::TooLong,
            Errno::ENOTRECOVERABLE => Outcome::NotAllowed,
            Errno::EAGAIN | Errno::ENOMEM | Errno::ENOSPC | Errno::EMFILE | Errno::ENFILE => {
                Outcome::Exhausted
            }
            _ => Outcome::Other,
        },
        error,
    )
}

/// The time on a clock so long from now; the latest that there is, for one that is further away.
pub(super) fn deadline(clock: ClockId, time: Duration) -> Result<libc::timespec> {
    let now = Duration::from(clock_gettime(clock)?);
    let at = now.saturating_add(time);
    Ok(libc::timespec {
        tv_sec: at.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: at.subsec_nanos().into(),
    })
}
