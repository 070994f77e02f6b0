//! Values into Rust types.

use std::cell::Cell;

use serde::de::{self, Deserialize, DeserializeSeed, Visitor};
use serde::forward_to_deserialize_any;

use super::error::{Error, Problem};
use super::{DEEPEST, raw};
use crate::value::{Items, Kind, Node, Pairs, Record};

/// The bytes that a Rust type can borrow from.
#[derive(Clone, Copy)]
pub(super) struct Lent<'de> {
    /// Those of the source.
    pub(super) source: &'de [u8],
    /// Those beside it, if they live as long.
    pub(super) added: Option<&'de [u8]>,
}

/// Reads at most `allowed` objects.
pub(super) fn read<'de, T: Deserialize<'de>>(
    node: Node<'_>,
    lent: Lent<'de>,
    allowed: usize,
) -> Result<T, Error> {
    let read = Read { lent, allowed, left: Cell::new(allowed) };
    T::deserialize(Deserializer { node, depth: 0, read: &read })
}

/// What all objects have in common that are read together.
struct Read<'de> {
    lent: Lent<'de>,
    allowed: usize,
    /// How many more objects may be read, each counted as often as it is reached.
    left: Cell<usize>,
}

/// One object on its way.
#[derive(Clone, Copy)]
struct Deserializer<'v, 'de> {
    node: Node<'v>,
    depth: usize,
    read: &'v Read<'de>,
}

impl<'v, 'de> Deserializer<'v, 'de> {
    #[inline]
    fn at(self, node: Node<'v>) -> Self {
        Deserializer { node, depth: self.depth + 1, ..self }
    }

    /// Counts this object, and refuses the one too many.
    fn enter(self) -> Result<(), Error> {
        // A long text counts as many values: a few bytes that refer to it cost as much as it does.
        let text = match self.node.record() {
            Record::Str(span) | Record::Bytes(span) | Record::ByteArray(span) => span.len as usize,
            _ => 0,
        };
        self.enter_as(1 + text / 16)
    }

    /// Counts this object as so many.
    #[inline]
    fn enter_as(self, count: usize) -> Result<(), Error> {
        match self.read.left.get().checked_sub(count) {
            Some(left) if self.depth <= DEEPEST => {
                self.read.left.set(left);
                Ok(())
            }
            _ => Err(self.refused()),
        }
    }

    #[cold]
    fn refused(self) -> Error {
        match self.depth > DEEPEST {
            true => Problem::TooDeep.into(),
            false => Problem::TooMany { allowed: self.read.allowed }.into(),
        }
    }

    /// The bytes of a text or of bytes, if the type can borrow them.
    fn lent(self) -> Option<&'de [u8]> {
        let (Record::Str(span) | Record::Bytes(span) | Record::ByteArray(span)) = self.node.record() else {
            return None;
        };
        let (start, len) = (span.start as usize, span.len as usize);
        match start.checked_sub(self.node.store().source.len()) {
            None => self.read.lent.source.get(start..start + len),
            Some(start) => self.read.lent.added?.get(start..start + len),
        }
    }

    fn bytes<V: Visitor<'de>>(self, bytes: &[u8], visitor: V) -> Result<V::Value, Error> {
        match self.lent() {
            Some(bytes) => visitor.visit_borrowed_bytes(bytes),
            None => visitor.visit_bytes(bytes),
        }
    }

    fn any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.enter()?;
        let none = |found| Err(Problem::NoType { found }.into());
        match self.node.kind() {
            Kind::None => visitor.visit_unit(),
            Kind::Bool(flag) => visitor.visit_bool(flag),
            Kind::Int(int) => {
                if let Some(number) = int.to_i64() {
                    visitor.visit_i64(number)
                } else if let Some(number) = int.to_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = int.to_i128() {
                    visitor.visit_i128(number)
                } else if let Some(number) = int.to_u128() {
                    visitor.visit_u128(number)
                } else {
                    none("an integer beyond 128 bits")
                }
            }
            Kind::Float(number) => visitor.visit_f64(number),
            Kind::Str(text) => match self.lent().map(std::str::from_utf8) {
                Some(Ok(text)) => visitor.visit_borrowed_str(text),
                _ => match text.to_str() {
                    Some(text) => visitor.visit_str(text),
                    None => none("a text with surrogates"),
                },
            },
            Kind::Bytes(bytes) | Kind::ByteArray(bytes) => self.bytes(bytes, visitor),
            Kind::Tuple(items) | Kind::List(items) | Kind::Set(items) | Kind::FrozenSet(items) => {
                self.seq(items, visitor)
            }
            Kind::Dict(pairs) => visitor.visit_map(Map { outer: self, pairs, next: 0 }),
            Kind::Global(_) => none("a class or function"),
            Kind::Object(_) => none("an object"),
        }
    }

    fn seq<V: Visitor<'de>>(self, items: Items<'v>, visitor: V) -> Result<V::Value, Error> {
        let mut seq = Seq { outer: self, items, next: 0 };
        let value = visitor.visit_seq(&mut seq)?;
        match items.len() - seq.next {
            0 => Ok(value),
            more => {
                Err(de::Error::custom(format_args!("{} items, expected {}", items.len(), items.len() - more)))
            }
        }
    }
}

