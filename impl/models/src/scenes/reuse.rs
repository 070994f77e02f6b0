//! Slots that are taken anew: a newcomer in the slot of one who has ended is not taken for him, nor he for the
//! newcomer, while others still act on what he left.

use std::rc::Rc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicU32;

use super::super::barrier::{self, Barrier, NotPassed};
use super::super::condition::{self, Condition, NOTIFIED, Node, Nodes};
use super::super::ends::{self, Slots};
use super::super::open_lock::OpenLock;
use super::super::owner::{self, Places, Shown, owner_word, slot_of, take_over};
use super::super::owner_lock::OwnerLock;
use super::super::raw_lock::{Held, Peers, RawLock};
use super::super::ring;
use super::super::rlock::{NotOwner, RecursiveLock, Tag};
use super::super::semaphore::{Accounts, Permits, Semaphore, Terms};
use super::super::surroundings::{RECEIVING, SENDING};
use super::super::user_lock::UserLock;
use super::super::{A32, A64, Ordering, hook, platform};
use super::{Body, Scene};
use crate::deadline::Deadline;
use crate::plan::Plans::{Death, Early, Plain};

const NEVER: Deadline = Deadline::Never;
/// What ends a wait when nothing else can happen any more.
const AT_LAST: Deadline = Deadline::At(0);

