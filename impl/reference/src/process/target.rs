//! What a process is to run, and how a new process of the same program finds it.
//!
//! # Invariants
//! 1. A [`Call`] names two functions of this program by their offsets: `enter`, which is
//!    `enter::<A, R>`, and `function`, a `fn(A) -> R` of the same `A` and `R`; only
//!    [`Function::encode`] makes one.
//! 2. A [`Call`] is used only in a process of the same build: `image` compares fingerprints first.
#![expect(unsafe_code, reason = "turns offsets back into the functions they were taken from")]

use std::os::fd::OwnedFd;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Conclusion, StartError};
use crate::start::image;
use crate::transfer::{self, DecodeError, EncodeError, Parcel, Purpose};

/// A body with its arguments, in the memory of the process that made it.
pub(crate) trait Target: Send {
    /// For another process.
    fn encode(&self) -> Result<(Call, Parcel), StartError>;
    /// In a forked process, before its creator goes on: shows that it has its arguments.
    fn inherit(&self);
    /// Here, in a forked process.
    fn run(self: Box<Self>) -> Result<(), String>;
}

/// The functions to run, as offsets in the program.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    enter: u64,
    function: u64,
}

/// A body whose arguments have arrived.
pub(crate) type Body = Box<dyn FnOnce() -> Result<(), String>>;

type Enter = fn(usize, &[u8], Vec<OwnedFd>) -> Result<Body, DecodeError>;

/// A function and its argument.
pub(crate) struct Function<A, R> {
    pub(crate) function: fn(A) -> R,
    pub(crate) args: A,
}

/// A closure, which only a forked process can run.
pub(crate) struct Closure<F>(pub(crate) F);

impl<A, R> Target for Function<A, R>
where
    A: Serialize + DeserializeOwned + Send + 'static,
    R: Conclusion + 'static,
{
    fn encode(&self) -> Result<(Call, Parcel), StartError> {
        let enter = image::offset_of(enter::<A, R> as Enter as usize).ok_or(StartError::NotInProgram)?;
        let function = image::offset_of(self.function as usize).ok_or(StartError::NotInProgram)?;
        let parcel = transfer::encode_with_descriptors(&self.args, Purpose::Starting)?;
        Ok((Call { enter, function }, parcel))
    }

    fn inherit(&self) {
        transfer::inherit(&self.args);
    }

    fn run(self: Box<Self>) -> Result<(), String> {
        (self.function)(self.args).conclude()
    }
}

impl<F, R> Target for Closure<F>
where
    F: FnOnce() -> R + Send,
    R: Conclusion,
{
    fn encode(&self) -> Result<(Call, Parcel), StartError> {
        Err(StartError::Encode(EncodeError::Closure))
    }

    fn inherit(&self) {}

    fn run(self: Box<Self>) -> Result<(), String> {
        (self.0)().conclude()
    }
}

impl Call {
    /// Finds the function and decodes its arguments. `None` if the offsets lie outside the program.
    pub(crate) fn body(self, bytes: &[u8], descriptors: Vec<OwnedFd>) -> Option<Result<Body, DecodeError>> {
        let enter = image::address_of(self.enter)?;
        let function = image::address_of(self.function)?;
        // SAFETY: by 1 and 2 this is the address of an `enter::<A, R>`.
        let enter = unsafe { std::mem::transmute::<usize, Enter>(enter) };
        Some(enter(function, bytes, descriptors))
    }
}

fn enter<A, R>(function: usize, bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<Body, DecodeError>
where
    A: DeserializeOwned + 'static,
    R: Conclusion + 'static,
{
    // SAFETY: by 1 and 2 this is the address of a `fn(A) -> R`.
    let function = unsafe { std::mem::transmute::<usize, fn(A) -> R>(function) };
    let args = transfer::decode_with_descriptors::<A>(bytes, descriptors, Purpose::Starting)?;
    Ok(Box::new(move || function(args).conclude()))
}
