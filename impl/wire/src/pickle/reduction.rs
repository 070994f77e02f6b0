//! Objects: constructions recorded, and the few that stand for plain values evaluated.

use super::error::ReadError;
use super::reader::Machine;
use crate::text::Text;
use crate::value::{How, Id, Record, Recording, Room, Store};

/// The arguments of one construction.
#[derive(Clone, Copy)]
enum Args {
    None,
    One(Id),
    Two(Id, Id),
    Many,
}

impl Machine<'_, '_> {
    /// `function(*args)`.
    pub(super) fn reduce(&mut self) -> Result<(), ReadError> {
        let above = self.above(2)?;
        let (function, args) = (self.stack[above], self.stack[above + 1]);
        let Record::Tuple { room, .. } = self.store.record(args) else {
            return Err(self.wrong_type(args, "a tuple of arguments"));
        };
        let given = match *self.store.places(room) {
            [] => Args::None,
            [one] => Args::One(one),
            [one, two] => Args::Two(one, two),
            _ => Args::Many,
        };
        let plain = match evaluated(&self.store, function) {
            Some(what) => self.evaluate(what, given)?,
            None => None,
        };
        self.stack.truncate(above);
        match plain {
            Some(record) => self.push(record),
            None => self.record(How::Call, function, args, None),
        }
        if plain.is_some_and(|record| matches!(record, Record::Set(_) | Record::FrozenSet(_))) {
            self.keyed.extend(self.stack.last());
        }
        Ok(())
    }

    /// `class.__new__(class, *args)`.
    pub(super) fn new_object(&mut self) -> Result<(), ReadError> {
        let above = self.above(2)?;
        let (class, args) = (self.stack[above], self.stack[above + 1]);
        if !matches!(self.store.record(args), Record::Tuple { .. }) {
            return Err(self.wrong_type(args, "a tuple of arguments"));
        }
        self.stack.truncate(above);
        self.record(How::New, class, args, None);
        Ok(())
    }

    /// `class.__new__(class, *args, **kwargs)`.
    pub(super) fn new_object_with_keywords(&mut self) -> Result<(), ReadError> {
        let above = self.above(3)?;
        let (class, args, kwargs) = (self.stack[above], self.stack[above + 1], self.stack[above + 2]);
        if !matches!(self.store.record(args), Record::Tuple { .. }) {
            return Err(self.wrong_type(args, "a tuple of arguments"));
        }
        if !matches!(self.store.record(kwargs), Record::Dict(_)) {
            return Err(self.wrong_type(kwargs, "a dict of keywords"));
        }
        self.stack.truncate(above);
        self.record(How::NewWithKeywords, class, args, Some(kwargs));
        Ok(())
    }

    /// State for the object below it.
    pub(super) fn build(&mut self) -> Result<(), ReadError> {
        let above = self.above(2)?;
        let (object, state) = (self.stack[above], self.stack[above + 1]);
        let Record::Object(index) = self.store.record(object) else {
            return Err(self.wrong_type(object, "an object"));
        };
        let recording = &mut self.store.objects[index as usize];
        if recording.state.is_some() {
            return Err(self.wrong_type(object, "an object without state"));
        }
        recording.state = Some(state);
        self.stack.truncate(above + 1);
        Ok(())
    }

    fn record(&mut self, how: How, function: Id, args: Id, kwargs: Option<Id>) {
        let (items, pairs) = (Room::default(), Room::default());
        let id = self.store.push_object(Recording { how, function, args, kwargs, items, pairs, state: None });
        self.stack.push(id);
    }

    /// The plain value that a construction stands for, or nothing if it is to be recorded.
    fn evaluate(&mut self, what: &'static str, args: Args) -> Result<Option<Record>, ReadError> {
        let record = |store: &Store<'_>, id| store.record(id);
        Ok(match (what, args) {
            ("bytes", Args::None) => Some(Record::Bytes(self.store.add(&[]))),
            ("bytearray", Args::None) => Some(Record::ByteArray(self.store.add(&[]))),
            ("set", Args::None) => Some(Record::Set(Room::default())),
            ("frozenset", Args::None) => Some(Record::FrozenSet(Room::default())),
            ("list", Args::None) => Some(Record::List(Room::default())),
            ("encode", Args::Two(text, codec)) if self.is_latin_1(codec) => {
                self.latin_1(what, text)?.map(Record::Bytes)
            }
            ("bytearray", Args::Two(text, codec)) if self.is_latin_1(codec) => {
                self.latin_1(what, text)?.map(Record::ByteArray)
            }
            ("bytearray", Args::One(bytes)) => match record(&self.store, bytes) {
                Record::Bytes(span) => Some(Record::ByteArray(span)),
                _ => None,
            },
            ("list", Args::One(list)) => match record(&self.store, list) {
                Record::List(room) => Some(Record::List(self.copied(room)?)),
                _ => None,
            },
            ("set" | "frozenset", Args::One(list)) => match record(&self.store, list) {
                Record::List(room) => {
                    if let Some(&key) =
                        self.store.places(room).iter().find(|&&key| !self.store.is_hashable(key))
                    {
                        let found = self.store.type_name(key);
                        return Err(ReadError::Unhashable { offset: self.offset, found });
                    }
                    let room = self.copied(room)?;
                    Some(if what == "set" { Record::Set(room) } else { Record::FrozenSet(room) })
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// The list may grow later and the copy must not.
    fn copied(&mut self, room: Room) -> Result<Room, ReadError> {
        self.places_bound(room.len as usize)?;
        let places = self.store.places(room).to_vec();
        Ok(self.store.room(&places))
    }

    fn is_latin_1(&self, codec: Id) -> bool {
        match self.store.record(codec) {
            Record::Str(span) => matches!(self.store.bytes(span), b"latin1" | b"latin-1"),
            _ => false,
        }
    }

    /// One byte for each character of a text below U+0100.
    fn latin_1(&mut self, what: &'static str, text: Id) -> Result<Option<crate::value::Span>, ReadError> {
        let Record::Str(span) = self.store.record(text) else { return Ok(None) };
        self.bytes_bound(span.len as usize)?;
        let mut bytes = Vec::with_capacity(span.len as usize);
        for point in Text::checked(self.store.bytes(span)).chars() {
            let Ok(byte) = u8::try_from(point) else {
                let expected = "a text of characters below U+0100";
                return Err(ReadError::BadReduction { offset: self.offset, what, expected });
            };
            bytes.push(byte);
        }
        Ok(Some(self.store.add(&bytes)))
    }
}

/// The name of a function whose calls can stand for plain values.
fn evaluated(store: &Store<'_>, function: Id) -> Option<&'static str> {
    let Record::Global { module, name } = store.record(function) else { return None };
    let text = |id| match store.record(id) {
        Record::Str(span) => store.bytes(span),
        _ => &[],
    };
    match (text(module), text(name)) {
        (b"builtins", b"bytes") => Some("bytes"),
        (b"builtins", b"bytearray") => Some("bytearray"),
        (b"builtins", b"set") => Some("set"),
        (b"builtins", b"frozenset") => Some("frozenset"),
        (b"builtins", b"list") => Some("list"),
        (b"_codecs", b"encode") => Some("encode"),
        _ => None,
    }
}
