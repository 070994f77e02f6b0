//! The values, arrays and records of a monitor: registers that are read and written under its lock.
//!
//! A read returns what was written last, whole. Each access of a value with a lock needs the lock for
//! its own time, so it waits while another worker holds it; an addition (`+=`) is a read and a write,
//! between which others come unless the caller holds the lock around both. Slices of bare storage are
//! no single access, and arrays of characters have a reading of their own: neither is judged.

use std::collections::{HashMap, HashSet};

use procession_contract::{Answer, Call, LockChoice, ObjectKind, Outcome, Scalar};

use super::super::just_in_time::{Config, Lane, phase};
use super::monitor::{Hold, Kind, Monitor, State};
use crate::program::Program;
use crate::verdict::FailureKind;

/// A number that has been added to, but not so often as it is to be.
const ADDING: u8 = 30;
/// Between the read and the write of an addition.
const HALF: u8 = 31;

/// What is read: the number and the fingerprint of an answer.
type Seen = (i64, u64);

/// What all the cells hold.
pub type Cells = Vec<Seen>;

/// An access to cells, with its answer.
#[derive(Clone, Debug)]
pub enum Access {
    /// Cells are read.
    Load {
        /// Which.
        cells: Vec<usize>,
        /// What was read; nothing while it is pending.
        seen: Option<Vec<Seen>>,
    },
    /// Cells are written.
    Store {
        /// Which.
        cells: Vec<usize>,
        /// What is written.
        to: Vec<Seen>,
    },
    /// A number is added to a cell.
    Add {
        /// Which.
        cell: usize,
        /// How much.
        amount: i64,
        /// How often.
        times: u32,
        /// Whether each time is one access.
        locked: bool,
        /// What was written last.
        last: Option<i64>,
    },
}

/// Where each object has its cells.
#[derive(Default)]
pub struct Values {
    layouts: HashMap<String, Layout>,
    first: Cells,
    written: HashSet<Seen>,
}

struct Layout {
    start: usize,
    /// How many elements, if it has such.
    length: Option<usize>,
    /// The type of each field; one without a name for a value or an array.
    fields: Vec<(String, char)>,
    bare: bool,
}

impl Values {
    /// Gives an object its cells, if it is one whose reading is known.
    pub fn add(&mut self, name: &str, kind: &ObjectKind) {
        let code = |code: &str| code.chars().next().filter(|code| "bBhHiIlLqQfd".contains(*code));
        let one = |type_code: &str| code(type_code).map(|code| vec![(String::new(), code)]);
        let (fields, length, initial, lock) = match kind {
            ObjectKind::Value { code, initial, lock } => {
                (one(code), None, initial.iter().cloned().collect(), lock)
            }
            ObjectKind::Array { code, length, initial, lock } => {
                let initial = initial.clone().unwrap_or_default();
                let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(initial.len());
                (one(code), Some(length), initial, lock)
            }
            ObjectKind::Record { fields, length, initial, lock } => {
                let fields: Option<Vec<_>> =
                    fields.iter().map(|field| Some((field.name.clone(), code(&field.code)?))).collect();
                let length = length.map(|length| usize::try_from(length).unwrap_or(0));
                (fields, length, initial.clone(), lock)
            }
            _ => return,
        };
        let Some(fields) = fields else { return };
        let start = self.first.len();
        let cells = length.unwrap_or(1) * fields.len();
        for cell in 0..cells {
            let code = fields[cell % fields.len()].1;
            let zero = Scalar::Int(0);
            self.first.push(as_read(code, initial.get(cell).unwrap_or(&zero)).expected());
        }
        let bare = *lock == LockChoice::Raw;
        self.layouts.insert(name.into(), Layout { start, length, fields, bare });
    }

    /// What the cells hold at first.
    pub fn first(&self) -> Cells {
        self.first.clone()
    }

    /// Keeps what the program writes, to tell a torn value from a stale one.
    pub fn note_what_is_written(&mut self, program: &Program) {
        self.written = self.first.iter().copied().collect();
        for (_, line) in program.lines() {
            if let Some(Access::Store { to, .. }) = self.access(&line.step.on, &line.step.call, None, false) {
                self.written.extend(to);
            }
        }
    }

    /// The cells of an element or field, with the type of each.
    fn cells(&self, object: &str, at: Option<i64>, field: Option<&str>) -> Option<Vec<(usize, char)>> {
        let layout = self.layouts.get(object)?;
        let element = match (layout.length, at) {
            (None, None) => 0,
            (Some(length), Some(at)) => {
                let length = i64::try_from(length).ok()?;
                let at = if at < 0 { at + length } else { at };
                usize::try_from(at).ok().filter(|_| at < length)?
            }
            _ => return None,
        };
        let number = match field {
            None if layout.fields.len() == 1 => 0,
            None => return None,
            Some(field) => layout.fields.iter().position(|(name, _)| name == field)?,
        };
        let cell = layout.start + element * layout.fields.len() + number;
        Some(vec![(cell, layout.fields[number].1)])
    }

