//! A reference to an object of a server, counted there.

use std::collections::BTreeMap;
use std::process;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use procession_reference::exit::at_exit;
use procession_wire::message::{self, MANAGERS, Token};
use procession_wire::value::Id;
use procession_wire::{Builder, Kind, Text, Value};

use super::error::CallError;
use super::home::Home;
use super::line;
use crate::family::with_spelled;
use crate::per_process::OncePerProcess;

/// How long the end of a proxy waits for the server to take note.
const FAREWELL: Duration = Duration::from_secs(5);

/// No process has this number.
const NOBODY: u32 = 0;

/// One reference that the server counts for this process.
pub(crate) struct Reference {
    pub(super) home: Arc<Home>,
    pub(super) typeid: Box<str>,
    pub(super) ident: Box<str>,
    pub(super) class: Class,
    pub(super) exposed: OnceLock<Box<[Box<str>]>>,
    /// The process for which the server counts it. A forked copy of that process has a reference of its own only
    /// when it has asked for one.
    process: AtomicU32,
    /// Among those of this process.
    number: u64,
}

/// The class that proxies of the object have in Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) module: Box<str>,
    pub(super) name: Box<str>,
}

impl Class {
    /// That of the types that a `SyncManager` has; of others, the one that goes by the exposed methods.
    pub(super) fn of_type(typeid: &str) -> Class {
        let name = match typeid {
            "list" => "ListProxy",
            "dict" => "DictProxy",
            "Namespace" => "NamespaceProxy",
            "Value" => "ValueProxy",
            "Array" => "ArrayProxy",
            "Lock" | "RLock" | "Semaphore" | "BoundedSemaphore" => "AcquirerProxy",
            "Condition" => "ConditionProxy",
            "Event" => "EventProxy",
            "Barrier" => "BarrierProxy",
            "Iterator" => "IteratorProxy",
            _ => "AutoProxy",
        };
        Class { module: MANAGERS.into(), name: name.into() }
    }
}

impl Reference {
    /// One that the server has counted already.
    pub(super) fn adopted(
        home: Arc<Home>,
        typeid: &str,
        ident: &str,
        class: Class,
        exposed: Option<Vec<Box<str>>>,
    ) -> Arc<Reference> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let methods = OnceLock::new();
        if let Some(exposed) = exposed {
            let _ = methods.set(exposed.into());
        }
        let process = AtomicU32::new(process::id());
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let (typeid, ident) = (typeid.into(), ident.into());
        let reference = Reference { home, typeid, ident, class, exposed: methods, process, number };
        let reference = Arc::new(reference);
        counted().insert(number, Arc::downgrade(&reference));
        let_go_at_exit();
        reference
    }

    /// A new one.
    pub(super) fn taken(
        home: Arc<Home>,
        typeid: &str,
        ident: &str,
        class: Class,
        exposed: Option<Vec<Box<str>>>,
    ) -> Result<Arc<Reference>, CallError> {
        line::one_shot(&home, "incref", (ident,), (), None)?;
        Ok(Reference::adopted(home, typeid, ident, class, exposed))
    }

    /// Makes sure that the reference is this process's: in a forked copy, it asks for one. Gives the process.
    pub(super) fn claim(&self) -> Result<u32, CallError> {
        let here = process::id();
        if self.process.load(Ordering::SeqCst) != here {
            line::one_shot(&self.home, "incref", (&*self.ident,), (), None)?;
            // Another thread of the copy that has asked too has one too many, which goes again.
            if self.process.swap(here, Ordering::SeqCst) == here {
                line::one_shot(&self.home, "decref", (&*self.ident,), (), None)?;
            }
            let_go_at_exit();
        }
        Ok(here)
    }

    /// Tells the server, if it is there to listen, that this process no longer refers to the object; once.
    fn let_go(&self, deadline: Instant) {
        let here = process::id();
        if self.process.compare_exchange(here, NOBODY, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            // A server that is gone has let go of everything.
            let _ = line::one_shot(&self.home, "decref", (&*self.ident,), (), Some(deadline));
        }
    }

    /// The methods that can be called; asks the server where they are not known.
    pub(super) fn methods(&self) -> Result<&[Box<str>], CallError> {
        if let Some(exposed) = self.exposed.get() {
            return Ok(exposed);
        }
        self.claim()?;
        let mut builder = Builder::new();
        let token = self.add_token(&mut builder);
        let token = builder.finish(token);
        let answer = line::one_shot(&self.home, "get_methods", (token,), (), None)?;
        let names = match answer.root().kind() {
            Kind::Tuple(names) | Kind::List(names) | Kind::Set(names) | Kind::FrozenSet(names) => names,
            _ => return Err(CallError::Nonsense(format!("methods were asked for: {answer:?}"))),
        };
        let names = names.iter().filter_map(|name| Some(name.text()?.to_str_lossy().into())).collect();
        Ok(self.exposed.get_or_init(|| names))
    }

    fn add_token(&self, builder: &mut Builder) -> Id {
        with_spelled(&self.home.address, |address| {
            let (typeid, ident) = (Text::from(&*self.typeid), Text::from(&*self.ident));
            Token { typeid, address, ident }.add(builder)
        })
    }

    /// The proxy as it stands in a value.
    pub(super) fn to_value(&self) -> Value<'static> {
        let mut builder = Builder::new();
        let rebuild = builder.global(MANAGERS, "RebuildProxy");
        let class = builder.global(&*self.class.module, &*self.class.name);
        let token = self.add_token(&mut builder);
        let serializer = builder.str("pickle");
        let mut named = Vec::new();
        if &*self.class.name == "AutoProxy"
            && let Some(exposed) = self.exposed.get()
        {
            let exposed: Vec<Id> = exposed.iter().map(|name| builder.str(&**name)).collect();
            named.push((builder.str("exposed"), builder.tuple(&exposed)));
        }
        let named = match builder.dict(&named) {
            Ok(named) => named,
            Err(_) => unreachable!("texts can be hashed"),
        };
        let root = builder.call(rebuild, &[class, token, serializer, named]);
        builder.finish(root)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        counted().remove(&self.number);
        self.let_go(Instant::now() + FAREWELL);
    }
}

/// The references that were made in this process, or in one that it was forked from, and are not dropped.
static COUNTED: Mutex<BTreeMap<u64, Weak<Reference>>> = Mutex::new(BTreeMap::new());

fn counted() -> MutexGuard<'static, BTreeMap<u64, Weak<Reference>>> {
    COUNTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn let_go_at_exit() {
    static REGISTERED: OncePerProcess = OncePerProcess::new();
    if REGISTERED.is_first() {
        at_exit(let_go_of_all);
    }
}

/// At the end of the process: what is in a static, or in what a forked copy never returns to, is not dropped.
fn let_go_of_all() {
    let references: Vec<_> = counted().values().filter_map(Weak::upgrade).collect();
    let deadline = Instant::now() + FAREWELL;
    for reference in references {
        reference.let_go(deadline);
    }
}

/// What a proxy is, as messages have it.
pub(super) fn read<'v>(value: &'v Value<'_>) -> Result<message::Proxy<'v>, String> {
    match message::Proxy::read(value.root()) {
        Ok(Some(proxy)) => Ok(proxy),
        Ok(None) => Err(format!("a proxy was expected, found a {}", value.root().type_name())),
        Err(error) => Err(error.to_string()),
    }
}
