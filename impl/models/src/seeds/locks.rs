//! Seeds in locks, semaphores and events.

use super::Seed;

/// All of them.
pub const SEEDS: &[Seed] = &[
    Seed {
        name: "the lock wakes before it is free",
        file: "raw_lock",
        find: "if self.word.swap(0, Ordering::Release) & WAITERS != 0 {",
        replace: "if SEED {
            if self.word.load(Ordering::Relaxed) & WAITERS != 0 { futex_wake(&self.word, 1); }
            self.word.store(0, Ordering::Release);
        } else if self.word.swap(0, Ordering::Release) & WAITERS != 0 {",
    },
    Seed {
        name: "a woken waiter forgets the others",
        file: "raw_lock",
        find: "keep = WAITERS;",
        replace: "if !SEED { keep = WAITERS; }",
    },
    Seed {
        name: "who gives a lock up after a sleep forgets the others",
        file: "raw_lock",
        find: "            // Also before giving up: a wake that was meant for others may have come to us.",
        replace: "            if SEED && deadline.passed() {
                return Err(TimedOut);
            }",
    },
    Seed {
        name: "two recover for one death",
        file: "raw_lock",
        find: "                // An exchange, not a store:",
        replace: "                if SEED {
                    self.word.store(DIED | WAITERS, Ordering::Release);
                    continue;
                }
                // An exchange, not a store:",
    },
    Seed {
        name: "a lock is taken without acquiring",
        file: "raw_lock",
        find: "self.word.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_ok()",
        replace: "self.word.compare_exchange(0, me, if SEED { Ordering::Relaxed } else { Ordering::Acquire }, Ordering::Relaxed).is_ok()",
    },
    Seed {
        name: "a lock is given back without an exchange",
        file: "raw_lock",
        find: "if self.word.swap(0, Ordering::Release) & WAITERS != 0 {",
        replace: "if SEED {
            self.word.store(0, Ordering::Release);
        } else if self.word.swap(0, Ordering::Release) & WAITERS != 0 {",
    },
    Seed {
        name: "who waits for a lock at a gate does not look again",
        file: "gate",
        find: "        if state.is_none() {",
        replace: "        if !SEED && state.is_none() {",
    },
    Seed {
        name: "who gives up at a lock's gate after a sleep forgets the others",
        file: "gate",
        find: "        if !*has_slept && deadline.passed() {",
        replace: "        if (SEED || !*has_slept) && deadline.passed() {",
    },
    Seed {
        name: "an owner's lock is freed behind the look at its gate",
        file: "owner_lock",
        find: "    pub fn unlock(&self) {",
        replace: "    pub fn unlock(&self) {
        if SEED {
            fence_if_alone();
            self.gate.open_for_one_fenced();
            self.word.store(0, Ordering::Release);
            return;
        }",
    },
    Seed {
        name: "two recover for one death in an owner's lock",
        file: "owner_lock",
        find: "                // An exchange, not a store:",
        replace: "                if SEED {
                    self.word.store(DIED, Ordering::Release);
                    continue;
                }
                // An exchange, not a store:",
    },
    Seed {
        name: "who takes an owner's lock after a sleep forgets the others",
        file: "owner_lock",
        find: "                if has_slept {",
        replace: "                if has_slept && !SEED {",
    },
    Seed {
        name: "an owner's lock is given back by a store that releases nothing",
        file: "owner_lock",
        find: "        self.word.store(0, Ordering::Release);
        fence_if_alone();",
        replace: "        self.word.store(0, if SEED { Ordering::Relaxed } else { Ordering::Release });
        fence_if_alone();",
    },
    Seed {
        name: "two take an owner's lock at once from one who is dead",
        file: "owner_lock",
        find: "            // Only one of several who found the owner dead succeeds.",
        replace: "            if SEED && held == Held::Inherited {
                self.word.store(me, Ordering::Release);
                return Ok(held);
            }",
    },
    Seed {
        name: "two take an owner's lock from one who is dead without waiting",
        file: "owner_lock",
        find: "        // An exchange, not a store: only one of several witnesses may be the heir.",
        replace: "        if SEED && is_left {
            self.word.store(me, Ordering::Release);
            return true;
        }",
    },
    Seed {
        name: "the holder of an open lock does not look whether another one releases it",
        file: "open_lock",
        find: "        if State::of(self.word.load(Ordering::Relaxed)).mode != BY_STORE {
            return",
        replace: "        if !SEED && State::of(self.word.load(Ordering::Relaxed)).mode != BY_STORE {
            return",
    },
    Seed {
        name: "the holder of an open lock looks before it stores",
        file: "open_lock",
        find: "        self.given_back.store(state.number, Ordering::Release);
        fence_by_others();",
        replace: "        if SEED {
            let is_changed = State::of(self.word.load(Ordering::Relaxed)).mode != BY_STORE;
            self.given_back.store(state.number, Ordering::Release);
            fence_by_others();
            if is_changed { return Some(self.release_late(state.number, who.owner())); }
            self.gate.open_for_one_fenced();
            return Some(Ok(()));
        }
        self.given_back.store(state.number, Ordering::Release);
        fence_by_others();",
    },
    Seed {
        name: "a hold given back late is given back in time",
        file: "open_lock",
        find: "                KEPT if state.number == number && state.owner != me => return Err(NotHeld),",
        replace: "                KEPT if SEED => break,
                KEPT if state.number == number && state.owner != me => return Err(NotHeld),",
    },
    Seed {
        name: "another one releases an open lock without asking its holder",
        file: "open_lock",
        find: "                BY_STORE => {
                    self.exchange(state, State { mode: UNSETTLED, ..state });",
        replace: "                BY_STORE => {
                    self.exchange(state, State { mode: if SEED { KEPT } else { UNSETTLED }, ..state });",
    },
    Seed {
        name: "an open lock is settled without a fence",
        file: "open_lock",
        find: "        if !is_given() && !fence_everywhere() && !peers.is_dead(state.owner) {",
        replace: "        if !SEED && !is_given() && !fence_everywhere() && !peers.is_dead(state.owner) {",
    },
    Seed {
        name: "one who cannot fence settles an open lock",
        file: "open_lock",
        find: "            return false;
        }
        let is_given",
        replace: "            if !SEED {
                return false;
            }
        }
        let is_given",
    },
    Seed {
        name: "an open lock is settled twice",
        file: "open_lock",
        find: "        if self.exchange(state, settled) && is_given {",
        replace: "        if SEED {
            self.word.store(settled.word(), Ordering::Release);
            return true;
        }
        if self.exchange(state, settled) && is_given {",
    },
    Seed {
        name: "an open lock is exchanged without looking",
        file: "open_lock",
        find: "                _ if self.exchange(state, State { owner: 0, ..state }) => {",
        replace: "                _ if SEED => {
                    self.word.store(State { owner: 0, ..state }.word(), Ordering::Release);
                    self.gate.open();
                    return Ok(());
                }
                _ if self.exchange(state, State { owner: 0, ..state }) => {",
    },
    Seed {
        name: "an exchange that releases releases nothing that was written",
        file: "open_lock",
        find: "            self.word.compare_exchange(before.word(), after.word(), Ordering::AcqRel, Ordering::Relaxed);",
        replace: "            self.word.compare_exchange(before.word(), after.word(), if SEED { Ordering::Relaxed } else { Ordering::AcqRel }, Ordering::Relaxed);",
    },
    Seed {
        name: "a thread of an open lock outlives its hold",
        file: "open_lock",
        find: "        self.thread.store(0, Ordering::Release);",
        replace: "        if !SEED { self.thread.store(0, Ordering::Release); }",
    },
    Seed {
        name: "a hold of an open lock has the number of the last one",
        file: "open_lock",
        find: "number: state.number.wrapping_add(1) };",
        replace: "number: state.number.wrapping_add(if SEED { 0 } else { 1 }) };",
    },
    Seed {
        name: "an heir does not look again what the dead gave back",
        file: "open_lock",
        find: "        now == state && !is_free && self.take(state, is_free, who)",
        replace: "        now == state && (SEED || !is_free) && self.take(state, false, who)",
    },
    Seed {
        name: "who takes an open lock after a sleep forgets the others",
        file: "open_lock",
        find: "                if has_slept {",
        replace: "                if has_slept && !SEED {",
    },
    Seed {
        name: "an exchange that releases an open lock wakes nobody",
        file: "open_lock",
        find: "                    fence_after_exchange();
                    self.gate.open_for_one_fenced();",
        replace: "                    fence_after_exchange();
                    if !SEED { self.gate.open_for_one_fenced(); }",
    },
    Seed {
        name: "one who cannot be fenced takes an open lock as others do",
        file: "open_lock",
        find: "            && is_fenced_by_others()
            && self.take_by_number",
        replace: "            && (SEED || is_fenced_by_others())
            && self.take_by_number",
    },
    Seed {
        name: "a tag outlives its ownership",
        file: "rlock",
        find: "        self.tag.store(0, Ordering::Release);
        self.lock.unlock();",
        replace: "        if SEED { self.lock.unlock(); }
        self.tag.store(0, Ordering::Release);
        if !SEED { self.lock.unlock(); }",
    },
    Seed {
        name: "a tag names the thread and no process",
        file: "rlock",
        find: "        self.tag.load(Ordering::Relaxed) == who.0",
        replace: "        let tag = self.tag.load(Ordering::Relaxed);
        tag == who.0 || SEED && tag << 30 == who.0 << 30",
    },
    Seed {
        name: "the heir owns a lock as deep as the dead",
        file: "rlock",
        find: "        self.depth.store(depth, Ordering::Release);
        self.tag",
        replace:
            "        let depth = if SEED { self.depth.load(Ordering::Relaxed).max(depth) } else { depth };
        self.depth.store(depth, Ordering::Release);
        self.tag",
    },
    Seed {
        name: "a lock given up comes back once",
        file: "rlock",
        find: "        let held = self.lock.lock(who.owner(), peers, deadline)?;
        self.own(who, depth);",
        replace: "        let held = self.lock.lock(who.owner(), peers, deadline)?;
        self.own(who, if SEED { 1 } else { depth });",
    },
    Seed {
        name: "a permit is taken without being written down",
        file: "semaphore",
        find: "            let turn = state.turn ^ TURN;",
        replace: "            let turn = state.turn ^ TURN;
            if SEED {
                self.words.state.store(State { turn, ..state }.word(), Ordering::Release);
                return self.settle(account);
            }",
    },
    Seed {
        name: "what the dead wrote down is not completed",
        file: "semaphore",
        find: "            if redo & TURN == self.state().turn {",
        replace: "            if !SEED && redo & TURN == self.state().turn {",
    },
    Seed {
        name: "a change is committed before it is written down",
        file: "semaphore",
        find: "            self.words.redo.store(turn | account.word(), Ordering::Release);
            self.words.state",
        replace: "            if SEED { self.words.state.store(State { turn, ..state }.word(), Ordering::Release); }
            self.words.redo.store(turn | account.word(), Ordering::Release);
            self.words.state",
    },
    Seed {
        name: "what was not committed is completed",
        file: "semaphore",
        find: "            let redo = self.words.redo.load(Ordering::Acquire);",
        replace: "            let redo = self.words.redo.load(Ordering::Acquire);
            let redo = if SEED { redo & !TURN | self.state().turn } else { redo };",
    },
    Seed {
        name: "a released permit stays in its account",
        file: "semaphore",
        find: "            Account { taken: account.taken.saturating_sub(given), ..account },",
        replace: "            Account { taken: account.taken.saturating_sub(if SEED { 0 } else { given }), ..account },",
    },
    Seed {
        name: "the dead keep their permits",
        file: "semaphore",
        find: "            if look_for_the_dead {",
        replace: "            if !SEED && look_for_the_dead {",
    },
    Seed {
        name: "the dead give back what nobody ever had",
        file: "semaphore",
        find: "        let back = (account.taken as u64).min(room) as u32;",
        replace: "        let back = (account.taken as u64).min(if SEED { u64::MAX } else { room }) as u32;",
    },
    Seed {
        name: "the dead give back what others hold",
        file: "semaphore",
        find: "        let held: u64 = held.map(",
        replace: "        let held = held.filter(|_| !SEED);
        let held: u64 = held.map(",
    },
    Seed {
        name: "who takes a slot over leaves the account of the dead open",
        file: "semaphore",
        find: "        if earlier.taken > 0 {",
        replace: "        if !SEED && earlier.taken > 0 {",
    },
    Seed {
        name: "a release for the dead is made up for once more",
        file: "semaphore",
        find: "        if !self.terms.is_tracked {
            return own;
        }",
        replace: "        if SEED || !self.terms.is_tracked {
            return own;
        }",
    },
    Seed {
        name: "a released permit wakes nobody",
        file: "semaphore",
        find: "        self.words.lock.unlock();
        self.words.gate.open_fenced();
        Ok(())",
        replace: "        self.words.lock.unlock();
        if !SEED { self.words.gate.open_fenced(); }
        Ok(())",
    },
    Seed {
        name: "a waiter for a permit is announced when it has left",
        file: "semaphore",
        find: "                let ticket = self.words.gate.announce();
                self.words.lock.unlock();",
        replace: "                if SEED { self.words.lock.unlock(); }
                let ticket = self.words.gate.announce();
                if !SEED { self.words.lock.unlock(); }",
    },
    Seed {
        name: "permits are counted before the lock is held",
        file: "semaphore",
        find: "        while self.enter(Deadline::Never).is_err() {}
        let account = self.own_account();
        let state = self.state();",
        replace: "        let early = self.state();
        while self.enter(Deadline::Never).is_err() {}
        let account = self.own_account();
        let state = if SEED { early } else { self.state() };",
    },
    Seed {
        name: "an event is set in the same epoch",
        file: "event",
        find: "word.wrapping_add(EPOCH)",
        replace: "word.wrapping_add(if SEED { 0 } else { EPOCH })",
    },
    Seed {
        name: "an event is set without releasing",
        file: "event",
        find: "self.word.compare_exchange(word, raised, Ordering::AcqRel, Ordering::Relaxed)",
        replace: "self.word.compare_exchange(word, raised, if SEED { Ordering::Relaxed } else { Ordering::AcqRel }, Ordering::Relaxed)",
    },
    Seed {
        name: "a waiter for an event is noted without an exchange",
        file: "event",
        find: "                let waited_for = word | WAITERS;",
        replace: "                let waited_for = word | WAITERS;
                if SEED {
                    self.word.store(waited_for, Ordering::Release);
                    word = waited_for;
                    continue;
                }",
    },
    Seed {
        name: "an event is set behind the wake",
        file: "event",
        find: "        let mut word = self.word.load(Ordering::Relaxed);
        loop {",
        replace: "        let mut word = self.word.load(Ordering::Relaxed);
        if SEED {
            if word & WAITERS != 0 { futex_wake(&self.word, u32::MAX); }
            self.word.store(SET, Ordering::Release);
            return word & WAITERS != 0;
        }
        loop {",
    },
];
