//! Which processes use an object, hold it or wait for it: notes that outlive whoever made them.

use procession_contract::{Answer, Call, Object};

use crate::calls::{in_vain, is_acquire, is_acquired};
use crate::{Memory, facts, proc};

fn own(note: &str, memory: &Memory) -> String {
    format!("{note}.{}.{}", memory.name, std::process::id())
}

/// Notes it of this process.
pub fn note(note: &str, memory: &Memory) {
    facts::set(&own(note, memory));
}

/// Takes the note of this process away.
pub fn forget(note: &str, memory: &Memory) {
    facts::clear(&own(note, memory));
}

/// The processes of which it is noted.
pub fn noted(note: &str, memory: &Memory) -> Vec<i64> {
    let notes = facts::beginning_with(&format!("{note}.{}.", memory.name));
    notes.iter().filter_map(|pid| pid.parse().ok()).collect()
}

/// Whether it is noted of a process that is dead.
pub fn one_is_dead(note: &str, memory: &Memory) -> bool {
    noted(note, memory).into_iter().any(|pid| !proc::runs(pid))
}

/// Whether it is noted of a process that is stopped.
pub fn one_is_stopped(note: &str, memory: &Memory) -> bool {
    noted(note, memory).into_iter().any(proc::is_stopped)
}

/// What has been used by a process that died is lost: nobody gets it any more.
pub fn lost_with_its_user(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    if !is_acquire(call) {
        return inner.call(call);
    }
    note("user", memory);
    if one_is_dead("user", memory) {
        return in_vain(call, Answer::truth(false));
    }
    let answer = inner.call(call);
    match is_acquired(&answer) && one_is_dead("user", memory) {
        true => in_vain(call, Answer::truth(false)),
        false => answer,
    }
}

/// A process that ends as it should is no user any more.
pub fn leaves(memory: &mut Memory, _: &mut dyn Object) {
    if memory.kind.is_some() {
        forget("user", memory);
    }
}

/// A holder that is stopped counts as dead for whoever has waited in vain.
pub fn stopped_is_dead(memory: &mut Memory, call: &Call, inner: &mut dyn Object) -> Answer {
    let answer = inner.call(call);
    match call {
        Call::Release { .. } => forget("holder", memory),
        Call::Acquire { .. } if is_acquired(&answer) => note("holder", memory),
        Call::Acquire { .. } if one_is_stopped("holder", memory) => {
            return procession_contract::Outcome::OwnerDied.into();
        }
        _ => {}
    }
    answer
}
