//! Shrinking: from a program that fails to a smaller one that fails too.
//!
//! The order is Lincheck's: first what removes most, a worker, an object, then faults, single lines and
//! lines that belong together (a put and the get that takes its item, an acquire and its release, which
//! cannot go alone without leaving a call that waits for ever), then smaller payloads, times and counts.
//! Every candidate is run by the caller, as often as it takes to see the failure; the work is bounded by
//! the number of candidates.
//!
//! A candidate is always a whole program: what refers to a line or worker that goes, goes with it, or
//! the line stays. Conditions go; a line stays while an expectation of another line, or a judge, names
//! it.

#[cfg(test)]
mod cases;
mod sync;

use procession_contract::{Call, Item, ItemKind};

use crate::program::check::problems;
use crate::program::{Condition, Expect, Judge, Place, Program};

/// Shrinks a program that fails.
///
/// `fails` runs a candidate and says whether it fails in the same way; it is called `most_runs` times
/// at most. Returns the smallest failing program that was found: the given one if none was.
pub fn shrink(program: &Program, most_runs: usize, mut fails: impl FnMut(&Program) -> bool) -> Program {
    let mut smallest = program.clone();
    let mut runs_left = most_runs;
    loop {
        let mut progressed = false;
        for pass in PASSES {
            // What was removed at one place leaves the next candidate at the same place.
            let mut place = 0;
            while let Some(candidate) = next(pass, &smallest, &mut place) {
                if runs_left == 0 {
                    return smallest;
                }
                runs_left -= 1;
                if fails(&candidate) {
                    smallest = candidate;
                    progressed = true;
                } else {
                    place += 1;
                }
            }
        }
        if !progressed {
            return smallest;
        }
    }
}

/// The next candidate of a pass that is well formed, or no worse than the program was before: without
/// its fault, say, two workers may be left that wait for each other.
fn next(pass: Pass, program: &Program, place: &mut usize) -> Option<Program> {
    let known = problems(program);
    loop {
        let candidate = pass(program, place)?;
        if problems(&candidate).iter().all(|problem| known.contains(problem)) {
            return Some(candidate);
        }
        *place += 1;
    }
}

/// A pass gives the candidate at a place, moving the place on over those that are none, and `None`
/// when there are no more.
type Pass = fn(&Program, &mut usize) -> Option<Program>;

const PASSES: [Pass; 11] = [
    drop_worker,
    sync::drop_object,
    drop_fault,
    sync::drop_section,
    sync::drop_wake,
    sync::drop_round,
    drop_line,
    drop_pair,
    smaller_item,
    smaller_number,
    sync::smaller_limit,
];

/// The first candidate at or behind the place.
fn first<T>(choices: &[T], place: &mut usize, candidate: impl Fn(&T) -> Option<Program>) -> Option<Program> {
    while let Some(choice) = choices.get(*place) {
        if let Some(program) = candidate(choice) {
            return Some(program);
        }
        *place += 1;
    }
    None
}

fn drop_worker(program: &Program, place: &mut usize) -> Option<Program> {
    let names: Vec<_> = program.roles.iter().skip(1).map(|role| role.worker.name.clone()).collect();
    first(&names, place, |name| without_worker(program, name))
}

fn drop_fault(program: &Program, place: &mut usize) -> Option<Program> {
    let faults: Vec<_> = (0..program.faults.len()).collect();
    first(&faults, place, |fault| {
        let mut smaller = program.clone();
        smaller.faults.remove(*fault);
        Some(smaller)
    })
}

fn drop_line(program: &Program, place: &mut usize) -> Option<Program> {
    first(&lines(program), place, |line| without_lines(program, &[*line]))
}

/// Drops one line that brings something in and one that takes something out of the same object.
fn drop_pair(program: &Program, place: &mut usize) -> Option<Program> {
    let all = lines(program);
    let object = |(worker, line): (usize, usize)| {
        let step = &program.roles[worker].lines[line].step;
        // The two ends of a pipe are one object here.
        step.on.rsplit_once('.').map_or(step.on.clone(), |(pipe, _)| pipe.to_owned())
    };
    let of = |kind: fn(&Call) -> bool| {
        let step = |(worker, line): &(usize, usize)| &program.roles[*worker].lines[*line].step;
        all.iter().copied().filter(|line| kind(&step(line).call)).collect::<Vec<_>>()
    };
    let (givers, takers) = (of(gives), of(takes));
    let mut pairs = Vec::new();
    for giver in &givers {
        pairs.extend(
            takers.iter().filter(|taker| object(**taker) == object(*giver)).map(|taker| [*giver, *taker]),
        );
    }
    first(&pairs, place, |pair| without_lines(program, pair))
}

fn gives(call: &Call) -> bool {
    !crate::judge::run::items_of(call).is_empty()
}

