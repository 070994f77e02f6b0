//! Which keys are one key: numbers for objects that can be hashed, equal exactly where the objects are.
//!
//! Tuples and frozensets are numbered after their parts, so a key that shares its parts a thousandfold costs
//! no more than its distinct parts, and the stack stays flat. The table hashes with a key of its own process.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::store::{Id, Record, Room, SHORT, Store};
use crate::int;

/// What two keys must share to be one.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key<'k> {
    None,
    Bool(bool),
    Int(i64),
    Large(Cow<'k, [u8]>),
    /// The bits of a float that is no integer.
    Float(u64),
    Str(&'k [u8]),
    Bytes(&'k [u8]),
    Tuple(Vec<u32>),
    FrozenSet(Vec<u32>),
    Global(u32, u32),
    /// One that is equal to itself only.
    Itself(u32),
}

/// By which rule keys are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Python's: `1`, `1.0` and `True` are one key; an object and a NaN are equal to themselves only.
    Python,
    /// Types apart, floats by their bits, an object by its position among the objects met.
    Exact,
}

/// Numbers for keys.
pub(crate) struct Keys<'k> {
    rule: Rule,
    numbers: HashMap<Key<'k>, u32>,
}

impl<'k> Keys<'k> {
    pub(crate) fn new(rule: Rule) -> Self {
        Keys { rule, numbers: HashMap::new() }
    }

    /// The number of this key. `known` holds the numbers of this store's tuples, frozensets and long texts;
    /// `met` the objects met so far, in order, under [`Rule::Exact`].
    pub(crate) fn number(
        &mut self,
        store: &'k Store<'_>,
        id: Id,
        known: &mut HashMap<Id, u32>,
        met: &mut Vec<Id>,
    ) -> u32 {
        let mut open = vec![(id, false)];
        let mut last = 0;
        while let Some((id, parts_known)) = open.pop() {
            if let Some(&number) = known.get(&id) {
                last = number;
                continue;
            }
            let (room, sorted) = match store.record(id) {
                Record::Tuple { room, .. } => (room, false),
                Record::FrozenSet(room) => (room, true),
                record => {
                    let key = self.atom(store, id, record, met);
                    last = self.intern(key);
                    if store.is_long(id) {
                        known.insert(id, last);
                    }
                    continue;
                }
            };
            if !parts_known {
                open.push((id, true));
                let composite = |part: &Id| {
                    store.is_long(*part)
                        || matches!(store.record(*part), Record::Tuple { .. } | Record::FrozenSet(_))
                };
                open.extend(
                    store.places(room).iter().rev().filter(|part| composite(part)).map(|&part| (part, false)),
                );
                continue;
            }
            let key = self.composite(store, room, sorted, known, met);
            last = self.intern(key);
            known.insert(id, last);
        }
        last
    }

    fn composite(
        &mut self,
        store: &'k Store<'_>,
        room: Room,
        sorted: bool,
        known: &HashMap<Id, u32>,
        met: &mut Vec<Id>,
    ) -> Key<'k> {
        let mut numbers = Vec::with_capacity(room.len as usize);
        for &part in store.places(room) {
            let number = match known.get(&part) {
                Some(&number) => number,
                None => {
                    let key = match store.record(part) {
                        // It contains itself, by way of an object: equal to itself only.
                        Record::Tuple { .. } | Record::FrozenSet(_) => Key::Itself(part.0),
                        record => self.atom(store, part, record, met),
                    };
                    self.intern(key)
                }
            };
            numbers.push(number);
        }
        if sorted {
            numbers.sort_unstable();
            numbers.dedup();
            Key::FrozenSet(numbers)
        } else {
            Key::Tuple(numbers)
        }
    }

    fn intern(&mut self, key: Key<'k>) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(key).or_insert(next)
    }

    fn atom(&mut self, store: &'k Store<'_>, id: Id, record: Record, met: &mut Vec<Id>) -> Key<'k> {
        let python = self.rule == Rule::Python;
        match record {
            Record::None => Key::None,
            Record::Bool(flag) if python => Key::Int(i64::from(flag)),
            Record::Bool(flag) => Key::Bool(flag),
            Record::Int(number) => Key::Int(number),
            Record::Large(span) => Key::Large(Cow::Borrowed(store.bytes(span))),
            Record::Float(number) if python => float(number).unwrap_or(Key::Itself(id.0)),
            Record::Float(number) => Key::Float(number.to_bits()),
            Record::Str(span) => Key::Str(store.bytes(span)),
            Record::Bytes(span) => Key::Bytes(store.bytes(span)),
            Record::Global { module, name } => {
                let mut part = |id| {
                    let key = match store.record(id) {
                        Record::Str(span) => Key::Str(store.bytes(span)),
                        _ => Key::Itself(id.0),
                    };
                    self.intern(key)
                };
                Key::Global(part(module), part(name))
            }
            _ if python => Key::Itself(id.0),
            _ => {
                let at = met.iter().position(|&object| object == id).unwrap_or_else(|| {
                    met.push(id);
                    met.len() - 1
                });
                Key::Itself(at as u32)
            }
        }
    }
}

