//! A manager: a server in a process of its own, ended with whoever started it.

mod error;
mod owned;
mod process;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use procession_reference::Process;
use procession_reference::context::Method;
use procession_reference::process::{AuthKey, current_process};
use procession_wire::auth::Key;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{AskError, ShutdownError, StartError};
use owned::Owned;

use crate::address::Address;
use crate::proxy::Remote;
use crate::server::{Server, Settings};

/// What a manager's server is set up with. It travels to the process that serves, and is asked there before
/// anybody is served.
pub trait Setup: Serialize + DeserializeOwned + Send + 'static {
    /// Changes the settings from the usual ones: registers types of its own, say. The address and the key are
    /// the manager's already.
    ///
    /// # Errors
    /// A text, with which [`Manager::start`] fails.
    fn set_up(self, settings: &mut Settings) -> Result<(), String>;
}

/// The types of Python's `SyncManager`, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Standard;

impl Setup for Standard {
    fn set_up(self, _settings: &mut Settings) -> Result<(), String> {
        Ok(())
    }
}

/// Where a manager's server is and how it is treated.
#[derive(Clone, Debug)]
pub struct ManagerOptions {
    /// Where the server listens; a path in a new private directory where nothing is said.
    pub address: Option<Address>,
    /// What clients must prove to know; the process's own key where nothing is said.
    pub key: Option<AuthKey>,
    /// How the server's process is started; by the method in force where nothing is said.
    pub method: Option<Method>,
    /// How long the server has to end when it is asked to, and again when it is told to (SIGTERM), before it is
    /// killed: one second.
    pub patience: Duration,
}

impl Default for ManagerOptions {
    fn default() -> ManagerOptions {
        ManagerOptions { address: None, key: None, method: None, patience: Duration::from_secs(1) }
    }
}

/// A server of shared objects, as whoever starts it or connects to it holds it.
///
/// The server that [`start`](Manager::start) starts ends with [`shutdown`](Manager::shutdown), when this is
/// dropped, at the normal end of the process that started it once all other children have ended, and when that
/// process is killed. SIGINT does nothing to it, so that a terminal's interrupt does not cut off its clients;
/// SIGTERM ends it in order.
pub struct Manager {
    options: ManagerOptions,
    key: AuthKey,
    stage: Mutex<Stage>,
}

enum Stage {
    /// Neither started nor connected.
    Initial,
    Started(Arc<Owned>),
    /// To a server that somebody else started.
    Connected(Address),
    /// Its server is served by whoever asked for it.
    HandedOut(Address),
    ShutDown(Arc<Owned>),
}

impl Manager {
    /// A manager whose server is yet to be started.
    pub fn new(options: ManagerOptions) -> Manager {
        let key = options.key.clone().unwrap_or_else(|| current_process().authkey());
        Manager { options, key, stage: Mutex::new(Stage::Initial) }
    }

