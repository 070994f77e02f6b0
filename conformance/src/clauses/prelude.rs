//! What every chapter uses: the clause, the words of programs, and the words of the contract.

pub use procession_contract::{
    Call, Datum, Endpoint, ExitStatus, Initializer, Item, ItemKind, Key, LockChoice, Method, ObjectKind,
    Outcome, Registered, Scalar, SignalAction, Worker, WorkerKind,
};

pub use super::claims::{CPYTHON_WIRE, PROCESSES, RAISING_SIGNALS};
pub use super::descriptors::closing_releases;
pub use crate::clause::{Clause, Level};
pub use crate::program::build::*;
pub use crate::program::{Action, Condition, Expect, Judge, Line, Program};
