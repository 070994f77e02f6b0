//! The C library's primitives between processes: mutex, robust mutex, semaphore, barrier.
//!
//! # Invariants
//! 1. `at` is the address of a shared anonymous mapping of [`BYTES`], page-aligned, which lasts as long
//!    as the `Memory`.
//! 2. The object in it was initialised by the C library as shared between processes before the roles
//!    were forked, is large enough for it (asserted below), and is never moved.
#![expect(unsafe_code, reason = "the C library's primitives work on memory that we provide")]

use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use libc::{pthread_barrier_t, pthread_mutex_t, sem_t};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use crate::primitive::Primitive;
use crate::run::Trouble;

const BYTES: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

const _: () = assert!(
    size_of::<pthread_mutex_t>() <= 4096
        && size_of::<sem_t>() <= 4096
        && size_of::<pthread_barrier_t>() <= 4096
);

/// The memory of one object.
struct Memory(NonNull<libc::c_void>);

impl Memory {
    fn new() -> io::Result<Memory> {
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses disturbs nothing.
        let at = unsafe { mmap_anonymous(None, BYTES, protection, MapFlags::MAP_SHARED) }?;
        Ok(Memory(at))
    }

    fn at<T>(&self) -> *mut T {
        self.0.as_ptr().cast()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: by 1 the range is ours.
        let _ = unsafe { munmap(self.0, BYTES.get()) };
    }
}

fn done(what: &str, code: i32) -> Result<(), String> {
    if code == 0 { Ok(()) } else { Err(format!("{what}: {}", io::Error::from_raw_os_error(code))) }
}

/// A mutex, robust or not.
pub struct Mutex(Memory);

impl Mutex {
    pub fn open(robust: bool) -> Result<Mutex, Trouble> {
        let memory = Memory::new()?;
        let mut attributes = MaybeUninit::uninit();
        let robustness = if robust { libc::PTHREAD_MUTEX_ROBUST } else { libc::PTHREAD_MUTEX_STALLED };
        // SAFETY: the attributes are initialised first; by 1 the mutex has its memory.
        let made = unsafe {
            done("pthread_mutexattr_init", libc::pthread_mutexattr_init(attributes.as_mut_ptr()))
                .and_then(|()| {
                    let shared = libc::PTHREAD_PROCESS_SHARED;
                    done("setpshared", libc::pthread_mutexattr_setpshared(attributes.as_mut_ptr(), shared))
                })
                .and_then(|()| {
                    done("setrobust", libc::pthread_mutexattr_setrobust(attributes.as_mut_ptr(), robustness))
                })
                .and_then(|()| {
                    done("pthread_mutex_init", libc::pthread_mutex_init(memory.at(), attributes.as_ptr()))
                })
        };
        made.map_err(Trouble::Failed)?;
        Ok(Mutex(memory))
    }
}

impl Primitive for Mutex {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        // SAFETY: by 2.
        match unsafe { libc::pthread_mutex_lock(self.0.at()) } {
            0 => Ok(()),
            // SAFETY: by 2.
            libc::EOWNERDEAD => done("consistent", unsafe { libc::pthread_mutex_consistent(self.0.at()) }),
            code => done("pthread_mutex_lock", code),
        }
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        // SAFETY: by 2.
        done("pthread_mutex_unlock", unsafe { libc::pthread_mutex_unlock(self.0.at()) })
    }
}

/// A semaphore of one permit.
pub struct Semaphore(Memory);

impl Semaphore {
    pub fn open() -> Result<Semaphore, Trouble> {
        let memory = Memory::new()?;
        // SAFETY: by 1 the semaphore has its memory.
        if unsafe { libc::sem_init(memory.at(), 1, 1) } != 0 {
            return Err(io::Error::last_os_error().into());
        }
        Ok(Semaphore(memory))
    }
}

impl Primitive for Semaphore {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        // SAFETY: by 2.
        match unsafe { libc::sem_wait(self.0.at()) } {
            0 => Ok(()),
            _ => Err(format!("sem_wait: {}", io::Error::last_os_error())),
        }
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        // SAFETY: by 2.
        match unsafe { libc::sem_post(self.0.at()) } {
            0 => Ok(()),
            _ => Err(format!("sem_post: {}", io::Error::last_os_error())),
        }
    }
}

/// A barrier.
pub struct Barrier(Memory);

impl Barrier {
    pub fn open(parties: u32) -> Result<Barrier, Trouble> {
        let memory = Memory::new()?;
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the attributes are initialised first; by 1 the barrier has its memory.
        let made = unsafe {
            done("pthread_barrierattr_init", libc::pthread_barrierattr_init(attributes.as_mut_ptr()))
                .and_then(|()| {
                    let shared = libc::PTHREAD_PROCESS_SHARED;
                    done("setpshared", libc::pthread_barrierattr_setpshared(attributes.as_mut_ptr(), shared))
                })
                .and_then(|()| {
                    let made = libc::pthread_barrier_init(memory.at(), attributes.as_ptr(), parties);
                    done("pthread_barrier_init", made)
                })
        };
        made.map_err(Trouble::Failed)?;
        Ok(Barrier(memory))
    }
}

impl Primitive for Barrier {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        // SAFETY: by 2.
        match unsafe { libc::pthread_barrier_wait(self.0.at()) } {
            0 | libc::PTHREAD_BARRIER_SERIAL_THREAD => Ok(()),
            code => done("pthread_barrier_wait", code),
        }
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}
