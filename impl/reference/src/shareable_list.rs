//! A list of plain values in a named block of shared memory, as Python's
//! `multiprocessing.shared_memory.ShareableList`, which reads and writes the same blocks.

mod error;
mod item;
mod layout;

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shared_memory::memory::Memory;
use crate::shared_memory::{AccessError, AttachBlockError, BlockOptions, SharedMemory, UnlinkError};
use item::{
    AS_BYTES, AS_IT_IS, AS_NONE, AS_TEXT, LARGEST, len_of_bytes, note_of_zeros, noted_zeros, text_of,
};
use layout::Layout;

pub use error::{AttachListError, CreateListError, ListGetError, ListSetError};
pub use item::ListItem;

/// A list of a fixed length in a named block: integers, floating-point numbers, truth values, texts, bytes
/// and nothing.
///
/// Every slot keeps the room that it got when the list was made: eight bytes, or for a text or bytes of
/// `n` encoded bytes `8 * (n / 8 + 1)`. Within it a slot may change its content and its kind. Indices go
/// from `-n` to `n - 1`, where negative ones count from the end.
///
/// ```
/// use procession_reference::ShareableList;
///
/// let list = ShareableList::new(["one".into(), 2.into(), ().into()])?;
/// let other = ShareableList::attach(list.name())?;
/// other.set(-1, 3.5)?;
/// assert_eq!(list.get(2)?, 3.5.into());
/// assert!(list.set(0, "too long for its slot").is_err());
/// list.unlink()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Several users
/// Accesses are not locked. What two write into one slot at once, or one writes and another reads, may be
/// mixed or, while a slot changes its kind, nothing: never an access outside of the slot, never a panic. A
/// number that takes the place of one of its kind is written at once. Use a lock for more.
///
/// # CPython
/// Lists of either side can be attached by the other. CPython cannot tell zero bytes at the end of a text
/// or of bytes from the slot's filling, and drops them when it reads. Here they are kept: they are noted
/// behind CPython's part of the block. When CPython writes a slot, what it wrote counts, and the note is
/// outdated; only if it writes what was there, without its zero bytes, they are still believed to be there. Into a
/// list that CPython has made such a value cannot be written. Slots are measured in encoded bytes, as CPython should do:
/// in its own lists a text of several bytes a character may have been cut, which is told as
/// [`ListGetError::NotText`].
///
/// Name, block and their lifetime are those of [`SharedMemory`].
#[derive(Debug)]
pub struct ShareableList {
    block: SharedMemory,
    layout: Layout,
}

impl ShareableList {
    /// Creates a list of these elements in a block with a new name.
    ///
    /// # Errors
    /// A [`CreateListError`].
    pub fn new(items: impl IntoIterator<Item = ListItem>) -> Result<ShareableList, CreateListError> {
        ShareableList::with_name(None, items)
    }

    /// Creates a list of these elements in a block of this name.
    ///
    /// # Errors
    /// A [`CreateListError`].
    pub fn create(
        name: &str,
        items: impl IntoIterator<Item = ListItem>,
    ) -> Result<ShareableList, CreateListError> {
        ShareableList::with_name(Some(name), items)
    }

    fn with_name(
        name: Option<&str>,
        items: impl IntoIterator<Item = ListItem>,
    ) -> Result<ShareableList, CreateListError> {
        let items: Vec<ListItem> = items.into_iter().collect();
        let capacities: Vec<usize> = items.iter().map(ListItem::capacity).collect();
        if let Some(index) = capacities.iter().position(|capacity| *capacity > LARGEST) {
            let len = items[index].bytes().map_or(0, <[u8]>::len);
            return Err(CreateListError::TooLong { index, len });
        }
        ShareableList::made(name, Layout::of(capacities.into_iter()), &items)
    }

    /// Creates an independent copy of a list, with the same room in each slot; `None` for a new name.
    ///
    /// # Errors
    /// A [`CreateListError`].
    pub fn copy_of(list: &ShareableList, name: Option<&str>) -> Result<ShareableList, CreateListError> {
        let items = list.to_vec().map_err(CreateListError::Copy)?;
        let capacities = list.layout.slots.iter().map(|slot| slot.capacity);
        ShareableList::made(name, Layout::of(capacities), &items)
    }

