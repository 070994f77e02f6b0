//! The table of a server's objects: who refers to each, and when it goes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use procession_wire::Node;

use super::holders::Holders;
use super::peer::{Departed, Peer, Peers};
use super::tokens::tokens_in;
use super::{Bell, Call, Fault, Given, Referent, Whole};
use crate::python::{Raise, Work};

/// An object with its name.
///
/// It lives as long as an `Arc` of it: one is in the table while clients have references, one in every stored
/// value that names it, one in every session whose last reply named it.
pub struct Object {
    /// Its name, which no other object of this server ever had or will have.
    pub ident: Box<str>,
    /// The name of its type, under which clients find the class of its proxies.
    pub typeid: Box<str>,
    /// The object itself.
    pub referent: Arc<dyn Referent>,
    /// What it took when that was looked at last.
    size: AtomicUsize,
    table: Weak<Table>,
}

/// The objects of a server. Cloning shares them.
#[derive(Clone)]
pub struct Objects(Arc<Table>);

struct Table {
    state: Mutex<State>,
    peers: Peers,
    /// How many objects there may be.
    most: usize,
    /// What all objects take together, when each was looked at last.
    bytes: AtomicUsize,
}

struct State {
    entries: HashMap<Box<str>, Entry>,
    /// The names of what is in `entries`, by the address of the referent.
    named: HashMap<usize, Box<str>>,
    next: u64,
}

struct Entry {
    object: Weak<Object>,
    /// Held while `holders` has any.
    kept: Option<Arc<Object>>,
    /// References of clients.
    holders: Holders,
}

/// The table holds as many objects as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFull {
    /// So many.
    pub most: usize,
}

impl std::fmt::Display for TableFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the server holds {} objects, and allows no more", self.most)
    }
}

impl std::error::Error for TableFull {}

/// No object of this name is there, or is there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownObject;

impl Objects {
    /// No objects, of which there may be so many. `news` is rung when a process is to be watched that was not
    /// before.
    ///
    /// # Errors
    /// The system's, where it gives no random bytes.
    pub fn new(most: usize, news: Bell) -> Result<Objects, getrandom::Error> {
        let mut start = [0; 8];
        getrandom::fill(&mut start)?;
        // As long as CPython's names, and behind whatever could be guessed. Sixteen apart, like addresses.
        let next = 0x7000_0000_0000 | (u64::from_le_bytes(start) & 0x07ff_ffff_fff0);
        let state = State { entries: HashMap::new(), named: HashMap::new(), next };
        let (peers, bytes) = (Peers::watched(news), AtomicUsize::new(0));
        Ok(Objects(Arc::new(Table { state: Mutex::new(state), peers, most, bytes })))
    }

