//! The arena a value lives in: small records, the places of containers, the bytes of texts.
//!
//! A pickle is a graph, with sharing and cycles, so a value is one too: records name each other by number.
//! Nothing here recurses, and dropping it frees a few vectors.

use std::borrow::Cow;

use crate::int;
use crate::text::Text;

/// The number of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) u32);

impl Id {
    #[inline]
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// A run of bytes: in the source first, behind its end in what was added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// A run of places.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Room {
    pub(crate) start: u32,
    pub(crate) len: u32,
    /// How many places the run can grow to where it stands.
    pub(crate) kept: u32,
}

/// One value, without what it contains.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record {
    None,
    Bool(bool),
    Int(i64),
    /// Shortest two's complement of a number that does not fit `Int`.
    Large(Span),
    Float(f64),
    Str(Span),
    Bytes(Span),
    ByteArray(Span),
    /// `hashable` is whether Python could use it as a key.
    Tuple {
        hashable: bool,
        room: Room,
    },
    List(Room),
    /// Keys and values in turn.
    Dict(Room),
    Set(Room),
    FrozenSet(Room),
    /// Both are records of `Str`.
    Global {
        module: Id,
        name: Id,
    },
    /// An index into the objects.
    Object(u32),
}

impl Record {
    /// Whether it is a value without anything in the store.
    pub(crate) fn is_atom(self) -> bool {
        matches!(self, Record::None | Record::Bool(_) | Record::Int(_) | Record::Float(_))
    }

    /// Whether it has parts that can have parts.
    pub(crate) fn is_container(&self) -> bool {
        matches!(
            self,
            Record::Tuple { .. }
                | Record::List(_)
                | Record::Dict(_)
                | Record::Set(_)
                | Record::FrozenSet(_)
                | Record::Object(_)
        )
    }

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Record::None => "None",
            Record::Bool(_) => "bool",
            Record::Int(_) | Record::Large(_) => "int",
            Record::Float(_) => "float",
            Record::Str(_) => "str",
            Record::Bytes(_) => "bytes",
            Record::ByteArray(_) => "bytearray",
            Record::Tuple { .. } => "tuple",
            Record::List(_) => "list",
            Record::Dict(_) => "dict",
            Record::Set(_) => "set",
            Record::FrozenSet(_) => "frozenset",
            Record::Global { .. } => "global",
            Record::Object(_) => "object",
        }
    }
}

/// How an object is made from its function and arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// `function(*args)`.
    Call,
    /// `class.__new__(class, *args)`.
    New,
    /// `class.__new__(class, *args, **kwargs)`.
    NewWithKeywords,
}

/// A construction, recorded and not carried out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recording {
    pub(crate) how: How,
    pub(crate) function: Id,
    pub(crate) args: Id,
    pub(crate) kwargs: Option<Id>,
    pub(crate) items: Room,
    pub(crate) pairs: Room,
    pub(crate) state: Option<Id>,
}

/// A text of at most so many bytes may be gone through once for each place that it stands in.
pub(crate) const SHORT: u32 = 64;

/// How many records a request or a reply mostly has, and places.
pub(crate) const USUAL: usize = 16;

/// Records that every store begins with.
pub(crate) const NONE: Id = Id(0);
pub(crate) const FALSE: Id = Id(1);
pub(crate) const TRUE: Id = Id(2);
pub(crate) const UNIT: Id = Id(3);

const FIRST: [Record; 4] = [
    Record::None,
    Record::Bool(false),
    Record::Bool(true),
    Record::Tuple { hashable: true, room: Room { start: 0, len: 0, kept: 0 } },
];

