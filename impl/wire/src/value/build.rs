//! Values made by hand: objects are added one by one and refer to those added before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::store::{FALSE, How, Id, NONE, Record, Recording, Room, Span, Store, TRUE, UNIT};
use super::{Atom, Node, Value};
use crate::int;
use crate::text::Text;

/// How many bytes the texts of a request or a reply mostly have.
const USUAL_TEXT: usize = 128;

/// Makes a [`Value`] object by object.
///
/// Each method adds one object and gives its [`Id`], to be used with the same builder only: the methods panic
/// on an `Id` that cannot be one of theirs. Objects used twice are shared. A builder holds at most 4 Gi of
/// objects and 4 GiB of text and panics beyond.
#[derive(Debug)]
pub struct Builder {
    store: Store<'static>,
    /// Module, name and the record that names them.
    globals: HashMap<(Vec<u8>, Vec<u8>), Id>,
    names: HashMap<Vec<u8>, Id>,
    keyed: Vec<Id>,
}

/// A key that Python cannot hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unhashable {
    /// The type of the key.
    pub found: &'static str,
}

impl fmt::Display for Unhashable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} cannot be a key or an item of a set; expected a value that can be hashed", self.found)
    }
}

impl std::error::Error for Unhashable {}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Builder::of(Store::new(Cow::Borrowed(&[])))
    }

    /// An empty builder with room for what is not kept for long: a request or a reply of the usual size.
    pub fn for_message() -> Self {
        let mut store = Store::for_message(Cow::Borrowed(&[]));
        store.added.reserve_exact(USUAL_TEXT);
        Builder::of(store)
    }

    fn of(store: Store<'static>) -> Self {
        Builder { store, globals: HashMap::new(), names: HashMap::new(), keyed: Vec::new() }
    }

    /// The value whose outermost object is `root`.
    pub fn finish(mut self, root: Id) -> Value<'static> {
        self.check(&[root]);
        self.store.merge_keys(&self.keyed);
        Value { store: self.store, root }
    }

    /// `None`.
    pub fn none(&self) -> Id {
        NONE
    }

    /// A bool.
    #[inline]
    pub fn bool(&self, flag: bool) -> Id {
        if flag { TRUE } else { FALSE }
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, number: i64) -> Id {
        self.push(Record::Int(number))
    }

    /// An integer of any size: two's complement, little endian.
    pub fn int_from_le_bytes(&mut self, bytes: &[u8]) -> Id {
        let bytes = int::shortest(bytes);
        match int::small(bytes) {
            Some(number) => self.int(number),
            None => {
                let span = self.add(bytes);
                self.push(Record::Large(span))
            }
        }
    }

    /// An atom.
    #[inline]
    pub fn atom(&mut self, atom: Atom) -> Id {
        match atom.0 {
            Record::None => NONE,
            Record::Bool(flag) => self.bool(flag),
            record => self.push(record),
        }
    }

    /// A float.
    pub fn float(&mut self, number: f64) -> Id {
        self.push(Record::Float(number))
    }

    /// A text.
    pub fn str<'t>(&mut self, text: impl Into<Text<'t>>) -> Id {
        let span = self.add(text.into().as_bytes());
        self.push(Record::Str(span))
    }

    /// Bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Id {
        let span = self.add(bytes);
        self.push(Record::Bytes(span))
    }

    /// Bytes that can change.
    pub fn byte_array(&mut self, bytes: &[u8]) -> Id {
        let span = self.add(bytes);
        self.push(Record::ByteArray(span))
    }

    /// A tuple.
    pub fn tuple(&mut self, items: &[Id]) -> Id {
        self.check(items);
        self.store.tuple(items)
    }

    /// A list.
    pub fn list(&mut self, items: &[Id]) -> Id {
        self.check(items);
        let room = self.store.room(items);
        self.push(Record::List(room))
    }

    /// Appends to a list, which may thereby contain itself. Panics if `list` is not a list.
    pub fn append(&mut self, list: Id, items: &[Id]) {
        self.check(items);
        let Record::List(mut room) = self.store.record(list) else {
            panic!("append to a {}, expected a list", self.store.type_name(list));
        };
        self.store.grow(&mut room, items);
        self.store.records[list.at()] = Record::List(room);
    }

    /// A dict. Of keys that Python takes for one, the first stays, with the value of the last.
    pub fn dict(&mut self, pairs: &[(Id, Id)]) -> Result<Id, Unhashable> {
        let places: Vec<Id> = pairs.iter().flat_map(|&(key, value)| [key, value]).collect();
        self.check(&places);
        pairs.iter().try_for_each(|&(key, _)| self.hashable(key))?;
        let room = self.store.room(&places);
        let id = self.push(Record::Dict(room));
        // A single key is like no other.
        self.keyed.extend((pairs.len() > 1).then_some(id));
        Ok(id)
    }

    /// A set.
    pub fn set(&mut self, items: &[Id]) -> Result<Id, Unhashable> {
        let room = self.items(items)?;
        let id = self.push(Record::Set(room));
        self.keyed.extend((items.len() > 1).then_some(id));
        Ok(id)
    }

    /// A frozenset.
    pub fn frozen_set(&mut self, items: &[Id]) -> Result<Id, Unhashable> {
        let room = self.items(items)?;
        let id = self.push(Record::FrozenSet(room));
        self.keyed.extend((items.len() > 1).then_some(id));
        Ok(id)
    }

    /// A class or function, by name. The same name gives the same object.
    pub fn global<'t>(&mut self, module: impl Into<Text<'t>>, name: impl Into<Text<'t>>) -> Id {
        let (module, name) = (module.into().as_bytes(), name.into().as_bytes());
        let key = (module.to_vec(), name.to_vec());
        if let Some(&id) = self.globals.get(&key) {
            return id;
        }
        let (module, name) = (self.name(module), self.name(name));
        let id = self.push(Record::Global { module, name });
        self.globals.insert(key, id);
        id
    }

    /// An object made by calling `function` with the tuple `args`.
    pub fn call(&mut self, function: Id, args: &[Id]) -> Id {
        let args = self.tuple(args);
        self.object(How::Call, function, args)
    }

    /// An object made by `class.__new__` with the tuple `args`.
    pub fn new_object(&mut self, class: Id, args: &[Id]) -> Id {
        let args = self.tuple(args);
        self.object(How::New, class, args)
    }

    /// Gives an object its state. Panics if `object` is not an object.
    pub fn set_state(&mut self, object: Id, state: Id) {
        self.check(&[state]);
        let Record::Object(index) = self.store.record(object) else {
            panic!("state for a {}, expected an object", self.store.type_name(object));
        };
        self.store.objects[index as usize].state = Some(state);
    }

    /// A copy of an object of another value, with everything it contains, its sharing and its cycles.
    pub fn copy(&mut self, node: Node<'_>) -> Id {
        if let Some(atom) = Atom::of(node) {
            return self.atom(atom);
        }
        let (from, root) = (node.store(), node.id());
        if !from.is_container(root) {
            return self.copy_one(from, root);
        }
        let mut copies: HashMap<Id, Id> = HashMap::new();
        let mut filled: Vec<(Id, Id)> = Vec::new();
        let mut open = vec![root];
        let mut parts = Vec::new();
        while let Some(id) = open.pop() {
            if copies.contains_key(&id) {
                continue;
            }
            let copy = self.copy_one(from, id);
            copies.insert(id, copy);
            filled.push((id, copy));
            from.children(id, &mut parts);
            open.extend(parts.drain(..).rev());
        }
        // Every object exists by now, so that the parts can be told.
        for (id, copy) in filled {
            self.fill(from, id, copy, &copies);
        }
        copies[&root]
    }

    fn copy_one(&mut self, from: &Store<'_>, id: Id) -> Id {
        match from.record(id) {
            atom if atom.is_atom() => self.atom(Atom(atom)),
            Record::Large(span) => {
                let span = self.add(from.bytes(span));
                self.push(Record::Large(span))
            }
            Record::Str(span) => self.str(Text::checked(from.bytes(span))),
            Record::Bytes(span) => self.bytes(from.bytes(span)),
            Record::ByteArray(span) => self.byte_array(from.bytes(span)),
            Record::Tuple { room, .. } if room.len == 0 => UNIT,
            Record::Global { module, name } => self.global(from.text(module), from.text(name)),
            Record::Object(index) => {
                let object = from.object(index);
                self.store.push_object(Recording {
                    how: object.how,
                    function: NONE,
                    args: UNIT,
                    kwargs: None,
                    items: Room::default(),
                    pairs: Room::default(),
                    state: None,
                })
            }
            record => self.push(record),
        }
    }

    fn fill(&mut self, from: &Store<'_>, id: Id, copy: Id, copies: &HashMap<Id, Id>) {
        let mut moved = |room: Room| {
            let places: Vec<Id> = from.places(room).iter().map(|part| copies[part]).collect();
            self.store.room(&places)
        };
        let record = match from.record(id) {
            Record::Tuple { room, .. } if room.len == 0 => return,
            Record::Tuple { hashable, room } => Record::Tuple { hashable, room: moved(room) },
            Record::List(room) => Record::List(moved(room)),
            Record::Dict(room) => Record::Dict(moved(room)),
            Record::Set(room) => Record::Set(moved(room)),
            Record::FrozenSet(room) => Record::FrozenSet(moved(room)),
            Record::Object(index) => {
                let object = *from.object(index);
                let recording = Recording {
                    how: object.how,
                    function: copies[&object.function],
                    args: copies[&object.args],
                    kwargs: object.kwargs.map(|id| copies[&id]),
                    items: moved(object.items),
                    pairs: moved(object.pairs),
                    state: object.state.map(|id| copies[&id]),
                };
                if let Record::Object(index) = self.store.record(copy) {
                    self.store.objects[index as usize] = recording;
                }
                return;
            }
            _ => return,
        };
        self.store.records[copy.at()] = record;
    }

    fn object(&mut self, how: How, function: Id, args: Id) -> Id {
        self.check(&[function]);
        let (items, pairs) = (Room::default(), Room::default());
        self.store.push_object(Recording { how, function, args, kwargs: None, items, pairs, state: None })
    }

    fn items(&mut self, items: &[Id]) -> Result<Room, Unhashable> {
        self.check(items);
        items.iter().try_for_each(|&item| self.hashable(item))?;
        Ok(self.store.room(items))
    }

    fn hashable(&self, key: Id) -> Result<(), Unhashable> {
        match self.store.is_hashable(key) {
            true => Ok(()),
            false => Err(Unhashable { found: self.store.type_name(key) }),
        }
    }

    fn name(&mut self, name: &[u8]) -> Id {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let id = self.str(Text::checked(name));
        self.names.insert(name.to_vec(), id);
        id
    }

    fn add(&mut self, bytes: &[u8]) -> Span {
        let room = u32::MAX as usize - self.store.added.len();
        assert!(bytes.len() <= room, "a value of more than 4 GiB of text");
        self.store.add(bytes)
    }

    #[inline]
    fn push(&mut self, record: Record) -> Id {
        assert!(self.store.records.len() < u32::MAX as usize, "a value of more than 4 Gi objects");
        self.store.push(record)
    }

    fn check(&self, ids: &[Id]) {
        let places = u32::MAX as usize - self.store.places.len();
        assert!(ids.len() <= places / 2, "a value of more than 2 Gi places");
        for id in ids {
            assert!(id.at() < self.store.records.len(), "an object of another builder");
        }
    }
}
