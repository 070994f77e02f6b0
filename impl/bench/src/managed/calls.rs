//! What the Rust clients of a manager call.

use std::fmt;

use procession_manager::Remote;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::link::complaint;

/// The int that is kept, put and got.
pub const KEPT: i64 = 7;

/// How many bytes the large values have.
pub const LARGE: usize = 64 * 1024;

/// How many ints the long list has.
pub const MANY: i64 = 20_000;

/// What is called again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `l[0]`, an int.
    Item,
    /// `d["k"] = 7`.
    Entry,
    /// `q.put(7)` and `q.get()`.
    PutGet,
    /// The same with 64 KiB of bytes.
    LargePutGet,
    /// `l._getvalue()` of a long list.
    Whole,
}

impl Call {
    /// How many requests it takes.
    pub fn requests(self) -> u64 {
        match self {
            Call::PutGet | Call::LargePutGet => 2,
            Call::Item | Call::Entry | Call::Whole => 1,
        }
    }

    /// What the script calls it.
    pub fn word(self) -> &'static str {
        match self {
            Call::Item => "item",
            Call::Entry => "entry",
            Call::PutGet => "put-get",
            Call::LargePutGet => "large-put-get",
            Call::Whole => "whole",
        }
    }
}

/// One call of what was prepared, with its check.
pub type Once<'a> = Box<dyn Fn() -> Result<(), String> + 'a>;

/// Creates the object and gives what calls it.
pub fn prepare(remote: &Remote, call: Call) -> Result<Once<'static>, String> {
    let is = |found: i64| match found {
        KEPT => Ok(()),
        other => Err(format!("{KEPT} was kept, and {other} came back")),
    };
    Ok(match call {
        Call::Item => {
            let list = remote.list(&[KEPT]).map_err(complaint)?;
            Box::new(move || is(list.get(0).map_err(complaint)?))
        }
        Call::Entry => {
            let dict = remote.dict::<String, i64>([("k", KEPT)].as_slice()).map_err(complaint)?;
            let key = "k".to_string();
            Box::new(move || dict.set(&key, &KEPT).map_err(complaint))
        }
        Call::PutGet => {
            let queue = remote.queue::<i64>(0).map_err(complaint)?;
            Box::new(move || {
                queue.put(&KEPT).map_err(complaint)?;
                is(queue.get().map_err(complaint)?)
            })
        }
        Call::LargePutGet => {
            let queue = remote.queue::<Blob>(0).map_err(complaint)?;
            let blob = Blob(vec![b'Z'; LARGE]);
            Box::new(move || {
                queue.put(&blob).map_err(complaint)?;
                match queue.get().map_err(complaint)?.0.len() {
                    LARGE => Ok(()),
                    other => Err(format!("{LARGE} bytes were put, and {other} came back")),
                }
            })
        }
        Call::Whole => {
            let list = remote.list(&(0..MANY).collect::<Vec<_>>()).map_err(complaint)?;
            Box::new(move || match list.to_vec().map_err(complaint)?.len() as i64 {
                MANY => Ok(()),
                other => Err(format!("{MANY} ints were kept, and {other} came back")),
            })
        }
    })
}

/// Bytes, as `bytes` of Python.
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(Blob(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
        Ok(Blob(bytes))
    }
}
