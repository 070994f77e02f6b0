//! A handle to an object in shared memory: its words, this process's place in it, and how it travels.
//!
//! An object costs one descriptor and two pages of memory, and in each process that uses it two
//! mappings. A process has one place in it, however many handles it holds and however they came
//! to it: a lock that is handed on twice is still one lock with one holder.
//!
//! # Invariants
//! 1. `words` points into the body of `object`'s segment, at a multiple of `B`'s alignment, and at
//!    least `size_of::<B>()` bytes of the body follow. The segment lives as long as the handle.
//! 2. A [`Body`] is atomics only, for which every bit pattern is a value.
#![expect(unsafe_code, reason = "makes typed references into shared memory")]
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "what the kinds of objects need of it, which are added one by one"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use nix::sys::stat::fstat;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::channel::several_cpus;
use crate::liveness::{self, ForkGuard, Members, Membership};
use crate::region::{AttachError, Slot};
use crate::segment::{Kind, Segment};
use crate::sync::raw_lock::Peers;
use crate::transfer::{self, Purpose};

/// Words that processes share.
///
/// # Safety
/// The type is `#[repr(C)]` or transparent, consists of atomics (or arrays of them), so that every bit
/// pattern is a value and any process may write at any time, has no padding that matters, and is aligned
/// to at most 4096 bytes.
pub(crate) unsafe trait Body {}

/// What follows the words begins at a multiple of this many bytes.
const TAIL_ALIGN: usize = 64;

/// A segment, and this process's place in it.
#[derive(Debug)]
struct Object {
    segment: Segment,
    membership: Membership,
    /// What tells the segment from all others: the device and the number of its file.
    key: Key,
}

type Key = (u64, u64);

/// The objects of this process, so that each is attached once. Looked at under the [`ForkGuard`], lest a
/// forked child finds it locked for ever.
static OBJECTS: Mutex<BTreeMap<Key, Weak<Object>>> = Mutex::new(BTreeMap::new());

impl Drop for Object {
    fn drop(&mut self) {
        let _no_fork = ForkGuard::take();
        let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have been attached in its place meanwhile.
        if objects.get(&self.key).is_some_and(|known| known.strong_count() == 0) {
            objects.remove(&self.key);
        }
    }
}

impl Object {
    /// The object of this segment in this process: the one that there is, or a new one.
    fn of(segment: Segment) -> io::Result<Arc<Object>> {
        let status = fstat(segment.file())?;
        let key = (status.st_dev, status.st_ino);
        let mut unused = None;
        let object = {
            let _no_fork = ForkGuard::take();
            let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
            match objects.get(&key).and_then(Weak::upgrade) {
                Some(known) => {
                    unused = Some(segment);
                    known
                }
                None => {
                    let object = Arc::new(Object { segment, membership: Membership::new(), key });
                    objects.insert(key, Arc::downgrade(&object));
                    object
                }
            }
        };
        drop(unused);
        Ok(object)
    }

    #[cold]
    fn join(&self) -> io::Result<u32> {
        self.membership.register(&self.segment, || 0)
    }
}

/// A handle to words of type `B` in an object; clones share the process's place in it.
pub(crate) struct Shared<B> {
    words: NonNull<B>,
    object: Arc<Object>,
}

// SAFETY: by 2 the words may be used by any thread; the rest is atomics and a mutex.
unsafe impl<B: Body> Send for Shared<B> {}
// SAFETY: as above.
unsafe impl<B: Body> Sync for Shared<B> {}

impl<B> Clone for Shared<B> {
    fn clone(&self) -> Self {
        Shared { words: self.words, object: self.object.clone() }
    }
}

impl<B> fmt::Debug for Shared<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("kind", &self.object.segment.kind()).finish_non_exhaustive()
    }
}

impl<B: Body> Shared<B> {
    /// Creates an object: these words, and behind them `tail` bytes, all of them 0.
    ///
    /// # Errors
    /// The system has no descriptor or not so much memory left.
    pub(crate) fn create(kind: Kind, words: B, tail: usize) -> io::Result<Shared<B>> {
        let len = tail_offset::<B>().checked_add(tail).ok_or(io::ErrorKind::FileTooLarge)?;
        Shared::written(Segment::create(kind, len)?, words)
    }

