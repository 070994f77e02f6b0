//! The memory of one shared object: an anonymous file, sealed in its size and mapped once.
//!
//! # Layout
//! `[header 4 KiB][slots 64 KiB][zones]`: the zone of a ring of `C` bytes begins at `ZONES + C`, so
//! that the zones of all powers of two are disjoint. The file is sparse: a zone costs memory only
//! while it is in use, and memory is provided before it is touched.
//!
//! # Invariants
//! 1. By those of [`Mapping`], every byte of the mapping lies in the file for as long as it lives, which is
//!    as long as the `Region`.
//! 2. The mapping is as long as the limits need, and begins at a page.
//! 3. Everything in it is atomics or plain bytes, for which every bit pattern is a value.
//! 4. Plain bytes are only copied through raw pointers, never borrowed: a peer may write at any time.
//! 5. A [`Zone`] is `len` bytes of the mapping, a power of two and at least a unit. An offset in it is
//!    below `len`, so `len - offset` bytes fit there; that of a unit is a multiple of a unit, which fits.
#![expect(unsafe_code, reason = "maps shared memory and copies to and from it")]

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use nix::fcntl::{FallocateFlags, OFlag, fallocate};

use crate::liveness::Members;
use crate::mapping::Mapping;
use crate::sync::mark::{MOST_ITEMS, MOST_UNITS, UNIT};
use crate::sync::ring::{Limits, Words};
use crate::sync::{A32, A64, Ordering, hook};

/// How many processes can use one object at a time.
pub const SLOTS: usize = 1024;

const HEADER_LEN: usize = 4096;
const ZONES: usize = HEADER_LEN + SLOTS * size_of::<Slot>();
const MAGIC: u64 = u64::from_ne_bytes(*b"procsion");
const VERSION: u32 = 2;

/// What a process shows of itself to the others.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Slot {
    /// How many processes have had this slot.
    pub generation: A32,
    /// Which ends the process holds.
    pub ends: A32,
    /// How many records it has taken and must report as done.
    pub outstanding: A32,
    /// Which process has taken how many permits of a semaphore: it outlives that process.
    pub account: A64,
}

const _: () = assert!(size_of::<Slot>() == 64);

/// The first page: what the object is, and its words.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    magic: A64,
    version: A32,
    flags: A32,
    max_items: A64,
    max_units: A64,
    min_capacity: A64,
    keep_capacity: A64,
    /// One more than the highest slot ever used.
    pub slots_used: A32,
    /// The channel's words.
    pub words: Words,
}

const BOUNDED: u32 = 1;
const WAIT_FOR_BYTES: u32 = 2;
const EOF: u32 = 4;
const BROKEN_PIPE: u32 = 8;
const JOINABLE: u32 = 16;
const KIND_SHIFT: u32 = 24;

const _: () = assert!(size_of::<Header>() <= HEADER_LEN);

/// Why a descriptor is not a segment that can be used here.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttachError {
    /// The segment's description of itself is impossible; the text says what.
    Corrupt(&'static str),
    /// The descriptor is not one of our segments; the text says what is missing.
    NotASegment(&'static str),
    /// The system refused.
    Os(io::Error),
    /// The segment belongs to an object of another kind.
    Kind {
        /// The kind that the segment names.
        found: &'static str,
        /// The kind that was asked for.
        expected: &'static str,
    },
    /// The segment was made by another version of this library.
    Version {
        /// The version that the segment names.
        found: u32,
        /// The version that this library needs.
        expected: u32,
    },
}

impl std::fmt::Display for AttachError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AttachError::Corrupt(what) => write!(f, "the segment is corrupt: {what}"),
            AttachError::Kind { found, expected } => {
                write!(f, "the segment is of the kind `{found}`, not `{expected}`")
            }
            AttachError::NotASegment(what) => write!(f, "the descriptor is no segment of ours: {what}"),
            AttachError::Os(error) => write!(f, "the system refused: {error}"),
            AttachError::Version { found, expected } => {
                write!(f, "the segment has layout version {found}, this library needs {expected}")
            }
        }
    }
}

impl std::error::Error for AttachError {}