    fn made(
        name: Option<&str>,
        layout: Layout,
        items: &[ListItem],
    ) -> Result<ShareableList, CreateListError> {
        let options =
            BlockOptions { name: name.map(str::to_owned), size: layout.size, ..BlockOptions::default() };
        let fill = |memory: &Memory| {
            // All of it lies in a block of the layout's size.
            let _ = layout.write(memory);
            for (index, item) in items.iter().enumerate() {
                let _ = write(&layout, memory, index, item);
            }
        };
        let block = SharedMemory::create_filled(options, fill).map_err(CreateListError::Block)?;
        Ok(ShareableList { block, layout })
    }

    /// Attaches to the list in the block of this name.
    ///
    /// # Errors
    /// [`AttachListError::NotAList`] if there is something else in the block, [`AttachListError::Block`].
    pub fn attach(name: &str) -> Result<ShareableList, AttachListError> {
        ShareableList::in_block(SharedMemory::attach(name).map_err(AttachListError::Block)?)
    }

    /// The list in a block.
    ///
    /// # Errors
    /// [`AttachListError::NotAList`] if there is something else in it, or the handle is closed.
    pub fn in_block(block: SharedMemory) -> Result<ShareableList, AttachListError> {
        let read = |memory: &Arc<Memory>| Layout::read(memory);
        let layout = block.memory().map_err(|_| "the handle is closed").and_then(|memory| read(&memory));
        Ok(ShareableList { layout: layout.map_err(AttachListError::NotAList)?, block })
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.layout.slots.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads an element.
    ///
    /// # Errors
    /// A [`ListGetError`].
    pub fn get(&self, index: i64) -> Result<ListItem, ListGetError> {
        let place = self.place(index).ok_or(ListGetError::Index { index, len: self.len() })?;
        read(&self.layout, &*self.block.memory()?, place)
    }

    /// Writes an element.
    ///
    /// # Errors
    /// A [`ListSetError`]; then the old element is still there.
    pub fn set(&self, index: i64, item: impl Into<ListItem>) -> Result<(), ListSetError> {
        let place = self.place(index).ok_or(ListSetError::Index { index, len: self.len() })?;
        let memory = self.block.memory().map_err(|_| ListSetError::Closed)?;
        write(&self.layout, &memory, place, &item.into())
    }

    /// Reads all elements, one after the other.
    ///
    /// # Errors
    /// A [`ListGetError`] of the first that cannot be read.
    pub fn to_vec(&self) -> Result<Vec<ListItem>, ListGetError> {
        let memory = self.block.memory()?;
        (0..self.len()).map(|index| read(&self.layout, &memory, index)).collect()
    }

    /// How often it has an element that is equal to `item`.
    ///
    /// # Errors
    /// A [`ListGetError`] of the first that cannot be read.
    pub fn count(&self, item: &ListItem) -> Result<usize, ListGetError> {
        Ok(self.to_vec()?.iter().filter(|one| *one == item).count())
    }

    /// Where the first element is that is equal to `item`; `None` if none is.
    ///
    /// # Errors
    /// A [`ListGetError`] of the first that cannot be read, if none before it is equal.
    pub fn position(&self, item: &ListItem) -> Result<Option<usize>, ListGetError> {
        let memory = self.block.memory()?;
        for index in 0..self.len() {
            if read(&self.layout, &memory, index)? == *item {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// How the slots are packed at this moment, in the notation of CPython's `struct` module.
    ///
    /// # Errors
    /// [`ListGetError::Closed`].
    pub fn format(&self) -> Result<String, ListGetError> {
        let memory = self.block.memory()?;
        let mut text = String::new();
        for index in 0..self.len() {
            text.push_str(text_of(&memory.load(self.layout.format(index))?));
        }
        Ok(text)
    }

    /// How many bytes there are in a slot; `None` if there is no such slot.
    pub fn capacity(&self, index: i64) -> Option<usize> {
        Some(self.layout.slots[self.place(index)?].capacity)
    }

    /// The name of the block.
    pub fn name(&self) -> &str {
        self.block.name()
    }

    /// The block.
    pub fn block(&self) -> &SharedMemory {
        &self.block
    }

    /// Ends this handle's access: see [`SharedMemory::close`].
    pub fn close(&self) {
        self.block.close();
    }

    /// Removes the block's name: see [`SharedMemory::unlink`].
    ///
    /// # Errors
    /// Those of [`SharedMemory::unlink`].
    pub fn unlink(&self) -> Result<(), UnlinkError> {
        self.block.unlink()
    }

    fn place(&self, index: i64) -> Option<usize> {
        let len = self.len();
        let place = if index < 0 { index.checked_add_unsigned(len as u64)? } else { index };
        usize::try_from(place).ok().filter(|place| *place < len)
    }
}

/// Reads the element in a slot. Each part of it is read once, and checked.
fn read(layout: &Layout, memory: &Memory, index: usize) -> Result<ListItem, ListGetError> {
    let corrupt = ListGetError::Corrupt { index };
    let slot = layout.slots[index];
    let mut code = [0];
    memory.read(layout.code(index), &mut code)?;
    let format = memory.load(layout.format(index))?;
    match code[0] {
        AS_NONE => Ok(ListItem::None),
        AS_IT_IS => ListItem::of_word(format, memory.load(slot.at)?).ok_or(corrupt),
        kind @ (AS_TEXT | AS_BYTES) => {
            let len = len_of_bytes(format).filter(|len| *len <= slot.capacity).ok_or(corrupt)?;
            let mut bytes = vec![0; len];
            memory.read(slot.at, &mut bytes)?;
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            bytes.truncate(end);
            if let Some(note) = layout.note(index) {
                let note = u64::from_ne_bytes(memory.load(note)?);
                let zeros = noted_zeros(note, &bytes).min(slot.capacity - end);
                bytes.resize(end + zeros, 0);
            }
            if kind == AS_BYTES {
                return Ok(ListItem::Bytes(bytes));
            }
            String::from_utf8(bytes).map(ListItem::Text).map_err(|_| ListGetError::NotText { index })
        }
        _ => Err(corrupt),
    }
}

/// Writes an element to a slot, after checking that it fits.
fn write(layout: &Layout, memory: &Memory, index: usize, item: &ListItem) -> Result<(), ListSetError> {
    let slot = layout.slots[index];
    let Some(bytes) = item.bytes() else {
        let content = || memory.store(slot.at, item.word());
        return layout.write_kind(memory, index, item, content).map_err(|_| ListSetError::Closed);
    };
    if bytes.len() > slot.capacity {
        return Err(ListSetError::TooLong { index, capacity: slot.capacity, len: bytes.len() });
    }
    let (note, _) = note_of_zeros(bytes);
    let noted = layout.note(index);
    if note != 0 && noted.is_none() {
        return Err(ListSetError::TrailingZeros { index });
    }
    let content = || -> Result<(), AccessError> {
        let mut filled = bytes.to_vec();
        filled.resize(slot.capacity, 0);
        memory.write(slot.at, &filled)?;
        match noted {
            Some(at) => memory.store(at, note.to_ne_bytes()),
            None => Ok(()),
        }
    };
    layout.write_kind(memory, index, item, content).map_err(|_| ListSetError::Closed)
}

/// The name of its block, and what tells it from others.
impl Serialize for ShareableList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.block.serialize(serializer)
    }
}

/// Attaches to the same list; an error if it has lost its name.
impl<'de> Deserialize<'de> for ShareableList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShareableList, D::Error> {
        let block = SharedMemory::deserialize(deserializer)?;
        ShareableList::in_block(block).map_err(D::Error::custom)
    }
}

impl From<AttachBlockError> for AttachListError {
    fn from(error: AttachBlockError) -> AttachListError {
        AttachListError::Block(error)
    }
}
