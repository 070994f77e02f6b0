//! Starting a process: by executing the program again, by fork, or through the fork server.

mod child;
mod exec;
mod fork;
pub(crate) mod forkserver;
pub(crate) mod hook;
pub(crate) mod image;
mod socket;
mod spawn;

use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use crate::context::Method;
use crate::process::state::State;
use crate::process::target::{Call, Target};
use crate::process::{AuthKey, StartError};
use crate::transfer::{Descriptor, Parcel};

/// What a new process is to be.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) fingerprint: u64,
    pub(crate) call: Option<Call>,
    pub(crate) name: String,
    pub(crate) identity: Vec<u32>,
    pub(crate) daemon: bool,
    pub(crate) authkey: AuthKey,
    pub(crate) method: Method,
    pub(crate) parent_pid: i32,
    pub(crate) parent_name: String,
    pub(crate) parent: Descriptor,
    /// The pipe of its family, see `shared_memory::tracker`. A copy of its creator has it already.
    pub(crate) family: Option<Descriptor>,
}

/// A process that runs.
pub(crate) struct Started {
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    /// Where the fork server tells how its child ended.
    pub(crate) report: Option<OwnedFd>,
}

/// Starts a process by executing the program again.
pub(crate) fn execute(state: &'static State, order: &Order, args: &Parcel) -> Result<Started, StartError> {
    hook::keep();
    spawn::start(state, order, args)
}

pub(crate) use fork::fork_single_threaded;

/// Starts a process that becomes what `order` says and runs `target`. Only under `Method::Fork` is
/// the target taken, in the child, where this function does not return.
pub(crate) fn start(
    state: &'static State,
    mut order: Order,
    target: &mut Option<Box<dyn Target>>,
) -> Result<Started, StartError> {
    hook::keep();
    if order.method == Method::Fork {
        return fork::start(order, target);
    }
    let args = match target {
        None => Parcel { bytes: Vec::new(), descriptors: Vec::new(), held: Vec::new() },
        Some(target) => {
            let (call, parcel) = target.encode()?;
            order.call = Some(call);
            parcel
        }
    };
    match order.method {
        Method::ForkServer => forkserver::start(state, &order, &args),
        _ => spawn::start(state, &order, &args),
    }
}