/// The mapped memory of one object.
#[derive(Debug)]
pub struct Region {
    mapping: Mapping,
    limits: Limits,
    /// The largest ring in units, by the limits.
    most: u64,
}

impl Region {
    /// Creates a segment for a channel with these limits.
    pub fn create(limits: Limits) -> io::Result<Region> {
        let region = Region::of(Mapping::create(window_len(&limits))?, limits);
        region.mapping.provide(0, HEADER_LEN)?;
        region.provide_zone(limits.min_capacity)?;
        let mut flags = limits.kind << KIND_SHIFT;
        for (on, flag) in [
            (limits.bounded, BOUNDED),
            (limits.wait_for_bytes, WAIT_FOR_BYTES),
            (limits.eof, EOF),
            (limits.broken_pipe, BROKEN_PIPE),
            (limits.joinable, JOINABLE),
        ] {
            flags |= if on { flag } else { 0 };
        }
        let header = Header {
            magic: A64::new(MAGIC),
            version: A32::new(VERSION),
            flags: A32::new(flags),
            max_items: A64::new(limits.max_items.into()),
            max_units: A64::new(limits.max_units),
            min_capacity: A64::new(limits.min_capacity),
            keep_capacity: A64::new(limits.keep_capacity),
            slots_used: A32::new(0),
            words: Words::new(limits.min_capacity),
        };
        // SAFETY: the first page is mapped, aligned, provided, and nobody else knows of it yet.
        unsafe { region.mapping.base().cast::<Header>().write(header) };
        Ok(region)
    }

    /// Maps a segment that was created elsewhere, after checking that it is one.
    pub fn attach(file: OwnedFd) -> Result<Region, AttachError> {
        let mapping = Mapping::attach(file, ZONES)?;
        let unknown = Limits {
            max_items: 0,
            bounded: false,
            max_units: 0,
            min_capacity: 0,
            keep_capacity: 0,
            wait_for_bytes: false,
            eof: false,
            broken_pipe: false,
            joinable: false,
            kind: 0,
        };
        let mut region = Region::of(mapping, unknown);
        let header = region.header();
        if header.magic.load(Ordering::Acquire) != MAGIC {
            return Err(AttachError::NotASegment("it does not begin with our mark"));
        }
        let found = header.version.load(Ordering::Relaxed);
        if found != VERSION {
            return Err(AttachError::Version { found, expected: VERSION });
        }
        let flags = header.flags.load(Ordering::Relaxed);
        let max_items = header.max_items.load(Ordering::Relaxed);
        let limits = Limits {
            max_items: u32::try_from(max_items).unwrap_or(0),
            bounded: flags & BOUNDED != 0,
            max_units: header.max_units.load(Ordering::Relaxed),
            min_capacity: header.min_capacity.load(Ordering::Relaxed),
            keep_capacity: header.keep_capacity.load(Ordering::Relaxed),
            wait_for_bytes: flags & WAIT_FOR_BYTES != 0,
            eof: flags & EOF != 0,
            broken_pipe: flags & BROKEN_PIPE != 0,
            joinable: flags & JOINABLE != 0,
            kind: flags >> KIND_SHIFT,
        };
        if !(1..=MOST_ITEMS).contains(&limits.max_items) {
            return Err(AttachError::Corrupt("the bound on items is impossible"));
        }
        if limits.max_units < 2 || limits.max_units > MOST_UNITS {
            return Err(AttachError::Corrupt("the limit of bytes is impossible"));
        }
        let powers = limits.min_capacity.is_power_of_two() && limits.keep_capacity.is_power_of_two();
        if !powers || limits.min_capacity > limits.keep_capacity || limits.keep_capacity > most(&limits) {
            return Err(AttachError::Corrupt("the ring's sizes are impossible"));
        }
        if window_len(&limits) != region.mapping.len() {
            return Err(AttachError::Corrupt("the file is not as long as its limits need"));
        }
        region.limits = limits;
        region.most = most(&limits);
        Ok(region)
    }

    fn of(mapping: Mapping, limits: Limits) -> Region {
        Region { mapping, most: most(&limits), limits }
    }

