//! Aiming: a scene's program with the kill at one point in it.

use procession_contract::Call;

use super::Mode;
use super::scene::{FIRST, LAST, VICTIM};
use crate::program::build::own;
use crate::program::{Action, Ambush, Fault, Moment, Program};

/// A point beyond every end: the victim is spared, or killed where it sleeps for good.
pub const BEYOND: u64 = u64::MAX;

/// The program in which the victim is killed at this point.
pub fn aim(mut program: Program, mode: Mode, point: u64) -> Program {
    let Some((first, last)) = window(&program) else { return program };
    let (first, last, when) = match mode {
        Mode::Plain => return program,
        Mode::Op => {
            die_before(&mut program, first, last, point);
            // It may sleep for good before it comes there: then it is killed where it sleeps.
            (first, last + 2, Moment::Nanoseconds(BEYOND))
        }
        Mode::Step => (first, last, Moment::Instructions(point)),
        Mode::Random => (first, last, Moment::Nanoseconds(point)),
    };
    let action = Action::Ambush(Ambush { first, last, when });
    program.faults.push(Fault { worker: VICTIM.into(), action, after: Vec::new(), delay_us: 0 });
    program
}

/// The indices of the victim's lines between which it is killed.
pub fn window(program: &Program) -> Option<(usize, usize)> {
    let victim = program.roles.iter().find(|role| role.worker.name == VICTIM)?;
    let index = |label: &str| victim.lines.iter().position(|line| line.label == label);
    let first = index(FIRST)?;
    Some((first, index(LAST).unwrap_or(first)))
}

/// Lets the victim itself say when it dies, a line before, and take that back a line after.
fn die_before(program: &mut Program, first: usize, last: usize, point: u64) {
    let Some(victim) = program.roles.iter_mut().find(|role| role.worker.name == VICTIM) else { return };
    victim.lines.insert(last + 1, own(Call::DieBefore { n: 0 }));
    let mut armed = own(Call::DieBefore { n: point });
    armed.after = std::mem::take(&mut victim.lines[first].after);
    victim.lines.insert(first, armed);
}