/// All of one value.
#[derive(Debug, Clone)]
pub(crate) struct Store<'a> {
    pub(crate) records: Vec<Record>,
    pub(crate) places: Vec<Id>,
    pub(crate) objects: Vec<Recording>,
    pub(crate) source: Cow<'a, [u8]>,
    pub(crate) added: Vec<u8>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(source: Cow<'a, [u8]>) -> Self {
        let (records, places) = (Vec::from(FIRST), Vec::new());
        Store { records, places, objects: Vec::new(), source, added: Vec::new() }
    }

    /// As [`new`](Store::new), with room for a message of the usual size.
    pub(crate) fn for_message(source: Cow<'a, [u8]>) -> Self {
        let (mut records, places) = (Vec::with_capacity(USUAL), Vec::with_capacity(USUAL));
        records.extend(FIRST);
        Store { records, places, objects: Vec::new(), source, added: Vec::new() }
    }

    /// A store without even the records that every other one begins with.
    pub(crate) const fn nothing() -> Self {
        Store {
            records: Vec::new(),
            places: Vec::new(),
            objects: Vec::new(),
            source: Cow::Borrowed(&[]),
            added: Vec::new(),
        }
    }

    pub(crate) fn footprint(&self) -> usize {
        let source = match &self.source {
            Cow::Borrowed(_) => 0,
            Cow::Owned(source) => source.capacity(),
        };
        self.records.capacity() * size_of::<Record>()
            + self.places.capacity() * size_of::<Id>()
            + self.objects.capacity() * size_of::<Recording>()
            + source
            + self.added.capacity()
    }

    #[inline]
    pub(crate) fn record(&self, id: Id) -> Record {
        self.records[id.at()]
    }

    #[inline]
    pub(crate) fn push(&mut self, record: Record) -> Id {
        let id = Id(self.records.len() as u32);
        self.records.push(record);
        id
    }

    pub(crate) fn object(&self, index: u32) -> &Recording {
        &self.objects[index as usize]
    }

    pub(crate) fn push_object(&mut self, recording: Recording) -> Id {
        let index = self.objects.len() as u32;
        self.objects.push(recording);
        self.push(Record::Object(index))
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let (start, len) = (span.start as usize, span.len as usize);
        match start.checked_sub(self.source.len()) {
            None => &self.source[start..start + len],
            Some(start) => &self.added[start..start + len],
        }
    }

    /// Keeps a copy of bytes that are not in the source.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Span {
        let start = (self.source.len() + self.added.len()) as u32;
        self.added.extend_from_slice(bytes);
        Span { start, len: bytes.len() as u32 }
    }

    /// The record of a number in two's complement, where `span` holds its bytes.
    pub(crate) fn int(&self, span: Span) -> Record {
        let bytes = int::shortest(self.bytes(span));
        match int::small(bytes) {
            Some(number) => Record::Int(number),
            None => Record::Large(Span { start: span.start, len: bytes.len() as u32 }),
        }
    }

    pub(crate) fn places(&self, room: Room) -> &[Id] {
        &self.places[room.start as usize..(room.start + room.len) as usize]
    }

    /// Makes room for `more` places behind those of `room`, which may move, and appends them.
    ///
    /// A run that moves keeps room to double: a message that fills many containers in turn costs no more than
    /// twice its places.
    pub(crate) fn grow(&mut self, room: &mut Room, more: &[Id]) {
        let (start, len) = (room.start as usize, room.len as usize);
        let wanted = len + more.len();
        if len == 0 {
            room.start = self.places.len() as u32;
            self.places.extend_from_slice(more);
            room.kept = wanted as u32;
        } else if start + len == self.places.len() {
            self.places.extend_from_slice(more);
            room.kept = wanted as u32;
        } else if wanted <= room.kept as usize {
            self.places[start + len..start + wanted].copy_from_slice(more);
        } else {
            room.start = self.places.len() as u32;
            self.places.extend_from_within(start..start + len);
            self.places.extend_from_slice(more);
            let kept = wanted.max(2 * len);
            self.places.resize(self.places.len() + kept - wanted, NONE);
            room.kept = kept as u32;
        }
        room.len = wanted as u32;
    }

    /// A run of exactly these places.
    pub(crate) fn room(&mut self, places: &[Id]) -> Room {
        let mut room = Room::default();
        self.grow(&mut room, places);
        room
    }

    /// A tuple of these, which exist already.
    pub(crate) fn tuple(&mut self, places: &[Id]) -> Id {
        if places.is_empty() {
            return UNIT;
        }
        let hashable = places.iter().all(|&id| self.is_hashable(id));
        let room = self.room(places);
        self.push(Record::Tuple { hashable, room })
    }

    /// Whether Python could use it as a key. Objects count: whether their class can be hashed is not known.
    pub(crate) fn is_hashable(&self, id: Id) -> bool {
        match self.record(id) {
            Record::ByteArray(_) | Record::List(_) | Record::Dict(_) | Record::Set(_) => false,
            Record::Tuple { hashable, .. } => hashable,
            _ => true,
        }
    }

    pub(crate) fn type_name(&self, id: Id) -> &'static str {
        self.record(id).type_name()
    }

    /// The text that this is.
    pub(crate) fn text(&self, id: Id) -> Text<'_> {
        match self.record(id) {
            Record::Str(span) => Text::checked(self.bytes(span)),
            _ => Text::from(""),
        }
    }

    /// The parts of a container, an object or a global, in the order in which they are written.
    pub(crate) fn children(&self, id: Id, out: &mut Vec<Id>) {
        match self.record(id) {
            Record::Tuple { room, .. }
            | Record::List(room)
            | Record::Dict(room)
            | Record::Set(room)
            | Record::FrozenSet(room) => out.extend_from_slice(self.places(room)),
            Record::Global { module, name } => out.extend([module, name]),
            Record::Object(index) => {
                let object = *self.object(index);
                out.extend([object.function, object.args]);
                out.extend(object.kwargs);
                out.extend_from_slice(self.places(object.items));
                out.extend_from_slice(self.places(object.pairs));
                out.extend(object.state);
            }
            _ => {}
        }
    }

    /// Whether it has parts that can have parts.
    pub(crate) fn is_container(&self, id: Id) -> bool {
        self.record(id).is_container()
    }

    /// Whether it is a text so long that it is not to be gone through once for each place it stands in.
    pub(crate) fn is_long(&self, id: Id) -> bool {
        match self.record(id) {
            Record::Str(span) | Record::Bytes(span) | Record::ByteArray(span) | Record::Large(span) => {
                span.len > SHORT
            }
            _ => false,
        }
    }

    /// Whether containers stand within containers deeper than `most`. A container met on the way into itself
    /// counts no further.
    pub(crate) fn is_deeper_than(&self, root: Id, most: usize) -> bool {
        // Below, each container is entered once and left once: depth is the longest way down from it.
        let containers = self.records.iter().filter(|record| record.is_container());
        if containers.count() <= most {
            return false;
        }
        let mut depth = vec![0_u32; self.records.len()];
        let mut stack = vec![(root, false)];
        let mut children = Vec::new();
        while let Some((id, leaving)) = stack.pop() {
            if leaving {
                self.children(id, &mut children);
                let below = children.drain(..).filter(|child| self.is_container(*child));
                let below = below.map(|child| depth[child.at()]).filter(|depth| *depth != u32::MAX);
                let own = 1 + below.max().unwrap_or(0);
                if own as usize > most {
                    return true;
                }
                depth[id.at()] = own;
            } else if self.is_container(id) && depth[id.at()] == 0 {
                depth[id.at()] = u32::MAX;
                stack.push((id, true));
                self.children(id, &mut children);
                stack.extend(children.drain(..).map(|child| (child, false)));
            }
        }
        false
    }
}
