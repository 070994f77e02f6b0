//! The reader: a stack machine that records what a pickle describes and carries nothing out.

use std::borrow::Cow;
use std::collections::HashMap;

use super::error::ReadError;
use super::memo::Memo;
use super::opcode as op;
use super::runs;
use crate::globals::Globals;
use crate::limits::{Dimension, Limits};
use crate::text::Text;
use crate::value::{FALSE, Id, NONE, Record, Span, Store, TRUE, UNIT, USUAL, Value};

/// Reads pickles under chosen bounds.
///
/// ```
/// use procession_wire::pickle::Reader;
///
/// let value = Reader::default().read(b"\x80\x04]\x94(K\x01K\x02e.").unwrap();
/// assert_eq!(format!("{value:?}"), "[1, 2]");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// What a pickle may cost.
    pub limits: Limits,
    /// What it may name.
    pub globals: Globals,
}

/// Reads one pickle of protocol 2 to 5 under the bounds that are usual. See [`Reader::read`].
pub fn read(pickle: &[u8]) -> Result<Value<'_>, ReadError> {
    Reader::default().read(pickle)
}

impl Reader {
    /// Reads exactly one pickle of protocol 2 to 5.
    ///
    /// The texts of the value lie in `pickle`. Nothing is imported or called: constructions are recorded,
    /// except that the forms in which older protocols write bytes, bytearrays, sets and lists give what they
    /// stand for. Stricter than CPython: bytes after the end, values left on the stack, opcodes across the
    /// end of a frame and a state for something that is no object are errors.
    ///
    /// # Errors
    /// See [`ReadError`]; whatever the bytes are, there is no panic, and memory stays within [`Limits`].
    pub fn read<'a>(&self, pickle: &'a [u8]) -> Result<Value<'a>, ReadError> {
        let most = self.limits.bytes.min(u32::MAX as usize);
        if pickle.len() > most {
            return Err(ReadError::Limit { offset: 0, dimension: Dimension::Bytes, allowed: most });
        }
        let mut machine = Machine::new(self, pickle);
        machine.run()?;
        machine.finish()
    }
}

/// The module and name of a class or function.
type Name = (Box<[u8]>, Box<[u8]>);

/// The state between two opcodes.
pub(super) struct Machine<'r, 'a> {
    pub(super) reader: &'r Reader,
    data: &'a [u8],
    at: usize,
    frame_end: usize,
    /// Where the opcode under way begins.
    pub(super) offset: usize,
    pub(super) opcode: u8,
    protocol: u8,
    pub(super) store: Store<'a>,
    pub(super) stack: Vec<Id>,
    /// Heights of the stack where marks were set.
    pub(super) marks: Vec<u32>,
    memo: Memo,
    /// How many of the records are integers, at least.
    ints: usize,
    /// By module and name.
    globals: HashMap<Name, Id>,
    /// Containers that can hold two keys that are one.
    pub(super) keyed: Vec<Id>,
}

