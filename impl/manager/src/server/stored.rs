//! Values that a server holds, with the objects to which proxies in them refer.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use procession_wire::value::{Atom, Id};
use procession_wire::{Builder, Kind, Node, Value};

use super::{Object, Objects};

/// A value that does not change, and that keeps alive every object of this server of which a proxy is in it.
///
/// Cloning shares it.
#[derive(Clone)]
pub struct Stored(Kept);

/// Numbers are most of what is kept in large containers: they take no room of their own.
#[derive(Clone)]
enum Kept {
    Atom(Atom),
    Atoms(Arc<Atoms>),
    Parts(Arc<Parts>),
}

/// A list of atoms.
struct Atoms {
    items: Box<[Atom]>,
    /// Put together when it is asked for: to send the list takes the items alone.
    value: OnceLock<Value<'static>>,
}

impl Atoms {
    fn value(&self) -> &Value<'static> {
        self.value.get_or_init(|| {
            let mut builder = Builder::new();
            let ids: Vec<Id> = self.items.iter().map(|item| builder.atom(*item)).collect();
            let root = builder.list(&ids);
            builder.finish(root)
        })
    }
}

struct Parts {
    value: Value<'static>,
    /// The objects to which proxies in the value refer, each once.
    holds: Box<[Arc<Object>]>,
}

impl Stored {
    /// A value in which there is no proxy of an object of this server.
    pub fn plain(value: Value<'static>) -> Stored {
        match Atom::of(value.root()) {
            Some(atom) => Stored(Kept::Atom(atom)),
            None => Stored(Kept::Parts(Arc::new(Parts { value, holds: Box::default() }))),
        }
    }

    /// `None`.
    pub fn none() -> Stored {
        Stored(Kept::Atom(Atom::NONE))
    }

    /// An integer.
    pub fn int(number: i64) -> Stored {
        Stored(Kept::Atom(Atom::int(number)))
    }

    /// A bool.
    pub fn bool(flag: bool) -> Stored {
        Stored(Kept::Atom(Atom::bool(flag)))
    }

    /// A float.
    pub fn float(number: f64) -> Stored {
        Stored(Kept::Atom(Atom::float(number)))
    }

    /// The object, if it is an atom.
    pub fn atom(node: Node<'_>) -> Option<Stored> {
        Atom::of(node).map(|atom| Stored(Kept::Atom(atom)))
    }

    /// A list of atoms.
    pub(super) fn list_of_atoms(items: Vec<Atom>) -> Stored {
        Stored(Kept::Atoms(Arc::new(Atoms { items: items.into(), value: OnceLock::new() })))
    }

    /// Itself, if it is an atom.
    #[inline]
    pub(super) fn as_atom(&self) -> Option<Atom> {
        match &self.0 {
            Kept::Atom(atom) => Some(*atom),
            _ => None,
        }
    }

    /// Its items, if it was made as a list of atoms.
    pub(super) fn as_atoms(&self) -> Option<&[Atom]> {
        match &self.0 {
            Kept::Atoms(atoms) => Some(&atoms.items),
            _ => None,
        }
    }

    /// What is built, without a proxy in it.
    pub fn build(build: impl FnOnce(&mut Builder) -> Id) -> Stored {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        Stored::plain(builder.finish(root))
    }

    /// What a client sent, with every object of this server that it names.
    pub fn of(node: Node<'_>, objects: &Objects) -> Stored {
        if let Some(atom) = Stored::atom(node) {
            return atom;
        }
        let holds = match node.is_among_objects() {
            true => objects.named_in(node).into(),
            false => Box::default(),
        };
        Stored(Kept::Parts(Arc::new(Parts { value: node.to_value(), holds })))
    }

    /// The value.
    pub fn root(&self) -> Node<'_> {
        match &self.0 {
            Kept::Atom(atom) => atom.root(),
            Kept::Atoms(atoms) => atoms.value().root(),
            Kept::Parts(parts) => parts.value.root(),
        }
    }

    /// The objects that it keeps alive.
    pub fn holds(&self) -> &[Arc<Object>] {
        match &self.0 {
            Kept::Atom(_) | Kept::Atoms(_) => &[],
            Kept::Parts(parts) => &parts.holds,
        }
    }

    /// Whether this and the other are one, as Python's `is` has it; of numbers, whether they are the same.
    pub fn is(&self, other: &Stored) -> bool {
        match (&self.0, &other.0) {
            (Kept::Atom(atom), Kept::Atom(other)) => atom.root() == other.root(),
            (Kept::Atoms(atoms), Kept::Atoms(others)) => Arc::ptr_eq(atoms, others),
            (Kept::Parts(parts), Kept::Parts(others)) => Arc::ptr_eq(parts, others),
            _ => false,
        }
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        // With its place in a container.
        size_of::<Stored>()
            + match &self.0 {
                Kept::Atom(_) => 0,
                Kept::Atoms(atoms) => {
                    let value = atoms.value.get().map_or(0, Value::footprint);
                    size_of::<Atoms>() + size_of_val(&*atoms.items) + value
                }
                Kept::Parts(parts) => {
                    size_of::<Parts>() + parts.value.footprint() + size_of_val(&*parts.holds)
                }
            }
    }

    /// What going through it once costs, in steps of [`Work`](crate::python::Work).
    pub fn steps(&self) -> usize {
        match &self.0 {
            Kept::Atom(_) => 1,
            Kept::Atoms(atoms) => 1 + atoms.items.len(),
            Kept::Parts(parts) => parts.value.size(),
        }
    }
}

/// A value that is put together from stored ones, and that keeps alive what they do.
#[derive(Default)]
pub struct Storing {
    builder: Builder,
    holds: Vec<Arc<Object>>,
    /// What was added, by the address of its parts, which live as long as `kept`.
    known: HashMap<usize, Id>,
    kept: Vec<Stored>,
}

impl Storing {
    /// Nothing so far.
    pub fn new() -> Storing {
        Storing::default()
    }

    /// Adds a stored value. One that was added before is shared, as Python shares an element that a list has twice.
    #[inline]
    pub fn add(&mut self, stored: &Stored) -> Id {
        match &stored.0 {
            // Nobody can tell two of them apart.
            Kept::Atom(atom) => self.builder.atom(*atom),
            Kept::Atoms(atoms) => self.add_parts(stored, Arc::as_ptr(atoms) as usize),
            Kept::Parts(parts) => self.add_parts(stored, Arc::as_ptr(parts) as usize),
        }
    }

    fn add_parts(&mut self, stored: &Stored, address: usize) -> Id {
        let node = stored.root();
        if let Some(&id) = self.known.get(&address) {
            return id;
        }
        let id = match node.kind() {
            Kind::Str(text) => self.builder.str(text),
            _ => self.builder.copy(node),
        };
        self.holds.extend(stored.holds().iter().cloned());
        self.known.insert(address, id);
        self.kept.push(stored.clone());
        id
    }

    /// What adds everything else.
    pub fn builder(&mut self) -> &mut Builder {
        &mut self.builder
    }

    /// The value.
    pub fn finish(mut self, root: Id) -> Stored {
        self.holds.sort_by_key(|object| Arc::as_ptr(object) as usize);
        self.holds.dedup_by(|one, other| Arc::ptr_eq(one, other));
        let value = self.builder.finish(root);
        if self.holds.is_empty() {
            return Stored::plain(value);
        }
        Stored(Kept::Parts(Arc::new(Parts { value, holds: self.holds.into() })))
    }
}
