//! The entries of a managed dictionary and the attributes of a namespace: a register for each, which may be
//! empty.
//!
//! Linearizability is local, so each is judged alone. A call that concerns several of them at once (their
//! number, a copy of all, emptying) is not judged.

use procession_contract::{Answer, Call, Datum, ObjectKind, Outcome, Scalar, Step};

use super::super::just_in_time::{Config, Lane, Model, Now, phase};
use super::{Read, Run, Words, scene, spec, verdict};
use crate::verdict::{FailureKind, Verdict};

/// Between the read and the write of an addition.
const HALF: u8 = 2;

/// A value as an answer reports it: its number and its fingerprint.
type Seen = (i64, u64);

/// What an answer says of what was under the key: that there was this, that there was nothing, or nothing
/// because there is no answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// This was there, or this is what the call says when nothing is.
    This(Seen),
    Missing,
    Unknown,
}

/// A call on one entry, with its answer.
#[derive(Clone, Debug)]
enum Doing {
    /// Writes; the answer says nothing, or is awaited.
    Set(Seen),
    /// Reads. With a default, that is the answer where there is nothing.
    Get(Option<Seen>, Told),
    /// Removes. With `gives`, the answer is what was there, or the default.
    Remove { gives: bool, default: Option<Seen>, told: Told },
    /// Writes if there is nothing, and gives what is there then.
    SetDefault(Seen, Told),
    /// Whether there is something: the truth value.
    Contains(Option<bool>),
    /// A read and a write of so much more: the number that was written.
    Add(i64, Option<i64>, Told),
    /// Changed nothing: it was refused for a reason of its own.
    Nothing,
    /// With an answer that cannot be.
    Impossible,
}

struct Entry {
    first: Option<Seen>,
    /// For whom nothing is told.
    what: String,
}

/// Judges every entry of a managed dictionary, or every attribute of a namespace.
pub fn judge(run: &Run, name: &str) -> Verdict {
    let initial: Vec<(Datum, Datum)> = match spec(run.program, name).map(|object| object.kind.plain()) {
        Some(ObjectKind::Dict { initial: Some(Datum::Dict { dict }) }) => dict.clone(),
        Some(ObjectKind::Dict { .. }) => Vec::new(),
        Some(ObjectKind::Namespace { initial }) => {
            initial.iter().map(|(name, value)| (name.as_str().into(), value.clone())).collect()
        }
        other => {
            return Verdict::Unresolved(format!(
                "the judge of `{name}` knows dictionaries and namespaces, not {:?}",
                other.map(ObjectKind::name)
            ));
        }
    };
    let mut keys: Vec<Datum> = Vec::new();
    for (worker, line) in run.places() {
        let step = &run.line(worker, line).step;
        if step.on != name || tells_nothing(&step.call) {
            continue;
        }
        match key_of(step) {
            Ok(key) if !keys.contains(&key) => keys.push(key),
            Ok(_) => {}
            Err(why) => return Verdict::Unresolved(format!("{} {why}", run.called(worker, line))),
        }
    }
    keys.iter()
        .map(|key| {
            let scene = scene(run, |_, step: &Step, answer| {
                let concerns = step.on == name && key_of(step).as_ref() == Ok(key);
                concerns.then(|| Read { call: read(step, answer), limit_ms: None, gave_up: false })
            });
            let first =
                initial.iter().rev().find(|(other, _)| other == key).and_then(|(_, value)| seen(value));
            verdict(run, &Entry { first, what: super::words::datum(key) }, &scene)
        })
        .fold(Verdict::Pass, Verdict::and)
}

/// Calls that concern no entry, or all of them in a way that is not judged.
fn tells_nothing(call: &Call) -> bool {
    match call {
        Call::Invoke { method, .. } => {
            matches!(method.as_str(), "__len__" | "keys" | "values" | "items" | "copy" | "__iter__")
        }
        Call::GetValue { .. }
        | Call::Iterate { .. }
        | Call::Display
        | Call::Repr
        | Call::Equals { .. }
        | Call::Forget => true,
        _ => false,
    }
}

/// The entry that a call is about.
fn key_of(step: &Step) -> Result<Datum, &'static str> {
    let unknown = "is no call on one entry, which is all that the judge of entries knows";
    match &step.call {
        Call::Invoke { method, args, .. } => {
            let known = [
                "__getitem__",
                "__setitem__",
                "__delitem__",
                "__contains__",
                "get",
                "pop",
                "setdefault",
                "__getattribute__",
                "__setattr__",
                "__delattr__",
            ];
            match args.first() {
                Some(key)
                    if known.contains(&method.as_str()) && args.iter().all(|arg| seen(arg).is_some()) =>
                {
                    Ok(key.clone())
                }
                _ => Err(unknown),
            }
        }
        Call::Add { field: Some(field), times: 1, .. } => Ok(field.as_str().into()),
        _ => Err(unknown),
    }
}

fn seen(value: &Datum) -> Option<Seen> {
    value.answer().map(|answer| (answer.value, answer.aux))
}

