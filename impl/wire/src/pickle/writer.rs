//! The writer: values as CPython's own pickler writes them, byte for byte where nothing but the value
//! decides.

mod known;

use self::known::Known;
use super::error::WriteError;
use super::opcode as op;
use super::output::{FULL, Output};
use super::runs;
use super::written::Written;
use crate::int;
use crate::text::Text;
use crate::value::{Atom, How, Id, Node, Record, Room, Store, UNIT, USUAL, Value};

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Protocol {
    /// Read by Python 2 and 3.
    Two = 2,
    /// What CPython 3.6 and 3.7 send.
    Three = 3,
    /// What CPython 3.8 to 3.13 send; read from 3.4 on.
    #[default]
    Four = 4,
    /// What CPython 3.14 sends; read from 3.8 on.
    Five = 5,
}

/// Writes the value in protocol 4, which every CPython from 3.4 on reads.
///
/// # Errors
/// See [`WriteError`]; none of it concerns protocol 4.
pub fn write(value: &Value<'_>) -> Result<Vec<u8>, WriteError> {
    write_as(value.root(), Protocol::Four)
}

/// Writes the value as [`write()`] does, without a copy of its long texts. `space` is memory that may be used for
/// the rest; what is in it goes.
///
/// # Errors
/// See [`write()`].
pub fn write_into<'v>(value: &'v Value<'_>, space: Vec<u8>) -> Result<Written<'v>, WriteError> {
    write_node(value.root(), Protocol::Four, space)
}

/// Writes one object of a value, with everything it contains.
///
/// # Errors
/// See [`WriteError`].
pub fn write_as(node: Node<'_>, protocol: Protocol) -> Result<Vec<u8>, WriteError> {
    write_node(node, protocol, Vec::new()).map(Written::into_bytes)
}

fn write_node(node: Node<'_>, protocol: Protocol, space: Vec<u8>) -> Result<Written<'_>, WriteError> {
    let mut writer = Writer::new(node, protocol, space);
    writer.save(node)?;
    Ok(writer.finish())
}

/// Writes the tuple of a text and an object of a value, in protocol 4, without a copy of the object or of long
/// texts. `space` is memory that may be used for the rest; what is in it goes.
///
/// # Errors
/// See [`write()`].
pub fn write_pair<'v>(text: &'v str, node: Node<'v>, space: Vec<u8>) -> Result<Written<'v>, WriteError> {
    let mut writer = Writer::new(node, Protocol::Four, space);
    writer.begin_pair(text);
    writer.save(node)?;
    Ok(writer.finish_pair())
}

/// Writes the tuple of a text and a list of atoms as [`write_pair`] does, without a value that has them.
pub fn write_pair_of_atoms<'v>(text: &'v str, items: &[Atom], space: Vec<u8>) -> Written<'v> {
    const NONE: Atom = Atom::NONE;
    let mut writer = Writer::new(NONE.root(), Protocol::Four, space);
    writer.out.bytes.reserve(items.len() * 4);
    writer.begin_pair(text);
    writer.out.boundary();
    writer.out.write(&[op::EMPTY_LIST]);
    writer.put_unnamed();
    writer.atoms(items);
    writer.finish_pair()
}

/// No entry of the memo.
const UNWRITTEN: u32 = u32::MAX;
/// How many items go into one opcode.
const BATCH: u32 = 1000;

/// What is left to do, next last.
#[derive(Debug, Clone, Copy)]
enum Task {
    Save(Id),
    Build,
    Fill(Fill),
    EndTuple(Id, u32),
    EndFrozenSet(Id),
    /// A call with one list, which stands for a set.
    EndCall(Id),
    EndObject(Id),
}

/// Places being written, in batches.
#[derive(Debug, Clone, Copy)]
struct Fill {
    room: Room,
    next: u32,
    batches: Batches,
}

/// How places are told to what they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batches {
    /// Not at all: an opcode takes them all in the end.
    None,
    List,
    Dict,
    Set,
    /// What is appended to an object; one that is left over goes alone.
    Items,
    /// What is inserted into an object, likewise.
    Pairs,
}

