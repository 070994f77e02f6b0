//! Which processes hold an end of a pipe, and when: what `eof` and `broken_pipe` are judged by.

use procession_contract::{Call, WorkerKind};

use super::{Progress, Run};
use crate::history::{CallHistory, WorkerEnd};

/// Whether some process certainly held an end at this time: it was given it, had not begun to close
/// it, and was seen in a call then or later, or was there to the end.
pub fn certainly_held(run: &Run, end: &str, at: u64) -> bool {
    processes(run).any(|process| {
        let alive = |worker: usize| {
            let last =
                |call: &CallHistory| call.returned.as_ref().map_or(call.called_ns, |returned| returned.at_ns);
            let history = run.of(worker);
            run.process_of(worker) == process
                && (run.end(worker) == WorkerEnd::Running
                    || history.is_some_and(|history| history.calls.iter().any(|call| last(call) >= at)))
        };
        was_given(run, process, end)
            && closing(run, process, end, false).is_none_or(|closing| closing > at)
            && (0..run.program.roles.len()).any(alive)
    })
}

/// Whether nobody holds an end any more: every process that was given it closed it or is gone.
pub fn certainly_closed(run: &Run, end: &str) -> bool {
    // An end that travelled, or was made of a bare descriptor, may be held by anybody.
    let travels = |call: &Call| match call {
        Call::SendConnection { name } => name == end,
        Call::WrapDescriptor { .. } => true,
        _ => false,
    };
    let mut lines = run.program.roles.iter().flat_map(|role| &role.lines);
    if lines.any(|line| travels(&line.step.call)) {
        return false;
    }
    processes(run).filter(|process| was_given(run, *process, end)).all(|process| {
        run.end(process) == WorkerEnd::NotStarted
            || run.of(process).is_some_and(|history| history.gone_ns.is_some())
            || closing(run, process, end, true).is_some()
    })
}

/// Whether a worker's process was given an end of a pipe when it was started.
fn was_given(run: &Run, worker: usize, end: &str) -> bool {
    let pipe = end.rsplit_once('.').map_or(end, |(pipe, _)| pipe);
    let mut worker = run.process_of(worker);
    for _ in 0..run.program.roles.len() {
        let role = &run.program.roles[worker].worker;
        match (&role.gets, role.parent.as_deref().and_then(|parent| run.worker(parent))) {
            (Some(gets), _) => return gets.iter().any(|name| name == end || name == pipe),
            (None, Some(parent)) => worker = run.process_of(parent),
            (None, None) => return true,
        }
    }
    false
}

fn processes(run: &Run) -> impl Iterator<Item = usize> {
    let roles = run.program.roles.iter().enumerate();
    roles.filter(|(_, role)| role.worker.kind == WorkerKind::Process).map(|(process, _)| process)
}

/// When the first call was made, in this process, by which it may have closed an end.
fn closing(run: &Run, process: usize, end: &str, returned: bool) -> Option<u64> {
    let calls = run.places().filter(|(worker, line)| {
        let step = &run.line(*worker, *line).step;
        run.process_of(*worker) == process
            && step.on == end
            && matches!(step.call, Call::Close | Call::Forget | Call::Scope { .. })
    });
    calls
        .filter_map(|(worker, line)| match run.progress(worker, line) {
            Progress::NotReached => None,
            Progress::Pending(call) => (!returned).then_some(call.called_ns),
            Progress::Returned(call, _) => Some(call.called_ns),
        })
        .min()
}
