//! Who uses an object and is alive: a process holds a slot by a byte lock on the object's file,
//! which the kernel releases when, and only when, the process has ended.
//!
//! The lock belongs to an open file description of its own, which is kept by nothing but a
//! mapping that a fork does not copy: it survives the closing of every descriptor, is not
//! inherited, and goes with `exec` and with death, at any instruction, without a process id.
//! Claiming a slot *is* taking its lock, so the kernel allocates the slots.
//!
//! # Invariants
//! 1. A `Membership` with the current epoch owns the mapping that keeps its slot's lock.
//! 2. An owner word names a slot and its generation; both are ours only while the lock is.
//! 3. The epoch page reads 0 in a forked child, which then takes an epoch that its parent never
//!    had: what was registered before the fork is known not to be its own.
#![expect(unsafe_code, reason = "maps the page that keeps the lock, and the page that forgets at fork")]

use std::ffi::c_void;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, mmap_anonymous, munmap};

use crate::region::{SLOTS, Slot, reopen};
use crate::start::hook;
use crate::sync::owner::{self, Places, Shown};
use crate::sync::{A32, join_fences};

pub use crate::sync::owner::owner_word;

const PAGE: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Byte locks lie behind the longest file, so that they mean nothing else.
const LOCK_BASE: i64 = 1 << 50;

/// The shared memory of an object, as far as it is about who uses it.
pub trait Members {
    /// The file, whose byte locks tell who is alive.
    fn file(&self) -> BorrowedFd<'_>;

    /// The slot with this number, which is below [`SLOTS`].
    fn slot(&self, number: usize) -> &Slot;

    /// Provides the memory of a slot, so that touching it cannot fail.
    fn provide_slot(&self, number: usize) -> io::Result<()>;

    /// One more than the highest slot ever used.
    fn slots_used(&self) -> &A32;
}

/// This process's place in one object, taken on first use and again after a fork.
#[derive(Debug)]
pub struct Membership {
    /// `[63..32 epoch][31..0 owner word]`; valid only in that epoch.
    current: AtomicU64,
    keeper: Mutex<Option<Keeper>>,
}

/// The mapping that keeps a slot's lock.
#[derive(Debug)]
struct Keeper {
    epoch: u32,
    page: NonNull<c_void>,
}

// SAFETY: the page is never read or written; the address is only given back to the kernel.
unsafe impl Send for Keeper {}

impl Drop for Keeper {
    fn drop(&mut self) {
        // In a forked child the page does not exist, and something else may lie there.
        if self.epoch == epoch() {
            // SAFETY: by 1 the page is ours.
            let _ = unsafe { munmap(self.page, PAGE.get()) };
        }
    }
}

impl Membership {
    /// Not yet a member.
    pub fn new() -> Membership {
        Membership { current: AtomicU64::new(0), keeper: Mutex::new(None) }
    }

    /// Our owner word, if we are registered in this process.
    #[inline]
    pub fn get(&self) -> Option<u32> {
        let current = self.current.load(Ordering::Acquire);
        ((current >> 32) as u32 == known_epoch() && current != 0).then_some(current as u32)
    }

    /// Our owner word; takes a slot first if this process has none. `ends` is what it will show.
    ///
    /// # Errors
    /// All slots are taken, or the system has no descriptor or memory left, or no `/proc`.
    pub fn register(&self, members: &impl Members, ends: impl FnOnce() -> u32) -> io::Result<u32> {
        let epoch = epoch();
        // Before the mutex: a fork in between would leave it locked in the child for ever.
        let _no_fork = ForkGuard::take();
        let mut keeper = self.lock();
        if let Some(me) = self.get() {
            return Ok(me);
        }
        join_fences();
        let (page, slot) = claim(members)?;
        *keeper = Some(Keeper { epoch, page });
        let Slot { generation, ends: shown, outstanding, .. } = members.slot(slot);
        let shown = Shown { generation, ends: shown, outstanding };
        let me = owner::take_over(slot, shown, ends(), members.slots_used());
        self.current.store(u64::from(epoch) << 32 | u64::from(me), Ordering::Release);
        Ok(me)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Keeper>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot that an owner word names, or another one if the word is corrupt.
pub fn slot_of(owner: u32) -> usize {
    owner::slot_of(owner) % SLOTS
}

/// Whether the process that an owner word names has ended, or has given its slot up.
pub fn is_dead(members: &impl Members, owner: u32) -> bool {
    owner::is_dead(&Slots(members), owner)
}

/// The slots of an object.
struct Slots<'a, M>(&'a M);

impl<M: Members> Places for Slots<'_, M> {
    fn used(&self) -> usize {
        slots_used(self.0)
    }

    fn generation(&self, slot: usize) -> &A32 {
        &self.0.slot(slot).generation
    }

