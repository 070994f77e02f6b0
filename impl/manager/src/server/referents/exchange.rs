//! Updates in one step: what is stored only if nobody has stored something else since it was read.
//!
//! A client that reads a value, computes another and stores it loses what was stored in between. With
//! `compare_exchange` it hands back what it read: if that is still there, the new value takes its place, and
//! otherwise it is given what is there, to try again:
//!
//! - `compare_exchange(index, expected, new)` of a list or an array, `compare_exchange(expected, new)` of a value.
//! - `compare_exchange(key, expected, new)` of a dict or a namespace. `expected` may be left out: then the key must
//!   be missing; and so may `new`: then the key is taken out. Both can be given by name.
//!
//! Each gives a tuple: whether it has stored, and what was there, which is left out where nothing was. Compared is what was sent and not what Python takes for
//! equal: 1, 1.0 and `True` are three values, and a NaN is the one that was read.
//!
//! `fetch_add(index, amount)` and its like do in one call what is asked for most: they add to a number, and give what
//! it was before.

use procession_wire::Node;
use procession_wire::value::Id;

use crate::python::{Raise, Work};
use crate::server::{Given, Stored, Storing};

/// Whether the value that is there is the one that was read.
pub fn is_still(present: &Stored, read: Node<'_>, work: &mut Work) -> Result<bool, Raise> {
    work.spend(present.steps())?;
    Ok(present.root() == read)
}

/// What `compare_exchange` gives: whether it has stored, and what was there, if anything was.
pub fn exchanged(stored: bool, present: Option<&Stored>) -> Given {
    let mut storing = Storing::new();
    let mut parts: Vec<Id> = vec![storing.builder().bool(stored)];
    parts.extend(present.map(|present| storing.add(present)));
    let root = storing.builder().tuple(&parts);
    Given::Value(storing.finish(root))
}
