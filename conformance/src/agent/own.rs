//! The calls about the worker itself, of which nothing concerns the implementation.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use procession_contract::{Answer, Call, Outcome};

use super::words::{self, Words};
use super::{blocks, clock, descriptors, mutex, signals};

/// The variable of `global_write` and `global_read`: whether a process shares it is what is asked.
static GLOBAL: AtomicI64 = AtomicI64::new(0);

/// What a worker needs for its own calls.
pub(super) struct Own {
    words: io::Result<Arc<Words>>,
}

impl Own {
    /// Opens the words that the workers of a run share.
    pub(super) fn open(directory: &Path) -> Own {
        Own { words: Words::open(directory) }
    }

    /// Answers a call about the worker itself; of every other call, that it is none.
    pub(super) fn call(&self, call: &Call) -> Option<Answer> {
        Some(match call {
            Call::Sleep { ms } => {
                clock::sleep_ms(*ms);
                Answer::ok()
            }
            Call::SignalSelf { signal } => signals::send_to_self(*signal),
            Call::OnSignal { signal, action } => signals::on(*signal, *action),
            Call::SignalsCounted => Answer::number(signals::counted()),
            Call::Getpid => Answer::number(std::process::id()),
            Call::Getppid => Answer::number(std::os::unix::process::parent_id()),
            Call::Print { text } => done(writeln!(io::stdout(), "{text}")),
            Call::CloseStdout => done(io::stdout().flush().and_then(|()| Ok(nix::unistd::close(1)?))),
            Call::ReadStdin => number(io::stdin().read_to_end(&mut Vec::new())),
            Call::CountDescriptors => number(descriptors::count()),
            Call::OpenDescriptor { fd, inheritable } => done(descriptors::open_null(*fd, *inheritable)),
            Call::DescriptorOpen { fd } => Answer::truth(descriptors::is_open(*fd)),
            Call::GlobalWrite { value } => {
                GLOBAL.store(*value, Ordering::SeqCst);
                Answer::ok()
            }
            Call::GlobalRead => Answer::number(GLOBAL.load(Ordering::SeqCst)),
            Call::MutexLock { timeout_ms } => mutex::lock(*timeout_ms),
            Call::MutexUnlock => mutex::unlock(),
            Call::Burn { ms } => Answer::number(burn(Duration::from_millis(*ms))),
            Call::WordSwap { index, value } => {
                self.word(*index, |word| word.swap(u64::from_le(*value as u64), Ordering::SeqCst))
            }
            Call::WordAdd { index, amount } => self.word(*index, |word| words::add(word, *amount)),
            Call::BlockMode { block } => blocks::mode(block),
            Call::WordRead { index } => self.word(*index, |word| word.load(Ordering::SeqCst)),
            _ => return None,
        })
    }

    fn word(&self, index: u32, access: impl Fn(&std::sync::atomic::AtomicU64) -> u64) -> Answer {
        match &self.words {
            Ok(words) => words.answer(index, access),
            Err(error) => Answer::error(Outcome::Other, format!("the run's words: {error}")),
        }
    }
}

/// Keeps a CPU busy; returns the number of rounds.
fn burn(time: Duration) -> i64 {
    let (start, mut rounds) = (Instant::now(), 0);
    while start.elapsed() < time {
        rounds = std::hint::black_box(rounds + 1);
    }
    rounds
}

/// The state of a process as `/proc` shows it: one letter, or absent where there is no such process.
pub(super) fn proc_state(pid: i64) -> Answer {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state stands after the name, which is in parentheses and may contain any byte.
    let after_name = stat.iter().rposition(|byte| *byte == b')').map(|end| end + 2);
    match after_name.and_then(|at| stat.get(at)) {
        Some(state) => Answer::text(char::from(*state)),
        None => Answer::of(Outcome::Absent),
    }
}

fn done(result: io::Result<()>) -> Answer {
    match result {
        Ok(()) => Answer::ok(),
        Err(error) => failed(&error),
    }
}

fn number(result: io::Result<usize>) -> Answer {
    match result {
        Ok(number) => Answer::number(number as i64),
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> Answer {
    let outcome = match error.raw_os_error() {
        Some(libc::EBADF) => Outcome::BadDescriptor,
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM) => Outcome::Exhausted,
        Some(libc::EPIPE) => Outcome::BrokenPipe,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}