struct Writer<'v> {
    store: &'v Store<'v>,
    protocol: Protocol,
    out: Output<'v>,
    /// By record.
    memo: Vec<u32>,
    count: u32,
    known: [u32; Known::COUNT],
    tasks: Vec<Task>,
}

impl<'v> Writer<'v> {
    fn new(node: Node<'v>, protocol: Protocol, space: Vec<u8>) -> Writer<'v> {
        let store = node.store();
        let mut writer = Writer {
            store,
            protocol,
            out: Output::into(space),
            memo: vec![UNWRITTEN; store.records.len()],
            count: 0,
            known: [UNWRITTEN; Known::COUNT],
            tasks: Vec::with_capacity(USUAL),
        };
        // Longer texts are not copied.
        let texts = (store.source.len() + store.added.len()).min(FULL);
        writer.out.bytes.reserve(store.records.len() * 4 + texts);
        writer.out.write(&[op::PROTO, protocol as u8]);
        if protocol >= Protocol::Four {
            writer.out.begin_framing();
        }
        writer
    }

    /// Writes the first of two in a tuple.
    fn begin_pair(&mut self, text: &'v str) {
        self.out.boundary();
        self.text(text.as_bytes());
        self.put_unnamed();
    }

    /// Makes the tuple when the second has been written.
    fn finish_pair(mut self) -> Written<'v> {
        self.out.write(&[op::TUPLE2]);
        self.put_unnamed();
        self.finish()
    }