impl<'r, 'a> Machine<'r, 'a> {
    fn new(reader: &'r Reader, data: &'a [u8]) -> Self {
        Machine {
            reader,
            data,
            at: 0,
            frame_end: usize::MAX,
            offset: 0,
            opcode: 0,
            protocol: 0,
            store: Store::for_message(Cow::Borrowed(data)),
            stack: Vec::with_capacity(USUAL),
            marks: Vec::new(),
            memo: Memo::with_room(USUAL),
            ints: 0,
            globals: HashMap::new(),
            keyed: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), ReadError> {
        self.begin()?;
        // Records and places are numbered in 32 bits, and a run that moves keeps room to double.
        let items = self.reader.limits.items.min(u32::MAX as usize / 4);
        loop {
            if self.at >= self.frame_end {
                if self.at > self.frame_end {
                    return Err(ReadError::FrameCut { offset: self.offset });
                }
                self.frame_end = usize::MAX;
            }
            self.offset = self.at;
            let Some(&opcode) = self.data.get(self.at) else {
                return Err(ReadError::Truncated { offset: self.at, expected: 1, found: 0 });
            };
            self.at += 1;
            self.opcode = opcode;
            match opcode {
                op::BININT1 => {
                    let [byte] = self.array()?;
                    self.ints(i64::from(byte), items);
                }
                op::BININT2 => {
                    let number = u16::from_le_bytes(self.array()?);
                    self.ints(i64::from(number), items);
                }
                op::BININT => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.ints(i64::from(number), items);
                }
                op::BINFLOAT => {
                    let number = f64::from_be_bytes(self.array()?);
                    self.push(Record::Float(number));
                }
                op::SHORT_BINUNICODE => {
                    let [len] = self.array()?;
                    self.text(u64::from(len))?;
                }
                op::MEMOIZE => {
                    let id = self.top()?;
                    self.memo.push(id);
                    self.memo_bound()?;
                }
                op::BINPUT => {
                    let [index] = self.array()?;
                    self.put(u32::from(index))?;
                }
                op::BINGET => {
                    let [index] = self.array()?;
                    self.get(u32::from(index))?;
                }
                op::LONG_BINPUT => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.put(index)?;
                }
                op::LONG_BINGET => {
                    let index = u32::from_le_bytes(self.array()?);
                    self.get(index)?;
                }
                op::MARK => self.marks.push(self.stack.len() as u32),
                op::NONE => self.stack.push(NONE),
                op::NEWTRUE => self.stack.push(TRUE),
                op::NEWFALSE => self.stack.push(FALSE),
                op::EMPTY_TUPLE => self.stack.push(UNIT),
                op::EMPTY_LIST => self.push(Record::List(Default::default())),
                op::EMPTY_DICT => self.push(Record::Dict(Default::default())),
                op::EMPTY_SET => self.push(Record::Set(Default::default())),
                op::TUPLE1 => self.tuple_of(1)?,
                op::TUPLE2 => self.tuple_of(2)?,
                op::TUPLE3 => self.tuple_of(3)?,
                op::TUPLE => {
                    let mark = self.mark()?;
                    self.tuple_from(mark)?;
                }
                op::APPEND => {
                    let above = self.above(2)?;
                    self.append_from(above + 1)?;
                }
                op::APPENDS => {
                    let mark = self.mark()?;
                    self.append_from(mark)?;
                }
                op::SETITEM => {
                    let above = self.above(3)?;
                    self.insert_from(above + 1)?;
                }
                op::SETITEMS => {
                    let mark = self.mark()?;
                    self.insert_from(mark)?;
                }
                op::ADDITEMS => {
                    let mark = self.mark()?;
                    self.add_from(mark)?;
                }
                op::FROZENSET => {
                    let mark = self.mark()?;
                    self.frozen_set_from(mark)?;
                }
                op::LONG1 => {
                    let [len] = self.array()?;
                    self.long(usize::from(len))?;
                }
                op::LONG4 => {
                    let len = i32::from_le_bytes(self.array()?);
                    let negative = ReadError::NegativeLength { offset: self.offset, found: len };
                    self.long(usize::try_from(len).map_err(|_| negative)?)?;
                }
                op::BINUNICODE => {
                    let len = u32::from_le_bytes(self.array()?);
                    self.text(u64::from(len))?;
                }
                op::BINUNICODE8 => {
                    let len = u64::from_le_bytes(self.array()?);
                    self.text(len)?;
                }
                op::SHORT_BINBYTES => {
                    let [len] = self.array()?;
                    let span = self.take(u64::from(len))?;
                    self.push(Record::Bytes(span));
                }
                op::BINBYTES => {
                    let len = u32::from_le_bytes(self.array()?);
                    let span = self.take(u64::from(len))?;
                    self.push(Record::Bytes(span));
                }
                op::BINBYTES8 => {
                    let len = u64::from_le_bytes(self.array()?);
                    let span = self.take(len)?;
                    self.push(Record::Bytes(span));
                }
                op::BYTEARRAY8 => {
                    let len = u64::from_le_bytes(self.array()?);
                    let span = self.take(len)?;
                    self.push(Record::ByteArray(span));
                }
                op::GLOBAL => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(module, name, None)?;
                }
                op::STACK_GLOBAL => self.stack_global()?,
                op::REDUCE => self.reduce()?,
                op::NEWOBJ => self.new_object()?,
                op::NEWOBJ_EX => self.new_object_with_keywords()?,
                op::BUILD => self.build()?,
                op::POP => self.pop()?,
                op::POP_MARK => {
                    let mark = self.mark()?;
                    self.stack.truncate(mark);
                }
                op::DUP => {
                    let id = self.top()?;
                    self.stack.push(id);
                }
                op::PROTO => self.protocol()?,
                op::FRAME => self.frame()?,
                op::STOP => return Ok(()),
                _ => {
                    let offset = self.offset;
                    return Err(match op::refused(opcode) {
                        Some(what) => ReadError::Refused { offset, opcode, what },
                        None => ReadError::UnknownOpcode { offset, opcode },
                    });
                }
            }
            if self.store.records.len() > items {
                return Err(self.limit(Dimension::Items, items));
            }
        }
    }

    /// A pickle of protocol 2 or later says so in its first two bytes.
    fn begin(&mut self) -> Result<(), ReadError> {
        match self.data {
            [] => Err(ReadError::Truncated { offset: 0, expected: 2, found: 0 }),
            [op::PROTO, ..] => Ok(()),
            _ => Err(ReadError::BadProtocol { offset: 0, found: None }),
        }
    }

    /// The value, once the end was met.
    fn finish(mut self) -> Result<Value<'a>, ReadError> {
        let root = self.top()?;
        if self.stack.len() > 1 || !self.marks.is_empty() {
            let found = self.stack.len() + self.marks.len();
            return Err(ReadError::LeftOver { offset: self.offset, found });
        }
        let left = self.data.len() - self.at;
        if left > 0 {
            return Err(ReadError::Trailing { offset: self.at, found: left });
        }
        let nesting = self.reader.limits.nesting;
        if self.store.records.len() - self.ints > nesting && self.store.is_deeper_than(root, nesting) {
            return Err(self.limit(Dimension::Nesting, nesting));
        }
        self.store.merge_keys(&self.keyed);
        Ok(Value { store: self.store, root })
    }

    fn protocol(&mut self) -> Result<(), ReadError> {
        let [found] = self.array()?;
        if !(2..=5).contains(&found) {
            return Err(ReadError::BadProtocol { offset: self.offset, found: Some(found) });
        }
        self.protocol = found;
        Ok(())
    }

    /// A frame only says how much can be read at once; all of it is here, so only its end is remembered.
    fn frame(&mut self) -> Result<(), ReadError> {
        let len = u64::from_le_bytes(self.array()?);
        let left = self.data.len() - self.at;
        if len > left as u64 {
            return Err(ReadError::Truncated { offset: self.offset, expected: len, found: left });
        }
        if self.frame_end != usize::MAX {
            return Err(ReadError::FrameCut { offset: self.offset });
        }
        self.frame_end = self.at + len as usize;
        Ok(())
    }

    /// The next bytes, as a run of the source.
    fn take(&mut self, len: u64) -> Result<Span, ReadError> {
        let left = self.data.len() - self.at;
        if len > left as u64 {
            return Err(ReadError::Truncated { offset: self.offset, expected: len, found: left });
        }
        let span = Span { start: self.at as u32, len: len as u32 };
        self.at += len as usize;
        Ok(span)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let rest = &self.data[self.at..];
        let Some((bytes, _)) = rest.split_first_chunk() else {
            return Err(ReadError::Truncated { offset: self.offset, expected: N as u64, found: rest.len() });
        };
        self.at += N;
        Ok(*bytes)
    }

    /// Pushes an integer, and those that follow it in the same frame while there are no more records than this.
    fn ints(&mut self, first: i64, most: usize) {
        let before = self.store.records.len();
        self.store.records.push(Record::Int(first));
        let end = self.frame_end.min(self.data.len());
        // The first one may reach over the end of its frame, which is noticed next.
        let rest = self.data.get(self.at..end).unwrap_or_default();
        self.at += runs::read(rest, &mut self.store.records, most);
        let after = self.store.records.len();
        self.stack.extend((before..after).map(|number| Id(number as u32)));
        self.ints += after - before;
    }

    fn text(&mut self, len: u64) -> Result<(), ReadError> {
        let span = self.take(len)?;
        let start = span.start as usize;
        Text::new(&self.data[start..self.at]).map_err(|at| ReadError::BadText { offset: start + at })?;
        self.push(Record::Str(span));
        Ok(())
    }

    fn long(&mut self, len: usize) -> Result<(), ReadError> {
        let most = self.reader.limits.integer;
        if len > most {
            return Err(self.limit(Dimension::Integer, most));
        }
        let span = self.take(len as u64)?;
        let record = self.store.int(span);
        self.push(record);
        Ok(())
    }

    /// Bytes up to a line feed, which is passed over.
    fn line(&mut self) -> Result<&'a [u8], ReadError> {
        let rest = &self.data[self.at..];
        let Some(len) = rest.iter().position(|&byte| byte == b'\n') else {
            let expected = rest.len() as u64 + 1;
            return Err(ReadError::Truncated { offset: self.offset, expected, found: rest.len() });
        };
        let line = &rest[..len];
        if let Err(error) = std::str::from_utf8(line) {
            return Err(ReadError::BadText { offset: self.at + error.valid_up_to() });
        }
        self.at += len + 1;
        Ok(line)
    }

    fn stack_global(&mut self) -> Result<(), ReadError> {
        let above = self.above(2)?;
        let (module, name) = (self.stack[above], self.stack[above + 1]);
        let text = |id| match self.store.record(id) {
            Record::Str(span) if (span.start as usize) < self.data.len() || span.len == 0 => {
                let start = (span.start as usize).min(self.data.len());
                Ok(&self.data[start..start + span.len as usize])
            }
            _ => Err(self.wrong_type(id, "two texts")),
        };
        let texts = (text(module)?, text(name)?);
        self.stack.truncate(above);
        self.global(texts.0, texts.1, Some((module, name)))
    }

    /// Pushes the class or function of this name, if it is allowed; `records` are the texts it came from.
    fn global(
        &mut self,
        module: &'a [u8],
        name: &'a [u8],
        records: Option<(Id, Id)>,
    ) -> Result<(), ReadError> {
        let most = self.reader.limits.name;
        if module.len().max(name.len()) > most {
            return Err(self.limit(Dimension::Name, most));
        }
        let (mut module, mut name) = (module, name);
        if self.protocol == 2
            && let (Ok(old_module), Ok(old_name)) = (std::str::from_utf8(module), std::str::from_utf8(name))
        {
            let (new_module, new_name) = crate::globals::to_python_3(old_module, old_name);
            (module, name) = (new_module.as_bytes(), new_name.as_bytes());
        }
        let key = (Box::from(module), Box::from(name));
        if let Some(&id) = self.globals.get(&key) {
            self.stack.push(id);
            return Ok(());
        }
        let (module_text, name_text) = (Text::checked(module), Text::checked(name));
        if !self.reader.globals.allows(module_text, name_text) {
            let (module, name) =
                (module_text.to_str_lossy().into_owned(), name_text.to_str_lossy().into_owned());
            return Err(ReadError::GlobalRefused { offset: self.offset, module, name });
        }
        let (module, name) = match records {
            Some(records) => records,
            None => {
                self.bytes_bound(module.len() + name.len())?;
                let (module, name) = (self.store.add(module), self.store.add(name));
                (self.store.push(Record::Str(module)), self.store.push(Record::Str(name)))
            }
        };
        let id = self.store.push(Record::Global { module, name });
        self.globals.insert(key, id);
        self.stack.push(id);
        Ok(())
    }

    fn put(&mut self, index: u32) -> Result<(), ReadError> {
        let id = self.top()?;
        self.memo.put(index, id);
        self.memo_bound()
    }

    fn memo_bound(&self) -> Result<(), ReadError> {
        let most = self.reader.limits.memo;
        if self.memo.len() > most { Err(self.limit(Dimension::Memo, most)) } else { Ok(()) }
    }

    fn get(&mut self, index: u32) -> Result<(), ReadError> {
        let Some(id) = self.memo.get(index) else {
            return Err(ReadError::NoMemo { offset: self.offset, index });
        };
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn push(&mut self, record: Record) {
        let id = self.store.push(record);
        self.stack.push(id);
    }

    /// Takes the topmost mark and gives the height of the stack below it.
    fn mark(&mut self) -> Result<usize, ReadError> {
        let none = ReadError::NoMark { offset: self.offset, opcode: self.opcode };
        Ok(self.marks.pop().ok_or(none)? as usize)
    }

    /// The height of the stack below its topmost `count` values, none of which lies under a mark.
    pub(super) fn above(&self, count: usize) -> Result<usize, ReadError> {
        let floor = self.marks.last().map_or(0, |&mark| mark as usize);
        let found = self.stack.len() - floor;
        if found < count {
            let (offset, opcode) = (self.offset, self.opcode);
            return Err(ReadError::Underflow { offset, opcode, expected: count, found });
        }
        Ok(self.stack.len() - count)
    }

    pub(super) fn top(&self) -> Result<Id, ReadError> {
        Ok(self.stack[self.above(1)?])
    }

    /// Without a value above the mark, it takes the mark, as CPython does.
    fn pop(&mut self) -> Result<(), ReadError> {
        match self.marks.last() {
            Some(&mark) if mark as usize == self.stack.len() => self.marks.truncate(self.marks.len() - 1),
            _ => {
                let above = self.above(1)?;
                self.stack.truncate(above);
            }
        }
        Ok(())
    }

    /// Refuses before `more` bytes are kept beside the source.
    pub(super) fn bytes_bound(&self, more: usize) -> Result<(), ReadError> {
        let most = self.reader.limits.bytes.min(u32::MAX as usize - self.data.len());
        match self.store.added.len() + more > most {
            true => Err(self.limit(Dimension::Bytes, most)),
            false => Ok(()),
        }
    }

    pub(super) fn limit(&self, dimension: Dimension, allowed: usize) -> ReadError {
        ReadError::Limit { offset: self.offset, dimension, allowed }
    }

    pub(super) fn wrong_type(&self, id: Id, expected: &'static str) -> ReadError {
        let found = self.store.type_name(id);
        ReadError::WrongType { offset: self.offset, opcode: self.opcode, found, expected }
    }
}
