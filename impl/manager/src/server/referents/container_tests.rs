//! What the objects do: method by method, and with several callers at once. Beside Python's own they are in
//! `tests/differential`.

mod bench;
mod callers;
mod methods;
mod proxies;
mod quotas;
mod updates;

// Where the bench finds them, which stands in those tests too.
use crate::{python, server};
