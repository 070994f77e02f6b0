//! Named blocks of bytes that any process of the same user can attach to, by name.
//!
//! A block is a file in `/dev/shm`, as `shm_open` makes them: CPython's `multiprocessing.shared_memory`
//! and this module find each other's blocks by their names. Beware that a CPython before version 3.13
//! removes at its end every block that it has attached to, unless it is told not to
//! (`resource_tracker.unregister`).
//!
//! ```
//! use procession_reference::shared_memory::SharedMemory;
//!
//! let block = SharedMemory::create_unnamed(16).unwrap();
//! block.write(0, b"hello").unwrap();
//!
//! let other = SharedMemory::attach(block.name()).unwrap();
//! let mut bytes = [0; 5];
//! other.read(0, &mut bytes).unwrap();
//! assert_eq!(&bytes, b"hello");
//! block.unlink().unwrap();
//! ```
//!
//! # How long a block lives
//! Its memory lives for as long as it has its name, or any process has it mapped; nothing is ever taken
//! away from below a user. Its name lives until somebody removes it by [`unlink`](SharedMemory::unlink).
//! What a program has created and not unlinked by the time when it and all processes that it started
//! have ended, in whatever way, is removed by its tracker, a small process of its own, with a warning on
//! standard error; not if the block was created with [`tracked`](BlockOptions::tracked) off, or handed
//! on by [`keep`](SharedMemory::keep). An attachment never removes anything, and nothing is removed but
//! the very block that was created: if somebody else has a block under the same name by then, it stays.
//! A tracker that is killed together with the program (a cgroup, the machine) removes nothing.
//!
//! # What others can do
//! Others may write at any time, so bytes are copied in and out and never borrowed. Reads and writes
//! are not ordered with those of other processes and may be torn, except for what is said of
//! [`ShareableList`](crate::ShareableList); use a lock. All memory of a block is provided when it is
//! created, and when it is attached, so a full `/dev/shm` is an error then and does not end the process
//! later. One thing remains: Linux lets any process of the same user shorten the file (`ftruncate`,
//! which neither this library nor CPython's does), and who touches what is gone is ended by SIGBUS.

mod error;
pub(crate) mod file;
pub(crate) mod memory;
mod name;
pub(crate) mod tracker;

use std::io;
use std::sync::Arc;

use nix::errno::Errno;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::closable::{Closable, InUse};
use file::{Identity, NotFound, Unnamed};
use memory::Memory;

pub use error::{AccessError, AttachBlockError, CreateBlockError, UnlinkError};
pub use name::{BadName, LONGEST_NAME};

/// A handle to a block.
///
/// It may be used by several threads at once. It can be an argument of a process and an item of a queue:
/// what arrives attaches to the same block by its name, which is an error if the block is gone.
#[derive(Debug)]
pub struct SharedMemory {
    name: String,
    size: usize,
    identity: Identity,
    memory: Closable<Arc<Memory>>,
}

/// How a block is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockOptions {
    /// Its name; `None` for a new one that no other block has.
    pub name: Option<String>,
    /// How many bytes it has.
    pub size: usize,
    /// Whether it is removed when the program and all processes that it started have ended; true unless
    /// said otherwise.
    pub tracked: bool,
}

impl Default for BlockOptions {
    fn default() -> BlockOptions {
        BlockOptions { name: None, size: 0, tracked: true }
    }
}

/// How many new names are tried before giving up.
const TRIES: usize = 100;

impl SharedMemory {
    /// Creates a block of this name and of exactly `size` bytes, all of them 0, that only processes of
    /// this user can attach to (mode 600).
    ///
    /// # Errors
    /// A [`CreateBlockError`]; then there is no new name.
    pub fn create(name: &str, size: usize) -> Result<SharedMemory, CreateBlockError> {
        SharedMemory::with_options(BlockOptions { name: Some(name.to_owned()), size, ..Default::default() })
    }

    /// Creates a block as [`create`](Self::create) does, with a new name.
    ///
    /// # Errors
    /// A [`CreateBlockError`].
    pub fn create_unnamed(size: usize) -> Result<SharedMemory, CreateBlockError> {
        SharedMemory::with_options(BlockOptions { size, ..Default::default() })
    }

    /// Creates a block.
    ///
    /// # Errors
    /// A [`CreateBlockError`]; then there is no new name.
    pub fn with_options(options: BlockOptions) -> Result<SharedMemory, CreateBlockError> {
        SharedMemory::create_filled(options, |_| {})
    }

