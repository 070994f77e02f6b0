//! Programs about descriptors, which clauses of several areas share.

use procession_contract::{Method, Worker};

use crate::program::Program;
use crate::program::build::*;

/// How many objects are closed: enough that one forgotten descriptor each shows.
const OBJECTS: usize = 10;

/// A process that was given ten objects and has closed them all has as many descriptors open as one
/// that was given none. Only a process that begins afresh shows it, so the method is `spawn`.
pub fn closing_releases(declare: fn(Program, &str) -> Program) -> Program {
    let names: Vec<String> = (0..OBJECTS).map(|index| format!("o{index}")).collect();
    let program = names.iter().fold(Program::new(), |program, name| declare(program, name));
    let bare = Worker { gets: Some(Vec::new()), ..worker("bare") };
    let closes = names.iter().map(|name| close(name).ok());
    let compares = count_descriptors().after(returned("bare", "count")).same_as("bare", "count");
    program
        .only(&[Method::Spawn])
        .main([])
        .role(bare, [count_descriptors().label("count").ok()])
        .process("closer", closes.chain([compares]))
}
