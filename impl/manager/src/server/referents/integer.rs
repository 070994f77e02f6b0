//! Integers among the arguments.

use procession_wire::{Kind, Node};

use crate::python::Raise;

/// The integer that an argument is. One that 64 bits do not hold becomes the nearest that they do.
///
/// # Errors
/// A `TypeError` for anything else.
pub fn integer(node: Node<'_>, what: &str) -> Result<i64, Raise> {
    match node.kind() {
        Kind::Bool(flag) => Ok(i64::from(flag)),
        Kind::Int(number) if number.is_negative() => Ok(number.to_i64().unwrap_or(i64::MIN)),
        Kind::Int(number) => Ok(number.to_i64().unwrap_or(i64::MAX)),
        _ => Err(Raise::type_error(format!("{what} must be an integer, not '{}'", node.type_name()))),
    }
}