    /// Creates a block that nobody meets before `fill` has written what is in it.
    pub(crate) fn create_filled(
        options: BlockOptions,
        fill: impl FnOnce(&Memory),
    ) -> Result<SharedMemory, CreateBlockError> {
        let BlockOptions { name, size, tracked } = options;
        if let Some(name) = &name {
            name::check(name).map_err(CreateBlockError::BadName)?;
        }
        if size == 0 || i64::try_from(size).is_err() {
            return Err(CreateBlockError::BadSize(size));
        }
        let unnamed = Unnamed::create(size).map_err(not_created)?;
        fill(&unnamed.memory);
        let name = match name {
            Some(name) => link(&unnamed, std::iter::once(name), tracked)?,
            None => link(&unnamed, name::fresh().take(TRIES), tracked)?,
        };
        let memory = Closable::new(Arc::new(unnamed.memory));
        Ok(SharedMemory { name, size, identity: unnamed.identity, memory })
    }

    /// Attaches to the block of this name, in the size that it has.
    ///
    /// A block that another library has given a name but no size yet is waited for, for a tenth of a
    /// second.
    ///
    /// # Errors
    /// An [`AttachBlockError`]; nothing happened to the block.
    pub fn attach(name: &str) -> Result<SharedMemory, AttachBlockError> {
        name::check(name).map_err(AttachBlockError::BadName)?;
        let name = name.to_owned();
        match file::attach(&name) {
            Ok((identity, memory)) => {
                let (size, memory) = (memory.len(), Closable::new(Arc::new(memory)));
                Ok(SharedMemory { name, size, identity, memory })
            }
            Err(NotFound::NotABlock) => Err(AttachBlockError::NotABlock(name)),
            Err(NotFound::Unfinished) => Err(AttachBlockError::Unfinished(name)),
            Err(NotFound::Os(error)) => Err(match error.raw_os_error() {
                Some(libc::ENOENT) => AttachBlockError::NameMissing(name),
                _ if file::is_exhausted(&error) => AttachBlockError::Exhausted(error),
                _ => AttachBlockError::Os(error),
            }),
        }
    }

    /// Removes the name of a block without attaching to it, whoever created it; also one that was never
    /// finished.
    ///
    /// # Errors
    /// [`UnlinkError::NameMissing`] if no block has this name.
    pub fn remove(name: &str) -> Result<(), UnlinkError> {
        name::check(name).map_err(UnlinkError::BadName)?;
        match file::unlink_name(name) {
            Ok(identity) => {
                tracker::forget(name, identity);
                Ok(())
            }
            Err(errno) => Err(not_unlinked(name, errno)),
        }
    }

    /// The block's name, without the slash that the system puts in front. It can be read when the handle
    /// is closed, too.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes the block has. It can be read when the handle is closed, too.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Copies the bytes from `at` on, as many as `into` has.
    ///
    /// # Errors
    /// [`AccessError::OutOfBounds`] if not all of them lie in the block, [`AccessError::Closed`].
    pub fn read(&self, at: usize, into: &mut [u8]) -> Result<(), AccessError> {
        self.memory()?.read(at, into)
    }

    /// Copies `bytes` to the block, from `at` on.
    ///
    /// # Errors
    /// [`AccessError::OutOfBounds`] if not all of them fit there, [`AccessError::Closed`]. Nothing was
    /// written then.
    pub fn write(&self, at: usize, bytes: &[u8]) -> Result<(), AccessError> {
        self.memory()?.write(at, bytes)
    }