pub const SCENES: &[Scene] = &[
    Scene {
        name: "slot taken anew, of a lock's holder",
        play: || left_by_its_holder::<RawLock>(Others::Newcomer),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "slot taken anew, of an owner's lock's holder",
        play: || left_by_its_holder::<OwnerLock>(Others::Newcomer),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "slot taken anew, of a re-entrant lock's owner",
        play: || left_by_its_holder::<RecursiveLock>(Others::Newcomer),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "slot taken anew, of an open lock's holder",
        play: || left_by_its_holder::<OpenLock>(Others::Newcomer),
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene {
        name: "slot taken anew, while another one waits for a lock",
        play: || left_by_its_holder::<RawLock>(Others::NewcomerAndWaiter),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "slot taken anew, while another one looks at a lock",
        play: || left_by_its_holder::<OwnerLock>(Others::NewcomerAndWaiter),
        plans: &[Plain],
    },
    Scene {
        name: "slot taken anew, of one who has a permit",
        play: permit,
        plans: &[Plain, Death(1), Death(2)],
    },
    Scene { name: "slot taken anew, of a party", play: party, plans: &[Plain, Death(1), Early(1), Death(2)] },
    Scene { name: "slot taken anew, of one who was notified", play: notified, plans: &[Plain, Early(1)] },
    Scene { name: "slot taken anew, of one who showed an end", play: shown, plans: &[Plain, Death(1)] },
];

/// For the night: too large for every day.
pub const DEEP: &[Scene] = &[
    Scene {
        name: "slot taken anew, while another one waits for a lock (deep)",
        play: || left_by_its_holder::<RawLock>(Others::NewcomerAndWaiter),
        plans: &[Death(2), Death(3)],
    },
    Scene {
        name: "slot taken anew, while another one looks at a lock (deep)",
        play: || left_by_its_holder::<OwnerLock>(Others::NewcomerAndWaiter),
        plans: &[Death(1), Death(2), Death(3)],
    },
    Scene {
        name: "slot taken anew, while another one waits for a re-entrant lock (deep)",
        play: || left_by_its_holder::<RecursiveLock>(Others::NewcomerAndWaiter),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "slot taken anew, while another one looks at an open lock (deep)",
        play: || left_by_its_holder::<OpenLock>(Others::NewcomerAndWaiter),
        plans: &[Plain, Death(1)],
    },
    Scene {
        name: "slot taken anew, of one who was notified (deep)",
        play: notified,
        plans: &[Death(1), Death(2)],
    },
];

/// So many slots, and one for who looks when all is over.
const SLOTS: usize = 3;
const OBSERVER: usize = SLOTS;

/// The slots of an object.
struct Registry {
    used: A32,
    slots: [Slot; SLOTS + 1],
}

struct Slot {
    generation: A32,
    ends: A32,
    outstanding: A32,
    /// The process that has it, or 0: what the system knows.
    holder: AtomicU32,
}

impl Registry {
    /// These processes have had the first slots from the beginning; nobody else has had any.
    fn new(members: &[u32]) -> Registry {
        let slot = |number: usize| {
            let holder = members.get(number).copied().unwrap_or(0);
            Slot {
                generation: A32::new(u32::from(holder != 0)),
                ends: A32::new(0),
                outstanding: A32::new(0),
                holder: AtomicU32::new(holder),
            }
        };
        Registry { used: A32::new(members.len() as u32), slots: std::array::from_fn(slot) }
    }

    /// Takes the first slot that nobody has, as the system gives it; the caller's owner word.
    fn enter(&self, ends: u32) -> u32 {
        let is_mine = |number: &usize| {
            let holder = &self.slots[*number].holder;
            hook();
            let before = holder.fetch_or(0, Ordering::AcqRel);
            let is_free = before == 0 || platform::is_dead(before);
            let (mine, failed) = (platform::me(), Ordering::Acquire);
            is_free && holder.compare_exchange(before, mine, Ordering::AcqRel, failed).is_ok()
        };
        let number = (0..SLOTS).find(is_mine).expect("assertion: there is a slot for everybody");
        let Slot { generation, ends: shown, outstanding, .. } = &self.slots[number];
        take_over(number, Shown { generation, ends: shown, outstanding }, ends, &self.used)
    }

    /// The process ends: the system takes its slot back.
    fn leave(&self, owner: u32) {
        self.slots[slot_of(owner)].holder.swap(0, Ordering::AcqRel);
    }
}

impl Places for Registry {
    fn used(&self) -> usize {
        self.used.load(Ordering::Acquire) as usize
    }

    fn generation(&self, slot: usize) -> &A32 {
        &self.slots[slot].generation
    }

    fn is_held(&self, slot: usize) -> bool {
        let holder = self.slots[slot].holder.fetch_or(0, Ordering::AcqRel);
        holder != 0 && !platform::is_dead(holder)
    }
}

impl Peers for Registry {
    fn is_dead(&self, owner: u32) -> bool {
        owner::is_dead(self, owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

/// A lock of any kind.
trait Lock {
    /// The lock, taken by this process.
    fn taken(owner: u32, registry: &Registry) -> Self;

    /// Takes it, without waiting if the caller is in a `hurry` and the lock has a way for that.
    fn take(&self, owner: u32, registry: &Registry, hurry: bool) -> Option<Held>;

    /// Gives it back.
    fn give_back(&self, owner: u32, registry: &Registry);
}

impl Lock for RawLock {
    fn taken(owner: u32, registry: &Registry) -> RawLock {
        let lock = RawLock::new();
        assert_eq!(lock.take(owner, registry, false), Some(Held::Clean));
        lock
    }

    fn take(&self, owner: u32, registry: &Registry, _hurry: bool) -> Option<Held> {
        self.lock(owner, registry, NEVER).ok()
    }

    fn give_back(&self, _owner: u32, _registry: &Registry) {
        self.unlock();
    }
}

impl Lock for OwnerLock {
    fn taken(owner: u32, registry: &Registry) -> OwnerLock {
        let lock = OwnerLock::new();
        assert_eq!(lock.take(owner, registry, false), Some(Held::Clean));
        lock
    }

    fn take(&self, owner: u32, registry: &Registry, hurry: bool) -> Option<Held> {
        match hurry {
            true => self.lock_now(owner, registry).ok(),
            false => self.lock(owner, registry, NEVER).ok(),
        }
    }

    fn give_back(&self, _owner: u32, _registry: &Registry) {
        self.unlock();
    }
}

impl Lock for OpenLock {
    fn taken(owner: u32, registry: &Registry) -> OpenLock {
        let lock = OpenLock::new();
        assert_eq!(lock.take(owner, registry, false), Some(Held::Clean));
        lock
    }

    fn take(&self, owner: u32, registry: &Registry, hurry: bool) -> Option<Held> {
        let who = only_thread(owner);
        match hurry {
            true => self.lock_now(who, registry).ok(),
            false => self.lock(who, registry, NEVER).ok(),
        }
    }

    fn give_back(&self, owner: u32, registry: &Registry) {
        assert_eq!(self.release(Some(only_thread(owner)), registry), Ok(()), "nobody else releases it");
    }
}

impl Lock for RecursiveLock {
    fn taken(owner: u32, registry: &Registry) -> RecursiveLock {
        let lock = RecursiveLock::new();
        assert_eq!(lock.take(owner, registry, false), Some(Held::Clean));
        lock
    }

    fn take(&self, owner: u32, registry: &Registry, _hurry: bool) -> Option<Held> {
        let who = only_thread(owner);
        assert_eq!(self.release(who), Err(NotOwner), "owned by one who has not acquired it");
        self.acquire(who, registry, NEVER).ok()
    }

    fn give_back(&self, owner: u32, _registry: &Registry) {
        assert_eq!(self.release(only_thread(owner)), Ok(()));
    }
}

/// Threads are numbered alike in every process.
fn only_thread(owner: u32) -> Tag {
    Tag::new(owner, 1)
}

/// Who is there besides the first holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Newcomer,
    NewcomerAndWaiter,
}

/// One has the lock, gives it back and ends. A newcomer, perhaps in its slot, takes the lock; and so does another
/// one, who takes it at once or not at all if it is a lock of which this can be asked.
fn left_by_its_holder<L: Lock + 'static>(others: Others) {
    const FIRST: u32 = owner_word(0, 1);
    const WAITER: u32 = owner_word(1, 1);
    let members = if others == Others::Newcomer { &[1][..] } else { &[1, 3] };
    let registry = Registry::new(members);
    let lock = L::taken(FIRST, &registry);
    let shared = Rc::new((registry, lock, UnsafeCell::new(0)));
    // How it got the lock, and what it is called.
    let body = |part: fn(&Registry, &L) -> (u32, Option<Held>)| {
        let shared = shared.clone();
        Box::new(move || {
            let (registry, lock, inside) = &*shared;
            let (owner, held) = part(registry, lock);
            if held.is_some() {
                // Panics if another process is inside.
                inside.with_mut(|_| hook());
                lock.give_back(owner, registry);
            }
            registry.leave(owner);
            held
        }) as Body<Option<Held>>
    };
    let holder = body(|_, _| (FIRST, Some(Held::Clean)));
    let newcomer = body(|registry, lock| {
        let owner = registry.enter(0);
        (owner, lock.take(owner, registry, false))
    });
    let waiter = body(|registry, lock| (WAITER, lock.take(WAITER, registry, true)));
    let bodies = [holder, newcomer, waiter].into_iter().take(1 + members.len());
    let told = platform::processes(bodies.collect());
    let deaths = told.iter().filter(|told| told.is_none()).count();
    let heirs = told.iter().flatten().filter(|told| **told == Some(Held::Inherited)).count();
    assert!(heirs <= deaths, "{deaths} deaths, {heirs} heirs");
    assert_ne!(told[1], Some(None), "not served");
}

/// A semaphore, and who has taken what.
struct Bank {
    registry: Registry,
    permits: Permits,
    accounts: [A64; SLOTS + 1],
}

impl Bank {
    fn of(&self, me: u32) -> Semaphore<'_, Bank> {
        let terms = Terms { initial: 2, is_bounded: false, is_tracked: true };
        Semaphore { words: &self.permits, terms, accounts: self, me }
    }
}

impl Peers for Bank {
    fn is_dead(&self, owner: u32) -> bool {
        self.registry.is_dead(owner)
    }

    fn spins(&self, _most: u32) -> u32 {
        0
    }
}

impl Accounts for Bank {
    fn used(&self) -> usize {
        Places::used(&self.registry)
    }

    fn slot_of(&self, owner: u32) -> usize {
        slot_of(owner)
    }

    fn account(&self, slot: usize) -> &A64 {
        &self.accounts[slot]
    }
}

/// One takes a permit of two and gives it back; a newcomer, perhaps in its slot, does so, too.
fn permit() {
    let bank = Rc::new(Bank {
        registry: Registry::new(&[1]),
        permits: Permits::new(2),
        accounts: std::array::from_fn(|_| A64::new(0)),
    });
    let body = |is_new: bool| {
        let bank = bank.clone();
        Box::new(move || {
            let owner = if is_new { bank.registry.enter(0) } else { owner_word(0, 1) };
            let restored = bank.of(owner).acquire(NEVER);
            hook();
            assert_eq!(bank.of(owner).release(1), Ok(()));
            bank.registry.leave(owner);
            restored.unwrap_or(0)
        }) as Body<u32>
    };
    let told = platform::processes(vec![body(false), body(true)]);
    let observer = || bank.of(owner_word(OBSERVER, 1)).acquire(Deadline::Now).ok();
    let drained: Vec<u32> = std::iter::from_fn(observer).collect();
    assert_eq!(drained.len(), 2, "permits in the end");
    let restored = told.iter().flatten().sum::<u32>() + drained.iter().sum::<u32>();
    let deaths = told.iter().filter(|told| told.is_none()).count() as u32;
    assert!(restored <= deaths, "{restored} restored of {deaths}");
}

/// One comes to a barrier of two; a newcomer in the slot of one who has died there does not pass with him.
fn party() {
    let shared = Rc::new((
        Registry::new(&[1]),
        barrier::Words::new(),
        std::array::from_fn::<_, 4, _>(|_| A64::new(0)),
    ));
    let body = |is_new: bool| {
        let shared = shared.clone();
        Box::new(move || {
            let (registry, words, nodes) = &*shared;
            let me = if is_new { registry.enter(0) } else { owner_word(0, 1) };
            let barrier = Barrier { words, nodes, parties: 2, may_spin: false, peers: registry, me };
            let passed = barrier.wait(AT_LAST, None::<fn() -> Result<(), ()>>);
            let is_alone = is_new && slot_of(me) == 0;
            assert!(!is_alone || passed.is_err(), "passed together with one who is gone");
            registry.leave(me);
            passed
        }) as Body<Result<u32, NotPassed<()>>>
    };
    let told = platform::processes(vec![body(false), body(true)]);
    let passed = told.iter().flatten().filter(|told| told.is_ok()).count();
    let alive = told.iter().flatten().count();
    assert!(passed == 0 || passed == alive, "some passed, some did not: {told:?}");
}

/// A condition, and its user's lock.
struct Waiters {
    registry: Registry,
    lock: OwnerLock,
    words: condition::Words,
    nodes: [Node; 3],
}

/// The user's lock as one process has it.
struct Mine<'a>(&'a Waiters, u32);

