//! The functions that wait until a time on a clock of the caller's choice. POSIX has them since 2024 and glibc
//! since 2.30; without them a wait goes by the wall clock, and so wrong when somebody sets that.
//!
//! # Invariants
//! 1. What the dynamic linker finds under one of these names is the C library's function of that name, and
//!    its type is the one that POSIX gives it.
#![expect(unsafe_code, reason = "looks functions up that not every C library has")]

use std::ffi::{CStr, c_int, c_void};
use std::sync::LazyLock;

use libc::{clockid_t, pthread_mutex_t, sem_t, timespec};

/// The type of `pthread_mutex_clocklock`.
pub(super) type MutexClockLock =
    unsafe extern "C" fn(*mut pthread_mutex_t, clockid_t, *const timespec) -> c_int;

/// The type of `sem_clockwait`.
pub(super) type SemClockWait = unsafe extern "C" fn(*mut sem_t, clockid_t, *const timespec) -> c_int;

/// `pthread_mutex_clocklock`, where the C library has it.
pub(super) fn mutex_clock_lock() -> Option<MutexClockLock> {
    static FOUND: LazyLock<Option<MutexClockLock>> = LazyLock::new(|| {
        // SAFETY: by 1 both types are of pointers to the same function.
        look_up(c"pthread_mutex_clocklock").map(|found| unsafe { std::mem::transmute(found as *mut c_void) })
    });
    *FOUND
}

/// `sem_clockwait`, where the C library has it.
pub(super) fn sem_clock_wait() -> Option<SemClockWait> {
    static FOUND: LazyLock<Option<SemClockWait>> = LazyLock::new(|| {
        // SAFETY: by 1 both types are of pointers to the same function.
        look_up(c"sem_clockwait").map(|found| unsafe { std::mem::transmute(found as *mut c_void) })
    });
    *FOUND
}

fn look_up(name: &CStr) -> Option<*const c_void> {
    // SAFETY: the name is a C string; the default search order needs no handle.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found.cast_const())
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_where_the_library_is_new_enough() {
        // SAFETY: it takes nothing and returns a string that is never freed.
        let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
        let version = version.to_str().expect("a version is ASCII");
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        let is_new = (numbers.next(), numbers.next()) >= (Some(2), Some(30));
        assert_eq!(mutex_clock_lock().is_some(), is_new, "in {version}");
        assert_eq!(sem_clock_wait().is_some(), is_new, "in {version}");
    }
}
