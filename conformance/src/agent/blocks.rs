//! The names of shared memory blocks: a run's own, and what the file system shows of them.

use std::os::unix::fs::PermissionsExt;

use procession_contract::{Answer, Call, Outcome};

/// What stands for the run's id in a block's name.
const RUN: &str = "{run}";

/// The call with the run's id in the block's name it has, if it has one.
pub(super) fn named(call: &Call, run: &str) -> Call {
    let mut call = call.clone();
    match &mut call {
        Call::OpenBlock { block: Some(block), .. } | Call::OpenList { block: Some(block), .. } => {
            *block = block.replace(RUN, run);
        }
        Call::BlockMode { block } => *block = block.replace(RUN, run),
        _ => {}
    }
    call
}

/// The permissions of the block with this name, or that there is none.
pub(super) fn mode(block: &str) -> Answer {
    match std::fs::metadata(format!("/dev/shm/{block}")) {
        Ok(metadata) => Answer::number(metadata.permissions().mode() & 0o7777),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Answer::of(Outcome::Absent),
        Err(error) => Answer::error(Outcome::Other, error),
    }
}
