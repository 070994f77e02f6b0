//! Whether a program can be run at all: what a stored or hand-written one may have wrong.

use std::collections::BTreeSet;

use crate::program::{Action, Ambush, Condition, Place, Program};

/// Looks for what makes a program impossible to run.
///
/// # Errors
/// The first such thing, in words.
pub(super) fn check(program: &Program) -> Result<(), String> {
    let Some(main) = program.roles.first() else { return Err("it has no worker".into()) };
    if main.worker.name != "main" || main.worker.parent.is_some() {
        return Err(format!("its first worker is `{}`, expected `main` without a parent", main.worker.name));
    }
    let mut names = BTreeSet::new();
    for role in &program.roles {
        let worker = &role.worker;
        let name = &worker.name;
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(format!("a worker's name is {name:?}, expected letters, digits, - and _"));
        }
        match &worker.parent {
            Some(parent) if !names.contains(parent.as_str()) => {
                return Err(format!("the parent of worker `{name}` is `{parent}`, which is none before it"));
            }
            None if !names.is_empty() => return Err(format!("worker `{name}` has no parent")),
            _ => {}
        }
        if !names.insert(name.as_str()) {
            return Err(format!("two workers are called `{name}`"));
        }
        if role.lines.len() > usize::from(u16::MAX) {
            return Err(format!(
                "worker `{name}` has {} lines, expected at most {}",
                role.lines.len(),
                u16::MAX
            ));
        }
        if !worker.steps.is_empty() {
            return Err(format!("worker `{name}` has steps beside its lines"));
        }
    }
    let lines = program.roles.iter().flat_map(|role| &role.lines).flat_map(|line| &line.after);
    for condition in lines.chain(program.faults.iter().flat_map(|fault| &fault.after)) {
        match condition {
            Condition::Called(place) | Condition::Returned(place) | Condition::Blocked(place) => {
                if program.index_of(place).is_none() {
                    let Place { worker, label } = place;
                    return Err(format!(
                        "a condition names line `{label}` of worker `{worker}`, which is none"
                    ));
                }
            }
            Condition::Ended(name) | Condition::Gone(name) => known(&names, name, "a condition")?,
            Condition::Quiescence => {}
        }
    }
    program.faults.iter().try_for_each(|fault| {
        known(&names, &fault.worker, "a fault")?;
        if let Action::Ambush(ambush) = fault.action {
            ambush_on(program, &fault.worker, ambush)?;
        }
        Ok(())
    })
}

fn ambush_on(program: &Program, worker: &str, ambush: Ambush) -> Result<(), String> {
    let role = program.roles.iter().find(|role| role.worker.name == worker);
    let lines = role.map_or(&[][..], |role| &role.lines);
    let Ambush { first, last, .. } = ambush;
    if first > last || last >= lines.len() {
        return Err(format!("an ambush on `{worker}` is from line {first} to {last}, of {}", lines.len()));
    }
    match lines[first].after.is_empty() {
        true => Err(format!("an ambush on `{worker}` begins at line {first}, which has no gate")),
        false => Ok(()),
    }
}

fn known(names: &BTreeSet<&str>, name: &str, who: &str) -> Result<(), String> {
    if names.contains(name) { Ok(()) } else { Err(format!("{who} names worker `{name}`, which is none")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Moment;
    use crate::program::build::{blocked, gone, own, sleep};
    use procession_contract::Call;

    #[test]
    fn what_cannot_be_run_is_named() {
        let wrong = |program: Program| check(&program).expect_err("it cannot be run");
        let main = || Program::new().main([sleep(1).label("nap")]);
        assert_eq!(check(&main()), Ok(()));
        assert_eq!(wrong(Program::new()), "it has no worker");
        assert_eq!(wrong(main().process("a", []).process("a", [])), "two workers are called `a`");
        assert!(wrong(main().process("../a", [])).contains("expected letters"));
        assert!(wrong(main().thread("t", "a", [])).contains("the parent of worker `t` is `a`"));
        let gated = main().process("a", [own(Call::Getpid).after(blocked("main", "snooze"))]);
        assert!(wrong(gated).contains("line `snooze` of worker `main`"));
        assert!(wrong(main().fault("b", Action::Kill, [])).contains("a fault names worker `b`"));
        assert!(
            wrong(main().fault("main", Action::Kill, [gone("b")])).contains("a condition names worker `b`")
        );
        let ambush = |last| Action::Ambush(Ambush { first: 0, last, when: Moment::Instructions(1) });
        assert!(wrong(main().fault("main", ambush(1), [])).contains("from line 0 to 1, of 1"));
        assert!(wrong(main().fault("main", ambush(0), [])).contains("which has no gate"));
    }
}
