//! The elements of an array, in the bytes in which Python keeps them and sends them.

use std::ops::Range;

use procession_wire::value::{How, Object};
use procession_wire::{Kind, Node, Text};

use super::Typecode;
use crate::python::{self, Raise, Slice, Work};
use crate::server::Stored;
use crate::server::referents::argument::{fits, short, too_long, type_name};
use crate::server::referents::iterable::Through;

/// The elements.
#[derive(Clone)]
pub struct Cells {
    typecode: Typecode,
    /// As many as the elements need, in the order of this machine.
    bytes: Vec<u8>,
}

impl Cells {
    /// `array.array(typecode, initial)`.
    pub fn new(typecode: Typecode, initial: Node<'_>, through: &mut Through<'_>) -> Result<Cells, Raise> {
        let letter = typecode.letter();
        match initial.kind() {
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) => return Cells::raw(typecode, bytes),
            Kind::Str(_) if !typecode.is_text() => {
                return Err(Raise::type_error(format!(
                    "cannot use a str to initialize an array with typecode '{letter}'"
                )));
            }
            Kind::Object(object) => {
                if let Some(sent) = Cells::sent(object)? {
                    if sent.typecode == typecode {
                        return Ok(sent);
                    }
                    if sent.typecode.is_text() && !typecode.is_text() {
                        return Err(Raise::type_error(format!(
                            "cannot use a unicode array to initialize an array with typecode '{letter}'"
                        )));
                    }
                }
            }
            _ => {}
        }
        let elements = through.elements(initial)?;
        fits(through.quota, elements.len(), elements.len().saturating_mul(typecode.width()))?;
        let mut bytes = Vec::with_capacity(elements.len() * typecode.width());
        for element in &elements {
            typecode.write(element.root(), &mut bytes)?;
        }
        Ok(Cells { typecode, bytes })
    }

    /// The array that a recorded object makes, if it makes one. Managers send `array.array(typecode, bytes)`.
    ///
    /// # Errors
    /// Those that Python's `array.array` raises for these arguments.
    pub fn sent(object: Object<'_>) -> Result<Option<Cells>, Raise> {
        let Kind::Global(class) = object.function.kind() else { return Ok(None) };
        if object.how != How::Call || class.module != "array" || class.name != "array" {
            return Ok(None);
        }
        let Some([typecode, bytes]) = object.args.tuple().and_then(|args| args.array()) else {
            return Ok(None);
        };
        let typecode = Typecode::of(typecode)?;
        match bytes.kind() {
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) => Cells::raw(typecode, bytes).map(Some),
            _ => Err(Raise::type_error(format!("array.array() of a {}, expected bytes", type_name(bytes)))),
        }
    }

    fn raw(typecode: Typecode, bytes: &[u8]) -> Result<Cells, Raise> {
        if !bytes.len().is_multiple_of(typecode.width()) {
            return Err(Raise::value_error("bytes length not a multiple of item size"));
        }
        Ok(Cells { typecode, bytes: bytes.to_vec() })
    }

    pub fn typecode(&self) -> Typecode {
        self.typecode
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / self.typecode.width()
    }

    fn cell(&self, at: usize) -> Range<usize> {
        self.span(at..at + 1)
    }

    fn span(&self, places: Range<usize>) -> Range<usize> {
        let width = self.typecode.width();
        places.start * width..places.end * width
    }

    /// An element that there is.
    pub fn get(&self, at: usize) -> Result<Stored, Raise> {
        self.typecode.read(&self.bytes[self.cell(at)])
    }

    /// Replaces an element that there is, by what is of its type.
    pub fn set(&mut self, at: usize, value: Node<'_>) -> Result<(), Raise> {
        let mut new = Vec::with_capacity(8);
        self.typecode.write(value, &mut new)?;
        let cell = self.cell(at);
        self.bytes[cell].copy_from_slice(&new);
        Ok(())
    }

    pub fn slice(&self, slice: Slice) -> Cells {
        let places = slice.indices(self.len());
        let bytes = places.into_iter().flat_map(|at| &self.bytes[self.cell(at)]).copied().collect();
        Cells { typecode: self.typecode, bytes }
    }

    /// Puts elements of the same type in the place of others.
    pub fn splice(&mut self, places: Range<usize>, new: &Cells) {
        let span = self.span(places);
        self.bytes.splice(span, new.bytes.iter().copied());
    }

    /// Puts one element of the same type at each of these places.
    pub fn put(&mut self, places: &[usize], new: &Cells) {
        for (from, &at) in places.iter().enumerate() {
            let cell = self.cell(at);
            self.bytes[cell].copy_from_slice(&new.bytes[new.cell(from)]);
        }
    }

    /// Takes out the elements at these places.
    pub fn take(&mut self, mut places: Vec<usize>) {
        places.sort_unstable();
        let mut gone = places.into_iter().peekable();
        let width = self.typecode.width();
        let cells = self.bytes.chunks_exact(width).enumerate();
        let kept = cells.filter(|(at, _)| gone.next_if_eq(at).is_none()).flat_map(|(_, cell)| cell);
        self.bytes = kept.copied().collect();
    }

    /// As Python sends it.
    pub fn to_stored(&self) -> Stored {
        Stored::build(|builder| {
            let mut letter = [0; 4];
            let class = builder.global("array", "array");
            let typecode = builder.str(&*self.typecode.letter().encode_utf8(&mut letter));
            let bytes = builder.bytes(&self.bytes);
            builder.call(class, &[typecode, bytes])
        })
    }

    /// `array('i', [1, 2])`.
    pub fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        let letter = self.typecode.letter();
        if self.bytes.is_empty() {
            return short(format!("array('{letter}')"), most);
        }
        // Each element takes at least a byte, and nothing longer is begun.
        if self.len() > most {
            return Err(too_long(most));
        }
        let elements = (0..self.len()).map(|at| self.get(at)).collect::<Result<Vec<Stored>, Raise>>()?;
        let shown = if self.typecode.is_text() {
            let texts = elements.iter().filter_map(|element| element.root().text());
            let joined: Vec<u8> = texts.flat_map(Text::as_bytes).copied().collect();
            let joined = Stored::build(|builder| builder.str(Text::new(&joined).unwrap_or(Text::from(""))));
            python::repr(joined.root(), most, work)?
        } else {
            python::repr(super::super::list::list_of(&elements).root(), most, work)?
        };
        short(format!("array('{letter}', {shown})"), most)
    }
}
