//! Which calls each kind of object has.

use procession_contract::{Call, ObjectKind};

/// Whether a call is one of a manager's, a managed object's or a listener's, besides those that the
/// object has wherever it lives.
fn served_suits(call: &Call, kind: &ObjectKind) -> bool {
    use Call::*;
    match kind {
        ObjectKind::Manager { .. } => matches!(
            call,
            Start
                | Join { .. }
                | Shutdown
                | KillServer
                | Address
                | DirectoryMode
                | Exitcode
                | IsAlive
                | NumberOfObjects
                | Serve
                | ConnectManager { .. }
                | Pid
                | Repr
                | Scope { .. }
                | Close
                | Forget
        ),
        ObjectKind::Listener { .. } => matches!(
            call,
            Call::Accept { .. }
                | LastAccepted
                | Address
                | DirectoryMode
                | Scope { .. }
                | Close
                | Forget
                | Repr
                | IsClosed
        ),
        ObjectKind::Managed { of, .. } => match call {
            Invoke { .. } | GetValue { .. } | Equals { .. } | Iterate { .. } | Display | Repr => true,
            Add { .. } => matches!(
                **of,
                ObjectKind::List { .. } | ObjectKind::Dict { .. } | ObjectKind::Namespace { .. }
            ),
            _ => false,
        },
        _ => false,
    }
}

/// Whether a call is one of this kind of object's.
pub(super) fn suits(call: &Call, kind: &ObjectKind) -> bool {
    use Call::*;
    if served_suits(call, kind) {
        return true;
    }
    let kind = kind.plain();
    match call {
        Close | Forget | Serialise => true,
        Hand { .. } | TakeOver { .. } => matches!(
            kind,
            ObjectKind::Pipe { .. }
                | ObjectKind::StreamPipe { .. }
                | ObjectKind::Queue { .. }
                | ObjectKind::SimpleQueue
                | ObjectKind::JoinableQueue { .. }
        ),
        ReadRaw { .. } | SendDescriptor { .. } | RecvDescriptor { .. } => {
            matches!(kind, ObjectKind::StreamPipe { .. })
        }
        Put { .. } | Get { .. } | Empty => matches!(
            kind,
            ObjectKind::Queue { .. } | ObjectKind::SimpleQueue | ObjectKind::JoinableQueue { .. }
        ),
        PutNowait { .. }
        | PutMany { .. }
        | GetNowait
        | GetMany { .. }
        | Qsize
        | Full
        | JoinThread
        | CancelJoinThread => matches!(kind, ObjectKind::Queue { .. } | ObjectKind::JoinableQueue { .. }),
        TaskDone | JoinTasks { .. } => {
            matches!(kind, ObjectKind::JoinableQueue { .. } | ObjectKind::Queue { .. })
        }
        Read { .. } | Write { .. } => matches!(kind, ObjectKind::OsPipe),
        Send { .. }
        | Recv
        | SendBytes { .. }
        | SendNonBytes
        | RecvBytes { .. }
        | RecvBytesInto { .. }
        | Poll { .. }
        | Fileno
        | Inheritable
        | IsClosed
        | Readable
        | Writable
        | SendConnection { .. }
        | RecvConnection { .. } => matches!(kind, ObjectKind::Pipe { .. } | ObjectKind::StreamPipe { .. }),
        Scope { .. } => !matches!(
            kind,
            ObjectKind::Queue { .. }
                | ObjectKind::SimpleQueue
                | ObjectKind::JoinableQueue { .. }
                | ObjectKind::OsPipe
                | ObjectKind::Event
                | ObjectKind::Barrier { .. }
        ),
        WriteRaw { .. } => matches!(kind, ObjectKind::StreamPipe { .. }),
        other => sync_suits(other, kind),
    }
}

/// Whether a call is one of this kind of primitive or shared value.
fn sync_suits(call: &Call, kind: &ObjectKind) -> bool {
    use Call::*;
    let is_value =
        matches!(kind, ObjectKind::Value { .. } | ObjectKind::Array { .. } | ObjectKind::Record { .. });
    let is_semaphore = matches!(kind, ObjectKind::Semaphore { .. } | ObjectKind::BoundedSemaphore { .. });
    let is_condition = matches!(kind, ObjectKind::Condition { .. });
    let is_barrier = matches!(kind, ObjectKind::Barrier { .. });
    match call {
        Repr => true,
        Acquire { .. } | Call::Release { .. } => {
            matches!(kind, ObjectKind::Lock | ObjectKind::Rlock) || is_semaphore || is_condition || is_value
        }
        Permits => is_semaphore,
        Await { .. } => is_condition || is_barrier || matches!(kind, ObjectKind::Event),
        AwaitWord { .. } | Notify { .. } | NotifyAll => is_condition,
        Set | Clear | IsSet => matches!(kind, ObjectKind::Event),
        Abort | Reset | Parties | Waiting | Broken => is_barrier,
        Load { .. }
        | Store { .. }
        | Add { .. }
        | LoadSlice { .. }
        | StoreSlice { .. }
        | Length
        | GetLock { .. }
        | GetObject { .. }
        | Call::Copy { .. }
        | Synchronise { .. } => is_value,
        _ => false,
    }
}
