//! The words about shared values, arrays, records, and blocks of shared memory.

use procession_contract::{Call, Field, Item, LockChoice, ObjectKind, ObjectSpec, Scalar};

use super::{on, own};
use crate::program::{Expect, Line, Program};

impl Program {
    /// Adds a shared value of this type with its own lock.
    pub fn value(self, name: &str, code: &str, initial: impl Into<Scalar>) -> Program {
        self.value_with(name, code, initial, LockChoice::Unsaid)
    }

    /// Adds a shared value of this type with this lock.
    pub fn value_with(self, name: &str, code: &str, initial: impl Into<Scalar>, lock: LockChoice) -> Program {
        self.object(name, ObjectKind::Value { code: code.into(), initial: Some(initial.into()), lock })
    }

    /// Adds a shared value of this type without a lock.
    pub fn raw_value(self, name: &str, code: &str, initial: impl Into<Scalar>) -> Program {
        self.value_with(name, code, initial, LockChoice::Raw)
    }

    /// Adds a shared array of these elements with its own lock.
    pub fn array(self, name: &str, code: &str, initial: &[Scalar]) -> Program {
        self.array_with(name, code, initial, LockChoice::Unsaid)
    }

    /// Adds a shared array of these elements with this lock.
    pub fn array_with(self, name: &str, code: &str, initial: &[Scalar], lock: LockChoice) -> Program {
        let (code, initial) = (code.into(), Some(initial.to_vec()));
        self.object(name, ObjectKind::Array { code, length: None, initial, lock })
    }

    /// Adds a shared array of so many zeros with its own lock.
    pub fn zeros(self, name: &str, code: &str, length: i64) -> Program {
        self.object(name, zeros(code, length))
    }

    /// Adds a shared record with these fields, by name and type, and this lock.
    pub fn record(
        self,
        name: &str,
        fields: &[(&str, &str)],
        initial: &[Scalar],
        lock: LockChoice,
    ) -> Program {
        let fields = fields_of(fields);
        self.object(name, ObjectKind::Record { fields, length: None, initial: initial.to_vec(), lock })
    }

    /// Adds an array of so many records with these fields and a lock of its own.
    pub fn records(self, name: &str, fields: &[(&str, &str)], length: i64) -> Program {
        let (fields, length) = (fields_of(fields), Some(length));
        let lock = LockChoice::Unsaid;
        self.object(name, ObjectKind::Record { fields, length, initial: Vec::new(), lock })
    }
}

fn fields_of(fields: &[(&str, &str)]) -> Vec<Field> {
    fields.iter().map(|(name, code)| Field { name: (*name).into(), code: (*code).into() }).collect()
}

/// An array of so many zeros with its own lock.
pub fn zeros(code: &str, length: i64) -> ObjectKind {
    ObjectKind::Array { code: code.into(), length: Some(length), initial: None, lock: LockChoice::Unsaid }
}

/// Creates a value, an array or a record in the caller.
pub fn create_shared(name: &str, kind: ObjectKind) -> Line {
    own(Call::Create { object: Box::new(ObjectSpec { name: name.into(), kind, method: None }) })
}

/// Creates a value of zero with its own lock in the caller.
pub fn create_value(name: &str, code: &str) -> Line {
    create_shared(name, ObjectKind::Value { code: code.into(), initial: None, lock: LockChoice::Unsaid })
}

/// Reads a shared value.
pub fn load(object: &str) -> Line {
    on(object, Call::Load { at: None, field: None })
}

/// Reads an element.
pub fn load_at(object: &str, at: i64) -> Line {
    on(object, Call::Load { at: Some(at), field: None })
}

/// Reads a field of a record, or `value` or `raw` of an array of characters.
pub fn load_field(object: &str, field: &str) -> Line {
    on(object, Call::Load { at: None, field: Some(field.into()) })
}

/// Reads a field of an element of an array of records.
pub fn load_field_at(object: &str, at: i64, field: &str) -> Line {
    on(object, Call::Load { at: Some(at), field: Some(field.into()) })
}

/// Writes a shared value.
pub fn store(object: &str, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: None, field: None, to: to.into() })
}

/// Writes an element.
pub fn store_at(object: &str, at: i64, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: Some(at), field: None, to: to.into() })
}

/// Writes a field of a record, or `value` or `raw` of an array of characters.
pub fn store_field(object: &str, field: &str, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: None, field: Some(field.into()), to: to.into() })
}

/// Writes a field of an element of an array of records.
pub fn store_field_at(object: &str, at: i64, field: &str, to: impl Into<Scalar>) -> Line {
    on(object, Call::Store { at: Some(at), field: Some(field.into()), to: to.into() })
}

/// Adds to a shared number, so many times, within the value's lock or not.
pub fn add(object: &str, amount: i64, times: u32, locked: bool) -> Line {
    on(object, Call::Add { at: None, field: None, amount, times, locked })
}