    /// The cells of a slice, with their type.
    fn slice(
        &self,
        object: &str,
        (from, to, step): (Option<i64>, Option<i64>, Option<i64>),
    ) -> Option<Vec<(usize, char)>> {
        let layout = self.layouts.get(object).filter(|layout| layout.fields.len() == 1)?;
        let length = i64::try_from(layout.length?).ok()?;
        let step = step.unwrap_or(1);
        if step == 0 {
            return None;
        }
        // As in Python: bounds are cut to the array, whichever way it goes.
        let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let cut = |bound: Option<i64>, otherwise: i64| match bound {
            None => otherwise,
            Some(bound) => (if bound < 0 { bound + length } else { bound }).clamp(lowest, highest),
        };
        let (first, end) = match step > 0 {
            true => (cut(from, 0), cut(to, length)),
            false => (cut(from, length - 1), cut(to, -1)),
        };
        let mut cells = Vec::new();
        let mut at = first;
        while (step > 0 && at < end) || (step < 0 && at > end) {
            cells.push((layout.start + usize::try_from(at).ok()?, layout.fields[0].1));
            at += step;
        }
        Some(cells)
    }

    /// What a call does to the cells; `None` if it does nothing that is judged.
    pub fn access(&self, object: &str, call: &Call, answer: Option<&Answer>, bare: bool) -> Option<Access> {
        if answer.is_some_and(|answer| !matches!(answer.outcome, Outcome::Ok | Outcome::OwnerDied)) {
            return None;
        }
        let bare = bare || self.layouts.get(object).is_some_and(|layout| layout.bare);
        let only = |cells: &[(usize, char)]| cells.iter().map(|(cell, _)| *cell).collect::<Vec<_>>();
        match call {
            Call::Load { at, field } => {
                let cells = self.cells(object, *at, field.as_deref())?;
                let seen = answer.map(|answer| vec![(answer.value, answer.aux)]);
                Some(Access::Load { cells: only(&cells), seen })
            }
            Call::Store { at, field, to } => {
                let cells = self.cells(object, *at, field.as_deref())?;
                let to = cells.iter().map(|(_, code)| as_read(*code, to).expected()).collect();
                Some(Access::Store { cells: only(&cells), to })
            }
            Call::Add { at, field, amount, times, locked } => {
                let cells = self.cells(object, *at, field.as_deref())?;
                let (cell, code) = *cells.first()?;
                let last = answer.map(|answer| answer.value);
                ("bBhHiIlLqQ".contains(code)).then_some(Access::Add {
                    cell,
                    amount: *amount,
                    times: *times,
                    locked: *locked,
                    last,
                })
            }
            Call::LoadSlice { from, to, step } if !bare => {
                let cells = self.slice(object, (*from, *to, *step))?;
                let seen = answer.map(|answer| answer.items.clone());
                Some(Access::Load { cells: only(&cells), seen })
            }
            Call::StoreSlice { from, to, step, values } if !bare => {
                let cells = self.slice(object, (*from, *to, *step))?;
                let to: Vec<Seen> = cells
                    .iter()
                    .zip(values)
                    .map(|((_, code), value)| as_read(*code, value).expected())
                    .collect();
                (to.len() == cells.len()).then(|| Access::Store { cells: only(&cells), to })
            }
            _ => None,
        }
    }

    /// What kind of failure it is that nothing explains an access.
    pub fn kind(&self, access: &Access) -> FailureKind {
        match access {
            Access::Load { seen: Some(seen), .. } if !seen.iter().all(|seen| self.written.contains(seen)) => {
                FailureKind::WrongValue
            }
            _ => FailureKind::NotLinearizable,
        }
    }

    /// Says what the cells hold, if they are few.
    pub fn tell(&self, cells: &Cells, stands: &mut String) {
        if !(1..=8).contains(&cells.len()) {
            return;
        }
        let numbers: Vec<_> = cells.iter().map(|(number, _)| number.to_string()).collect();
        let comma = if stands.is_empty() { "" } else { ", " };
        *stands += &format!("{comma}the value is {}", numbers.join(" "));
    }
}

/// What is read of a scalar that was written to a cell of this type.
fn as_read(code: char, scalar: &Scalar) -> Scalar {
    match (code, scalar) {
        ('f', Scalar::Int(number)) => Scalar::real(f64::from(*number as f32)),
        ('f', Scalar::Real(number)) => Scalar::real(f64::from(number.0 as f32)),
        ('d', Scalar::Int(number)) => Scalar::real(*number as f64),
        ('b', Scalar::Int(number)) => Scalar::Int((*number as i8).into()),
        ('B', Scalar::Int(number)) => Scalar::Int((*number as u8).into()),
        ('h', Scalar::Int(number)) => Scalar::Int((*number as i16).into()),
        ('H', Scalar::Int(number)) => Scalar::Int((*number as u16).into()),
        ('i', Scalar::Int(number)) => Scalar::Int((*number as i32).into()),
        ('I', Scalar::Int(number)) => Scalar::Int((*number as u32).into()),
        _ => scalar.clone(),
    }
}