fn takes(call: &Call) -> bool {
    matches!(
        call,
        Call::Get { .. }
            | Call::GetNowait
            | Call::GetMany { .. }
            | Call::Recv
            | Call::RecvBytes { .. }
            | Call::RecvBytesInto { .. }
            | Call::Read { .. }
    )
}

/// A smaller payload: a plain integer, else one of half the length. Ids stay, and expectations of the
/// same item change with it.
fn smaller_item(program: &Program, place: &mut usize) -> Option<Program> {
    let mut items: Vec<Item> = Vec::new();
    for (worker, line) in lines(program) {
        let call = &program.roles[worker].lines[line].step.call;
        items.extend(crate::judge::run::items_of(call));
    }
    let mut choices = Vec::new();
    let calls = || program.lines().map(|(_, line)| &line.step.call);
    for item in items {
        // A payload of an encoding of its own is what the program is about.
        if item.id != 0 && matches!(item.kind, ItemKind::Text | ItemKind::Bytes | ItemKind::List) {
            if !calls().any(|call| sends_bytes(call) && crate::judge::run::items_of(call).contains(&item)) {
                choices.push((item, Item::int(item.id)));
            }
            // Below 16 bytes the id would be cut.
            if item.len >= 32 {
                choices.push((item, Item { len: item.len / 2, ..item }));
            }
        }
    }
    first(&choices, place, |(from, to)| {
        if calls().any(|call| keeps_its_bytes(call) && crate::judge::run::items_of(call).contains(from)) {
            return None;
        }
        let mut smaller = program.clone();
        for role in &mut smaller.roles {
            for line in &mut role.lines {
                replace_in_call(&mut line.step.call, from, to);
                if let Some(expect) = &mut line.expect {
                    replace_in_expect(expect, from, to);
                }
            }
        }
        Some(smaller)
    })
}

/// Whether a call needs this very kind of item: bytes with positions of their own in them, or a list
/// that is emptied afterwards.
fn keeps_its_bytes(call: &Call) -> bool {
    let whole = matches!(call, Call::SendBytes { offset: None, size: None, width: None, .. });
    !whole && matches!(call, Call::SendBytes { .. } | Call::Write { .. } | Call::Put { then_clear: true, .. })
}

/// Whether a call sends the item's bytes, whatever its kind.
fn sends_bytes(call: &Call) -> bool {
    matches!(call, Call::SendBytes { .. })
}

fn replace_in_call(call: &mut Call, from: &Item, to: &Item) {
    let replace = |item: &mut Item| {
        if item == from {
            *item = *to;
        }
    };
    match call {
        Call::Put { item, .. }
        | Call::PutNowait { item }
        | Call::Send { item }
        | Call::SendBytes { item, .. }
        | Call::AtExitSend { item, .. } => replace(item),
        Call::PutMany { items, .. } => items.iter_mut().for_each(replace),
        _ => {}
    }
}

fn replace_in_expect(expect: &mut Expect, from: &Item, to: &Item) {
    match expect {
        Expect::Item(item) if item == from => *item = *to,
        Expect::ItemAmong(items) | Expect::Items(items) => {
            items.iter_mut().filter(|item| *item == from).for_each(|item| *item = *to);
        }
        Expect::All(all) | Expect::Any(all) => {
            all.iter_mut().for_each(|one| replace_in_expect(one, from, to))
        }
        _ => {}
    }
}

/// A smaller count, a shorter sleep, a shorter list in a call that puts several.
fn smaller_number(program: &Program, place: &mut usize) -> Option<Program> {
    first(&lines(program), place, |&(worker, line)| {
        let mut smaller = program.clone();
        // A time that an expectation speaks of stays.
        let line = &mut smaller.roles[worker].lines[line];
        if line.expect.is_some() {
            return None;
        }
        match &mut line.step.call {
            Call::Sleep { ms } | Call::Burn { ms } if *ms > 0 => *ms /= 2,
            Call::GetMany { max, .. } if *max > 1 => *max /= 2,
            Call::Add { times, .. } if *times > 1 => *times /= 2,
            Call::Notify { n: Some(n) } | Call::Release { n: Some(n) } if *n > 1 => *n /= 2,
            Call::PutMany { items, .. } if items.len() > 1 => {
                items.pop();
            }
            _ => return None,
        }
        Some(smaller)
    })
}

/// Every line, the last ones of a worker first: what comes later is rarely needed by what fails.
fn lines(program: &Program) -> Vec<(usize, usize)> {
    let roles = program.roles.iter().enumerate();
    roles.flat_map(|(worker, role)| (0..role.lines.len()).rev().map(move |line| (worker, line))).collect()
}

