//! Owner words: which of the processes that have had a slot, one after the other, is meant.
//!
//! # State
//! An owner word is `[29..18 slot][17..0 generation]`, never 0. Who has a slot the system knows, which takes
//! it back when the process ends; each slot has the generation of who took it last.
//!
//! # Invariants (of the protocol; no memory safety rests on them)
//! 1. Only who has a slot changes what is shown there, and its generation once, before it is named anywhere.
//! 2. Whoever a word names lives only while its slot is taken and the generation is the word's.
//!
//! # Dying
//! Who dies while it takes a slot over leaves it with the generation before or its own. Nobody is named by
//! its own yet, and who was named by the one before is dead with the slot free and taken.

use super::{A32, Ordering, fence};

/// So many bits of an owner word are the generation.
const GENERATION_BITS: u32 = 18;
const GENERATION: u32 = (1 << GENERATION_BITS) - 1;

/// The slots of an object.
pub trait Places {
    /// One more than the highest slot ever used; none beyond has memory.
    fn used(&self) -> usize;

    /// The generation of a slot below that.
    fn generation(&self, slot: usize) -> &A32;

    /// Whether a live process has the slot.
    fn is_held(&self, slot: usize) -> bool;
}

/// What a slot shows of the process that has it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// How many processes have had it.
    pub generation: &'a A32,
    /// Which ends of a channel that process holds.
    pub ends: &'a A32,
    /// How many records it has taken and must report as done.
    pub outstanding: &'a A32,
}

/// The owner word of a slot's process.
#[inline]
pub const fn owner_word(slot: usize, generation: u32) -> u32 {
    (slot as u32) << GENERATION_BITS | generation & GENERATION
}

/// The slot that an owner word names, which may be any number in a word that others can write.
#[inline]
pub fn slot_of(owner: u32) -> usize {
    (owner >> GENERATION_BITS) as usize
}

/// Whether the process that an owner word names has ended, or has given its slot up.
pub fn is_dead(places: &impl Places, owner: u32) -> bool {
    let slot = slot_of(owner);
    // Whoever named itself showed its generation before.
    fence();
    // An owner beyond is a corrupt word's.
    slot >= places.used()
        || places.generation(slot).load(Ordering::Acquire) != owner & GENERATION
        || !places.is_held(slot)
}

/// Takes over what a slot shows, for a process that the system has just given it; that process's owner word.
pub fn take_over(slot: usize, shown: Shown<'_>, ends: u32, used: &A32) -> u32 {
    let generation = match (shown.generation.load(Ordering::Relaxed) + 1) & GENERATION {
        0 => 1,
        generation => generation,
    };
    // Of the one before nothing may be taken for ours.
    shown.outstanding.store(0, Ordering::Release);
    shown.ends.store(ends, Ordering::Release);
    shown.generation.store(generation, Ordering::Release);
    let mut known = used.load(Ordering::Relaxed);
    while known as usize <= slot {
        match used.compare_exchange(known, slot as u32 + 1, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => break,
            Err(changed) => known = changed,
        }
    }
    // Before the word is written anywhere, whatever the order of that store is.
    fence();
    owner_word(slot, generation)
}
