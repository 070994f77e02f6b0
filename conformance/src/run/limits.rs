//! How long a call may take by its own arguments: a caller that sleeps until then is not stuck.

use procession_contract::{Call, Key, ObjectKind, ObjectSpec, Step};

/// How long a connect waits for the other side's proof, as the contract says, and a margin.
const PROOF_MS: i64 = 5_500;

/// The call's own time limit in milliseconds; absent for calls that may wait for ever, and for those
/// that do not wait at all: if they do, that is a hang.
fn limit_ms(call: &Call) -> Option<u64> {
    let limit = match call {
        Call::Put { timeout_ms, .. }
        | Call::PutMany { timeout_ms, .. }
        | Call::Get { timeout_ms, .. }
        | Call::GetMany { timeout_ms, .. }
        | Call::JoinTasks { timeout_ms }
        | Call::Poll { timeout_ms, .. }
        | Call::Wait { timeout_ms, .. }
        | Call::Join { timeout_ms }
        | Call::Acquire { block: true, timeout_ms }
        | Call::Await { timeout_ms }
        | Call::AwaitWord { timeout_ms, .. }
        | Call::MutexLock { timeout_ms } => *timeout_ms,
        Call::Connect { key: Key::Given(_), .. } => Some(PROOF_MS),
        Call::Sleep { ms } | Call::Burn { ms } => Some(i64::try_from(*ms).unwrap_or(i64::MAX)),
        _ => None,
    };
    limit.map(|ms| ms.max(0) as u64)
}

/// How many elements a slice that is read may have in a program.
const LONGEST_SLICE: u64 = 1 << 12;

/// How long a step may wait by its own arguments, or by the limit that its barrier has for all, in
/// milliseconds.
pub(super) fn limit_of_step(step: &Step, objects: &[ObjectSpec]) -> Option<u64> {
    limit_ms(&step.call).or_else(|| {
        let Call::Await { timeout_ms: None } = step.call else { return None };
        let barrier = objects.iter().find(|object| object.name == step.on)?;
        let ObjectKind::Barrier { timeout_ms, .. } = barrier.kind.plain() else { return None };
        limit_ms(&Call::Await { timeout_ms: *timeout_ms })
    })
}

/// How many results of a call may have a record of their own.
pub(super) fn most_items(call: &Call) -> u64 {
    match call {
        // The file is sparse, so what is not used costs nothing; the bound keeps it mappable.
        Call::GetMany { max, .. } => u64::from(*max).min(1 << 20),
        Call::RecvBytes { .. } => 1,
        Call::Pipeline { stages, .. } => stages.len() as u64,
        Call::LoadSlice { .. } | Call::Iterate { .. } => LONGEST_SLICE,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_past_is_none_at_all() {
        assert_eq!(limit_ms(&Call::Get { block: true, timeout_ms: Some(-5) }), Some(0));
        assert_eq!(limit_ms(&Call::Get { block: true, timeout_ms: None }), None);
        assert_eq!(limit_ms(&Call::Sleep { ms: u64::MAX }), Some(i64::MAX as u64));
        assert_eq!(limit_ms(&Call::Recv), None);
    }

    #[test]
    fn a_barrier_limits_the_waits_that_have_no_limit() {
        let kind = ObjectKind::Barrier { parties: 2, timeout_ms: Some(70), action: None };
        let objects = [ObjectSpec { name: "b".into(), kind, method: None }];
        let wait =
            |on: &str, timeout_ms| Step { on: on.into(), call: Call::Await { timeout_ms }, gate: false };
        assert_eq!(limit_of_step(&wait("b", None), &objects), Some(70));
        assert_eq!(limit_of_step(&wait("b", Some(30)), &objects), Some(30));
        assert_eq!(limit_of_step(&wait("e", None), &objects), None);
    }
}
