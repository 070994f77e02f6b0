//! Start methods, the one in force for this process, and contexts, which fix one.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::process::state::{lock, state};
use crate::process::{Conclusion, Process};

pub use crate::start::forkserver::pid as forkserver_pid;

/// How a process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Method {
    /// The program is executed again; the child shares nothing with its creator but what it is
    /// given. The default.
    Spawn,
    /// The creator is copied with all its memory and descriptors. Arguments are not serialised. Only
    /// the starting thread exists in the copy: a mutex that another thread held at that moment is
    /// held there for ever, and so is what a library was just initialising.
    Fork,
    /// A server of the same program, with one thread, is copied.
    ForkServer,
}

impl Method {
    /// Its name: `spawn`, `fork`, `forkserver`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Spawn => "spawn",
            Method::Fork => "fork",
            Method::ForkServer => "forkserver",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Method, UnknownMethod> {
        start_methods()
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownMethod { asked: name.to_string() })
    }
}

/// No start method has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMethod {
    /// The name asked for.
    pub asked: String,
}

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot find context for {:?}, expected spawn, fork or forkserver", self.asked)
    }
}

impl std::error::Error for UnknownMethod {}

/// Why the start method was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetMethodError {
    /// It is decided already.
    AlreadySet(Method),
    /// The context stands for one method.
    Fixed(Method),
}

impl fmt::Display for SetMethodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetMethodError::AlreadySet(method) => write!(f, "the start method is already set, to {method}"),
            SetMethodError::Fixed(method) => {
                write!(f, "cannot set the start method of a concrete context, which is {method}")
            }
        }
    }
}

impl std::error::Error for SetMethodError {}

/// The start methods of this system, the default first.
pub fn start_methods() -> [Method; 3] {
    [Method::Spawn, Method::Fork, Method::ForkServer]
}

/// The start method in force; asking for it fixes it to the default if it was undecided. A child
/// reports the one it was started with.
pub fn start_method() -> Method {
    *lock(&state().method).get_or_insert(start_methods()[0])
}

/// The start method in force, or `None` while it is undecided.
pub fn start_method_if_set() -> Option<Method> {
    *lock(&state().method)
}

/// Decides the start method of this process.
///
/// # Errors
/// [`SetMethodError::AlreadySet`] if it is decided.
pub fn set_start_method(method: Method) -> Result<(), SetMethodError> {
    let mut current = lock(&state().method);
    match *current {
        Some(decided) => Err(SetMethodError::AlreadySet(decided)),
        None => {
            *current = Some(method);
            Ok(())
        }
    }
}

/// Decides the start method, whatever it was; `None` makes it undecided again.
pub fn force_start_method(method: Option<Method>) {
    *lock(&state().method) = method;
}

/// Sets the program that processes started by spawn execute, instead of the running one. It must be
/// the same build: starting reports [`ProgramDiffers`](crate::process::StartError::ProgramDiffers)
/// otherwise. A program that knows nothing of this library just runs, and is its own exit code.
pub fn set_executable(program: impl Into<PathBuf>) {
    *lock(&state().executable) = Some(program.into());
}

/// The context of the named method, or for `None` the one that follows the global method.
///
/// ```
/// use procession_reference::context;
///
/// let spawn = context::get_context(Some("spawn")).unwrap();
/// assert_eq!(spawn.get_context(None).unwrap(), spawn);
/// assert!(spawn.set_start_method(context::Method::Fork).is_err());
/// assert!(context::get_context(Some("teleport")).is_err());
/// ```
///
/// # Errors
/// [`UnknownMethod`] if there is no such method.
pub fn get_context(method: Option<&str>) -> Result<Context, UnknownMethod> {
    Ok(Context { method: method.map(str::parse).transpose()? })
}

/// Makes processes by one start method, or by the global one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    method: Option<Method>,
}

impl From<Method> for Context {
    fn from(method: Method) -> Context {
        Context { method: Some(method) }
    }
}

impl Context {
    /// The context of another method; for `None` this one.
    ///
    /// # Errors
    /// [`UnknownMethod`] if there is no such method.
    pub fn get_context(&self, method: Option<&str>) -> Result<Context, UnknownMethod> {
        method.map_or(Ok(*self), |method| get_context(Some(method)))
    }

    /// The method of this context; one that follows the global method fixes that, as
    /// [`start_method`] does.
    pub fn start_method(&self) -> Method {
        self.method.unwrap_or_else(start_method)
    }

    /// Decides the global method, if this context follows it.
    ///
    /// # Errors
    /// [`SetMethodError::Fixed`] for a concrete context, otherwise as [`set_start_method`].
    pub fn set_start_method(&self, method: Method) -> Result<(), SetMethodError> {
        match self.method {
            Some(fixed) => Err(SetMethodError::Fixed(fixed)),
            None => set_start_method(method),
        }
    }

    /// A process that will be started by this context's method: see [`Process::new`].
    pub fn process<A, R>(&self, function: fn(A) -> R, args: A) -> Process
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Conclusion + 'static,
    {
        let process = Process::new(function, args);
        match self.method {
            Some(method) => process.with_method(method),
            None => process,
        }
    }
}
