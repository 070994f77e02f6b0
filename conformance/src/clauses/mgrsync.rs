//! The clauses about managed locks and their kin, queues, values and arrays.
//!
//! Where the promise is that of the object shared without a manager, so are the programs.

mod primitives;
mod queues;
mod values;

use procession_contract::Call;

use crate::clause::Clause;
use crate::program::build::ended;
use crate::program::{Condition, Methods, Program};

/// The chapters, in reading order.
pub const CHAPTERS: &[&[Clause]] = &[primitives::CLAUSES, queues::CLAUSES, values::CLAUSES];

/// The programs of other clauses, about managed objects, with the start method that the implementation
/// prefers. Left out are those in which a worker calls something when main has ended, for then there is no
/// server any more, and those in which it must be seen within a moment that a call waits, for a server may need
/// longer to come to that.
fn programs_of(ids: &[&str], seed: u64) -> Vec<Program> {
    let clauses = ids.iter().map(|id| super::find(id).unwrap_or_else(|| panic!("there is no clause {id}")));
    let programs = clauses.flat_map(|clause| {
        (clause.programs)(seed)
            .into_iter()
            .filter(|program| !outlives_main(program) && !is_hurried(program))
            .map(|program| {
                let title = match program.title.as_str() {
                    "" => clause.id.to_owned(),
                    title => format!("{}: {title}", clause.id),
                };
                Program { methods: Methods::Preferred, ..program }.in_manager("manager").title(title)
            })
    });
    programs.collect()
}

/// Whether a worker calls something on an object when main has ended.
fn outlives_main(program: &Program) -> bool {
    program.lines().any(|(_, line)| {
        !line.step.on.is_empty() && line.after.iter().any(|condition| *condition == ended("main"))
    })
}

/// How long a call has to wait at least, if another one is to find it waiting.
const MOMENT_MS: i64 = 2_000;

/// Whether something is to happen while a call waits that gives up after a moment.
fn is_hurried(program: &Program) -> bool {
    let conditions = program.lines().flat_map(|(_, line)| &line.after);
    conditions.chain(program.faults.iter().flat_map(|fault| &fault.after)).any(|condition| {
        let Condition::Blocked(place) = condition else { return false };
        let Some((worker, line)) = program.index_of(place) else { return false };
        match program.roles[worker].lines[line].step.call {
            Call::Acquire { timeout_ms, .. }
            | Call::Await { timeout_ms }
            | Call::AwaitWord { timeout_ms, .. }
            | Call::Get { timeout_ms, .. }
            | Call::Put { timeout_ms, .. } => timeout_ms.is_some_and(|ms| ms < MOMENT_MS),
            _ => false,
        }
    })
}
