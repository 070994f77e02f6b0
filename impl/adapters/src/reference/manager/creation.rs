//! Objects in a manager's server: what is asked of the server to create each kind.

use procession_contract::{Answer, LockChoice, ObjectKind, Objects, Outcome};

use super::super::known;
use super::super::managed::{self, ManagedHandle};
use super::super::thing::Thing;
use super::ManagerHandle;

/// Creates an object in the server of the manager of this name.
pub(in super::super) fn create(
    manager: &str,
    of: &ObjectKind,
    existing: &mut Objects,
) -> Result<ManagedHandle, Answer> {
    let handle = existing.get_mut(manager).and_then(|object| object.as_any().downcast_ref::<ManagerHandle>());
    let Some(handle) = handle.cloned() else {
        return Err(Answer::error(Outcome::BadType, format!("`{manager}` is no manager")));
    };
    let asked = asked(of, existing)?;
    let arguments = managed::wired(&asked.arguments)?;
    let named = asked.named.iter().map(|(name, value)| Ok((name.clone(), managed::wired_one(value)?)));
    let named = named.collect::<Result<Vec<_>, Answer>>()?;
    let created = handle.remote()?.create(asked.typeid, &arguments, named);
    created.map(ManagedHandle::new).map_err(managed::refused)
}

/// What a creation consists of.
struct Asked {
    typeid: &'static str,
    arguments: Vec<Thing>,
    named: Vec<(String, Thing)>,
}

fn asked(of: &ObjectKind, existing: &mut Objects) -> Result<Asked, Answer> {
    let scalar = |value: &procession_contract::Scalar| Thing::Scalar(value.value());
    let mut named = Vec::new();
    let (typeid, arguments) = match of {
        ObjectKind::Queue { maxsize } => ("Queue", vec![Thing::int(*maxsize)]),
        ObjectKind::JoinableQueue { maxsize } => ("JoinableQueue", vec![Thing::int(*maxsize)]),
        ObjectKind::Lock => ("Lock", Vec::new()),
        ObjectKind::Rlock => ("RLock", Vec::new()),
        ObjectKind::Semaphore { value } => ("Semaphore", value.iter().map(scalar).collect()),
        ObjectKind::BoundedSemaphore { value } => ("BoundedSemaphore", value.iter().map(scalar).collect()),
        ObjectKind::Condition { lock: None } => ("Condition", Vec::new()),
        ObjectKind::Condition { lock: Some(lock) } => ("Condition", vec![known::thing(lock, existing)?]),
        ObjectKind::Event => ("Event", Vec::new()),
        ObjectKind::Barrier { action: Some(_), .. } => {
            let text = "a server does nothing of a client's own when a barrier opens";
            return Err(Answer::error(Outcome::Unsupported, text));
        }
        ObjectKind::Barrier { parties, timeout_ms, action: None } => {
            if timeout_ms.is_some() {
                named.push(("timeout".into(), managed::seconds(*timeout_ms)));
            }
            ("Barrier", vec![Thing::int(*parties)])
        }
        ObjectKind::Value { code, initial, lock: LockChoice::Unsaid } => {
            let initial = initial.as_ref().map_or(Thing::int(0), scalar);
            ("Value", vec![Thing::text(code), initial])
        }
        ObjectKind::Array { code, length, initial, lock: LockChoice::Unsaid } => {
            let elements = match initial {
                Some(initial) => initial.iter().map(scalar).collect(),
                None => vec![Thing::int(0); usize::try_from(length.unwrap_or(0)).unwrap_or(0)],
            };
            ("Array", vec![Thing::text(code), Thing::list(elements)])
        }
        ObjectKind::List { initial } => ("list", known::things(initial.as_slice(), existing)?),
        ObjectKind::Dict { initial } => ("dict", known::things(initial.as_slice(), existing)?),
        ObjectKind::Namespace { initial } => {
            for (name, value) in initial {
                let value = known::things(std::slice::from_ref(value), existing)?.remove(0);
                named.push((name.clone(), value));
            }
            ("Namespace", Vec::new())
        }
        ObjectKind::Registered { of, args } => (of.name(), known::things(args, existing)?),
        other => {
            let text = format!("no manager serves a {}", other.name());
            return Err(Answer::error(Outcome::Unsupported, text));
        }
    };
    Ok(Asked { typeid, arguments, named })
}