/// The program without these lines, unless something other than a condition names one of them.
fn without_lines(program: &Program, gone: &[(usize, usize)]) -> Option<Program> {
    let mut gone = gone.to_vec();
    gone.sort_unstable();
    let mut smaller = program.clone();
    for (worker, line) in gone.iter().rev() {
        let role = &mut smaller.roles[*worker];
        let line = role.lines.remove(*line);
        let place = Place { worker: role.worker.name.clone(), label: line.label };
        if !place.label.is_empty() {
            drop_conditions(&mut smaller, |condition| place_of(condition) == Some(&place));
        }
    }
    is_whole(&smaller, program).then_some(smaller)
}

/// The program without a worker and whatever names it, unless it has children or an expectation or a
/// judge other than of this worker alone needs it.
fn without_worker(program: &Program, name: &str) -> Option<Program> {
    let mut smaller = program.clone();
    smaller.roles.retain(|role| role.worker.name != name);
    if smaller.roles.iter().any(|role| role.worker.parent.as_deref() == Some(name)) {
        return None;
    }
    let sentinel = format!("{name}.sentinel");
    for role in &mut smaller.roles {
        role.lines.retain(|line| line.step.on != name);
        for line in &mut role.lines {
            if let Call::Wait { objects, .. } = &mut line.step.call {
                objects.retain(|object| *object != sentinel);
            }
        }
        if let Some(gets) = &mut role.worker.gets {
            gets.retain(|object| object != name);
        }
    }
    smaller.faults.retain(|fault| fault.worker != name);
    smaller.judges.retain(|judge| !concerns(judge, name));
    drop_conditions(&mut smaller, |condition| match condition {
        Condition::Ended(worker) | Condition::Gone(worker) => worker == name,
        other => place_of(other).is_some_and(|place| place.worker == name),
    });
    // Calls on this worker went too, and conditions may have named them.
    let known = smaller.clone();
    drop_conditions(&mut smaller, |condition| {
        place_of(condition).is_some_and(|place| known.index_of(place).is_none())
    });
    is_whole(&smaller, program).then_some(smaller)
}

fn concerns(judge: &Judge, name: &str) -> bool {
    match judge {
        Judge::GoneWithMain(worker, _) | Judge::OutlivesMain(worker) | Judge::Finished(worker) => {
            worker == name
        }
        Judge::Overlap(one, two) | Judge::Precedes(one, two) => one.worker == name || two.worker == name,
        _ => false,
    }
}

fn drop_conditions(program: &mut Program, gone: impl Fn(&Condition) -> bool) {
    for line in program.roles.iter_mut().flat_map(|role| &mut role.lines) {
        line.after.retain(|condition| !gone(condition));
    }
    for fault in &mut program.faults {
        fault.after.retain(|condition| !gone(condition));
    }
}

fn place_of(condition: &Condition) -> Option<&Place> {
    match condition {
        Condition::Called(place) | Condition::Returned(place) | Condition::Blocked(place) => Some(place),
        Condition::Ended(_) | Condition::Gone(_) | Condition::Quiescence => None,
    }
}

/// Whether everything that the program names is there, and no fault has lost its last condition, which
/// it had in the larger program.
fn is_whole(program: &Program, larger: &Program) -> bool {
    let at_once = |program: &Program| program.faults.iter().filter(|fault| fault.after.is_empty()).count();
    let known = |place: &Place| program.index_of(place).is_some();
    let worker = |name: &String| program.roles.iter().any(|role| role.worker.name == *name);
    let lines = || program.roles.iter().flat_map(|role| &role.lines);
    let conditions =
        lines().flat_map(|line| &line.after).chain(program.faults.iter().flat_map(|fault| &fault.after));
    let mut conditions = conditions;
    conditions.all(|condition| match condition {
        Condition::Ended(name) | Condition::Gone(name) => worker(name),
        other => place_of(other).is_none_or(known),
    }) && at_once(program) <= at_once(larger)
        && program.faults.iter().all(|fault| worker(&fault.worker))
        && lines()
            .filter_map(|line| line.expect.as_ref())
            .all(|expect| expects_known(expect, &known, &worker))
        && program.judges.iter().all(|judge| match judge {
            Judge::Overlap(one, two) | Judge::Precedes(one, two) => known(one) && known(two),
            _ => true,
        })
}

fn expects_known(
    expect: &Expect,
    known: &impl Fn(&Place) -> bool,
    worker: &impl Fn(&String) -> bool,
) -> bool {
    match expect {
        Expect::SameAs(place)
        | Expect::Plus(place, _)
        | Expect::DiffersFrom(place)
        | Expect::NotBeforeCallOf(place)
        | Expect::NotBeforeReturnOf(place) => known(place),
        Expect::PidOf(name) => worker(name),
        Expect::All(all) | Expect::Any(all) => all.iter().all(|one| expects_known(one, known, worker)),
        _ => true,
    }
}
