//! Containers filled: what the opcodes that take many values from the stack do with them.

use super::error::ReadError;
use super::reader::Machine;
use crate::limits::Dimension;
use crate::value::{Id, Record, Room};

impl Machine<'_, '_> {
    /// A tuple of the topmost `count` values.
    pub(super) fn tuple_of(&mut self, count: usize) -> Result<(), ReadError> {
        let above = self.above(count)?;
        self.tuple_from(above)
    }

    /// A tuple of the values from this height on.
    pub(super) fn tuple_from(&mut self, from: usize) -> Result<(), ReadError> {
        self.places_bound(self.stack.len() - from)?;
        let id = self.store.tuple(&self.stack[from..]);
        self.stack.truncate(from);
        self.stack.push(id);
        Ok(())
    }

    /// Appends the values from this height on to the list, or object, below them.
    pub(super) fn append_from(&mut self, from: usize) -> Result<(), ReadError> {
        let onto = self.below(from)?;
        match self.store.record(onto) {
            Record::List(mut room) => {
                self.grow(&mut room, from)?;
                self.store.records[onto.at()] = Record::List(room);
            }
            Record::Object(index) => {
                let mut room = self.store.object(index).items;
                self.grow(&mut room, from)?;
                self.store.objects[index as usize].items = room;
            }
            _ => return Err(self.wrong_type(onto, "a list or an object")),
        }
        self.stack.truncate(from);
        Ok(())
    }

    /// Inserts the pairs from this height on into the dict, or object, below them.
    pub(super) fn insert_from(&mut self, from: usize) -> Result<(), ReadError> {
        let onto = self.below(from)?;
        let mut room = match self.store.record(onto) {
            Record::Dict(room) => room,
            Record::Object(index) => self.store.object(index).pairs,
            _ => return Err(self.wrong_type(onto, "a dict or an object")),
        };
        let found = self.stack.len() - from;
        if !found.is_multiple_of(2) {
            return Err(ReadError::OddItems { offset: self.offset, found });
        }
        self.hashable_from(from, 2)?;
        if room.len == 0 && found > 0 {
            self.keyed.push(onto);
        }
        self.grow(&mut room, from)?;
        match self.store.record(onto) {
            Record::Object(index) => self.store.objects[index as usize].pairs = room,
            _ => self.store.records[onto.at()] = Record::Dict(room),
        }
        self.stack.truncate(from);
        Ok(())
    }

    /// Adds the values from this height on to the set below them.
    pub(super) fn add_from(&mut self, from: usize) -> Result<(), ReadError> {
        let onto = self.below(from)?;
        let Record::Set(mut room) = self.store.record(onto) else {
            return Err(self.wrong_type(onto, "a set"));
        };
        self.hashable_from(from, 1)?;
        if room.len == 0 && self.stack.len() > from {
            self.keyed.push(onto);
        }
        self.grow(&mut room, from)?;
        self.store.records[onto.at()] = Record::Set(room);
        self.stack.truncate(from);
        Ok(())
    }

    /// A frozenset of the values from this height on.
    pub(super) fn frozen_set_from(&mut self, from: usize) -> Result<(), ReadError> {
        self.hashable_from(from, 1)?;
        let mut room = Room::default();
        self.grow(&mut room, from)?;
        self.stack.truncate(from);
        self.push(Record::FrozenSet(room));
        self.keyed.extend(self.stack.last());
        Ok(())
    }

    /// The value just below this height, which no mark may separate from it.
    fn below(&self, from: usize) -> Result<Id, ReadError> {
        let floor = self.marks.last().map_or(0, |&mark| mark as usize);
        if from <= floor {
            let (offset, opcode) = (self.offset, self.opcode);
            return Err(ReadError::Underflow { offset, opcode, expected: 1, found: 0 });
        }
        Ok(self.stack[from - 1])
    }

    fn hashable_from(&self, from: usize, step: usize) -> Result<(), ReadError> {
        match self.stack[from..].iter().step_by(step).find(|&&key| !self.store.is_hashable(key)) {
            None => Ok(()),
            Some(&key) => {
                Err(ReadError::Unhashable { offset: self.offset, found: self.store.type_name(key) })
            }
        }
    }

    fn grow(&mut self, room: &mut Room, from: usize) -> Result<(), ReadError> {
        let more = self.stack.len() - from;
        if more > 0 {
            self.places_bound(more + 2 * room.len as usize)?;
            self.store.grow(room, &self.stack[from..]);
        }
        Ok(())
    }

    /// Refuses before the store holds more records and places than allowed.
    pub(super) fn places_bound(&self, more: usize) -> Result<(), ReadError> {
        let most = self.reader.limits.items.min(u32::MAX as usize / 4);
        match self.store.records.len() + self.store.places.len() + more > most {
            true => Err(self.limit(Dimension::Items, most)),
            false => Ok(()),
        }
    }
}