impl UserLock for Mine<'_> {
    fn is_mine(&self) -> bool {
        true
    }

    fn release_fully(&self) -> Option<u32> {
        self.0.lock.unlock();
        Some(1)
    }

    fn reacquire(&self, _depth: u32) -> Held {
        self.0.lock.lock(self.1, &self.0.registry, NEVER).expect("it waits as long as needed")
    }

    fn take_from_dead(&self, _depth: u32) -> bool {
        self.0.lock.take_from_dead(self.1, &self.0.registry)
    }
}

impl Nodes for Registry {
    fn provide(&self, _count: usize) -> bool {
        true
    }
}

/// One was notified and died. A newcomer, in his slot or not, and another one wait, and count as there
/// before: one of them is woken in his place.
fn notified() {
    const DEAD: u32 = 4;
    platform::died_before(DEAD);
    let node = |_| Node { state: A32::new(0), owner: A32::new(0), ticket: A64::new(0), limit: A64::new(0) };
    let waiters = Rc::new(Waiters {
        registry: Registry::new(&[DEAD, 2]),
        lock: OwnerLock::new(),
        words: condition::Words::new(),
        nodes: std::array::from_fn(node),
    });
    waiters.words.used.store(1, Ordering::Relaxed);
    waiters.nodes[0].owner.store(owner_word(0, 1), Ordering::Relaxed);
    waiters.nodes[0].limit.store(100, Ordering::Relaxed);
    waiters.nodes[0].state.store(NOTIFIED, Ordering::Release);
    let body = |is_new: bool| {
        let waiters = waiters.clone();
        Box::new(move || {
            let Waiters { registry, words, nodes, .. } = &*waiters;
            let me = if is_new { registry.enter(0) } else { owner_word(1, 1) };
            let lock = Mine(&waiters, me);
            let _ = lock.reacquire(1);
            let waited = Condition { words, nodes, surroundings: registry, me }.wait(&lock, AT_LAST);
            lock.release_fully();
            registry.leave(me);
            waited.is_ok_and(|waited| waited.notified)
        }) as Body<bool>
    };
    let told = platform::processes(vec![body(true), body(false)]);
    let woken = told.iter().filter(|told| **told == Some(true)).count();
    assert!(woken <= 1, "{woken} woken by one notification");
    if told.iter().all(Option::is_some) {
        assert_eq!(woken, 1, "the notification of the dead is lost");
    }
}