fn read(step: &Step, answer: Option<&Answer>) -> Doing {
    let told = match answer {
        None => Told::Unknown,
        Some(answer) => match answer.outcome {
            Outcome::Ok => Told::This((answer.value, answer.aux)),
            Outcome::KeyMissing | Outcome::AttributeMissing => Told::Missing,
            outcome if super::is_of_its_own(outcome) => return Doing::Nothing,
            _ => return Doing::Impossible,
        },
    };
    let arg = |args: &[Datum], index: usize| args.get(index).and_then(seen);
    match &step.call {
        Call::Invoke { method, args, .. } => match method.as_str() {
            "__setitem__" | "__setattr__" => match (arg(args, 1), told) {
                (Some(to), Told::This(_) | Told::Unknown) => Doing::Set(to),
                _ => Doing::Impossible,
            },
            "__getitem__" | "__getattribute__" => Doing::Get(None, told),
            "get" => {
                let none = seen(&Datum::Scalar(Scalar::None(())));
                Doing::Get(arg(args, 1).or(none), told)
            }
            "__delitem__" | "__delattr__" => Doing::Remove { gives: false, default: None, told },
            "pop" => Doing::Remove { gives: true, default: arg(args, 1), told },
            "setdefault" => match arg(args, 1) {
                Some(value) if told != Told::Missing => Doing::SetDefault(value, told),
                _ => Doing::Impossible,
            },
            _ if told == Told::Missing => Doing::Impossible,
            _ => Doing::Contains(answer.map(|answer| answer.value != 0)),
        },
        Call::Add { amount, .. } => Doing::Add(*amount, answer.map(|answer| answer.value), told),
        _ => Doing::Impossible,
    }
}

impl Model for Entry {
    type State = Option<Seen>;
    type Call = Doing;

    fn first(&self) -> Option<Seen> {
        self.first
    }

    fn settle(&self, now: &Now<Doing>, config: &mut Config<Option<Seen>>) {
        for lane in 0..config.lanes.len() {
            if config.lanes[lane].phase != phase::CALLED {
                continue;
            }
            let Some(call) = now.call(lane) else { continue };
            let held = config.state;
            let done = match call {
                Doing::Nothing => true,
                Doing::Get(default, told) => match told {
                    Told::This(seen) => held.or(*default) == Some(*seen),
                    Told::Missing => held.is_none() && default.is_none(),
                    Told::Unknown => true,
                },
                Doing::Contains(told) => told.is_none_or(|told| told == held.is_some()),
                // Where there is nothing, these change nothing.
                Doing::Remove { default, told, .. } if held.is_none() => match told {
                    Told::This(seen) => *default == Some(*seen),
                    Told::Missing => default.is_none(),
                    // It may yet find something.
                    Told::Unknown => false,
                },
                Doing::SetDefault(_, Told::This(seen)) => held == Some(*seen),
                Doing::Add(_, _, Told::Missing) => held.is_none(),
                _ => false,
            };
            if done {
                config.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
            }
        }
    }

    fn steps(
        &self,
        now: &Now<Doing>,
        config: &Config<Option<Seen>>,
        lane: usize,
        found: &mut Vec<Config<Option<Seen>>>,
    ) {
        let held = config.state;
        let Some(call) = now.call(lane) else { return };
        match call {
            Doing::Set(to) => found.push(config.then(Some(*to), lane, phase::DONE)),
            Doing::Remove { gives, told, .. } => {
                let fits = match (told, held) {
                    (Told::Unknown, _) => true,
                    (Told::This(seen), Some(held)) => !gives || *seen == held,
                    _ => false,
                };
                if fits {
                    found.push(config.then(None, lane, phase::DONE));
                }
            }
            Doing::SetDefault(value, told) => {
                let fits = match told {
                    Told::This(seen) => seen == value,
                    _ => true,
                };
                if held.is_none() && fits {
                    found.push(config.then(Some(*value), lane, phase::DONE));
                } else if held.is_some() && *told == Told::Unknown {
                    found.push(config.then(held, lane, phase::DONE));
                }
            }
            Doing::Add(amount, written, told) => {
                if config.lanes[lane].phase == HALF {
                    let sum = (config.lanes[lane].note as i64).wrapping_add(*amount);
                    if written.is_none_or(|written| written == sum) {
                        found.push(config.then(Some(Scalar::Int(sum).expected()), lane, phase::DONE));
                    }
                    return;
                }
                match held {
                    Some((number, _)) if *told != Told::Missing => {
                        let mut next = config.clone();
                        next.lanes[lane] = Lane { phase: HALF, note: number as u64 };
                        found.push(next);
                    }
                    None if *told == Told::Unknown => found.push(config.then(None, lane, phase::DONE)),
                    _ => {}
                }
            }
            // What changes nothing is done as soon as it can be.
            Doing::Get(..) | Doing::Contains(_) | Doing::Nothing | Doing::Impossible => {}
        }
    }
}

impl Words for Entry {
    fn kind(&self, call: &Doing) -> FailureKind {
        match call {
            Doing::Set(_) | Doing::Nothing | Doing::Impossible => FailureKind::WrongOutcome,
            _ => FailureKind::WrongValue,
        }
    }

    fn stands(&self, config: &Config<Option<Seen>>, _name: &dyn Fn(usize) -> String) -> (String, Vec<usize>) {
        let stands = match config.state {
            Some(seen) => format!("under {} there is {}", self.what, super::words::read(seen)),
            None => format!("there is nothing under {}", self.what),
        };
        (stands, Vec::new())
    }
}
