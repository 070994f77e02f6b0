//! Managers: a server in a process of its own, in the calling one, or one that runs elsewhere.

mod creation;
mod program;
mod setup;

use std::any::Any;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use procession_contract::{Answer, Body, Call, Endpoint, Initializer, Key, Method, Object, Objects, Outcome};
use procession_manager::server::Server;
use procession_manager::{Address, AskError, Manager, ManagerOptions, Remote, ShutdownError, StartError};
use procession_reference::process::{AuthKey, current_process};
use serde::{Deserialize, Serialize};

use super::endpoint::{self, Place};
use super::listener::{directory_mode, not_connected};
use super::managed::refused;
use super::outcome;
use super::process::{self, method_of};

pub(super) use creation::create;
pub use program::serve;
use setup::Types;

/// A handle to a manager; its clones are the same manager.
#[derive(Clone)]
pub(super) struct ManagerHandle(Arc<Inner>);

struct Inner {
    manager: Manager,
    plan: Plan,
    /// Of managers that may have a server of their own.
    ways: Option<Ways>,
}

/// How a server is started, and how it is made to be served here.
#[derive(Clone, Copy)]
struct Ways {
    start: fn(&Manager, Option<Initializer>) -> Result<(), StartError>,
    server: fn(&Manager, Option<Initializer>) -> Result<Server, StartError>,
}

/// What a manager is to be, as another process learns it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Where it is or is to be.
    address: Option<String>,
    key: AuthKey,
    initializer: Option<Initializer>,
    method: Method,
    /// The file for its address.
    note: Option<PathBuf>,
    /// Somebody else serves already.
    is_served: bool,
}

impl ManagerHandle {
    /// A manager, started unless it is to be idle.
    pub(super) fn create<B: Body>(
        name: &str,
        at: &Endpoint,
        key: &Key,
        initializer: Option<Initializer>,
        idle: bool,
        method: Method,
    ) -> Result<ManagerHandle, Answer> {
        let address = match endpoint::place(at)? {
            // A path of the Unix family is what a server finds where nothing is said.
            Place::Unsaid | Place::Of(_) => None,
            Place::At(address) => Some(address.to_string()),
        };
        let note = Some(endpoint::note_of(name)?);
        let plan = Plan { address, key: key_of(key)?, initializer, method, note, is_served: false };
        let manager = ManagerHandle::planned::<B>(plan)?;
        if !idle {
            manager.start()?;
        }
        Ok(manager)
    }

    /// A manager as it was planned, in this process or another one; not started.
    pub(super) fn planned<B: Body>(plan: Plan) -> Result<ManagerHandle, Answer> {
        let address = plan.address.as_deref().map(str::parse::<Address>).transpose();
        let address = address.map_err(|error| Answer::error(Outcome::BadValue, error))?;
        if let (Some(address), true) = (&address, plan.is_served) {
            return ManagerHandle::connected(address.clone(), plan.key.clone());
        }
        let method = Some(method_of(plan.method)?);
        let key = Some(plan.key.clone());
        let manager = Manager::new(ManagerOptions { address, key, method, ..ManagerOptions::default() });
        let ways = Ways {
            start: |manager, initializer| manager.start(Types::<B>::new(initializer)),
            server: |manager, initializer| manager.server(Types::<B>::new(initializer)),
        };
        Ok(ManagerHandle(Arc::new(Inner { manager, plan, ways: Some(ways) })))
    }

    fn connected(address: Address, key: AuthKey) -> Result<ManagerHandle, Answer> {
        let plan = Plan {
            address: Some(address.to_string()),
            key: key.clone(),
            initializer: None,
            method: Method::Spawn,
            note: None,
            is_served: true,
        };
        let manager = Manager::connect(address, key).map_err(not_answered)?;
        Ok(ManagerHandle(Arc::new(Inner { manager, plan, ways: None })))
    }

    /// What another process needs to know the same manager: to start it where nobody has, to be its client
    /// where it is served.
    pub(super) fn plan(&self) -> Plan {
        let Inner { manager, plan, .. } = &*self.0;
        match manager.address() {
            Some(address) => Plan { address: Some(address.to_string()), is_served: true, ..plan.clone() },
            None => plan.clone(),
        }
    }

    fn ways(&self) -> Result<Ways, Answer> {
        if self.0.plan.initializer == Some(Initializer::Nonsense) {
            return Err(Answer::error(Outcome::BadType, "the compiler demands a function"));
        }
        self.0.ways.ok_or_else(|| Answer::error(Outcome::Misuse, "it is connected to a server"))
    }

    fn start(&self) -> Result<(), Answer> {
        (self.ways()?.start)(&self.0.manager, self.0.plan.initializer).map_err(not_started)?;
        self.note()
    }

    /// Serves in the calling thread, until a client asks for the end.
    fn serve(&self) -> Result<(), Answer> {
        let server = (self.ways()?.server)(&self.0.manager, self.0.plan.initializer).map_err(not_started)?;
        self.note()?;
        server.serve().map_err(outcome::os)
    }

