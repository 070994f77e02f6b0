//! Going through a value that was sent, as Python's `for` goes through it.

use std::collections::HashMap;

use procession_wire::message::Proxy;
use procession_wire::value::{How, Id, Object};
use procession_wire::{Kind, Node, Text};

use super::argument::{fits, type_name};
use super::array::Cells;
use crate::python::{Raise, Work};
use crate::server::{Objects, Quota, Stored, Whole};

/// What there is to go through values with.
pub struct Through<'a> {
    /// The server's objects, of which proxies may be in the values.
    pub objects: &'a Objects,
    /// What it may still cost.
    pub work: &'a mut Work,
    /// How much may come of it.
    pub quota: &'a Quota,
}

impl Through<'_> {
    /// The elements, in their order.
    ///
    /// A proxy of one of the server's containers stands for what that container is now: it locks it for a moment,
    /// so no lock may be held.
    ///
    /// # Errors
    /// A `TypeError` for what cannot be gone through, a `MemoryError` for too much.
    pub fn elements(&mut self, node: Node<'_>) -> Result<Vec<Stored>, Raise> {
        match self.behind(node) {
            Some(whole) => self.plain(whole.root(), node),
            None => self.plain(node, node),
        }
    }

    /// What the value is, where it is a proxy of one of the server's objects that can be sent as a whole.
    pub fn behind(&self, node: Node<'_>) -> Option<Stored> {
        let proxy = Proxy::read(node).ok().flatten()?;
        let named = self.objects.named_in(node);
        let object = named.iter().find(|object| proxy.token.ident == *object.ident)?;
        match object.referent.whole() {
            Whole::Value(whole) => Some(whole),
            Whole::Unserializable(_) => None,
        }
    }

    /// The elements of a value that is no proxy; `sent` is what an error names.
    fn plain(&mut self, node: Node<'_>, sent: Node<'_>) -> Result<Vec<Stored>, Raise> {
        match node.kind() {
            Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
                self.store(node, items.len(), items.iter())
            }
            Kind::Dict(pairs) => self.store(node, pairs.len(), pairs.iter().map(|(key, _)| key)),
            Kind::Str(text) => {
                let count = text.chars().count();
                fits(self.quota, count, 0)?;
                self.work.spend(count)?;
                text.chars().map(|point| self.made(count, character(point))).collect()
            }
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) => {
                fits(self.quota, bytes.len(), 0)?;
                self.work.spend(bytes.len())?;
                let one = |&byte: &u8| Stored::int(i64::from(byte));
                bytes.iter().map(|byte| self.made(bytes.len(), one(byte))).collect()
            }
            Kind::Object(object) => match self.object(object)? {
                Some(elements) => Ok(elements),
                None => Err(not_iterable(sent)),
            },
            _ => Err(not_iterable(sent)),
        }
    }

    /// Ranges, arrays and the iterators of lists, which are sent as the calls that make them.
    fn object(&mut self, object: Object<'_>) -> Result<Option<Vec<Stored>>, Raise> {
        if let Some(cells) = Cells::sent(object)? {
            fits(self.quota, cells.len(), 0)?;
            self.work.spend(cells.len())?;
            let count = cells.len();
            return (0..count).map(|at| self.made(count, cells.get(at)?)).collect::<Result<_, _>>().map(Some);
        }
        let Kind::Global(class) = object.function.kind() else { return Ok(None) };
        if object.how != How::Call || class.module != "builtins" {
            return Ok(None);
        }
        let Some(args) = object.args.tuple() else { return Ok(None) };
        match class.name.to_str() {
            Some("range") => {
                let Some([start, stop, step]) = args.array() else { return Ok(None) };
                let number = |node: Node<'_>| super::arithmetic::integer(node)?.to_i64().map(i128::from);
                let (Some(start), Some(stop), Some(step)) = (number(start), number(stop), number(step))
                else {
                    return Ok(None);
                };
                self.range(start, stop, step).map(Some)
            }
            Some("iter" | "reversed") => {
                let reversed = class.name == "reversed";
                let Some([sequence]) = args.array() else { return Ok(None) };
                let (Kind::List(items) | Kind::Tuple(items)) = sequence.kind() else { return Ok(None) };
                let index =
                    object.state.and_then(super::arithmetic::integer).and_then(|index| index.to_i64());
                let last = i64::try_from(items.len()).unwrap_or(i64::MAX) - 1;
                // The index of the next element, which a state says.
                let next = index.unwrap_or(if reversed { last } else { 0 });
                let all: Vec<Node<'_>> = match reversed {
                    false => items.iter().skip(usize::try_from(next).unwrap_or(0)).collect(),
                    true => {
                        let count = usize::try_from(next.min(last) + 1).unwrap_or(0);
                        items.iter().take(count).rev().collect()
                    }
                };
                self.store(sequence, all.len(), all.into_iter()).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn range(&mut self, start: i128, stop: i128, step: i128) -> Result<Vec<Stored>, Raise> {
        let way = if step < 0 { start - stop } else { stop - start };
        let count = match step {
            0 => 0,
            _ if way <= 0 => 0,
            _ => (way - 1) / step.abs() + 1,
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        fits(self.quota, count, 0)?;
        self.work.spend(count)?;
        // Between two numbers of 64 bits lie only such.
        let number = |turn: usize| (start + step * turn as i128) as i64;
        (0..count).map(|turn| self.made(count, Stored::int(number(turn)))).collect()
    }

    /// Stores parts of a value. A part that comes twice is one, so that repetition on the wire costs no copies here.
    fn store<'v>(
        &mut self,
        whole: Node<'_>,
        count: usize,
        parts: impl Iterator<Item = Node<'v>>,
    ) -> Result<Vec<Stored>, Raise> {
        fits(self.quota, count, 0)?;
        self.work.spend(count)?;
        let names_objects = !self.objects.named_in(whole).is_empty();
        let mut stored: Vec<Stored> = Vec::with_capacity(count);
        let mut known: HashMap<Id, usize> = HashMap::new();
        let mut bytes = 0_usize;
        for part in parts {
            // Nobody can tell two of them apart, so they need not be found again.
            if let Some(number) = Stored::atom(part) {
                bytes = bytes.saturating_add(number.size());
                fits(self.quota, count, bytes)?;
                self.work.spend(1)?;
                stored.push(number);
                continue;
            }
            if let Some(&before) = known.get(&part.id()) {
                let again = stored[before].clone();
                stored.push(again);
                continue;
            }
            let one = match names_objects {
                true => Stored::of(part, self.objects),
                false => Stored::plain(part.to_value()),
            };
            bytes = bytes.saturating_add(one.size());
            fits(self.quota, count, bytes)?;
            self.work.spend(one.steps())?;
            known.insert(part.id(), stored.len());
            stored.push(one);
        }
        Ok(stored)
    }

    /// One of so many elements of the same size.
    fn made(&self, count: usize, one: Stored) -> Result<Stored, Raise> {
        fits(self.quota, count, count.saturating_mul(one.size())).map(|()| one)
    }
}

fn not_iterable(node: Node<'_>) -> Raise {
    Raise::type_error(format!("'{}' object is not iterable", type_name(node)))
}

/// A text of one character, which may be a surrogate.
pub fn character(point: u32) -> Stored {
    let mut bytes = [0; 4];
    let text = match char::from_u32(point) {
        Some(char) => Text::from(&*char.encode_utf8(&mut bytes)),
        None => {
            let part = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
            bytes = [0xe0 | (point >> 12 & 0xf) as u8, part(6), part(0), 0];
            Text::new(&bytes[..3]).unwrap_or(Text::from("\u{fffd}"))
        }
    };
    Stored::build(|builder| builder.str(text))
}
