//! Pickles written and read, beside CPython's own pickler.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use procession_wire::bridge::Error;
use procession_wire::message::Request;
use procession_wire::{Builder, Text, Value, pickle, to_value};

use super::calls::{KEPT, LARGE, MANY};
use crate::link::complaint;
use crate::primitive::{self, Primitive};
use crate::run::{Run, Trouble};
use crate::subject::python;

const SCRIPT: &str = include_str!("../subject/python_manager.py");

/// What is written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One int.
    Int,
    /// A call with two arguments.
    Request,
    /// A list of 20,000 ints.
    Ints,
    /// A dict of 1,000 texts.
    Dict,
    /// 64 KiB.
    Bytes,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A value becomes a pickle.
    Dumps,
    /// A pickle becomes a value.
    Loads,
}

impl What {
    fn value(self) -> Result<Value<'static>, Error> {
        let mut builder = Builder::new();
        let root = match self {
            What::Int => builder.int(KEPT),
            What::Request => {
                let args = [builder.str("k"), builder.int(KEPT)];
                let ident = Some(Text::from("7f2a1c0b4d60"));
                Request::add(&mut builder, ident, "__setitem__", &args, &[])
            }
            What::Ints => return to_value(&(0..MANY).collect::<Vec<_>>()),
            What::Dict => {
                let pair = |number| (format!("key {number}"), format!("text number {number}"));
                return to_value(&(0..1000).map(pair).collect::<BTreeMap<_, _>>());
            }
            What::Bytes => builder.bytes(&vec![b'Z'; LARGE]),
        };
        Ok(builder.finish(root))
    }

    fn word(self) -> &'static str {
        match self {
            What::Int => "int",
            What::Request => "request",
            What::Ints => "ints",
            What::Dict => "dict",
            What::Bytes => "bytes",
        }
    }
}

/// One value, and one direction.
struct Codec {
    how: How,
    value: Value<'static>,
    bytes: Vec<u8>,
}

impl Primitive for Codec {
    fn enter(&self) -> Result<(), String> {
        match self.how {
            How::Dumps => {
                pickle::write(black_box(&self.value)).map(|it| drop(black_box(it))).map_err(complaint)
            }
            How::Loads => {
                pickle::read(black_box(&self.bytes)).map(|it| drop(black_box(it))).map_err(complaint)
            }
        }
    }

    fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Nanoseconds for one value, by our codec.
pub fn ours(run: &Run, how: How, what: What) -> Result<f64, Trouble> {
    let failed = |error: String| Trouble::Failed(error);
    let value = what.value().map_err(complaint).map_err(failed)?;
    let bytes = pickle::write(&value).map_err(complaint).map_err(failed)?;
    primitive::alone(run, &Codec { how, value, bytes })
}

/// Nanoseconds for one value, by the pickler of this interpreter, which is written in C.
pub fn cpython(run: &Run, interpreter: &Path, how: How, what: What) -> Result<f64, Trouble> {
    let how = match how {
        How::Dumps => "dumps",
        How::Loads => "loads",
    };
    python::measure_by(SCRIPT, run, interpreter, &["pickle", how, what.word()])
}
