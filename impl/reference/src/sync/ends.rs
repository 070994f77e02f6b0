//! Who holds an end of a channel: each process shows it in a slot of its own, so that nobody has to
//! take it back from the dead.
//!
//! # State
//! A bit for each end in each slot, and one number that moves whenever a bit changes.
//!
//! # Handing over
//! Whoever passes an end on lets go only after the new holder has shown it. A look from slot to
//! slot may then miss both of them, but the number has moved meanwhile, and the look is repeated.
//! A death moves nothing, and needs to move nothing: it is not handing over.

use super::ring::Seldom;
use super::{A32, Ordering, fence};

/// The slots of a channel.
pub trait Slots {
    /// One more than the highest slot ever used.
    fn used(&self) -> usize;

    /// Which ends the process in a slot shows.
    fn shown(&self, slot: usize) -> &A32;

    /// Whether a live process has the slot.
    fn is_held(&self, slot: usize) -> bool;
}

/// Shows in our own slot that we hold the end; [`changed`] must follow.
pub fn show(own: &A32, bit: u32) {
    own.fetch_or(bit, Ordering::AcqRel);
}

/// Ceases to show the end; [`tell_gone`] must follow.
pub fn hide(own: &A32, bit: u32) {
    let others = own.load(Ordering::Relaxed) & !bit;
    own.store(others, Ordering::Release);
}

/// Moves the number, after a bit has changed.
pub fn changed(seldom: &Seldom) {
    seldom.ends_changed.fetch_add(1, Ordering::AcqRel);
}

/// Tells everybody who waits that the end is no longer held here.
pub fn tell_gone(seldom: &Seldom, ring_bell: impl FnOnce()) {
    changed(seldom);
    seldom.not_empty.open();
    seldom.not_full.open();
    seldom.bell.ring_fenced(ring_bell);
}

/// The slot of a live process that shows the end, other than `except`; nothing if at some moment of the
/// call there was none.
pub fn holder(slots: &impl Slots, bit: u32, except: Option<usize>, seldom: &Seldom) -> Option<usize> {
    let number = &seldom.ends_changed;
    loop {
        let before = number.load(Ordering::Acquire);
        let shows =
            |slot: &usize| Some(*slot) != except && slots.shown(*slot).load(Ordering::Acquire) & bit != 0;
        let found = (0..slots.used()).filter(shows).find(|slot| slots.is_held(*slot));
        if found.is_some() {
            return found;
        }
        // An end handed on while we looked may have been missed at both of its holders.
        fence();
        if number.load(Ordering::Acquire) == before {
            return None;
        }
    }
}