/// One who showed the sending end, and had taken a record, has died. A newcomer in his slot shows another end.
fn shown() {
    const DEAD: u32 = 4;
    platform::died_before(DEAD);
    let shared = Rc::new((Registry::new(&[DEAD]), ring::Words::new(4)));
    shared.0.slots[0].ends.store(SENDING, Ordering::Release);
    shared.0.slots[0].outstanding.store(1, Ordering::Release);
    let body = |ends: u32| {
        let shared = shared.clone();
        Box::new(move || slot_of(shared.0.enter(ends))) as Body<usize>
    };
    let told = platform::processes(vec![body(RECEIVING), body(RECEIVING)]);
    let (registry, words) = &*shared;
    let seldom = &words.seldom.0;
    assert_eq!(ends::holder(registry, SENDING, None, seldom), None, "the newcomer shows the end of the dead");
    let of = |process: usize| (0..SLOTS).find(|slot| Some(*slot) == told[process]);
    let last = of(0).max(of(1));
    let except = of(0).min(of(1)).filter(|_| told.iter().all(Option::is_some));
    assert_eq!(ends::holder(registry, RECEIVING, except, seldom), last, "a newcomer shows nothing");
    let owing = |slot: &Slot| slot.outstanding.load(Ordering::Acquire);
    let held = (0..SLOTS).filter(|slot| Slots::is_held(registry, *slot));
    assert_eq!(
        held.map(|slot| owing(&registry.slots[slot])).sum::<u32>(),
        0,
        "the newcomer owes what the dead did"
    );
}

impl Slots for Registry {
    fn used(&self) -> usize {
        Places::used(self)
    }

    fn shown(&self, slot: usize) -> &A32 {
        &self.slots[slot].ends
    }

    fn is_held(&self, slot: usize) -> bool {
        Places::is_held(self, slot)
    }
}