    fn is_held(&self, slot: usize) -> bool {
        is_held(self.0, slot)
    }
}

/// One more than the highest slot ever used, whatever the memory says.
pub fn slots_used(members: &impl Members) -> usize {
    (members.slots_used().load(Ordering::Acquire) as usize).min(SLOTS)
}

/// Whether a live process holds the slot.
pub fn is_held(members: &impl Members, slot: usize) -> bool {
    let mut lock = byte_lock(slot);
    match fcntl(members.file(), FcntlArg::F_OFD_GETLK(&mut lock)) {
        Ok(_) => i32::from(lock.l_type) != libc::F_UNLCK,
        // Without an answer nobody may be declared dead.
        Err(_) => true,
    }
}

/// Takes the lock of a free slot; the page that keeps it, and the slot.
fn claim(members: &impl Members) -> io::Result<(NonNull<c_void>, usize)> {
    let file = reopen(members.file())?;
    let slot = (0..SLOTS).find(|slot| fcntl(&file, FcntlArg::F_OFD_SETLK(&byte_lock(*slot))).is_ok());
    let Some(slot) = slot else {
        let text = format!("all {SLOTS} places for processes that use this object are taken");
        return Err(io::Error::new(io::ErrorKind::QuotaExceeded, text));
    };
    members.provide_slot(slot)?;
    // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
    let page = unsafe { mmap(None, PAGE, ProtFlags::PROT_READ, MapFlags::MAP_SHARED, &file, 0) }?;
    // SAFETY: the page has just been mapped.
    if let Err(errno) = unsafe { madvise(page, PAGE.get(), MmapAdvise::MADV_DONTFORK) } {
        // SAFETY: the page is ours, and nobody knows of it.
        let _ = unsafe { munmap(page, PAGE.get()) };
        return Err(errno.into());
    }
    Ok((page, slot))
}

fn byte_lock(slot: usize) -> libc::flock {
    libc::flock {
        l_type: libc::F_WRLCK as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: LOCK_BASE + slot as i64,
        l_len: 1,
        l_pid: 0,
    }
}

// -- Epochs: which process is this? --

static EPOCH_PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());
static EPOCHS: AtomicU32 = AtomicU32::new(0);

/// The epoch, or 0 if this process has none yet.
#[inline]
fn known_epoch() -> u32 {
    let page = EPOCH_PAGE.load(Ordering::Acquire);
    // SAFETY: once set, the pointer is to a page that is never unmapped and holds an atomic (3).
    unsafe { page.as_ref() }.map_or(0, |epoch| epoch.load(Ordering::Acquire))
}

/// Provides the epoch page, and lets forks wait for who holds a [`ForkGuard`].
///
/// Called before `main`: a fork while another thread is in here would leave the child waiting for ever.
pub(crate) fn set_up() {
    static SET_UP: Once = Once::new();
    SET_UP.call_once(|| {
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let page = unsafe { mmap_anonymous(None, PAGE, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) }
            .expect("the system has no page of memory left");
        // SAFETY: the page has just been mapped.
        unsafe { madvise(page, PAGE.get(), MmapAdvise::MADV_WIPEONFORK) }
            .expect("MADV_WIPEONFORK exists since Linux 4.14");
        // Early: it takes long once there are threads.
        join_fences();
        // SAFETY: the three functions do nothing but atomic operations and a futex-free wait.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(after_fork)) };
        EPOCH_PAGE.store(page.as_ptr().cast(), Ordering::Release);
    });
}

/// The epoch of this process; begins one after a fork and on first use.
pub fn epoch() -> u32 {
    hook::keep();
    // It does something only where nothing is called before `main`.
    set_up();
    let page = EPOCH_PAGE.load(Ordering::Acquire);
    // SAFETY: set just above, and never unmapped (3).
    let cell = unsafe { &*page };
    match cell.load(Ordering::Acquire) {
        0 => {
            let new = EPOCHS.fetch_add(1, Ordering::Relaxed) + 1;
            match cell.compare_exchange(0, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => new,
                Err(other) => other,
            }
        }
        epoch => epoch,
    }
}

// -- No fork while a descriptor or an inheritable page holds a lock --

static REGISTERING: AtomicU32 = AtomicU32::new(0);

/// While it lives, this process does not fork, and no other thread has one.
#[derive(Debug)]
pub struct ForkGuard;

impl ForkGuard {
    /// Waits until no other thread has one. Not to be taken twice.
    pub fn take() -> ForkGuard {
        before_fork();
        ForkGuard
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        after_fork();
    }
}

extern "C" fn before_fork() {
    while REGISTERING.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
        std::thread::yield_now();
    }
}

extern "C" fn after_fork() {
    REGISTERING.store(0, Ordering::Release);
}