    /// A view of `len` bytes from `at` on. It goes on working when this handle is closed or the block
    /// unlinked.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn view(&self, at: usize, len: usize) -> Result<BlockView, AccessError> {
        let memory = self.memory()?;
        memory::check(at, len, memory.len())?;
        Ok(BlockView { memory: Arc::clone(&memory), at, len })
    }

    /// Ends this handle's access. The block, other handles and views of this one live on. May be
    /// repeated.
    pub fn close(&self) {
        self.memory.close();
    }

    /// Whether this handle was closed.
    pub fn is_closed(&self) -> bool {
        self.memory.is_closed()
    }

    /// Removes the block's name: nobody can attach to it any more. Those who have done so, this handle
    /// included, keep it. May come before or after [`close`](Self::close), in any process.
    ///
    /// # Errors
    /// [`UnlinkError::NameMissing`] if it was removed before, also if another block has its name now.
    pub fn unlink(&self) -> Result<(), UnlinkError> {
        let unlinked = file::unlink_if_same(&self.name, self.identity);
        if matches!(unlinked, Ok(()) | Err(Errno::ENOENT)) {
            tracker::forget(&self.name, self.identity);
        }
        unlinked.map_err(|errno| not_unlinked(&self.name, errno))
    }

    /// Hands the block on: it is not removed when this program ends, and somebody else is to unlink it.
    pub fn keep(&self) {
        tracker::forget(&self.name, self.identity);
    }

    pub(crate) fn memory(&self) -> Result<InUse<'_, Arc<Memory>>, AccessError> {
        self.memory.open().ok_or(AccessError::Closed)
    }
}

/// Gives a block the first of these names that is free, and has it removed at the end if it is tracked.
fn link(
    unnamed: &Unnamed,
    names: impl Iterator<Item = String>,
    tracked: bool,
) -> Result<String, CreateBlockError> {
    let mut taken = String::new();
    for name in names {
        // Before the name is there: who dies in between leaves nothing.
        if tracked {
            tracker::track(&name, unnamed.identity).map_err(CreateBlockError::Tracker)?;
        }
        let linked = unnamed.link(&name);
        if linked.is_err() && tracked {
            tracker::forget(&name, unnamed.identity);
        }
        match linked {
            Ok(()) => return Ok(name),
            Err(Errno::EEXIST) => taken = name,
            Err(errno) => return Err(not_created(errno.into())),
        }
    }
    Err(CreateBlockError::NameTaken(taken))
}

fn not_created(error: io::Error) -> CreateBlockError {
    if file::is_exhausted(&error) { CreateBlockError::Exhausted(error) } else { CreateBlockError::Os(error) }
}

fn not_unlinked(name: &str, errno: Errno) -> UnlinkError {
    match errno {
        Errno::ENOENT => UnlinkError::NameMissing(name.to_owned()),
        errno => UnlinkError::Os(errno.into()),
    }
}

/// Some bytes of a block, which stay mapped for as long as this lives.
#[derive(Clone, Debug)]
pub struct BlockView {
    memory: Arc<Memory>,
    at: usize,
    len: usize,
}

impl BlockView {
    /// How many bytes it shows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it shows none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies the bytes from `at` on, counted from the view's beginning.
    ///
    /// # Errors
    /// [`AccessError::OutOfBounds`] if not all of them lie in the view.
    pub fn read(&self, at: usize, into: &mut [u8]) -> Result<(), AccessError> {
        memory::check(at, into.len(), self.len)?;
        self.memory.read(self.at + at, into)
    }

    /// Copies `bytes` to the block, from `at` on, counted from the view's beginning.
    ///
    /// # Errors
    /// [`AccessError::OutOfBounds`] if not all of them fit there. Nothing was written then.
    pub fn write(&self, at: usize, bytes: &[u8]) -> Result<(), AccessError> {
        memory::check(at, bytes.len(), self.len)?;
        self.memory.write(self.at + at, bytes)
    }
}

/// Its name and what tells it from others, not its bytes.
impl Serialize for SharedMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, self.identity).serialize(serializer)
    }
}

/// Attaches to the same block; an error if it has lost its name.
impl<'de> Deserialize<'de> for SharedMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SharedMemory, D::Error> {
        let (name, identity) = <(String, Identity)>::deserialize(deserializer)?;
        let attached = SharedMemory::attach(&name).map_err(D::Error::custom)?;
        if attached.identity != identity {
            return Err(D::Error::custom(AttachBlockError::NameMissing(name)));
        }
        Ok(attached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_that_is_taken_is_not_used() {
        let taken = SharedMemory::create_unnamed(1).expect("made");
        let free = format!("{}_free", taken.name());
        let unnamed = Unnamed::create(1).expect("made");
        let names = [taken.name().to_owned(), free.clone()].into_iter();
        assert_eq!(link(&unnamed, names, false).expect("linked"), free);
        SharedMemory::remove(&free).expect("removed");
        let none = link(&unnamed, std::iter::once(taken.name().to_owned()), true);
        assert!(matches!(none, Err(CreateBlockError::NameTaken(name)) if name == taken.name()));
        taken.unlink().expect("unlinked");
    }
}