/// A slice: the first, behind the last, and how far from one to the next.
pub type Slice = (Option<i64>, Option<i64>, Option<i64>);

/// The slice of everything.
pub const WHOLE: Slice = (None, None, None);

/// Reads a slice.
pub fn load_slice(object: &str, (from, to, step): Slice) -> Line {
    on(object, Call::LoadSlice { from, to, step })
}

/// Writes a slice.
pub fn store_slice(object: &str, (from, to, step): Slice, values: &[Scalar]) -> Line {
    on(object, Call::StoreSlice { from, to, step, values: values.to_vec() })
}

/// Asks for the number of elements, or for a block's size.
pub fn length(object: &str) -> Line {
    on(object, Call::Length)
}

/// Asks for a value's lock.
pub fn get_lock(object: &str, name: &str) -> Line {
    on(object, Call::GetLock { name: name.into() })
}

/// Asks for the storage below a value's lock.
pub fn get_object(object: &str, name: &str) -> Line {
    on(object, Call::GetObject { name: name.into() })
}

/// Copies a shared value.
pub fn copy(object: &str, name: &str) -> Line {
    on(object, Call::Copy { name: name.into() })
}

/// Puts a lock around bare storage.
pub fn synchronise(object: &str, name: &str) -> Line {
    on(object, Call::Synchronise { name: name.into() })
}

/// Several integers as scalars.
pub fn integers(numbers: impl IntoIterator<Item = i64>) -> Vec<Scalar> {
    numbers.into_iter().map(Scalar::from).collect()
}

/// The name of a block of this run alone.
pub fn block(name: &str) -> String {
    format!("procession-{{run}}-{name}")
}

/// Opens a block with everything said.
pub fn open_block(name: &str, block: Option<&str>, create: bool, size: Option<i64>) -> Line {
    own(Call::OpenBlock { name: name.into(), block: block.map(self::block), create, size, track: None })
}

/// Creates the run's block of this name, of so many bytes.
pub fn new_block(name: &str, block: &str, size: i64) -> Line {
    open_block(name, Some(block), true, Some(size))
}

/// Attaches to the run's block of this name.
pub fn attach(name: &str, block: &str) -> Line {
    open_block(name, Some(block), false, None)
}

/// Reads bytes of a block.
pub fn read_block(object: &str, at: i64, len: i64) -> Line {
    on(object, Call::ReadBlock { at, len })
}

/// Writes bytes to a block.
pub fn write_block(object: &str, at: i64, item: Item) -> Line {
    on(object, Call::WriteBlock { at, len: None, item })
}

/// Takes a block's name away.
pub fn unlink(object: &str) -> Line {
    on(object, Call::Unlink)
}

/// Asks the file system for the permissions of the run's block of this name, or whether it is there.
pub fn block_mode(block: &str) -> Line {
    own(Call::BlockMode { block: self::block(block) })
}

/// Creates a list of these elements in the run's block of this name.
pub fn new_list(name: &str, block: &str, values: &[Scalar]) -> Line {
    let (block, values) = (Some(self::block(block)), Some(values.to_vec()));
    own(Call::OpenList { name: name.into(), block, values, copy: None })
}

/// Attaches to the list in the run's block of this name.
pub fn attach_list(name: &str, block: &str) -> Line {
    own(Call::OpenList { name: name.into(), block: Some(self::block(block)), values: None, copy: None })
}

/// Copies a list into the run's block of this name.
pub fn copy_list(name: &str, block: &str, of: &str) -> Line {
    let (block, copy) = (Some(self::block(block)), Some(of.into()));
    own(Call::OpenList { name: name.into(), block, values: None, copy })
}

/// Asks how often a list has this element.
pub fn count_of(list: &str, of: impl Into<Scalar>) -> Line {
    on(list, Call::Count { of: of.into() })
}

/// Asks where a list has this element first.
pub fn index_of(list: &str, of: impl Into<Scalar>) -> Line {
    on(list, Call::Index { of: of.into() })
}

/// Expectations about what a shared value holds.
impl Line {
    /// Expects success with this scalar, whole.
    pub fn reads(self, scalar: impl Into<Scalar>) -> Line {
        self.expect(Expect::Reads(scalar.into()))
    }

    /// Expects success with one of these scalars, whole.
    pub fn reads_one_of(self, scalars: impl IntoIterator<Item = Scalar>) -> Line {
        self.expect(Expect::Any(scalars.into_iter().map(Expect::Reads).collect()))
    }

    /// Expects success with these scalars, whole and in this order.
    pub fn reads_all(self, scalars: Vec<Scalar>) -> Line {
        self.expect(Expect::ReadsAll(scalars))
    }

    /// Expects success with these bytes of a block.
    pub fn reads_bytes(self, bytes: &[u8]) -> Line {
        self.reads(Scalar::bytes(bytes))
    }
}
