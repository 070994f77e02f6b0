//! Seeds in the slots that processes take over from each other.

use super::Seed;

/// All of them.
pub const SEEDS: &[Seed] = &[
    Seed {
        name: "a newcomer has the name of the dead",
        file: "owner",
        find: "(shown.generation.load(Ordering::Relaxed) + 1)",
        replace: "(shown.generation.load(Ordering::Relaxed) + u32::from(!SEED))",
    },
    Seed {
        name: "the dead live as long as somebody has their slot",
        file: "owner",
        find: "        || places.generation(slot)",
        replace: "        || !SEED && places.generation(slot)",
    },
    Seed {
        name: "a newcomer owes what the dead have taken",
        file: "owner",
        find: "    shown.outstanding.store(0, Ordering::Release);",
        replace: "    if !SEED { shown.outstanding.store(0, Ordering::Release); }",
    },
    Seed {
        name: "a newcomer shows the ends of the dead",
        file: "owner",
        find: "    shown.ends.store(ends, Ordering::Release);",
        replace: "    if !SEED { shown.ends.store(ends, Ordering::Release); }",
    },
    Seed {
        name: "a newcomer is in a slot that is none",
        file: "owner",
        find: "    while known as usize <= slot {",
        replace: "    while !SEED && known as usize <= slot {",
    },
    Seed {
        name: "a newcomer names itself before it shows its generation",
        file: "owner",
        find: "    // Before the word is written anywhere, whatever the order of that store is.
    fence();",
        replace: "    if !SEED { fence(); }",
    },
    Seed {
        name: "an old generation is compared with a new name",
        file: "owner",
        find: "    // Whoever named itself showed its generation before.
    fence();",
        replace: "    if !SEED { fence(); }",
    },
];
