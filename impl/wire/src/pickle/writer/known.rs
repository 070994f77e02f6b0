//! Classes and functions by name, and the objects that older protocols need beside the value.

use super::super::opcode as op;
use super::{Protocol, UNWRITTEN, Writer};
use crate::globals::to_python_2;

/// Objects that older protocols need and the value does not hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    Set,
    FrozenSet,
    Bytes,
    ByteArray,
    Encode,
    Latin1,
}

impl Known {
    /// How many there are.
    pub(super) const COUNT: usize = 6;
}

impl Writer<'_> {
    /// A class or function by name, as protocols 2 and 3 write it.
    pub(super) fn line(&mut self, module: &str, name: &str) {
        let (module, name) = match self.protocol {
            Protocol::Two => to_python_2(module, name),
            _ => (module, name),
        };
        self.out.write(&[op::GLOBAL]);
        self.out.write(module.as_bytes());
        self.out.write(b"\n");
        self.out.write(name.as_bytes());
        self.out.write(b"\n");
    }

    /// An object that the value does not hold, from the memo the second time.
    pub(super) fn known(&mut self, known: Known) {
        let index = self.known[known as usize];
        if index != UNWRITTEN {
            self.get(index);
            return;
        }
        let (module, name) = match known {
            Known::Set => ("builtins", "set"),
            Known::FrozenSet => ("builtins", "frozenset"),
            Known::Bytes => ("builtins", "bytes"),
            Known::ByteArray => ("builtins", "bytearray"),
            Known::Encode => ("_codecs", "encode"),
            Known::Latin1 => ("", "latin1"),
        };
        match known {
            Known::Latin1 => self.text(name.as_bytes()),
            // Only bytearrays of protocol 4 come here above protocol 3.
            _ if self.protocol >= Protocol::Four => {
                self.text(module.as_bytes());
                self.put_unnamed();
                self.text(name.as_bytes());
                self.put_unnamed();
                self.out.write(&[op::STACK_GLOBAL]);
            }
            _ => self.line(module, name),
        }
        self.known[known as usize] = self.count;
        self.put_unnamed();
    }
}