    #[inline]
    fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// The segment's descriptor.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.mapping.file()
    }

    /// The limits, as checked when the segment was created or attached.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The first page.
    #[inline]
    pub fn header(&self) -> &Header {
        // SAFETY: by 1 and 2 the first page is mapped and aligned as pages are; by 3 its contents
        // are values of the type; the borrow ends before the mapping does.
        unsafe { self.base().cast::<Header>().as_ref() }
    }

    /// The slot with this number, which is below [`SLOTS`].
    #[inline]
    pub fn slot(&self, number: usize) -> &Slot {
        assert!(number < SLOTS);
        // SAFETY: the slots lie between the header and the zones, so by 1 and 2 they are mapped;
        // 4096 is a multiple of their alignment; by 3 their contents are values of the type.
        unsafe { self.base().add(HEADER_LEN).cast::<Slot>().add(number).as_ref() }
    }

    fn provide_zone(&self, capacity: u64) -> io::Result<()> {
        let (at, len) = zone(capacity);
        self.mapping.provide(at, len)
    }

    fn discard(&self, from: usize, to: usize) {
        if from < to {
            hook();
            let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
            // A refusal only means that the memory is kept for longer.
            let _ = fallocate(self.mapping.file(), flags, from as i64, (to - from) as i64);
        }
    }

    /// Gives back the memory of all zones but one (capacity in units).
    pub fn discard_other_zones(&self, keep: u64) {
        let (at, len) = zone(keep.min(self.most));
        self.discard(ZONES, at);
        self.discard(at + len, self.mapping.len());
    }

    /// Provides the memory of the zone of `to` and copies `units` units at position `at` to it.
    pub fn relocate(&self, from: u64, to: u64, at: u64, units: u64) -> io::Result<()> {
        self.provide_zone(to)?;
        let (from, to) = (self.zone(from), self.zone(to));
        let (mut source, mut target) = (from.offset(at), to.offset(at));
        let mut left = units as usize * UNIT;
        while left > 0 {
            hook();
            let run = left.min(from.len - source).min(to.len - target);
            // SAFETY: by 5 both runs lie in their zones, which are disjoint or, if equal, not changed.
            unsafe { std::ptr::copy(from.base.add(source), to.base.add(target), run) };
            source = (source + run) & (from.len - 1);
            target = (target + run) & (to.len - 1);
            left -= run;
        }
        Ok(())
    }

    /// The zone of a ring of this capacity in units.
    #[inline]
    fn zone(&self, capacity: u64) -> Zone<'_> {
        assert!(capacity.is_power_of_two() && capacity <= self.most, "a ring must lie in its file");
        let (start, len) = zone(capacity);
        // SAFETY: zones of powers of two up to `most` lie in the file, hence by 1 and 2 in the mapping.
        Zone { base: unsafe { self.base().as_ptr().add(start) }, len, region: PhantomData }
    }

    /// Writes a record: the word before its bytes, then these.
    #[inline]
    pub fn write_record(&self, capacity: u64, at: u64, word: u64, parts: &[&[u8]]) {
        hook();
        let zone = self.zone(capacity);
        // SAFETY: by 5 the unit lies in the zone, and units are aligned as `u64` is.
        unsafe { zone.base.add(zone.offset(at)).cast::<u64>().write(word) };
        let mut offset = zone.offset(at + 1);
        for part in parts {
            hook();
            offset = zone.copy_in(offset, part);
        }
    }

    /// The word before the record at a position.
    #[inline]
    pub fn record_word(&self, capacity: u64, at: u64) -> u64 {
        hook();
        let zone = self.zone(capacity);
        // SAFETY: by 5 the unit lies in the zone; volatile, so that it is loaded only this once.
        unsafe { zone.base.add(zone.offset(at)).cast::<u64>().read_volatile() }
    }

    /// Copies the bytes of a record to `into`, which is as long.
    #[inline]
    pub fn copy_record(&self, capacity: u64, at: u64, into: &mut [u8]) {
        hook();
        let zone = self.zone(capacity);
        // SAFETY: bytes that are initialised may be looked at as bytes that need not be, and `copy_out`
        // writes nothing else than bytes there.
        let into = unsafe { &mut *(std::ptr::from_mut(into) as *mut [MaybeUninit<u8>]) };
        zone.copy_out(zone.offset(at + 1), into);
    }

    /// Appends the bytes of a record to `into`.
    #[inline]
    pub fn read_record(&self, capacity: u64, at: u64, len: usize, into: &mut Vec<u8>) {
        hook();
        into.reserve(len);
        let zone = self.zone(capacity);
        zone.copy_out(zone.offset(at + 1), &mut into.spare_capacity_mut()[..len]);
        let before = into.len();
        // SAFETY: the bytes up to here have just been written.
        unsafe { into.set_len(before + len) };
    }
}

