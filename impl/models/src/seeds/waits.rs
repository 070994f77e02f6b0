//! Seeds in conditions and barriers.

use super::Seed;

/// All of them.
pub const SEEDS: &[Seed] = &[
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
        name: "who leaves a condition does not look again whether it was notified",
        file: "condition",
        find: "        self.enter();
        let state = &self.nodes[node].state;
        let notified = state.load(Ordering::Relaxed) == NOTIFIED;",
        replace: "        let early = self.nodes[node].state.load(Ordering::Relaxed) == NOTIFIED;
        self.enter();
        let state = &self.nodes[node].state;
        let notified = if SEED { early } else { state.load(Ordering::Relaxed) == NOTIFIED };",
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
        file: "owner_lock",
        find: "        is_left && self.word.compare_exchange",
        replace: "        if SEED && is_left {
            self.word.store(me, Ordering::Release);
            return true;
        }
        is_left && self.word.compare_exchange",
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
        name: "a round never waits for a fourth party",
        file: "barrier",
        find: "        let is_last = index + 1 == self.parties;",
        replace: "        let is_last = index + 1 == self.parties.min(if SEED { 3 } else { u32::MAX });",
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
];
