//! The memory of one small object: what it is, who uses it, and its words.
//!
//! # Layout
//! `[header 128 B][slots 64 KiB][body]`, the body at a page of its own. The slots are sparse: a page of
//! them is provided when the first of its processes comes. Header, first slots and body of a small
//! object take two pages.
//!
//! # Invariants
//! 1. By those of [`Mapping`], all of `BODY + body_len` bytes are mapped; both were checked against
//!    the length of the file, and our own copy of `body_len` never changes.
//! 2. Header and slots are atomics, for which every bit pattern is a value, at multiples of their
//!    alignment.
#![expect(unsafe_code, reason = "makes typed references into shared memory")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use crate::liveness::Members;
use crate::mapping::Mapping;
use crate::region::{AttachError, SLOTS, Slot};
use crate::sync::{A32, A64, Ordering};

const HEADER_LEN: usize = 128;
const PAGE: usize = 4096;
const BODY: usize = (HEADER_LEN + SLOTS * size_of::<Slot>()).next_multiple_of(PAGE);
const MAGIC: u64 = u64::from_ne_bytes(*b"procsync");
const VERSION: u32 = 2;

/// What an object is, as its segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    /// A lock.
    Lock = 1,
    /// A re-entrant lock.
    RLock = 2,
    /// A semaphore.
    Semaphore = 3,
    /// A semaphore that is never released beyond its initial value.
    BoundedSemaphore = 4,
    /// A condition.
    Condition = 5,
    /// An event.
    Event = 6,
    /// A barrier.
    Barrier = 7,
    /// A shared value.
    Value = 8,
    /// A shared array.
    Array = 9,
    /// A shared record.
    Record = 10,
}

impl Kind {
    const ALL: [Kind; 10] = [
        Kind::Lock,
        Kind::RLock,
        Kind::Semaphore,
        Kind::BoundedSemaphore,
        Kind::Condition,
        Kind::Event,
        Kind::Barrier,
        Kind::Value,
        Kind::Array,
        Kind::Record,
    ];

    /// What it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Lock => "lock",
            Kind::RLock => "re-entrant lock",
            Kind::Semaphore => "semaphore",
            Kind::BoundedSemaphore => "bounded semaphore",
            Kind::Condition => "condition",
            Kind::Event => "event",
            Kind::Barrier => "barrier",
            Kind::Value => "value",
            Kind::Array => "array",
            Kind::Record => "record",
        }
    }
}

#[derive(Debug)]
#[repr(C)]
struct Header {
    magic: A64,
    version: A32,
    kind: A32,
    body_len: A64,
    slots_used: A32,
}

const _: () = assert!(size_of::<Header>() <= HEADER_LEN && HEADER_LEN.is_multiple_of(align_of::<Slot>()));

/// The mapped memory of one object.
#[derive(Debug)]
pub(crate) struct Segment {
    mapping: Mapping,
    kind: Kind,
    body_len: usize,
}

impl Segment {
    /// Creates a segment whose body has this many bytes, all of them 0 and provided.
    ///
    /// # Errors
    /// The system has no descriptor or not so much memory left.
    pub(crate) fn create(kind: Kind, body_len: usize) -> io::Result<Segment> {
        Segment::create_sparse(kind, body_len, body_len)
    }

