//! Values: what a pickle holds, as a graph that can be read, compared, changed into another and written
//! again.

mod atom;
mod build;
mod compare;
mod keys;
mod show;
mod store;
mod walk;

use std::borrow::Cow;

pub use atom::Atom;
pub use build::{Builder, Unhashable};
pub(crate) use store::{FALSE, NONE, Record, Recording, Room, Span, Store, TRUE, UNIT, USUAL};
pub use store::{How, Id};
pub use walk::Walk;

use crate::int::Int;
use crate::text::Text;

/// One value and everything it contains.
///
/// Sharing and cycles are kept: the same object in two places is one [`Node`] that both lead to. Texts lie in
/// the bytes the value was read from, so reading copies none of them; [`Value::into_owned`] lets go of the
/// borrow. Dropping, cloning and comparing take no stack however deep the value is.
#[derive(Clone)]
pub struct Value<'a> {
    pub(crate) store: Store<'a>,
    pub(crate) root: Id,
}

impl<'a> Value<'a> {
    /// The outermost object.
    pub fn root(&self) -> Node<'_> {
        Node::within(&self.store, self.root)
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        let Store { records, places, objects, source, added } = self.store;
        let source = Cow::Owned(source.into_owned());
        Value { store: Store { records, places, objects, source, added }, root: self.root }
    }

    /// How many objects the value holds, those no longer reachable included.
    pub fn size(&self) -> usize {
        self.store.records.len()
    }

    /// Whether there is an [`Object`] among them: a value without one has no token and no proxy in it.
    pub fn has_objects(&self) -> bool {
        !self.store.objects.is_empty()
    }

    /// How many bytes of memory the value takes, beside those of its own name: its records with the room that is
    /// kept for more, its places and its texts.
    pub fn footprint(&self) -> usize {
        self.store.footprint()
    }
}

/// One object of a [`Value`], or an [`Atom`].
#[derive(Clone, Copy)]
pub struct Node<'v>(Place<'v>);

/// Where an object is.
#[derive(Clone, Copy)]
enum Place<'v> {
    Within(&'v Store<'v>, Id),
    Alone(&'v Record),
}

/// What has nothing in it.
static NOTHING: Store<'static> = Store::nothing();

