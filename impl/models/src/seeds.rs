//! Seeds: defects put into the text of the algorithms, each behind a switch of its own.
//!
//! The build script writes a second copy of the reference's source with all of them in it; `SEED`
//! stands for the question whether this one is on. The first copy is the source itself.

/// One defect, as a change of text.
pub struct Seed {
    /// What is wrong.
    pub name: &'static str,
    /// The file, below `sync`.
    pub file: &'static str,
    /// What is there, exactly once.
    pub find: &'static str,
    /// What stands there instead.
    pub replace: &'static str,
}

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
    Seed {
        name: "a waiter gives the lock up before it queues",
        file: "condition",
        find: "        let node = self.enqueue()?;
        let Some(depth) = lock.release_fully() else {",
        replace: "        let early = if SEED { lock.release_fully() } else { None };
        let node = self.enqueue()?;
        let Some(depth) = early.or_else(|| lock.release_fully()) else {",
    },
    Seed {
        name: "the notifications of the dead are not looked for",
        file: "condition",
        find: "                self.look_after_the_dead();",
        replace: "                if !SEED { self.look_after_the_dead(); }",
    },
    Seed {
        name: "a node is freed before the lock is back",
        file: "condition",
        find: "            Slept::Enough => lock.reacquire(depth),",
        replace: "            Slept::Enough if SEED => {
                let notified = self.leave(node);
                return Ok(Waited { held: lock.reacquire(depth), notified });
            }
            Slept::Enough => lock.reacquire(depth),",
    },
    Seed {
        name: "a late waiter leaves its node behind",
        file: "condition",
        find: "        state.store(FREE, Ordering::Release);
        self.words.lock.unlock();
        notified",
        replace: "        if !SEED || notified { state.store(FREE, Ordering::Release); }
        self.words.lock.unlock();
        notified",
    },
    Seed {
        name: "a notification of the dead is dropped",
        file: "condition",
        find: "match self.oldest_alive(self.nodes[dead].limit.load(Ordering::Relaxed)) {",
        replace: "match if SEED { None } else { self.oldest_alive(self.nodes[dead].limit.load(Ordering::Relaxed)) } {",
    },
    Seed {
        name: "the notified are not woken",
        file: "condition",
        find: "            futex_wake(&self.nodes[node].state, 1);",
        replace: "            if !SEED { futex_wake(&self.nodes[node].state, 1); }",
    },
    Seed {
        name: "nobody takes the lock from the dead",
        file: "condition",
        find: "                if lock.take_from_dead(depth) {",
        replace: "                if !SEED && lock.take_from_dead(depth) {",
    },
    Seed {
        name: "two take the lock from the dead",
        file: "raw_lock",
        find: "        let mine = me | word & WAITERS;
        is_left &&",
        replace: "        let mine = me | word & WAITERS;
        if SEED && is_left {
            self.word.store(mine, Ordering::Release);
            return true;
        }
        is_left &&",
    },
    Seed {
        name: "a heir need not have waited in time",
        file: "condition",
        find: "ticket < limit;",
        replace: "(SEED || ticket < limit);",
    },
    Seed {
        name: "a notification is handed on without a commit",
        file: "condition",
        find: "                        self.words.handing.store(handing, Ordering::Release);",
        replace: "                        if !SEED { self.words.handing.store(handing, Ordering::Release); }",
    },
    Seed {
        name: "a notification half handed on is not completed",
        file: "condition",
        find: "            if handing != 0 {",
        replace: "            if handing != 0 && !SEED {",
    },
    Seed {
        name: "the youngest is woken",
        file: "condition",
        find: ".filter_map(waiting).min()?;",
        replace: ".filter_map(waiting).reduce(|one, other| if SEED { one.max(other) } else { one.min(other) })?;",
    },
    Seed {
        name: "one more is woken than may be",
        file: "condition",
        find: "        while notified < most",
        replace: "        while notified < most.saturating_add(u32::from(SEED))",
    },
    Seed {
        name: "any wake ends a wait",
        file: "condition",
        find: "            if futex_wait(state, WAITING, deadline, GATE_SLICE_NS) == Woken::Tick {",
        replace: "            let woken = futex_wait(state, WAITING, deadline, GATE_SLICE_NS);
            if SEED && woken == Woken::Perhaps { break; }
            if woken == Woken::Tick {",
    },
    Seed {
        name: "dead parties are ignored",
        file: "barrier",
        find: "        if died && !turn.is_broken() {",
        replace: "        if !SEED && died && !turn.is_broken() {",
    },
    Seed {
        name: "the last to arrive overlooks the dead",
        file: "barrier",
        find: "        if is_last && self.used()",
        replace: "        if !SEED && is_last && self.used()",
    },
    Seed {
        name: "a party is counted after the lock is free",
        file: "barrier",
        find: "        self.set_turn(Turn(turn.0 + 1));
        self.words.lock.unlock();",
        replace: "        if SEED { self.words.lock.unlock(); }
        self.set_turn(Turn(turn.0 + 1));
        if !SEED { self.words.lock.unlock(); }",
    },
    Seed {
        name: "the heir of one who arrived goes on as if nothing were",
        file: "barrier",
        find: "            let turn = self.turn();
            if !turn.is_broken() {
                self.set_turn",
        replace: "            let turn = self.turn();
            if !SEED && !turn.is_broken() {
                self.set_turn",
    },
    Seed {
        name: "those who wait are not told of a reset",
        file: "barrier",
        find: "                node.store(value | RESET, Ordering::Release);",
        replace: "                if !SEED { node.store(value | RESET, Ordering::Release); }",
    },
    Seed {
        name: "the round ends before its action",
        file: "barrier",
        find: "        let outcome = action();",
        replace: "        if SEED {
            self.enter();
            self.set_turn(self.turn().next());
            self.words.lock.unlock();
            self.words.gate.open();
        }
        let outcome = action();",
    },
    Seed {
        name: "an action that fails breaks nothing",
        file: "barrier",
        find: "            Err(error) if is_round => {
                self.break_and_leave_lock(turn);",
        replace: "            Err(error) if is_round => {
                self.break_and_leave_lock(if SEED { turn.next() } else { turn });",
    },
    Seed {
        name: "a late party breaks nothing",
        file: "barrier",
        find: "                    self.break_and_leave_lock(turn);
                    return Err(NotPassed::TimedOut);",
        replace: "                    if SEED { self.words.lock.unlock(); } else { self.break_and_leave_lock(turn); }
                    return Err(NotPassed::TimedOut);",
    },
    Seed {
        name: "the last to arrive wakes nobody",
        file: "barrier",
        find: "                self.words.gate.open();
                return Ok(index);",
        replace: "                if !SEED { self.words.gate.open(); }
                return Ok(index);",
    },
    Seed {
        name: "a node of the present round is freed without the lock",
        file: "barrier",
        find: "            self.enter();
            self.nodes[node].store(0, Ordering::Release);
            self.words.lock.unlock();
            return Err(NotPassed::Broken);",
        replace: "            if !SEED { self.enter(); }
            self.nodes[node].store(0, Ordering::Release);
            if !SEED { self.words.lock.unlock(); }
            return Err(NotPassed::Broken);",
    },
    Seed {
        name: "a party takes part in a round that is complete",
        file: "barrier",
        find: "            if turn.arrived() < self.parties {",
        replace: "            if SEED || turn.arrived() < self.parties {",
    },
    Seed {
        name: "a lock is released without an exchange",
        file: "raw_lock",
        find: "        // An exchange, not a store: of two releases of one acquisition, the second is an error.",
        replace: "        if SEED && word & !WAITERS != 0 {
            self.word.store(0, Ordering::Release);
            self.wake_one_of(word);
            return Ok(());
        }
        // An exchange, not a store:",
    },
    Seed {
        name: "a release does not release what was written",
        file: "raw_lock",
        find: "        while word & !WAITERS != 0 {
            match self.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed) {",
        replace: "        while word & !WAITERS != 0 {
            match self.word.compare_exchange(word, 0, if SEED { Ordering::Relaxed } else { Ordering::Release }, Ordering::Relaxed) {",
    },
    Seed {
        name: "two take a lock at once from one who is dead",
        file: "raw_lock",
        find: "            // Others may sleep still. Only one of several who found the owner dead succeeds.",
        replace: "            if SEED && held == Held::Inherited {
                self.word.store(me | (word & WAITERS), Ordering::Release);
                return Ok(held);
            }",
    },
    Seed {
        name: "a brief lock is freed behind the look at its gate",
        file: "brief_lock",
        find: "        self.word.store(0, Ordering::Release);
        fence_if_alone();
        self.gate.open_fenced();",
        replace: "        if SEED {
            fence_if_alone();
            self.gate.open_fenced();
        }
        self.word.store(0, Ordering::Release);
        if !SEED {
            fence_if_alone();
            self.gate.open_fenced();
        }",
    },
    Seed {
        name: "who waits for a brief lock does not look again",
        file: "brief_lock",
        find: "            if self.word.load(Ordering::Relaxed) & OWNER == 0 {
                continue;
            }",
        replace: "            if !SEED && self.word.load(Ordering::Relaxed) & OWNER == 0 {
                continue;
            }",
    },
    Seed {
        name: "two recover for one death in a brief lock",
        file: "brief_lock",
        find: "                // An exchange, not a store:",
        replace: "                if SEED {
                    self.word.store(DIED, Ordering::Release);
                    continue;
                }
                // An exchange, not a store:",
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
        replace: "        let depth = if SEED { self.depth.load(Ordering::Relaxed).max(depth) } else { depth };
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
        find: "            self.words.redo_state.store(COMMITTED | state.word(), Ordering::Release);",
        replace: "            if !SEED { self.words.redo_state.store(COMMITTED | state.word(), Ordering::Release); }",
    },
    Seed {
        name: "what the dead wrote down is not completed",
        file: "semaphore",
        find: "            if redo & COMMITTED != 0 {",
        replace: "            if !SEED && redo & COMMITTED != 0 {",
    },
    Seed {
        name: "what is written down is forgotten too early",
        file: "semaphore",
        find: "        self.words.state.store(state.word(), Ordering::Release);
        let slot",
        replace: "        if SEED { self.words.redo_state.store(0, Ordering::Release); }
        self.words.state.store(state.word(), Ordering::Release);
        let slot",
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