    fn finish(mut self) -> Written<'v> {
        self.out.write(&[op::STOP]);
        self.out.finish()
    }

    /// Writes the object with everything it contains.
    fn save(&mut self, node: Node<'v>) -> Result<(), WriteError> {
        match node.number() {
            Some(id) => self.tasks.push(Task::Save(id)),
            None => {
                self.out.boundary();
                self.plain(node.record());
            }
        }
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Save(id) => {
                    if !self.atom(id)? {
                        self.open(id)?;
                    }
                }
                Task::Build => self.out.write(&[op::BUILD]),
                Task::Fill(fill) => self.fill(fill)?,
                Task::EndTuple(id, len) => self.end_tuple(id, len),
                Task::EndFrozenSet(id) => match self.memo[id.at()] {
                    UNWRITTEN => {
                        self.out.write(&[op::FROZENSET]);
                        self.put(id);
                    }
                    index => {
                        self.out.write(&[op::POP_MARK]);
                        self.get(index);
                    }
                },
                Task::EndCall(id) => {
                    self.out.write(&[op::TUPLE1]);
                    self.put_unnamed();
                    self.out.write(&[op::REDUCE]);
                    self.made(id);
                }
                Task::EndObject(id) => self.end_object(id),
            }
        }
        Ok(())
    }

    /// Writes an atom; whether it was one.
    fn plain(&mut self, record: Record) -> bool {
        match record {
            Record::None => self.out.write(&[op::NONE]),
            Record::Bool(true) => self.out.write(&[op::NEWTRUE]),
            Record::Bool(false) => self.out.write(&[op::NEWFALSE]),
            Record::Int(number) => self.int(number),
            Record::Float(number) => {
                let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
                self.out.write(&[op::BINFLOAT, a, b, c, d, e, f, g, h]);
            }
            _ => return false,
        }
        true
    }

    /// Writes what needs nothing else to be written first; whether it did.
    fn atom(&mut self, id: Id) -> Result<bool, WriteError> {
        self.out.boundary();
        let record = self.store.record(id);
        if self.plain(record) {
            return Ok(true);
        }
        match record {
            Record::Large(span) => self.long(self.store.bytes(span)),
            _ if id == UNIT => self.out.write(&[op::EMPTY_TUPLE]),
            _ if self.memo[id.at()] != UNWRITTEN => self.get(self.memo[id.at()]),
            Record::Str(span) => {
                self.text(self.store.bytes(span));
                self.put(id);
            }
            Record::Bytes(span) => {
                self.bytes(self.store.bytes(span));
                self.put(id);
            }
            Record::ByteArray(span) => {
                self.byte_array(self.store.bytes(span));
                self.put(id);
            }
            Record::Global { module, name } => self.global(id, module, name)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Begins what has parts.
    fn open(&mut self, id: Id) -> Result<(), WriteError> {
        let old = self.protocol < Protocol::Four;
        let fill = |room, batches| Task::Fill(Fill { room, next: 0, batches });
        match self.store.record(id) {
            Record::Tuple { room, .. } => {
                if room.len > 3 {
                    self.out.write(&[op::MARK]);
                }
                self.tasks.extend([Task::EndTuple(id, room.len), fill(room, Batches::None)]);
            }
            Record::List(room) => {
                self.out.write(&[op::EMPTY_LIST]);
                self.put(id);
                self.tasks.push(fill(room, Batches::List));
            }
            Record::Dict(room) => {
                self.out.write(&[op::EMPTY_DICT]);
                self.put(id);
                self.tasks.push(fill(room, Batches::Dict));
            }
            Record::Set(room) if old => self.open_call(Known::Set, id, room),
            Record::FrozenSet(room) if old => self.open_call(Known::FrozenSet, id, room),
            Record::Set(room) => {
                self.out.write(&[op::EMPTY_SET]);
                self.put(id);
                self.tasks.push(fill(room, Batches::Set));
            }
            Record::FrozenSet(room) => {
                self.out.write(&[op::MARK]);
                self.tasks.extend([Task::EndFrozenSet(id), fill(room, Batches::None)]);
            }
            Record::Object(index) => {
                let object = *self.store.object(index);
                if object.how == How::NewWithKeywords && old {
                    return Err(WriteError::Keywords);
                }
                self.tasks.push(Task::EndObject(id));
                self.tasks.extend(object.kwargs.map(Task::Save));
                self.tasks.extend([Task::Save(object.args), Task::Save(object.function)]);
            }
            // Everything else was written as an atom.
            _ => {}
        }
        Ok(())
    }

    fn open_call(&mut self, class: Known, id: Id, room: Room) {
        self.known(class);
        self.out.write(&[op::EMPTY_LIST]);
        self.put_unnamed();
        self.tasks.push(Task::EndCall(id));
        self.tasks.push(Task::Fill(Fill { room, next: 0, batches: Batches::List }));
    }

    /// Goes on with places until one has parts, which then come first.
    fn fill(&mut self, mut fill: Fill) -> Result<(), WriteError> {
        let Fill { room, batches, .. } = fill;
        let store = self.store;
        let places = store.places(room);
        let (one, many, step) = match batches {
            Batches::None => {
                while let Some(&id) = places.get(fill.next as usize) {
                    fill.next += 1;
                    if !self.atom(id)? {
                        self.tasks.extend([Task::Fill(fill), Task::Save(id)]);
                        return Ok(());
                    }
                }
                return Ok(());
            }
            Batches::List | Batches::Items => (op::APPEND, op::APPENDS, 1),
            Batches::Dict | Batches::Pairs => (op::SETITEM, op::SETITEMS, 2),
            Batches::Set => (op::ADDITEMS, op::ADDITEMS, 1),
        };
        let batch = BATCH * step;
        let alone = |from: u32| match batches {
            Batches::List | Batches::Dict => room.len == step,
            Batches::Items | Batches::Pairs => room.len - from == step,
            _ => false,
        };
        loop {
            let next = fill.next;
            if next > 0 && (next.is_multiple_of(batch) || next == room.len) {
                let from = (next - 1) / batch * batch;
                self.out.write(&[if alone(from) { one } else { many }]);
            }
            if next == room.len {
                // CPython notices the end of a dict or set only in the batch after a full one.
                if next > 0 && next.is_multiple_of(batch) && matches!(batches, Batches::Dict | Batches::Set) {
                    self.out.write(&[op::MARK, many]);
                }
                return Ok(());
            }
            if next.is_multiple_of(batch) && !alone(next) {
                self.out.write(&[op::MARK]);
            }
            if step == 1 {
                let rest = &places[next as usize..room.len.min(next - next % batch + batch) as usize];
                let run = runs::write(&mut self.out, rest.iter().map(|&id| store.record(id)));
                if run > 0 {
                    fill.next += run as u32;
                    continue;
                }
            }
            fill.next += 1;
            let id = places[next as usize];
            if !self.atom(id)? {
                self.tasks.extend([Task::Fill(fill), Task::Save(id)]);
                return Ok(());
            }
        }
    }

    /// Fills a list as [`fill`](Writer::fill) does.
    fn atoms(&mut self, items: &[Atom]) {
        for batch in items.chunks(BATCH as usize) {
            let is_alone = items.len() == 1;
            if !is_alone {
                self.out.write(&[op::MARK]);
            }
            let mut left = batch;
            while let Some(first) = left.first() {
                let run = runs::write(&mut self.out, left.iter().map(|atom| atom.0));
                if run == 0 {
                    self.out.boundary();
                    self.plain(first.0);
                }
                left = &left[run.max(1)..];
            }
            self.out.write(&[if is_alone { op::APPEND } else { op::APPENDS }]);
        }
    }

    /// A tuple that was written while its own parts were is taken from the memo instead.
    fn end_tuple(&mut self, id: Id, len: u32) {
        match self.memo[id.at()] {
            UNWRITTEN => {
                self.out.write(&[match len {
                    1 => op::TUPLE1,
                    2 => op::TUPLE2,
                    3 => op::TUPLE3,
                    _ => op::TUPLE,
                }]);
                self.put(id);
            }
            index => {
                if len > 3 {
                    self.out.write(&[op::POP_MARK]);
                } else {
                    self.out.write(&[op::POP; 3][..len as usize]);
                }
                self.get(index);
            }
        }
    }

    fn end_object(&mut self, id: Id) {
        let Record::Object(index) = self.store.record(id) else { return };
        let object = *self.store.object(index);
        self.out.write(&[match object.how {
            How::Call => op::REDUCE,
            How::New => op::NEWOBJ,
            How::NewWithKeywords => op::NEWOBJ_EX,
        }]);
        if !self.made(id) {
            return;
        }
        if let Some(state) = object.state {
            self.tasks.extend([Task::Build, Task::Save(state)]);
        }
        for (room, batches) in [(object.pairs, Batches::Pairs), (object.items, Batches::Items)] {
            if room.len > 0 {
                self.tasks.push(Task::Fill(Fill { room, next: 0, batches }));
            }
        }
    }

    /// Remembers what a call made, or drops it for what was remembered meanwhile; whether it is new.
    fn made(&mut self, id: Id) -> bool {
        match self.memo[id.at()] {
            UNWRITTEN => {
                self.put(id);
                true
            }
            index => {
                self.out.write(&[op::POP]);
                self.get(index);
                false
            }
        }
    }

    fn int(&mut self, number: i64) {
        if let Ok(byte) = u8::try_from(number) {
            self.out.write(&[op::BININT1, byte]);
        } else if let Ok(word) = u16::try_from(number) {
            let [a, b] = word.to_le_bytes();
            self.out.write(&[op::BININT2, a, b]);
        } else if let Ok(word) = i32::try_from(number) {
            let [a, b, c, d] = word.to_le_bytes();
            self.out.write(&[op::BININT, a, b, c, d]);
        } else {
            self.long(int::shortest(&number.to_le_bytes()));
        }
    }

    fn long(&mut self, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(len) => self.out.write(&[op::LONG1, len]),
            Err(_) => {
                let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
                self.out.write(&[op::LONG4, a, b, c, d]);
            }
        }
        self.out.write(bytes);
    }

    fn text(&mut self, text: &'v [u8]) {
        match u8::try_from(text.len()) {
            Ok(len) if self.protocol >= Protocol::Four => {
                self.out.write_text(&[op::SHORT_BINUNICODE, len], text);
            }
            _ => {
                let [a, b, c, d] = (text.len() as u32).to_le_bytes();
                self.out.write_text(&[op::BINUNICODE, a, b, c, d], text);
            }
        }
    }

    /// Bytes that are not yet remembered.
    fn bytes(&mut self, bytes: &'v [u8]) {
        match u8::try_from(bytes.len()) {
            _ if self.protocol < Protocol::Three => self.encoded(bytes),
            Ok(len) => self.out.write_text(&[op::SHORT_BINBYTES, len], bytes),
            Err(_) => {
                let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
                self.out.write_text(&[op::BINBYTES, a, b, c, d], bytes);
            }
        }
    }

    /// Bytes as a call that makes them from a text.
    fn encoded(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.known(Known::Bytes);
            self.out.write(&[op::EMPTY_TUPLE, op::REDUCE]);
            return;
        }
        self.known(Known::Encode);
        let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        let [a, b, c, d] = (text.len() as u32).to_le_bytes();
        self.out.write(&[op::BINUNICODE, a, b, c, d]);
        self.out.write(text.as_bytes());
        self.put_unnamed();
        self.known(Known::Latin1);
        self.out.write(&[op::TUPLE2]);
        self.put_unnamed();
        self.out.write(&[op::REDUCE]);
    }

    fn byte_array(&mut self, bytes: &'v [u8]) {
        if self.protocol >= Protocol::Five {
            let [a, b, c, d, e, f, g, h] = (bytes.len() as u64).to_le_bytes();
            self.out.write_text(&[op::BYTEARRAY8, a, b, c, d, e, f, g, h], bytes);
            return;
        }
        self.known(Known::ByteArray);
        if bytes.is_empty() {
            self.out.write(&[op::EMPTY_TUPLE, op::REDUCE]);
            return;
        }
        self.bytes(bytes);
        self.put_unnamed();
        self.out.write(&[op::TUPLE1]);
        self.put_unnamed();
        self.out.write(&[op::REDUCE]);
    }

    fn global(&mut self, id: Id, module: Id, name: Id) -> Result<(), WriteError> {
        if self.protocol >= Protocol::Four {
            self.atom(module)?;
            self.atom(name)?;
            self.out.write(&[op::STACK_GLOBAL]);
            self.put(id);
            return Ok(());
        }
        let (module, name) = (self.store.text(module), self.store.text(name));
        let plain = |text: Text<'_>| {
            let ascii_only = self.protocol < Protocol::Three;
            !text.as_bytes().contains(&b'\n') && (!ascii_only || text.as_bytes().is_ascii())
        };
        match (module.to_str(), name.to_str()) {
            (Some(in_module), Some(named)) if plain(module) && plain(name) => self.line(in_module, named),
            _ => return Err(WriteError::BadName { found: format!("{module}.{name}") }),
        }
        self.put(id);
        Ok(())
    }

    fn put(&mut self, id: Id) {
        self.memo[id.at()] = self.count;
        self.put_unnamed();
    }

    /// Remembers what is on top of the stack.
    fn put_unnamed(&mut self) {
        let index = self.count;
        self.count += 1;
        match u8::try_from(index) {
            _ if self.protocol >= Protocol::Four => self.out.write(&[op::MEMOIZE]),
            Ok(index) => self.out.write(&[op::BINPUT, index]),
            Err(_) => {
                let [a, b, c, d] = index.to_le_bytes();
                self.out.write(&[op::LONG_BINPUT, a, b, c, d]);
            }
        }
    }

    fn get(&mut self, index: u32) {
        match u8::try_from(index) {
            Ok(index) => self.out.write(&[op::BINGET, index]),
            Err(_) => {
                let [a, b, c, d] = index.to_le_bytes();
                self.out.write(&[op::LONG_BINGET, a, b, c, d]);
            }
        }
    }
}