    /// Tells the run where the server is.
    fn note(&self) -> Result<(), Answer> {
        match (&self.0.plan.note, self.0.manager.address()) {
            (Some(note), Some(address)) => endpoint::note(note, &address).map_err(outcome::os),
            _ => Ok(()),
        }
    }

    /// The server, to create objects in.
    fn remote(&self) -> Result<Remote, Answer> {
        let Inner { manager, .. } = &*self.0;
        match manager.address() {
            Some(address) if manager.is_usable() => {
                Ok(Remote::at(address, procession_manager::Key::even_empty(manager.key().as_bytes())))
            }
            _ => Err(not_answered(AskError::NotServed)),
        }
    }

    /// Where it is, or is to be.
    fn address(&self) -> Option<Address> {
        self.0.manager.address().or_else(|| self.0.plan.address.as_ref()?.parse().ok())
    }

    /// Starts the server if need be, and ends it.
    fn scope(&self) -> Result<(), Answer> {
        if self.0.manager.address().is_none() {
            self.start()?;
        }
        self.0.manager.shutdown().map_err(not_ended)
    }

    fn kill_server(&self) -> Result<(), Answer> {
        let Some(process) = self.0.manager.process() else { return Err(Answer::of(Outcome::Unsupported)) };
        process.kill().map_err(outcome::signal)?;
        process.join().map_err(outcome::join)
    }
}

/// The key of a manager: the process's own where none is given.
fn key_of(key: &Key) -> Result<AuthKey, Answer> {
    Ok(endpoint::key(key)?.map_or_else(|| current_process().authkey(), AuthKey::from))
}

/// Connects to a server, as a manager that is known as `name` from then on.
pub(super) fn connect(name: &str, to: &Endpoint, key: &Key, objects: &mut Objects) -> Answer {
    let connected = key_of(key).and_then(|key| ManagerHandle::connected(endpoint::target(to)?, key));
    match connected {
        Ok(manager) => {
            objects.insert(name.into(), Box::new(manager));
            Answer::ok()
        }
        Err(answer) => answer,
    }
}

fn not_started(error: StartError) -> Answer {
    let outcome = match &error {
        StartError::AddressInUse(_) => Outcome::NameTaken,
        StartError::AlreadyStarted | StartError::ShutDown => Outcome::Misuse,
        StartError::BadAddress(_) | StartError::BadKey(_) => Outcome::BadValue,
        StartError::Died(_) => Outcome::PeerDied,
        StartError::SetUp(_) => Outcome::ActionFailed,
        _ => Outcome::Other,
    };
    match error {
        StartError::Process(error) => outcome::start(error),
        error => Answer::error(outcome, error),
    }
}

fn not_ended(error: ShutdownError) -> Answer {
    match error {
        ShutdownError::Os(error) => outcome::os(error),
        // In Python a manager has no such method before it has a server of its own.
        error => Answer::error(Outcome::AttributeMissing, error),
    }
}

fn not_answered(error: AskError) -> Answer {
    match error {
        AskError::Call(error) => refused(error),
        AskError::Connect(error) => not_connected(error),
        AskError::NotServed => Answer::error(Outcome::Misuse, error),
        error => Answer::error(Outcome::Other, error),
    }
}

/// Managers that live as long as their process, which ends their servers when its children have ended.
static KEPT: Mutex<Vec<ManagerHandle>> = Mutex::new(Vec::new());

impl Object for ManagerHandle {
    fn call(&mut self, call: &Call) -> Answer {
        let manager = &self.0.manager;
        let done = |done: Result<(), Answer>| done.map_or_else(|answer| answer, |()| Answer::ok());
        match call {
            Call::Start => done(self.start()),
            Call::Serve => done(self.serve()),
            Call::Shutdown => done(manager.shutdown().map_err(not_ended)),
            Call::KillServer => done(self.kill_server()),
            Call::Scope { fail: _ } => match self.scope() {
                Ok(()) => Answer::truth(true),
                Err(answer) => answer,
            },
            Call::Join { timeout_ms } => {
                let time = timeout_ms.map(|ms| Duration::from_millis(ms.max(0) as u64));
                match manager.join(time) {
                    Ok(true) => Answer::ok(),
                    Ok(false) => Answer::of(Outcome::Timeout),
                    Err(error) => not_ended(error),
                }
            }
            Call::Address => match self.address() {
                Some(address) => Answer::text(address.to_string()),
                None => Answer::of(Outcome::Absent),
            },
            Call::DirectoryMode => match self.address() {
                Some(address) => directory_mode(&address),
                None => Answer::of(Outcome::Absent),
            },
            Call::NumberOfObjects => match manager.number_of_objects() {
                Ok(number) => Answer::number(number as i64),
                Err(error) => not_answered(error),
            },
            Call::Repr => Answer::text(match self.address() {
                Some(address) => format!("Manager({address})"),
                None => "Manager(idle)".into(),
            }),
            Call::Pid | Call::Exitcode | Call::IsAlive => match manager.process() {
                Some(process) => process::answer(&process, call),
                None => Answer::of(Outcome::Absent),
            },
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }

    fn at_end(self: Box<Self>) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(*self);
    }
}
