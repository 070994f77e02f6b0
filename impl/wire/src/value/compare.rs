//! Equality of values: by what they unfold to, without unfolding them.

use std::collections::HashMap;

use super::keys::{Keys, Rule};
use super::store::{Id, Record, Room, Store};
use super::{Node, Value};

impl PartialEq for Value<'_> {
    /// See [`Node`].
    fn eq(&self, other: &Value<'_>) -> bool {
        equal(&self.store, self.root, &other.store, other.root)
    }
}

impl PartialEq for Node<'_> {
    /// Whether both are the same plain value. This is stricter than Python's `==`: types are told apart,
    /// floats compare by their bits, dicts in their order. Sets compare without order, except that the
    /// objects in them are matched in the order in which they come. Sharing does not count: `[a, a]` equals
    /// `[a, b]` if `a` equals `b`; values with cycles are equal if no finite way into both tells them apart.
    fn eq(&self, other: &Node<'_>) -> bool {
        match (self.number(), other.number()) {
            (Some(id), Some(other_id)) => equal(self.store(), id, other.store(), other_id),
            _ => same_atom(self.record(), other.record()),
        }
    }
}

/// Both graphs are states of an automaton; two are equal if they can be merged without contradiction
/// (Hopcroft and Karp, 1971). Each merge leaves one class less, so the cost is that of the graphs and not
/// that of the trees they unfold to.
fn equal(a: &Store<'_>, left: Id, b: &Store<'_>, right: Id) -> bool {
    let offset = a.records.len();
    let mut classes: Vec<u32> = (0..(offset + b.records.len()) as u32).collect();
    let mut open = vec![(left, right)];
    while let Some((x, y)) = open.pop() {
        let (record, other) = (a.record(x), b.record(y));
        // What is compared once only: what has parts, and texts that would take long.
        let merges = a.is_container(x) || a.is_long(x) || matches!(record, Record::Global { .. });
        if merges {
            let (p, q) = (find(&mut classes, x.at()), find(&mut classes, offset + y.at()));
            if p == q {
                continue;
            }
            classes[p.max(q)] = p.min(q) as u32;
        }
        if !same_shape(a, record, b, other) {
            return false;
        }
        if !merges {
            continue;
        }
        match (record, other) {
            (Record::Set(room), Record::Set(other)) | (Record::FrozenSet(room), Record::FrozenSet(other)) => {
                if !same_items(a, room, b, other, &mut open) {
                    return false;
                }
            }
            _ => {
                let (mut parts, mut others) = (Vec::new(), Vec::new());
                a.children(x, &mut parts);
                b.children(y, &mut others);
                if parts.len() != others.len() {
                    return false;
                }
                open.extend(parts.into_iter().zip(others));
            }
        }
    }
    true
}

fn find(classes: &mut [u32], of: usize) -> usize {
    let mut at = of;
    while classes[at] as usize != at {
        // Halving the path keeps later walks short.
        classes[at] = classes[classes[at] as usize];
        at = classes[at] as usize;
    }
    at
}

/// Whether two records can be equal as far as they themselves show.
fn same_shape(a: &Store<'_>, record: Record, b: &Store<'_>, other: Record) -> bool {
    match (record, other) {
        (Record::Large(x), Record::Large(y))
        | (Record::Str(x), Record::Str(y))
        | (Record::Bytes(x), Record::Bytes(y))
        | (Record::ByteArray(x), Record::ByteArray(y)) => a.bytes(x) == b.bytes(y),
        (Record::Tuple { room: x, .. }, Record::Tuple { room: y, .. })
        | (Record::List(x), Record::List(y))
        | (Record::Dict(x), Record::Dict(y))
        | (Record::Set(x), Record::Set(y))
        | (Record::FrozenSet(x), Record::FrozenSet(y)) => x.len == y.len,
        (Record::Global { .. }, Record::Global { .. }) => true,
        (Record::Object(x), Record::Object(y)) => {
            let (x, y) = (a.object(x), b.object(y));
            x.how == y.how
                && x.kwargs.is_some() == y.kwargs.is_some()
                && x.state.is_some() == y.state.is_some()
                && (x.items.len, x.pairs.len) == (y.items.len, y.pairs.len)
        }
        _ => same_atom(record, other),
    }
}

/// Whether both are atoms, and the same.
fn same_atom(record: Record, other: Record) -> bool {
    match (record, other) {
        (Record::None, Record::None) => true,
        (Record::Bool(x), Record::Bool(y)) => x == y,
        (Record::Int(x), Record::Int(y)) => x == y,
        (Record::Float(x), Record::Float(y)) => x.to_bits() == y.to_bits(),
        _ => false,
    }
}

/// Whether two sets hold the same items, as far as can be seen; objects in them are left to be compared.
fn same_items(a: &Store<'_>, room: Room, b: &Store<'_>, other: Room, open: &mut Vec<(Id, Id)>) -> bool {
    let mut keys = Keys::new(Rule::Exact);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut known = HashMap::new();
    let mut numbers: Vec<u32> =
        a.places(room).iter().map(|&id| keys.number(a, id, &mut known, &mut left)).collect();
    known.clear();
    let mut others: Vec<u32> =
        b.places(other).iter().map(|&id| keys.number(b, id, &mut known, &mut right)).collect();
    numbers.sort_unstable();
    others.sort_unstable();
    open.extend(left.iter().copied().zip(right.iter().copied()));
    left.len() == right.len() && numbers == others
}