    /// As [`create`](Self::create), but only the words are provided with memory: what follows them must be,
    /// by [`provide_tail`](Self::provide_tail), before it is touched.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub(crate) fn create_sparse(kind: Kind, words: B, tail: usize) -> io::Result<Shared<B>> {
        let len = tail_offset::<B>().checked_add(tail).ok_or(io::ErrorKind::FileTooLarge)?;
        Shared::written(Segment::create_sparse(kind, len, tail_offset::<B>())?, words)
    }

    fn written(segment: Segment, words: B) -> io::Result<Shared<B>> {
        // SAFETY: the body is long enough, begins at a page, and nobody else knows of it yet.
        unsafe { segment.body().cast::<B>().write(words) };
        Ok(Shared { words: segment.body().cast(), object: Object::of(segment)? })
    }

    /// The object that another process created, by its descriptor.
    ///
    /// # Errors
    /// The descriptor is no segment, or that of another kind of object.
    pub(crate) fn attach(file: OwnedFd, kind: Kind) -> Result<Shared<B>, AttachError> {
        let segment = Segment::attach(file)?;
        if segment.kind() != kind {
            return Err(AttachError::Kind { found: segment.kind().name(), expected: kind.name() });
        }
        Shared::at(segment, 0)
    }

    /// Words at an offset of the body of any segment.
    fn at(segment: Segment, offset: usize) -> Result<Shared<B>, AttachError> {
        let object = Object::of(segment).map_err(AttachError::Os)?;
        let words = words_at(&object.segment, offset)
            .ok_or(AttachError::Corrupt("the segment is too short for its words"))?;
        Ok(Shared { words, object })
    }

    /// Words inside of these, as `offset_of!` names them, as a handle of their own: what is shared with
    /// it is one object, with one place for this process.
    ///
    /// # Panics
    /// `P` does not fit there.
    pub(crate) fn part<P: Body>(&self, offset: usize) -> Shared<P> {
        let words = words_at(&self.object.segment, self.offset() + offset);
        Shared { words: words.expect("a part lies within its whole"), object: self.object.clone() }
    }

    /// The words.
    #[inline]
    pub(crate) fn words(&self) -> &B {
        // SAFETY: by 1 and 2; the borrow ends before the handle does, which keeps the segment.
        unsafe { self.words.as_ref() }
    }

    /// The first byte behind the words, at a multiple of 64, and how many there are: as many as this
    /// process has found when it attached, all of them mapped for as long as any handle lives. Any
    /// process may write there at any time.
    ///
    /// Only for the words at the beginning of the body: what is inside of others has nothing behind it.
    pub(crate) fn tail(&self) -> (NonNull<u8>, usize) {
        let len = self.object.segment.body_len().saturating_sub(self.offset() + tail_offset::<B>());
        if len == 0 {
            return (NonNull::dangling(), 0);
        }
        // SAFETY: `offset + tail_offset + len` is the length of the body, which is mapped.
        (unsafe { self.words.cast::<u8>().add(tail_offset::<B>()) }, len)
    }

    /// Provides memory for the first `len` bytes behind the words, so that touching them cannot fail. Only
    /// for the words at the beginning of the body.
    ///
    /// # Errors
    /// The system has no memory left.
    pub(crate) fn provide_tail(&self, len: usize) -> io::Result<()> {
        self.object.segment.provide_body(tail_offset::<B>() + len)
    }

    /// Our owner word; makes this process a member first if need be.
    ///
    /// # Errors
    /// All places for processes are taken, or the system has no descriptor or memory left.
    #[inline]
    pub(crate) fn me(&self) -> io::Result<u32> {
        match self.object.membership.get() {
            Some(me) => Ok(me),
            None => self.object.join(),
        }
    }

    /// Our owner word if this process is a member: it is none before its first call of [`me`](Self::me),
    /// and again after a fork.
    #[inline]
    pub(crate) fn me_if_member(&self) -> Option<u32> {
        self.object.membership.get()
    }

    /// What the process of an owner word shows.
    #[inline]
    pub(crate) fn slot(&self, owner: u32) -> &Slot {
        self.object.segment.slot(liveness::slot_of(owner))
    }

    /// The slot with this number, which is below [`slots_used`](Self::slots_used).
    pub(crate) fn slot_number(&self, number: usize) -> &Slot {
        self.object.segment.slot(number)
    }

    /// One more than the highest slot ever used. Slots above it are not provided: nobody may touch them.
    pub(crate) fn slots_used(&self) -> usize {
        liveness::slots_used(&self.object.segment)
    }

    /// Whether a live process has the slot with this number.
    pub(crate) fn is_held(&self, number: usize) -> bool {
        liveness::is_held(&self.object.segment, number)
    }

    /// Whether both are the same object.
    pub(crate) fn is_same_object<P: Body>(&self, other: &Shared<P>) -> bool {
        Arc::ptr_eq(&self.object, &other.object)
    }

    /// The segment's descriptor.
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.object.segment.file()
    }

    fn offset(&self) -> usize {
        self.words.addr().get() - self.object.segment.body().addr().get()
    }

    /// For a `Serialize`: lends the descriptor to a process being started; anywhere else it is an error.
    pub(crate) fn serialise<S: Serializer>(
        &self,
        what: &'static str,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let index = transfer::lend(self.file(), what, &[Purpose::Starting]).map_err(S::Error::custom)?;
        (index, self.offset() as u64).serialize(serializer)
    }

    /// For a `Deserialize`: the same words of the same object.
    pub(crate) fn deserialise<'de, D: Deserializer<'de>>(
        what: &'static str,
        kind: Kind,
        deserializer: D,
    ) -> Result<Shared<B>, D::Error> {
        let (index, offset) = <(u32, u64)>::deserialize(deserializer)?;
        let file = transfer::claim(index, what).map_err(D::Error::custom)?;
        let attached = match usize::try_from(offset) {
            Ok(0) => Shared::attach(file, kind),
            // A part of something else: any segment that is long enough may have it.
            Ok(offset) => Segment::attach(file).and_then(|segment| Shared::at(segment, offset)),
            Err(_) => Err(AttachError::Corrupt("the place of the words is impossible")),
        };
        attached.map_err(D::Error::custom)
    }
}

