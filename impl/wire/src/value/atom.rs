//! Values that take a word, and no store.

use super::Node;
use super::store::Record;

/// `None`, a bool, an integer of 64 bits or a float: a value of its own that takes two words, where a
/// [`Value`](super::Value) takes a few hundred bytes.
///
/// ```
/// use procession_wire::value::{Atom, Builder};
///
/// let mut builder = Builder::new();
/// let number = builder.int(7);
/// let value = builder.finish(number);
/// let atom = Atom::of(value.root()).unwrap();
/// assert!(atom.root() == value.root());
/// ```
#[derive(Clone, Copy)]
pub struct Atom(pub(crate) Record);

impl Atom {
    /// `None`.
    pub const NONE: Atom = Atom(Record::None);

    /// The object, if it is an atom.
    #[inline]
    pub fn of(node: Node<'_>) -> Option<Atom> {
        let record = node.record();
        record.is_atom().then_some(Atom(record))
    }

    /// A bool.
    pub fn bool(flag: bool) -> Atom {
        Atom(Record::Bool(flag))
    }

    /// An integer.
    pub fn int(number: i64) -> Atom {
        Atom(Record::Int(number))
    }

    /// A float.
    pub fn float(number: f64) -> Atom {
        Atom(Record::Float(number))
    }

    /// The object.
    #[inline]
    pub fn root(&self) -> Node<'_> {
        Node::alone(&self.0)
    }
}

impl std::fmt::Debug for Atom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.root().fmt(f)
    }
}