impl<'v, 'de> de::Deserializer<'de> for Deserializer<'v, 'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // Most of a large value is numbers.
        match self.node.record() {
            Record::Int(number) => {
                self.enter_as(1)?;
                visitor.visit_i64(number)
            }
            Record::Float(number) => {
                self.enter_as(1)?;
                visitor.visit_f64(number)
            }
            _ => self.any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name != raw::NAME {
            return visitor.visit_newtype_struct(self);
        }
        let pickle = raw::pickle(self.node)?;
        let Some(left) = self.read.left.get().checked_sub(1 + pickle.len() / 16) else {
            return Err(Problem::TooMany { allowed: self.read.allowed }.into());
        };
        self.read.left.set(left);
        visitor.visit_bytes(&pickle)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.enter()?;
        match self.node.kind() {
            Kind::Str(_) => visitor.visit_enum(Enum { outer: self, name: self.node, value: None }),
            Kind::Dict(pairs) if pairs.len() == 1 => match pairs.iter().next() {
                Some((name, value)) => visitor.visit_enum(Enum { outer: self, name, value: Some(value) }),
                None => Err(de::Error::custom("an empty dict, expected the name of a variant")),
            },
            _ => Err(de::Error::custom(format_args!(
                "a {}, expected the name of a variant, or a dict of one pair",
                self.node.type_name()
            ))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct identifier
    }
}

struct Seq<'v, 'de> {
    outer: Deserializer<'v, 'de>,
    items: Items<'v>,
    next: usize,
}

impl<'de> de::SeqAccess<'de> for &mut Seq<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(node) = self.items.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        match seed.deserialize(self.outer.at(node)) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within_item(index)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Map<'v, 'de> {
    outer: Deserializer<'v, 'de>,
    pairs: Pairs<'v>,
    next: usize,
}

impl<'v> Map<'v, '_> {
    fn place(&self, offset: usize) -> Option<Node<'v>> {
        self.pairs.0.get(2 * self.next + offset)
    }
}

impl<'de> de::MapAccess<'de> for Map<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(key) = self.place(0) else { return Ok(None) };
        let found = seed.deserialize(self.outer.at(key));
        found.map(Some).map_err(|error| error.within(format_args!("[key {}]", self.next)))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (Some(key), Some(value)) = (self.place(0), self.place(1)) else {
            return Err(de::Error::custom("a value was asked for behind the last key"));
        };
        self.next += 1;
        seed.deserialize(self.outer.at(value)).map_err(|error| match key.kind() {
            Kind::Str(name) => error.within(format_args!(".{name}")),
            Kind::Int(number) => error.within(format_args!("[{number}]")),
            _ => error.within(format_args!("[value {}]", self.next - 1)),
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len() - self.next)
    }
}

struct Enum<'v, 'de> {
    outer: Deserializer<'v, 'de>,
    name: Node<'v>,
    value: Option<Node<'v>>,
}

impl<'v, 'de> de::EnumAccess<'de> for Enum<'v, 'de> {
    type Error = Error;
    type Variant = Variant<'v, 'de>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Variant<'v, 'de>), Error> {
        let name = seed.deserialize(self.outer.at(self.name))?;
        Ok((name, Variant { outer: self.outer, name: self.name, value: self.value }))
    }
}

struct Variant<'v, 'de> {
    outer: Deserializer<'v, 'de>,
    name: Node<'v>,
    value: Option<Node<'v>>,
}

impl<'v, 'de> Variant<'v, 'de> {
    /// The value of the variant, and what to call it.
    fn value(&self, expected: &'static str) -> Result<Deserializer<'v, 'de>, Error> {
        match self.value {
            Some(value) => Ok(self.outer.at(value)),
            None => Err(de::Error::custom(format_args!("a variant without a value, expected {expected}"))),
        }
    }

    fn within<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| match self.name.text() {
            Some(name) => error.within(format_args!(".{name}")),
            None => error,
        })
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            None => Ok(()),
            Some(value) if value.is_none() => Ok(()),
            Some(value) => self.within(Err(de::Error::custom(format_args!(
                "a {} for a variant that has no value",
                value.type_name()
            )))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let value = self.value("a value")?;
        self.within(seed.deserialize(value))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let value = self.value("a tuple")?;
        self.within(de::Deserializer::deserialize_any(value, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let value = self.value("a dict")?;
        self.within(de::Deserializer::deserialize_any(value, visitor))
    }
}
