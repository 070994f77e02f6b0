//! The words about processes: another worker's, one's own, and the library in it.

use procession_contract::{Call, ExitStatus, SignalAction};

use super::{on, own};
use crate::program::Line;

/// The signal of a request to end, which `terminate` sends.
pub const SIGTERM: i32 = 15;

/// Asks whether a worker's process runs.
pub fn is_alive(worker: &str) -> Line {
    on(worker, Call::IsAlive)
}

/// Asks for a worker's process id.
pub fn pid(worker: &str) -> Line {
    on(worker, Call::Pid)
}

/// Asks how a worker's process ended.
pub fn exitcode(worker: &str) -> Line {
    on(worker, Call::Exitcode)
}

/// Asks a worker's process to end.
pub fn terminate(worker: &str) -> Line {
    on(worker, Call::Terminate)
}

/// Ends a worker's process.
pub fn kill(worker: &str) -> Line {
    on(worker, Call::Kill)
}

/// Asks for the descriptor that tells of a worker's end.
pub fn sentinel(worker: &str) -> Line {
    on(worker, Call::Sentinel)
}

/// Asks for a process's name.
pub fn name(worker: &str) -> Line {
    on(worker, Call::Name)
}

/// Changes a process's name.
pub fn set_name(worker: &str, name: &str) -> Line {
    on(worker, Call::SetName { name: Some(name.into()) })
}

/// Asks for a process's daemon flag.
pub fn daemon(worker: &str) -> Line {
    on(worker, Call::Daemon)
}

/// Changes a process's daemon flag.
pub fn set_daemon(worker: &str, flag: bool) -> Line {
    on(worker, Call::SetDaemon { on: flag })
}

/// Asks whether a worker is among the caller's active children.
pub fn is_listed(worker: &str) -> Line {
    on(worker, Call::IsListed)
}

/// Asks how many active children the caller has.
pub fn active_children() -> Line {
    own(Call::ActiveChildren)
}

/// Asks for the state of a worker's process in `/proc`.
pub fn proc_state(worker: &str) -> Line {
    on(worker, Call::ProcState)
}

/// Asks for the start method in force.
pub fn start_method() -> Line {
    own(Call::StartMethod { allow_none: false })
}

/// Decides the start method; `None` makes it undecided again.
pub fn set_start_method(method: Option<&str>, force: bool) -> Line {
    own(Call::SetStartMethod { method: method.map(Into::into), force })
}

/// Asks for the context of a start method.
pub fn context(method: &str) -> Line {
    own(Call::Context { method: method.into() })
}

/// Ends the caller's body.
pub fn exit(status: ExitStatus) -> Line {
    own(Call::Exit { status })
}

/// Ends the caller's process at once, without any closing of the implementation.
pub fn exit_immediately(status: i32) -> Line {
    exit(ExitStatus::Immediate(status))
}

/// Sends a signal to the caller's own process.
pub fn signal_self(signal: i32) -> Line {
    own(Call::SignalSelf { signal })
}

/// Decides what a signal does to the caller's process from now on.
pub fn on_signal(signal: i32, action: SignalAction) -> Line {
    own(Call::OnSignal { signal, action })
}

/// Asks how many signals were counted.
pub fn signals_counted() -> Line {
    own(Call::SignalsCounted)
}

/// Asks the system for the caller's process id.
pub fn getpid() -> Line {
    own(Call::Getpid)
}

/// Asks how many descriptors are open.
pub fn count_descriptors() -> Line {
    own(Call::CountDescriptors)
}

/// Writes the process's global variable.
pub fn global_write(value: i64) -> Line {
    own(Call::GlobalWrite { value })
}

/// Reads the process's global variable.
pub fn global_read() -> Line {
    own(Call::GlobalRead)
}