    /// As [`create`](Self::create), but only the first `provided` bytes of the body are provided: the rest
    /// must be, by [`provide_body`](Self::provide_body), before it is touched.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    pub(crate) fn create_sparse(kind: Kind, body_len: usize, provided: usize) -> io::Result<Segment> {
        let len = file_len(body_len).ok_or(io::ErrorKind::FileTooLarge)?;
        let segment = Segment { mapping: Mapping::create(len)?, kind, body_len };
        segment.mapping.provide(0, PAGE)?;
        segment.provide_body(provided)?;
        let header = segment.header();
        header.version.store(VERSION, Ordering::Relaxed);
        header.kind.store(kind as u32, Ordering::Relaxed);
        header.body_len.store(body_len as u64, Ordering::Relaxed);
        header.magic.store(MAGIC, Ordering::Release);
        Ok(segment)
    }

    /// Maps a segment that was created elsewhere, after checking that it is one, of any kind.
    ///
    /// # Errors
    /// It is none, of another version, or describes itself impossibly.
    pub(crate) fn attach(file: OwnedFd) -> Result<Segment, AttachError> {
        let mapping = Mapping::attach(file, BODY)?;
        let mut segment = Segment { mapping, kind: Kind::Lock, body_len: 0 };
        let header = segment.header();
        if header.magic.load(Ordering::Acquire) != MAGIC {
            return Err(AttachError::NotASegment("it does not begin with our mark"));
        }
        let found = header.version.load(Ordering::Relaxed);
        if found != VERSION {
            return Err(AttachError::Version { found, expected: VERSION });
        }
        let kind = header.kind.load(Ordering::Relaxed);
        let kind = Kind::ALL.into_iter().find(|known| *known as u32 == kind);
        let kind = kind.ok_or(AttachError::Corrupt("the kind of object is unknown"))?;
        let body_len = usize::try_from(header.body_len.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        if file_len(body_len) != Some(segment.mapping.len()) {
            return Err(AttachError::Corrupt("the file is not as long as its header says"));
        }
        segment.kind = kind;
        segment.body_len = body_len;
        Ok(segment)
    }

    /// What the object is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The first byte of the body, at the beginning of a page.
    pub(crate) fn body(&self) -> NonNull<u8> {
        // SAFETY: by 1 the body lies in the mapping.
        unsafe { self.mapping.base().add(BODY) }
    }

    /// Provides memory for the first `len` bytes of the body, so that touching them cannot fail.
    ///
    /// # Errors
    /// The system has no memory left.
    pub(crate) fn provide_body(&self, len: usize) -> io::Result<()> {
        self.mapping.provide(BODY, len.min(self.body_len))
    }

    /// How many bytes the body has.
    pub(crate) fn body_len(&self) -> usize {
        self.body_len
    }

    fn header(&self) -> &Header {
        // SAFETY: by 1 and 2; the borrow ends before the mapping does.
        unsafe { self.mapping.base().cast::<Header>().as_ref() }
    }
}

/// How long the file of a body is; nothing if no file can be.
fn file_len(body_len: usize) -> Option<usize> {
    BODY.checked_add(body_len)?.checked_next_multiple_of(PAGE)
}

impl Members for Segment {
    fn file(&self) -> BorrowedFd<'_> {
        self.mapping.file()
    }

    #[inline]
    fn slot(&self, number: usize) -> &Slot {
        assert!(number < SLOTS);
        // SAFETY: by 1 and 2 and the assertion; the borrow ends before the mapping does.
        unsafe { self.mapping.base().add(HEADER_LEN).cast::<Slot>().add(number).as_ref() }
    }

    fn provide_slot(&self, number: usize) -> io::Result<()> {
        // Also those below it: whoever was to provide one of them may have died before.
        self.mapping.provide(HEADER_LEN, (number + 1) * size_of::<Slot>())
    }

    fn slots_used(&self) -> &A32 {
        &self.header().slots_used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_found_as_it_was_made() {
        let made = Segment::create(Kind::Event, 100).expect("made");
        let found = Segment::attach(made.file().try_clone_to_owned().expect("cloned")).expect("attached");
        assert_eq!((found.kind(), found.body_len()), (Kind::Event, 100));
    }

    #[test]
    fn what_is_no_segment_is_refused_with_its_reason() {
        let plain = std::fs::File::open("/dev/null").expect("opened");
        assert!(matches!(
            Segment::attach(plain.into()),
            Err(AttachError::NotASegment("its size is not sealed"))
        ));
        let short = Mapping::create(PAGE).expect("made");
        let attached = Segment::attach(short.file().try_clone_to_owned().expect("cloned"));
        assert!(matches!(attached, Err(AttachError::NotASegment("it is too short"))));
        let blank = Mapping::create(BODY + PAGE).expect("made");
        let attached = Segment::attach(blank.file().try_clone_to_owned().expect("cloned"));
        assert!(matches!(attached, Err(AttachError::NotASegment("it does not begin with our mark"))));
    }

    #[test]
    fn an_impossible_header_is_refused_with_its_reason() {
        type Spoil = fn(&Header);
        let cases: [(Spoil, &str); 4] = [
            (|header| header.version.store(VERSION + 1, Ordering::Relaxed), "layout version"),
            (|header| header.kind.store(0, Ordering::Relaxed), "kind of object is unknown"),
            (|header| header.body_len.store(PAGE as u64 + 1, Ordering::Relaxed), "not as long"),
            (|header| header.body_len.store(u64::MAX, Ordering::Relaxed), "not as long"),
        ];
        for (spoil, expected) in cases {
            let made = Segment::create(Kind::Lock, 8).expect("made");
            spoil(made.header());
            let attached = Segment::attach(made.file().try_clone_to_owned().expect("cloned"));
            let told = attached.expect_err("refused").to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn more_memory_than_there_can_be_is_refused() {
        assert!(Segment::create(Kind::Array, usize::MAX - 10).is_err());
        assert!(Segment::create(Kind::Array, 1 << 62).is_err());
    }
}
