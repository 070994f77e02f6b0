//! What the objects are that this process knows by their names.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use procession_contract::{Answer, LockChoice, ObjectKind, Outcome, Registered, Value};

static KINDS: Mutex<BTreeMap<String, ObjectKind>> = Mutex::new(BTreeMap::new());

fn kinds() -> MutexGuard<'static, BTreeMap<String, ObjectKind>> {
    KINDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on this name stands for an object of this kind.
pub fn note(name: &str, kind: &ObjectKind) {
    kinds().insert(name.to_owned(), kind.clone());
}

/// From now on this name stands for something else.
pub fn forget(name: &str) {
    kinds().remove(name);
}

/// What this name stands for.
pub fn of(name: &str) -> Option<ObjectKind> {
    kinds().get(name).cloned()
}

/// Whether any object is of such a kind.
pub fn any(wanted: fn(&ObjectKind) -> bool) -> bool {
    kinds().values().any(wanted)
}

/// Whether the name stands for a managed object of such a kind.
pub fn is_managed(name: &str, wanted: fn(&ObjectKind) -> bool) -> bool {
    matches!(kinds().get(name), Some(ObjectKind::Managed { of, .. }) if wanted(of))
}

/// Whether the name stands for a managed object of any kind.
pub fn is_proxy(name: &str) -> bool {
    is_managed(name, |_| true)
}

/// Whether the name stands for a managed list.
pub fn is_list(name: &str) -> bool {
    is_managed(name, |kind| matches!(kind, ObjectKind::List { .. }))
}

/// Whether the name stands for a managed dictionary.
pub fn is_dict(name: &str) -> bool {
    is_managed(name, |kind| matches!(kind, ObjectKind::Dict { .. }))
}

/// Whether the name stands for a namespace.
pub fn is_namespace(name: &str) -> bool {
    is_managed(name, |kind| matches!(kind, ObjectKind::Namespace { .. }))
}

/// The lock of a value: the name of the object that it is a part of or was given as, and its kind. What
/// `get_lock` returns is the lock that a value was given, or a recursive one, and has the defect of those.
pub fn lock_of(value: &str) -> (String, ObjectKind) {
    let kinds = kinds();
    let given = match kinds.get(value) {
        Some(
            ObjectKind::Value { lock: LockChoice::Given(given), .. }
            | ObjectKind::Array { lock: LockChoice::Given(given), .. }
            | ObjectKind::Record { lock: LockChoice::Given(given), .. },
        ) => kinds.get(given).map(|kind| (given.clone(), kind.clone())),
        _ => None,
    };
    given.unwrap_or_else(|| (value.to_owned(), ObjectKind::Rlock))
}

/// What an answer reports, if that is a proxy: a managed object of this kind. Of what it holds, of its bounds
/// and of its manager the answer says nothing.
pub fn reported(answer: &Answer) -> Option<ObjectKind> {
    let registered = [
        Registered::Counter,
        Registered::SharedCounter,
        Registered::Reserved,
        Registered::Maker,
        Registered::Stored,
    ];
    let plain = [
        ObjectKind::List { initial: None },
        ObjectKind::Dict { initial: None },
        ObjectKind::Namespace { initial: Vec::new() },
        ObjectKind::Queue { maxsize: 0 },
        ObjectKind::JoinableQueue { maxsize: 0 },
        ObjectKind::Lock,
        ObjectKind::Rlock,
        ObjectKind::Semaphore { value: None },
        ObjectKind::BoundedSemaphore { value: None },
        ObjectKind::Condition { lock: None },
        ObjectKind::Event,
    ];
    let named = plain
        .into_iter()
        .map(|kind| (kind.name(), kind))
        .chain(registered.map(|of| (of.name(), ObjectKind::Registered { of, args: Vec::new() })));
    let is_it = |name: &str| answer.aux == Value::Object(name.to_owned()).fingerprint();
    let (_, of) = named.into_iter().find(|(name, _)| answer.outcome == Outcome::Ok && is_it(name))?;
    Some(ObjectKind::Managed { manager: String::new(), of: Box::new(of) })
}