impl<B: Body> Peers for Shared<B> {
    fn is_dead(&self, owner: u32) -> bool {
        liveness::is_dead(&self.object.segment, owner)
    }

    fn spins(&self, most: u32) -> u32 {
        if several_cpus() { most } else { 0 }
    }
}

/// Where the words lie, if they fit there.
fn words_at<B>(segment: &Segment, offset: usize) -> Option<NonNull<B>> {
    let fits = offset.checked_add(size_of::<B>())? <= segment.body_len();
    if !fits || !offset.is_multiple_of(align_of::<B>()) {
        return None;
    }
    // SAFETY: the offset lies in the body, which is mapped.
    Some(unsafe { segment.body().add(offset) }.cast())
}

const fn tail_offset<B>() -> usize {
    size_of::<B>().next_multiple_of(TAIL_ALIGN)
}

/// Lets a type with a field `shared` travel to processes that are being started.
macro_rules! travels_when_starting {
    ($name:ident, $what:literal, $kind:expr) => {
        /// Only as part of starting a process, by spawn or fork server; anywhere else it is an error.
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.shared.serialise($what, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok($name { shared: $crate::shared::Shared::deserialise($what, $kind, deserializer)? })
            }
        }
    };
}
pub(crate) use travels_when_starting;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{A32, Ordering};

    #[repr(C)]
    struct Pair(A32, A32);

    // SAFETY: two atomics.
    unsafe impl Body for Pair {}
    // SAFETY: one atomic.
    unsafe impl Body for A32 {}

    fn pair() -> Shared<Pair> {
        Shared::create(Kind::Value, Pair(A32::new(1), A32::new(2)), 10).expect("made")
    }

    fn again<B: Body>(shared: &Shared<B>) -> OwnedFd {
        shared.file().try_clone_to_owned().expect("cloned")
    }

    #[test]
    fn an_object_attached_twice_is_one_object_with_one_place() {
        let first = pair();
        let second = Shared::<Pair>::attach(again(&first), Kind::Value).expect("attached");
        assert!(first.is_same_object(&second));
        assert_eq!(first.me().expect("a place"), second.me().expect("the same place"));
        second.words().1.store(3, Ordering::Relaxed);
        assert_eq!(first.words().1.load(Ordering::Relaxed), 3);
        assert!(!first.is_dead(first.me().expect("a place")));
    }

    #[test]
    fn an_object_let_go_is_attached_anew() {
        let first = pair();
        let file = again(&first);
        drop(first);
        let second = Shared::<Pair>::attach(file, Kind::Value).expect("attached");
        assert_eq!(second.words().0.load(Ordering::Relaxed), 1);
        assert!(second.me().is_ok());
    }

    #[test]
    fn words_behind_and_inside_of_words_are_found() {
        let whole = pair();
        assert_eq!(whole.tail().1, 10);
        let part = whole.part::<A32>(std::mem::offset_of!(Pair, 1));
        assert_eq!(part.words().load(Ordering::Relaxed), 2);
        assert!(part.is_same_object(&whole));
    }

    #[test]
    fn another_kind_and_too_short_a_body_are_refused() {
        let whole = pair();
        let other = Shared::<Pair>::attach(again(&whole), Kind::Lock).expect_err("refused");
        assert_eq!(other.to_string(), "the segment is of the kind `value`, not `lock`");
        let segment = Segment::create(Kind::Lock, 4).expect("made");
        let short = Shared::<Pair>::attach(segment.file().try_clone_to_owned().expect("cloned"), Kind::Lock);
        assert!(matches!(short, Err(AttachError::Corrupt("the segment is too short for its words"))));
    }

    #[test]
    fn bytes_alone_cannot_carry_an_object() {
        struct Words {
            shared: Shared<Pair>,
        }
        travels_when_starting!(Words, "Words", Kind::Value);
        let words = Words { shared: pair() };
        assert!(transfer::encode(&words).is_err());
        let parcel = transfer::encode_with_descriptors(&words, Purpose::Starting).expect("encoded");
        let arrived: Words =
            transfer::decode_with_descriptors(&parcel.bytes, parcel.descriptors, Purpose::Starting)
                .expect("decoded");
        assert!(arrived.shared.is_same_object(&words.shared));
    }
}
