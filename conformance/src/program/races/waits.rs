//! Which calls may have to wait for another worker, and for how long.

use procession_contract::{Call, ExitStatus, Outcome};

use super::how::{How, Patience};
use crate::program::Expect;

/// Whether the value of the answer says yes or no.
pub fn answers_yes_or_no(call: &Call) -> bool {
    matches!(call, Call::Acquire { .. } | Call::Await { .. } | Call::AwaitWord { .. } | Call::Scope { .. })
}

pub fn tells_eof(expect: &Expect) -> bool {
    match expect {
        Expect::Outcome(Outcome::Eof) => true,
        Expect::All(each) => each.iter().any(tells_eof),
        _ => false,
    }
}

/// Whether a call may have to wait for another worker.
pub fn may_wait(call: &Call) -> bool {
    matches!(
        call,
        Call::Put { block: true, .. }
            | Call::PutMany { .. }
            | Call::Get { block: true, .. }
            | Call::GetMany { .. }
            | Call::JoinTasks { .. }
            | Call::Recv
            | Call::RecvBytes { .. }
            | Call::RecvBytesInto { .. }
            | Call::Poll { .. }
            | Call::Wait { .. }
            | Call::Acquire { block: true, .. }
            | Call::Await { .. }
            | Call::AwaitWord { .. }
            | Call::Join { .. }
            | Call::Accept { .. }
            | Call::Connect { .. }
            | Call::Serve
            | Call::Read { .. }
            | Call::ReadRaw { .. }
            | Call::MutexLock { .. }
            | Call::Scope { .. }
            | Call::Load { .. }
            | Call::Store { .. }
            | Call::Send { .. }
            | Call::SendBytes { .. }
            | Call::Write { .. }
            | Call::TakeOver { .. }
            | Call::RecvConnection { .. }
            | Call::RecvDescriptor { .. }
            | Call::Exit { status: ExitStatus::Code(_) }
    )
}

/// Whether a call waits as long as it takes.
pub fn is_unhurried(how: &How) -> bool {
    matches!(
        how,
        How::Takes(Patience::Unlimited | Patience::Long)
            | How::AwaitsFlag(Patience::Unlimited | Patience::Long)
            | How::Awaits { patience: Patience::Unlimited | Patience::Long, .. }
    )
}
