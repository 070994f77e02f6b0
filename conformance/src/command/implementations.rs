//! `implementations`: what can be named.

use super::{Failure, registry};

/// Prints the names, mutants last.
pub fn list() -> Result<u8, Failure> {
    println!("reference            the implementation that this project ships (the default)");
    println!("threads              threads that stand for processes: std and crossbeam");
    println!("cpython              multiprocessing of the python3 on the PATH");
    println!("cpython:PATH         multiprocessing of another interpreter");
    println!("'COMMAND LINE'       any adapter that speaks protocol 1 (conformance/PROTOCOL.md)");
    for name in registry::known().into_iter().filter(|name| name.starts_with("mutant:")) {
        println!("{name}");
    }
    Ok(0)
}
