//! Where the parts of a list lie in its block.
//!
//! In words of eight bytes: the number of slots `n`; `n + 1` offsets, of the slots' beginnings and of the
//! last one's end; the slots; `n` formats. Then `n` bytes that say what is done with what is unpacked.
//! So far it is CPython's layout, since version 3.8. Behind it, at the next word, ours: a mark, and `n`
//! words that note the zero bytes at the slots' ends. CPython does not look there.

use super::item::{AS_NONE, LARGEST, ListItem};
use crate::shared_memory::AccessError;
use crate::shared_memory::memory::Memory;

const WORD: usize = 8;
const MARK: [u8; 8] = *b"prcslist";

/// A slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Where it begins in the block.
    pub(super) at: usize,
    /// How many bytes it has.
    pub(super) capacity: usize,
}

/// The layout, which never changes: it is read, or made, and checked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) slots: Vec<Slot>,
    formats: usize,
    codes: usize,
    /// Where the notes begin, in a list of ours.
    notes: Option<usize>,
    /// How many bytes it takes.
    pub(super) size: usize,
}

impl Layout {
    /// The layout of a list of ours whose slots have so many bytes, each a multiple of eight.
    pub(super) fn of(capacities: impl ExactSizeIterator<Item = usize>) -> Layout {
        let mut layout = Layout::behind((capacities.len() + 2) * WORD, capacities);
        let mark = layout.size.next_multiple_of(WORD);
        layout.notes = Some(mark + WORD);
        layout.size = mark + WORD + layout.slots.len() * WORD;
        layout
    }

    /// The layout of a list of CPython, with the slots beginning at an offset.
    fn behind(first: usize, capacities: impl Iterator<Item = usize>) -> Layout {
        let mut at = first;
        let place = |capacity| {
            let slot = Slot { at, capacity };
            at += capacity;
            slot
        };
        let slots: Vec<Slot> = capacities.map(place).collect();
        let codes = at + slots.len() * WORD;
        let size = codes + slots.len();
        Layout { slots, formats: at, codes, notes: None, size }
    }

    /// Writes what does not change.
    pub(super) fn write(&self, memory: &Memory) -> Result<(), AccessError> {
        let first = (self.slots.len() + 2) * WORD;
        let ends = self.slots.iter().map(|slot| slot.at + slot.capacity - first);
        let head = [self.slots.len(), 0].into_iter().chain(ends);
        for (number, word) in head.enumerate() {
            memory.store(number * WORD, (word as i64).to_ne_bytes())?;
        }
        match self.notes {
            Some(notes) => memory.store(notes - WORD, MARK),
            None => Ok(()),
        }
    }

    /// The layout of the list in this block, or why there is none.
    pub(super) fn read(memory: &Memory) -> Result<Layout, &'static str> {
        let size = memory.len();
        let word = |at: usize| memory.load(at).map(i64::from_ne_bytes).map_err(|_| "it is too short");
        let count = usize::try_from(word(0)?).map_err(|_| "its length is negative")?;
        // Every slot takes an offset, eight bytes of its own, a format and a code.
        if count > size / (3 * WORD) {
            return Err("it is too short for its length");
        }
        let mut capacities = Vec::with_capacity(count);
        let mut before = word(WORD)?;
        if before != 0 {
            return Err("its first slot is not the first");
        }
        for number in 0..count {
            let end = word((number + 2) * WORD)?;
            let capacity = end.checked_sub(before).and_then(|capacity| usize::try_from(capacity).ok());
            match capacity {
                Some(capacity @ WORD..=LARGEST) if capacity.is_multiple_of(WORD) => capacities.push(capacity),
                _ => return Err("the size of a slot is impossible"),
            }
            before = end;
        }
        let ours = Layout::of(capacities.iter().copied());
        if size == ours.size && ours.notes.is_some_and(|notes| memory.load(notes - WORD) == Ok(MARK)) {
            return Ok(ours);
        }
        let theirs = Layout::behind((count + 2) * WORD, capacities.into_iter());
        if size != theirs.size {
            return Err("it is not as long as its slots need");
        }
        Ok(theirs)
    }

    /// Where the format of a slot stands.
    pub(super) fn format(&self, index: usize) -> usize {
        self.formats + index * WORD
    }

    /// Where it stands what is done with a slot.
    pub(super) fn code(&self, index: usize) -> usize {
        self.codes + index
    }

    /// Where the note about a slot stands, in a list of ours.
    pub(super) fn note(&self, index: usize) -> Option<usize> {
        Some(self.notes? + index * WORD)
    }

    /// Writes a slot's format and what is done with it; first that there is nothing in it, so that who is
    /// killed in the middle leaves nothing rather than one thing taken for another.
    pub(super) fn write_kind(
        &self,
        memory: &Memory,
        index: usize,
        item: &ListItem,
        write_content: impl FnOnce() -> Result<(), AccessError>,
    ) -> Result<(), AccessError> {
        let (format, code) = item.format(self.slots[index].capacity);
        let mut before = [0];
        memory.read(self.code(index), &mut before)?;
        if before == [code] && memory.load(self.format(index))? == format {
            return write_content();
        }
        memory.write(self.code(index), &[AS_NONE])?;
        write_content()?;
        memory.store(self.format(index), format)?;
        memory.write(self.code(index), &[code])
    }
}