    /// A manager whose server runs, with the types of Python's `SyncManager`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn started() -> Result<Manager, StartError> {
        let manager = Manager::new(ManagerOptions::default());
        manager.start(Standard)?;
        Ok(manager)
    }

    /// A manager for a server that somebody else started, Rust's or Python's. It has no shutdown.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn connect(address: Address, key: impl Into<AuthKey>) -> Result<Manager, AskError> {
        let options = ManagerOptions {
            address: Some(address.clone()),
            key: Some(key.into()),
            ..ManagerOptions::default()
        };
        let manager = Manager::new(options);
        *manager.lock() = Stage::Connected(address);
        manager.remote()?.reach()?;
        Ok(manager)
    }

    /// Starts a server in a process of its own. Returns when it can be connected to.
    ///
    /// # Errors
    /// See [`StartError`]. Nothing of a server that was not started is left.
    pub fn start<S: Setup>(&self, setup: S) -> Result<(), StartError> {
        let mut stage = self.lock();
        let Stage::Initial = &*stage else { return Err(stage.wrong()) };
        Key::new(self.key.as_bytes()).map_err(StartError::BadKey)?;
        let owned = process::start(&self.options, &self.key, setup)?;
        *stage = Stage::Started(owned);
        Ok(())
    }

    /// The server itself, to be served by the caller, in this process.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn server<S: Setup>(&self, setup: S) -> Result<Server, StartError> {
        let mut stage = self.lock();
        let Stage::Initial = &*stage else { return Err(stage.wrong()) };
        let mut settings = Settings::new(Key::new(self.key.as_bytes()).map_err(StartError::BadKey)?);
        settings.address = self.options.address.clone();
        setup.set_up(&mut settings).map_err(StartError::SetUp)?;
        let server = Server::bind(settings)?;
        *stage = Stage::HandedOut(server.address().clone());
        Ok(server)
    }

    /// Where the server listens; nothing before it is started.
    pub fn address(&self) -> Option<Address> {
        match &*self.lock() {
            Stage::Initial => None,
            Stage::Started(owned) | Stage::ShutDown(owned) => Some(owned.address.clone()),
            Stage::Connected(address) | Stage::HandedOut(address) => Some(address.clone()),
        }
    }

    /// The server as its clients see it: whence objects are created.
    ///
    /// # Errors
    /// [`AskError::NotServed`] before the start and after a shutdown; [`AskError::BadKey`].
    ///
    /// # Examples
    /// ```no_run
    /// use procession_manager::Manager;
    ///
    /// let manager = Manager::started()?;
    /// let fruits = manager.remote()?.list(&["apple".to_owned(), "pear".to_owned()])?;
    /// fruits.append(&"plum".to_owned())?;
    /// assert_eq!(fruits.len()?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remote(&self) -> Result<Remote, AskError> {
        let key = Key::new(self.key.as_bytes()).map_err(AskError::BadKey)?;
        Ok(Remote::at(self.serving()?, key))
    }

    /// What clients must prove to know.
    pub fn key(&self) -> &AuthKey {
        &self.key
    }

    /// The server's process, where this manager started it; also after its end.
    pub fn process(&self) -> Option<Process> {
        match &*self.lock() {
            Stage::Started(owned) | Stage::ShutDown(owned) => Some(owned.process.clone()),
            _ => None,
        }
    }

    /// Whether the server can be asked for objects: it was started or connected to, and not shut down.
    pub fn is_usable(&self) -> bool {
        matches!(&*self.lock(), Stage::Started(_) | Stage::Connected(_) | Stage::HandedOut(_))
    }

    /// Ends the server and waits for its end: it is asked to, then told to, then killed. May be repeated.
    ///
    /// # Errors
    /// See [`ShutdownError`].
    pub fn shutdown(&self) -> Result<(), ShutdownError> {
        let owned = {
            let mut stage = self.lock();
            let owned = match &*stage {
                Stage::Started(owned) | Stage::ShutDown(owned) => owned.clone(),
                Stage::Initial => return Err(ShutdownError::NotStarted),
                Stage::Connected(_) | Stage::HandedOut(_) => return Err(ShutdownError::NotStarter),
            };
            // From here on this manager asks for no objects any more.
            *stage = Stage::ShutDown(owned.clone());
            owned
        };
        owned.end()
    }

    /// Waits until the server has ended; with a time limit, at most so long: whether it has ended.
    ///
    /// # Errors
    /// See [`ShutdownError`].
    pub fn join(&self, time: Option<Duration>) -> Result<bool, ShutdownError> {
        let owned = match &*self.lock() {
            Stage::Started(owned) | Stage::ShutDown(owned) => owned.clone(),
            Stage::Initial => return Err(ShutdownError::NotStarted),
            Stage::Connected(_) | Stage::HandedOut(_) => return Err(ShutdownError::NotStarter),
        };
        owned.join(time)
    }

    /// How many objects clients have references to.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn number_of_objects(&self) -> Result<u64, AskError> {
        Ok(self.remote()?.number_of_objects()?)
    }

    /// The server's objects, two lines each: the name and the number of references, and what the object shows.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn debug_info(&self) -> Result<String, AskError> {
        Ok(self.remote()?.debug_info()?)
    }

    /// Where a server can be asked.
    fn serving(&self) -> Result<Address, AskError> {
        match &*self.lock() {
            Stage::Started(owned) => Ok(owned.address.clone()),
            Stage::Connected(address) | Stage::HandedOut(address) => Ok(address.clone()),
            Stage::Initial | Stage::ShutDown(_) => Err(AskError::NotServed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    /// What keeps a server from being started.
    fn wrong(&self) -> StartError {
        match self {
            Stage::ShutDown(_) => StartError::ShutDown,
            _ => StartError::AlreadyStarted,
        }
    }
}

/// Ends the server, if this process started it.
impl Drop for Manager {
    fn drop(&mut self) {
        // Whoever wants to know shuts it down by hand.
        let _ = self.shutdown();
    }
}