    /// A new object with one reference of this process, or one more reference where the table has this very
    /// referent already: then its name, and its first type, are what they were.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn create(
        &self,
        typeid: &str,
        referent: Arc<dyn Referent>,
        peer: Option<&Arc<Peer>>,
    ) -> Result<Arc<Object>, TableFull> {
        let mut state = self.0.lock();
        let address = address_of(&referent);
        if let Some(ident) = state.named.get(&address).cloned()
            && let Some(entry) = state.entries.get_mut(&ident)
            && let Some(object) = entry.object.upgrade()
        {
            entry.holders.add(peer);
            entry.kept = Some(object.clone());
            drop(state);
            self.forget_if_ended(peer);
            return Ok(object);
        }
        if state.entries.len() >= self.0.most {
            return Err(TableFull { most: self.0.most });
        }
        let ident: Box<str> = format!("{:x}", state.next).into();
        state.next += 16;
        let object = Arc::new(Object {
            ident: ident.clone(),
            typeid: typeid.into(),
            referent,
            size: AtomicUsize::new(0),
            table: Arc::downgrade(&self.0),
        });
        let mut holders = Holders::default();
        holders.add(peer);
        let entry = Entry { object: Arc::downgrade(&object), kept: Some(object.clone()), holders };
        state.named.insert(address, ident.clone());
        state.entries.insert(ident, entry);
        drop(state);
        self.forget_if_ended(peer);
        Ok(object)
    }

    /// The object of this name, whoever holds it.
    pub fn find(&self, ident: &str) -> Option<Arc<Object>> {
        self.0.lock().entries.get(ident)?.object.upgrade()
    }

    /// One more reference of this process, also to an object that only values hold.
    ///
    /// # Errors
    /// [`UnknownObject`].
    pub fn incref(&self, ident: &str, peer: Option<&Arc<Peer>>) -> Result<(), UnknownObject> {
        let mut state = self.0.lock();
        let entry = state.entries.get_mut(ident).ok_or(UnknownObject)?;
        // Where it cannot be had any more it is just being dropped.
        let object = entry.object.upgrade().ok_or(UnknownObject)?;
        entry.holders.add(peer);
        entry.kept = Some(object);
        drop(state);
        self.forget_if_ended(peer);
        Ok(())
    }

    /// One reference less; nothing where clients have none and values hold the object.
    ///
    /// # Errors
    /// [`UnknownObject`].
    pub fn decref(&self, ident: &str, peer: Option<&Arc<Peer>>) -> Result<(), UnknownObject> {
        let mut state = self.0.lock();
        let entry = state.entries.get_mut(ident).ok_or(UnknownObject)?;
        entry.holders.take(peer);
        let freed = entry.let_go();
        drop(state);
        // Outside the lock: with it the object may go, and with that others.
        drop(freed);
        Ok(())
    }

    /// The process at the other end of this connection, where the kernel knows it; it is watched from now on.
    ///
    /// # Errors
    /// [`Departed`].
    pub fn peer(&self, stream: BorrowedFd<'_>) -> Result<Option<Arc<Peer>>, Departed> {
        self.0.peers.at(stream)
    }

    /// The processes that have or had references and were alive when that was looked at last.
    pub(super) fn peers(&self) -> Vec<Arc<Peer>> {
        self.0.peers.all()
    }

    /// Takes back the references of processes that have ended.
    pub fn collect(&self) {
        for peer in self.0.peers.all().iter().filter(|peer| peer.has_ended()) {
            self.forget(peer);
        }
    }

    /// Takes back what a process was just given that has ended meanwhile, and is perhaps not watched any more.
    fn forget_if_ended(&self, peer: Option<&Arc<Peer>>) {
        if let Some(peer) = peer.filter(|peer| peer.has_ended()) {
            self.forget(peer);
        }
    }

    fn forget(&self, peer: &Arc<Peer>) {
        let mut state = self.0.lock();
        let mut freed = Vec::new();
        for entry in state.entries.values_mut() {
            entry.holders.forget(peer);
            freed.extend(entry.let_go());
        }
        drop(state);
        drop(freed);
        self.0.peers.remove(peer);
    }

    /// How many objects clients have references to.
    pub fn number(&self) -> usize {
        self.0.lock().entries.values().filter(|entry| entry.kept.is_some()).count()
    }

    /// Every object to which clients have references, with how many these are, by name.
    pub fn referred_to(&self) -> Vec<(Arc<Object>, u64)> {
        let state = self.0.lock();
        let entries = state.entries.values();
        let mut found: Vec<_> =
            entries.filter_map(|entry| Some((entry.kept.clone()?, entry.holders.total()))).collect();
        drop(state);
        found.sort_by(|(one, _), (other, _)| one.ident.cmp(&other.ident));
        found
    }

    /// Every object of this server of which a proxy or token is in the value, each once.
    pub fn named_in(&self, node: Node<'_>) -> Vec<Arc<Object>> {
        let tokens = tokens_in(node);
        let mut objects: Vec<_> =
            tokens.into_iter().filter_map(|token| self.find(token.ident.to_str()?)).collect();
        objects.sort_by_key(|object| Arc::as_ptr(object) as usize);
        objects.dedup_by(|one, other| Arc::ptr_eq(one, other));
        objects
    }

    /// What all objects take together, about, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Looks at how large the object is by now.
    pub(super) fn measure(&self, object: &Object) {
        let size = object.referent.size();
        let before = object.size.swap(size, Ordering::Relaxed);
        // Two sessions may come here with one object at once: the differences add up to the last of them.
        self.0.bytes.fetch_add(size.wrapping_sub(before), Ordering::Relaxed);
    }
}

impl Object {
    /// What it took when that was looked at last, in bytes.
    pub(super) fn measured(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }
}

impl Entry {
    /// The table's own reference, where clients have none any more: to be dropped outside the lock.
    fn let_go(&mut self) -> Option<Arc<Object>> {
        if self.holders.total() == 0 { self.kept.take() } else { None }
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn address_of(referent: &Arc<dyn Referent>) -> usize {
    Arc::as_ptr(referent).cast::<()>() as usize
}

thread_local! {
    /// Referents that are to be dropped on this thread when the one that is being dropped is gone; none while
    /// nothing is being dropped.
    static DOOMED: RefCell<Option<Vec<Arc<dyn Referent>>>> = const { RefCell::new(None) };
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(table) = self.table.upgrade() {
            let mut state = table.lock();
            let entry = state.entries.remove(&self.ident);
            let address = address_of(&self.referent);
            if state.named.get(&address).is_some_and(|ident| *ident == self.ident) {
                state.named.remove(&address);
            }
            drop(state);
            drop(entry);
            table.bytes.fetch_sub(self.size.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        // A list may hold the last reference to a list that holds the last one to a list, and so on: each is
        // dropped when the one before is gone, so that the stack stays flat.
        let referent = std::mem::replace(&mut self.referent, Arc::new(Gone));
        let mut left = Some(referent);
        let is_first = DOOMED.try_with(|doomed| {
            let mut doomed = doomed.borrow_mut();
            let is_first = doomed.is_none();
            doomed.get_or_insert_default().extend(left.take());
            is_first
        });
        if is_first == Ok(true) {
            while let Some(next) = next_doomed() {
                // One whose destructor panics must not keep the others.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(next)));
            }
        }
    }
}

fn next_doomed() -> Option<Arc<dyn Referent>> {
    DOOMED.with(|doomed| {
        let mut doomed = doomed.borrow_mut();
        let next = doomed.as_mut().and_then(Vec::pop);
        if next.is_none() {
            *doomed = None;
        }
        next
    })
}

/// What stands in the place of a referent that was taken out.
struct Gone;

impl Referent for Gone {
    fn exposed(&self) -> &[&'static str] {
        &[]
    }

    fn call(&self, _call: &mut Call<'_>) -> Result<Given, Fault> {
        Err(Fault::Failed("the object is gone".into()))
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("the object is gone")
    }

    fn repr(&self, _most: usize, _work: &mut Work) -> Result<String, Raise> {
        Ok("<gone>".into())
    }

    fn size(&self) -> usize {
        0
    }
}
