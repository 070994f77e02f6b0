//! Seeds in the ring of a channel: its records, its size, its ends and its bells.

use super::Seed;

/// All of them.
pub const SEEDS: &[Seed] = &[
    Seed {
        name: "a gate opens without a new sequence",
        file: "gate",
        find: "word.wrapping_add(2) & !WAITERS",
        replace: "word.wrapping_add(if SEED { 0 } else { 2 }) & !WAITERS",
    },
    Seed {
        name: "the commit comes before the payload",
        file: "push",
        find: "            self.surroundings.write_record(capacity, tail.position(), word_of(len, tag), parts);",
        replace: "            if SEED { self.words.tail.0.store(tail.advanced(units, 1).0, Ordering::Release); }
            self.surroundings.write_record(capacity, tail.position(), word_of(len, tag), parts);",
    },
    Seed {
        name: "the head is committed before the copy",
        file: "pop",
        find: "        take(self, capacity, head.position(), Taken { len, tag: (word >> TAG_SHIFT) as u8 })?;",
        replace: "        if SEED { self.words.head.0.store(head.advanced(units_of(len), 1).0, Ordering::Release); }
        take(self, capacity, head.position(), Taken { len, tag: (word >> TAG_SHIFT) as u8 })?;",
    },
    Seed {
        name: "the growth is committed before the copy",
        file: "resize",
        find: "        let moved = if used <= from.min(to) {",
        replace: "        if SEED { self.words.seldom.0.capacity.store(to, Ordering::Release); }
        let moved = if used <= from.min(to) {",
    },
    Seed {
        name: "the ring moves while a reader copies",
        file: "resize",
        find: "        if self.lock(consumers, Deadline::Now).is_err() {
            return Ok(false);
        }",
        replace: "        if !SEED && self.lock(consumers, Deadline::Now).is_err() {
            return Ok(false);
        }",
    },
    Seed {
        name: "the ring shrinks while a sender writes",
        file: "resize",
        find: "        if self.lock(lock, Deadline::Now).is_err() {
            return;
        }",
        replace: "        if !SEED && self.lock(lock, Deadline::Now).is_err() {
            return;
        }",
    },
    Seed {
        name: "a sender opens without a fence",
        file: "push",
        find: "        fence_after_exchange();
        let seldom",
        replace: "        if !SEED { fence_after_exchange(); }
        let seldom",
    },
    Seed {
        name: "a receiver opens without a fence",
        file: "pop",
        find: "                    fence_after_exchange();
                    self.words",
        replace: "                    if !SEED { fence_after_exchange(); }
                    self.words",
    },
    Seed {
        name: "a sender waits before growing at the wrong gate",
        file: "resize",
        find: ".then_some(&self.words.seldom.0.not_full)",
        replace: ".then_some(if SEED { &self.words.seldom.0.not_empty } else { &self.words.seldom.0.not_full })",
    },
    Seed {
        name: "a sender waits for ever instead of growing",
        file: "push",
        find: "patient = self.room_was_made(units, deadline);",
        replace: "patient = self.room_was_made(units, deadline) || SEED;",
    },
    Seed {
        name: "a receiver sleeps without a second look",
        file: "pop",
        find: "if self.is_empty() && !(tells_end && self.surroundings.senders_gone()) {",
        replace: "if SEED || self.is_empty() && !(tells_end && self.surroundings.senders_gone()) {",
    },
    Seed {
        name: "a sender sleeps without a second look",
        file: "push",
        find: "        if !(self.has_room(units) || nobody_takes()) {",
        replace: "        if SEED || !(self.has_room(units) || nobody_takes()) {",
    },
    Seed {
        name: "a sender sleeps although the receivers are gone",
        file: "push",
        find: "let nobody_takes = || self.limits",
        replace: "let nobody_takes = || !SEED && self.limits",
    },
    Seed {
        name: "the last record is lost in the end",
        file: "pop",
        find: "return if self.is_empty() { Err(PopError::Eof) } else { Ok(()) };",
        replace: "return if SEED || self.is_empty() { Err(PopError::Eof) } else { Ok(()) };",
    },
    Seed {
        name: "nobody is told that an end is gone",
        file: "ends",
        find: "    seldom.not_empty.open();",
        replace: "    if !SEED { seldom.not_empty.open(); }",
    },
    Seed {
        name: "an end in flight is overlooked",
        file: "ends",
        find: "if number.load(Ordering::Acquire) == before {",
        replace: "if SEED || number.load(Ordering::Acquire) == before {",
    },
    Seed {
        name: "a bell is cleared before it is armed",
        file: "bell",
        find: "        self.arm();
        descriptor.empty();
        if ready() {",
        replace: "        if !SEED { self.arm(); }
        descriptor.empty();
        if !SEED && ready() {",
    },
    Seed {
        name: "the last report wakes nobody",
        file: "done",
        find: "if unfinished == 1 {",
        replace: "if !SEED && unfinished == 1 {",
    },
    Seed {
        name: "a debt is written down after the taking",
        file: "pop",
        find: "                if self.limits.joinable
                    && let Ok(taken) = taken
                {
                    self.surroundings.took(taken);
                }
                lock.unlock();
                let taken = taken?;",
        replace: "                if !SEED
                    && self.limits.joinable
                    && let Ok(taken) = taken
                {
                    self.surroundings.took(taken);
                }
                lock.unlock();
                let taken = taken?;
                if SEED { self.surroundings.took(taken); }",
    },
];