/// The key of a float under Python's rule; a NaN has none.
fn float<'k>(number: f64) -> Option<Key<'k>> {
    if number.is_nan() {
        return None;
    }
    if number.fract() != 0.0 || number.is_infinite() {
        return Some(Key::Float(number.to_bits()));
    }
    // From 2^63 on the mantissa is shifted into place; below, the conversion is exact.
    if number.abs() < 9_223_372_036_854_775_808.0 {
        return Some(Key::Int(number as i64));
    }
    let bits = number.to_bits();
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let shift = (bits >> 52 & 0x7ff) as usize - 1075;
    let mut bytes = vec![0; shift / 8];
    bytes.extend_from_slice(&(mantissa << (shift % 8)).to_le_bytes());
    if number < 0.0 {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, over);
        }
    }
    let bytes = int::shortest(&bytes);
    Some(match int::small(bytes) {
        Some(number) => Key::Int(number),
        None => Key::Large(Cow::Owned(bytes.to_vec())),
    })
}

/// Up to this many keys are compared pair by pair.
const FEW: usize = 8;

impl Store<'_> {
    /// Merges the keys of these dicts, and of the pairs of these objects, and the items of these sets, that
    /// Python would take for one: the first key stays, with the value of the last.
    pub(crate) fn merge_keys(&mut self, containers: &[Id]) {
        if containers.is_empty() {
            return;
        }
        let mut moved: Vec<(usize, Vec<Id>)> = Vec::new();
        {
            let store = &*self;
            let mut keys = Keys::new(Rule::Python);
            let mut known = HashMap::new();
            for (index, &id) in containers.iter().enumerate() {
                let (room, step) = store.keyed(id);
                let places = store.places(room);
                if places.len() <= step || store.differ_plainly(places, step) {
                    continue;
                }
                let mut first: HashMap<u32, usize> = HashMap::with_capacity(places.len() / step);
                let mut kept: Vec<Id> = Vec::with_capacity(places.len());
                for entry in places.chunks_exact(step) {
                    match first.entry(keys.number(store, entry[0], &mut known, &mut Vec::new())) {
                        Entry::Vacant(vacant) => {
                            vacant.insert(kept.len());
                            kept.extend_from_slice(entry);
                        }
                        Entry::Occupied(at) => {
                            let at = *at.get();
                            kept[at + 1..at + step].copy_from_slice(&entry[1..]);
                        }
                    }
                }
                if kept.len() < places.len() {
                    moved.push((index, kept));
                }
            }
        }
        for (index, kept) in moved {
            let id = containers[index];
            let (room, _) = self.keyed(id);
            let start = room.start as usize;
            self.places[start..start + kept.len()].copy_from_slice(&kept);
            let len = kept.len() as u32;
            match &mut self.records[id.at()] {
                Record::Dict(room) | Record::Set(room) | Record::FrozenSet(room) => room.len = len,
                Record::Object(index) => self.objects[*index as usize].pairs.len = len,
                _ => {}
            }
        }
    }

    /// The places of a container with keys, and how many belong to one key.
    fn keyed(&self, id: Id) -> (Room, usize) {
        match self.record(id) {
            Record::Dict(room) => (room, 2),
            Record::Set(room) | Record::FrozenSet(room) => (room, 1),
            Record::Object(index) => (self.object(index).pairs, 2),
            _ => (Room::default(), 1),
        }
    }

    /// Whether the keys are all short texts, or all small integers, and no two equal: the common case, cheaply.
    fn differ_plainly(&self, places: &[Id], step: usize) -> bool {
        let keys = || places.iter().step_by(step).map(|&key| self.record(key));
        let text = |key: Record| match key {
            Record::Str(span) if span.len <= SHORT => Some(self.bytes(span)),
            _ => None,
        };
        let int = |key: Record| match key {
            Record::Int(number) => Some(number),
            _ => None,
        };
        match keys().next() {
            Some(Record::Str(_)) => all_differ(places.len() / step, || keys().map(text)),
            Some(Record::Int(_)) => all_differ(places.len() / step, || keys().map(int)),
            _ => false,
        }
    }
}

/// Whether there are so many keys, all of them, and no two equal.
fn all_differ<K: Eq + Hash, I: Iterator<Item = Option<K>>>(count: usize, keys: impl Fn() -> I) -> bool {
    if count <= FEW {
        return keys()
            .enumerate()
            .all(|(at, key)| key.is_some() && keys().take(at).all(|other| other != key));
    }
    let mut met = HashSet::with_capacity(count);
    keys().all(|key| key.is_some_and(|key| met.insert(key)))
}
