//! A lock that does not survive its holder: a byte in an OS pipe, which whoever holds the lock has taken
//! out. It counts its system calls and can die before any of them.

use std::any::Any;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use procession_contract::{
    Answer, Call, Implementation, Manifest, Method, Object, ObjectKind, ObjectSpec, Objects, Outcome,
    QueueLevel,
};

/// How long it takes to come back with the lock: enough for a kill at a random time to meet its holder.
const SLOW: Duration = Duration::from_millis(3);

pub struct Token;

struct Lock {
    taken: PipeReader,
    returned: PipeWriter,
}

/// Before how many more operations this process dies; 0 for never.
static LEFT: AtomicU64 = AtomicU64::new(0);

fn point() {
    if LEFT.load(Ordering::Relaxed) != 0 && LEFT.fetch_sub(1, Ordering::Relaxed) == 1 {
        let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
    }
}

impl Implementation for Token {
    fn manifest(&self) -> Manifest {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let calls =
            ["acquire", "release", "die_before", "start", "join", "is_alive", "exitcode", "pid", "kill"];
        Manifest {
            name: "token".into(),
            version: "1".into(),
            language: "rust".into(),
            methods: vec![Method::Fork],
            objects: names(&["lock"]),
            calls: names(&calls),
            claims: names(&["processes"]),
            queue_level: QueueLevel::Conservation,
            tick_ms: 0,
        }
    }

    fn create(&self, spec: &ObjectSpec, _: Method, _: &mut Objects) -> Result<Objects, Answer> {
        let ObjectKind::Lock = spec.kind else { return Err(Answer::of(Outcome::Unsupported)) };
        let made = std::io::pipe().and_then(|(taken, mut returned)| {
            returned.write_all(&[1])?;
            Ok(Lock { taken, returned })
        });
        let lock: Box<dyn Object> = Box::new(made.map_err(|error| Answer::error(Outcome::Other, error))?);
        Ok(Objects::from([(spec.name.clone(), lock)]))
    }

    fn call(&self, _: &str, call: &Call, _: &mut Objects) -> Answer {
        let Call::DieBefore { n } = call else { return Answer::of(Outcome::Unsupported) };
        LEFT.store(*n, Ordering::Relaxed);
        Answer::ok()
    }
}

impl Object for Lock {
    fn call(&mut self, call: &Call) -> Answer {
        point();
        let done = match call {
            Call::Acquire { .. } => self.taken.read_exact(&mut [0]),
            Call::Release { .. } => self.returned.write_all(&[1]),
            _ => return Answer::of(Outcome::Unsupported),
        };
        point();
        match (done, call) {
            (Ok(()), Call::Acquire { .. }) => {
                std::thread::sleep(SLOW);
                Answer::truth(true)
            }
            (Ok(()), _) => Answer::ok(),
            (Err(error), _) => Answer::error(Outcome::Other, error),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        let cloned =
            self.taken.try_clone().and_then(|taken| Ok(Lock { taken, returned: self.returned.try_clone()? }));
        match cloned {
            Ok(lock) => Ok(Box::new(lock)),
            Err(error) => Err(Answer::error(Outcome::Other, error)),
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