/// In a note: the access was told of a death.
const TOLD: u64 = 1 << 63;

/// A count and a number in a note: 48 bits are enough for what tests add up.
fn note_of(told: bool, count: u64, number: i64) -> u64 {
    let told = if told { TOLD } else { 0 };
    told | count << 48 | (number as u64 & 0xffff_ffff_ffff)
}

fn number_in(note: u64) -> i64 {
    ((note << 16) as i64) >> 16
}

impl Monitor {
    /// The lock while a worker accesses a value, if it may, and whether that tells of a death.
    fn enters(&self, hold: Hold, lane: usize, waits: bool) -> Option<(Hold, bool)> {
        match hold {
            _ if self.kind == Kind::Bare => Some((hold, false)),
            Hold::Free => Some((hold, false)),
            Hold::Held(..) => {
                (self.kind == Kind::Recursive && Monitor::owns(hold, lane)).then_some((hold, false))
            }
            // Whoever comes after a dead holder has the lock, and gives it back after the access.
            Hold::Dead => Some((Hold::Free, true)),
            Hold::Left => (!waits).then_some((Hold::Free, true)),
        }
    }

    /// Whether a read sees what is there now.
    pub fn reads_now(&self, state: &State, lane: usize, access: &Access, told: Option<bool>) -> bool {
        let Access::Load { cells, seen: Some(seen) } = access else { return false };
        told == Some(false)
            && self.enters(state.hold, lane, false) == Some((state.hold, false))
            && seen.len() == cells.len()
            && cells.iter().zip(seen).all(|(cell, seen)| state.cells[*cell] == *seen)
    }

    /// What the cells may hold when a worker dies in the middle of an access, with the lock that it needs
    /// for that; nothing if it cannot have got the lock.
    pub fn half_done(&self, state: &State, lane: usize, access: &Access) -> Vec<Cells> {
        if self.enters(state.hold, lane, false).is_none() {
            return Vec::new();
        }
        let mut each = vec![state.cells.clone()];
        match access {
            Access::Load { .. } => {}
            Access::Store { cells, to } => {
                let mut now = state.cells.clone();
                for (cell, to) in cells.iter().zip(to) {
                    now[*cell] = *to;
                    each.push(now.clone());
                }
            }
            Access::Add { cell, amount, .. } => {
                let mut added = state.cells.clone();
                added[*cell] = Scalar::Int(added[*cell].0.wrapping_add(*amount)).expected();
                each.push(added);
            }
        }
        each
    }

    /// The steps of an access, whose answer tells of a death or does not.
    pub fn access_steps(
        &self,
        config: &Config<State>,
        lane: usize,
        (access, tells): (&Access, Option<bool>),
        waits: bool,
        found: &mut Vec<Config<State>>,
    ) {
        let Some((hold, told)) = self.enters(config.state.hold, lane, waits) else { return };
        let Lane { phase: at, note } = config.lanes[lane];
        let told = told || note & TOLD != 0;
        let mut next = config.clone();
        next.state.hold = hold;
        next.lanes[lane] = Lane { phase: phase::DONE, note: 0 };
        let fits = tells.is_none_or(|tells| tells == told);
        match access {
            Access::Load { cells, seen } => {
                let sees = |seen: &Vec<Seen>| {
                    seen.len() == cells.len()
                        && cells.iter().zip(seen).all(|(cell, seen)| config.state.cells[*cell] == *seen)
                };
                if fits && seen.as_ref().is_none_or(sees) {
                    found.push(next);
                }
            }
            Access::Store { cells, to } => {
                for (cell, to) in cells.iter().zip(to) {
                    next.state.cells[*cell] = *to;
                }
                if fits {
                    found.push(next);
                }
            }
            Access::Add { cell, amount, times, locked, last } => {
                let (count, held) = (note >> 48 & 0x7fff, config.state.cells[*cell].0);
                if at != HALF && !locked {
                    // The read; the write comes behind it.
                    next.lanes[lane] = Lane { phase: HALF, note: note_of(told, count, held) };
                    found.push(next);
                    return;
                }
                let before = if at == HALF { number_in(note) } else { held };
                let after = before.wrapping_add(*amount);
                next.state.cells[*cell] = Scalar::Int(after).expected();
                if count + 1 < u64::from(*times) {
                    next.lanes[lane] = Lane { phase: ADDING, note: note_of(told, count + 1, 0) };
                } else if !fits || last.is_some_and(|last| last != after) {
                    return;
                }
                found.push(next);
            }
        }
    }
}
