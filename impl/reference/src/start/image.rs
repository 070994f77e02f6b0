//! The program in memory: where its functions lie, and which build it is.
//!
//! # Invariants
//! 1. The headers that `dl_iterate_phdr` shows are mapped for as long as the program runs.
#![expect(unsafe_code, reason = "reads the program headers of the running program")]

use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The offset of a function in the program; `None` if it belongs to a loaded library. The same
/// function has the same offset in every process of this build, wherever it is loaded.
pub(crate) fn offset_of(address: usize) -> Option<u64> {
    let image = image();
    let within = image.code.iter().any(|code| code.contains(&address));
    within.then(|| address.wrapping_sub(image.base) as u64)
}

/// The address of the function with this offset; `None` if no code of the program is there.
pub(crate) fn address_of(offset: u64) -> Option<usize> {
    let image = image();
    let address = image.base.wrapping_add(offset as usize);
    image.code.iter().any(|code| code.contains(&address)).then_some(address)
}

/// Tells builds apart: a digest of the program's headers and of its notes, among which linkers put a
/// build id.
pub(crate) fn fingerprint() -> u64 {
    image().fingerprint
}

struct Image {
    base: usize,
    code: Vec<Range<usize>>,
    fingerprint: u64,
}

fn image() -> &'static Image {
    // Not a `OnceLock`: a fork while another thread fills it would leave the child waiting for ever.
    static IMAGE: AtomicPtr<Image> = AtomicPtr::new(std::ptr::null_mut());
    // SAFETY: what is stored is never freed nor changed.
    if let Some(image) = unsafe { IMAGE.load(Ordering::Acquire).as_ref() } {
        return image;
    }
    let mut image = Image { base: 0, code: Vec::new(), fingerprint: 0xcbf2_9ce4_8422_2325 };
    // SAFETY: the callback gets back the pointer to `image`, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(read_program), (&raw mut image).cast()) };
    // Two threads that come here together each keep one: they are equal.
    let image = Box::leak(Box::new(image));
    IMAGE.store(image, Ordering::Release);
    image
}

/// Called once: the first object is the program itself, and a result other than 0 ends the walk.
unsafe extern "C" fn read_program(
    info: *mut libc::dl_phdr_info,
    _size: usize,
    image: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: `image` is the pointer that `image()` passed.
    let image = unsafe { &mut *image.cast::<Image>() };
    // SAFETY: valid during the callback.
    let info = unsafe { &*info };
    // SAFETY: 1.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) };
    image.base = info.dlpi_addr as usize;
    for header in headers {
        let start = image.base.wrapping_add(header.p_vaddr as usize);
        for part in [header.p_type as u64, header.p_offset, header.p_vaddr, header.p_filesz, header.p_memsz] {
            image.digest(&part.to_le_bytes());
        }
        if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0 {
            image.code.push(start..start + header.p_memsz as usize);
        }
        if header.p_type == libc::PT_NOTE {
            // SAFETY: 1; notes are part of a loaded segment.
            let note = unsafe { std::slice::from_raw_parts(start as *const u8, header.p_memsz as usize) };
            image.digest(note);
        }
    }
    1
}

impl Image {
    /// FNV-1a: fast, stable, and nobody is to be kept out by it.
    fn digest(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.fingerprint = (self.fingerprint ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