/// What an object is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Kind<'v> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of any size.
    Int(Int<'v>),
    /// A float; NaN keeps its bits.
    Float(f64),
    /// A text.
    Str(Text<'v>),
    /// Bytes that do not change.
    Bytes(&'v [u8]),
    /// Bytes that can change.
    ByteArray(&'v [u8]),
    /// A tuple.
    Tuple(Items<'v>),
    /// A list.
    List(Items<'v>),
    /// A dict, in the order of insertion; no key comes twice.
    Dict(Pairs<'v>),
    /// A set, in the order of the message; no item comes twice.
    Set(Items<'v>),
    /// A frozenset, likewise.
    FrozenSet(Items<'v>),
    /// A class or function, by name.
    Global(Global<'v>),
    /// A construction: how an object would be made.
    Object(Object<'v>),
}

/// A class or function, by name. It is never looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Global<'v> {
    /// The module, in the spelling of Python 3.
    pub module: Text<'v>,
    /// The name in the module, with dots for nested ones.
    pub name: Text<'v>,
}

/// How an object would be made; recorded, never carried out.
#[derive(Debug, Clone, Copy)]
pub struct Object<'v> {
    /// What is done with the function.
    pub how: How,
    /// Nearly always a global.
    pub function: Node<'v>,
    /// A tuple.
    pub args: Node<'v>,
    /// A dict, for [`How::NewWithKeywords`].
    pub kwargs: Option<Node<'v>>,
    /// What is appended afterwards, for kinds of list.
    pub items: Items<'v>,
    /// What is inserted afterwards, for kinds of dict.
    pub pairs: Pairs<'v>,
    /// What is given to `__setstate__`, or put into `__dict__`.
    pub state: Option<Node<'v>>,
}

impl<'v> Node<'v> {
    /// The object of this number.
    #[inline]
    pub(crate) fn within(store: &'v Store<'v>, id: Id) -> Node<'v> {
        Node(Place::Within(store, id))
    }

    /// An object that is in no store, and needs none.
    pub(crate) fn alone(record: &'v Record) -> Node<'v> {
        Node(Place::Alone(record))
    }

    /// Its number in its store, if it is in one.
    #[inline]
    pub(crate) fn number(self) -> Option<Id> {
        match self.0 {
            Place::Within(_, id) => Some(id),
            Place::Alone(_) => None,
        }
    }

    #[inline]
    pub(crate) fn store(self) -> &'v Store<'v> {
        match self.0 {
            Place::Within(store, _) => store,
            Place::Alone(_) => &NOTHING,
        }
    }

    #[inline]
    pub(crate) fn record(self) -> Record {
        match self.0 {
            Place::Within(store, id) => store.record(id),
            Place::Alone(record) => *record,
        }
    }

    /// What this is.
    pub fn kind(self) -> Kind<'v> {
        let store = self.store();
        let items = |room| Items { store, ids: store.places(room) };
        match self.record() {
            Record::None => Kind::None,
            Record::Bool(flag) => Kind::Bool(flag),
            Record::Int(number) => Kind::Int(Int::from(number)),
            Record::Large(span) => Kind::Int(Int::from_le_bytes(store.bytes(span))),
            Record::Float(number) => Kind::Float(number),
            Record::Str(span) => Kind::Str(Text::checked(store.bytes(span))),
            Record::Bytes(span) => Kind::Bytes(store.bytes(span)),
            Record::ByteArray(span) => Kind::ByteArray(store.bytes(span)),
            Record::Tuple { room, .. } => Kind::Tuple(items(room)),
            Record::List(room) => Kind::List(items(room)),
            Record::Dict(room) => Kind::Dict(Pairs(items(room))),
            Record::Set(room) => Kind::Set(items(room)),
            Record::FrozenSet(room) => Kind::FrozenSet(items(room)),
            Record::Global { module, name } => {
                Kind::Global(Global { module: store.text(module), name: store.text(name) })
            }
            Record::Object(index) => {
                let object = store.object(index);
                let node = |id| Node::within(store, id);
                Kind::Object(Object {
                    how: object.how,
                    function: node(object.function),
                    args: node(object.args),
                    kwargs: object.kwargs.map(node),
                    items: items(object.items),
                    pairs: Pairs(items(object.pairs)),
                    state: object.state.map(node),
                })
            }
        }
    }

    /// The name of the type, as errors give it.
    pub fn type_name(self) -> &'static str {
        self.record().type_name()
    }

    /// Whether both are the same object of the same value, not merely equal.
    pub fn is(self, other: Node<'_>) -> bool {
        match (self.0, other.0) {
            (Place::Within(store, id), Place::Within(others, other)) => {
                id == other && std::ptr::eq(store.records.as_ptr(), others.records.as_ptr())
            }
            (Place::Alone(record), Place::Alone(other)) => std::ptr::eq(record, other),
            _ => false,
        }
    }

    /// The number of the object within its value: the same object has the same number. An [`Atom`] of its own
    /// has that of `None`.
    pub fn id(self) -> Id {
        self.number().unwrap_or(NONE)
    }

    /// Whether this is `None`.
    pub fn is_none(self) -> bool {
        matches!(self.kind(), Kind::None)
    }

    /// The text, if this is a `str`.
    pub fn text(self) -> Option<Text<'v>> {
        match self.kind() {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if this is a tuple.
    pub fn tuple(self) -> Option<Items<'v>> {
        match self.kind() {
            Kind::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The object and what it contains, as a value of its own.
    pub fn to_value(self) -> Value<'static> {
        let mut builder = Builder::new();
        let root = builder.copy(self);
        builder.finish(root)
    }

    /// Whether there is an [`Object`] anywhere in the value that this is a part of.
    pub fn is_among_objects(self) -> bool {
        !self.store().objects.is_empty()
    }
}

/// The items of a tuple, list or set.
#[derive(Clone, Copy)]
pub struct Items<'v> {
    pub(crate) store: &'v Store<'v>,
    pub(crate) ids: &'v [Id],
}

impl<'v> Items<'v> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.ids.is_empty()
    }

    /// The item at this position.
    #[inline]
    pub fn get(self, index: usize) -> Option<Node<'v>> {
        self.ids.get(index).map(|&id| Node::within(self.store, id))
    }

    /// Those behind the first `count`.
    pub fn after(self, count: usize) -> Items<'v> {
        Items { store: self.store, ids: self.ids.get(count..).unwrap_or_default() }
    }

    /// All of them, in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Node<'v>> + ExactSizeIterator + 'v {
        let Items { store, ids } = self;
        ids.iter().map(move |&id| Node::within(store, id))
    }

    /// All of them, if there are exactly `N`.
    pub fn array<const N: usize>(self) -> Option<[Node<'v>; N]> {
        let ids: [Id; N] = self.ids.try_into().ok()?;
        Some(ids.map(|id| Node::within(self.store, id)))
    }
}

/// The pairs of a dict.
#[derive(Clone, Copy)]
pub struct Pairs<'v>(pub(crate) Items<'v>);

impl<'v> Pairs<'v> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Keys with their values, in the order of insertion.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (Node<'v>, Node<'v>)> + 'v {
        let Items { store, ids } = self.0;
        let node = move |id| Node::within(store, id);
        ids.chunks_exact(2).map(move |pair| (node(pair[0]), node(pair[1])))
    }

    /// The value under this text. Looks at every key.
    pub fn get(self, key: &str) -> Option<Node<'v>> {
        self.iter().find(|(found, _)| found.text().is_some_and(|text| text == key)).map(|(_, value)| value)
    }
}