/// Where a ring lies. By construction [`offset`](Self::offset) is that of a unit in it.
struct Zone<'a> {
    base: *mut u8,
    len: usize,
    region: PhantomData<&'a Region>,
}

impl Zone<'_> {
    /// Where the unit at a position lies, in bytes from the zone's beginning.
    #[inline]
    fn offset(&self, at: u64) -> usize {
        (at as usize).wrapping_mul(UNIT) & (self.len - 1)
    }

    /// Copies bytes to an offset in the zone, around its end if need be; the offset behind them.
    #[inline]
    fn copy_in(&self, offset: usize, bytes: &[u8]) -> usize {
        let to_end = self.len - offset;
        if bytes.len() > to_end {
            self.copy_in_around(offset, bytes);
        } else {
            // SAFETY: by 5 the target lies in the zone.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(offset), bytes.len()) };
        }
        (offset + bytes.len()) & (self.len - 1)
    }

    #[cold]
    fn copy_in_around(&self, offset: usize, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(self.len - offset);
        assert!(rest.len() <= self.len, "a copy must lie in its ring");
        // SAFETY: by 5 the first target lies in the zone, and by the assertion the second.
        unsafe {
            std::ptr::copy_nonoverlapping(first.as_ptr(), self.base.add(offset), first.len());
            std::ptr::copy_nonoverlapping(rest.as_ptr(), self.base, rest.len());
        }
    }

    /// Copies bytes from an offset in the zone, around its end if need be.
    #[inline]
    fn copy_out(&self, offset: usize, into: &mut [MaybeUninit<u8>]) {
        let to_end = self.len - offset;
        if into.len() > to_end {
            self.copy_out_around(offset, into);
        } else {
            // SAFETY: by 5 the source lies in the zone.
            unsafe {
                std::ptr::copy_nonoverlapping(self.base.add(offset), into.as_mut_ptr().cast(), into.len());
            }
        }
    }

    #[cold]
    fn copy_out_around(&self, offset: usize, into: &mut [MaybeUninit<u8>]) {
        let (first, rest) = into.split_at_mut(self.len - offset);
        assert!(rest.len() <= self.len, "a copy must lie in its ring");
        // SAFETY: by 5 the first source lies in the zone, and by the assertion the second.
        unsafe {
            std::ptr::copy_nonoverlapping(self.base.add(offset), first.as_mut_ptr().cast(), first.len());
            std::ptr::copy_nonoverlapping(self.base, rest.as_mut_ptr().cast(), rest.len());
        }
    }
}

impl Members for Region {
    fn file(&self) -> BorrowedFd<'_> {
        Region::file(self)
    }

    fn slot(&self, number: usize) -> &Slot {
        Region::slot(self, number)
    }

    fn provide_slot(&self, number: usize) -> io::Result<()> {
        self.mapping.provide(HEADER_LEN + number * size_of::<Slot>(), size_of::<Slot>())
    }

    fn slots_used(&self) -> &A32 {
        &self.header().slots_used
    }
}

/// A new open file description of the same file, whose byte locks are its own.
pub fn reopen(file: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(nix::fcntl::open(path.as_str(), OFlag::O_RDWR | OFlag::O_CLOEXEC, nix::sys::stat::Mode::empty())?)
}

fn most(limits: &Limits) -> u64 {
    limits.max_units.next_power_of_two()
}

fn window_len(limits: &Limits) -> usize {
    let (at, len) = zone(most(limits));
    at + len
}

/// Where the zone of a capacity (in units) begins, and how long it is, in bytes.
#[inline]
fn zone(capacity: u64) -> (usize, usize) {
    let len = capacity as usize * UNIT;
    (ZONES + len, len)
}
