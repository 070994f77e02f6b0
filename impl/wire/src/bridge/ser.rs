//! Rust types into values.

use serde::Serialize;
use serde::ser;

use super::error::{Error, Problem};
use super::{DEEPEST, raw};
use crate::value::{Builder, Id};

/// Adds to a builder what it is given.
pub(super) struct Serializer<'b> {
    pub(super) builder: &'b mut Builder,
    pub(super) depth: usize,
}

impl<'b> Serializer<'b> {
    fn compound(self, variant: Option<&'static str>) -> Result<Compound<'b>, Error> {
        if self.depth >= DEEPEST {
            return Err(Problem::TooDeep.into());
        }
        let depth = self.depth + 1;
        Ok(Compound { builder: self.builder, depth, ids: Vec::new(), variant })
    }

    fn variant(self, name: &'static str, value: Id) -> Result<Id, Error> {
        wrap(self.builder, name, value)
    }
}

/// A dict of one pair.
fn wrap(builder: &mut Builder, name: &'static str, value: Id) -> Result<Id, Error> {
    let name = builder.str(name);
    builder.dict(&[(name, value)]).map_err(|error| Problem::Unhashable(error).into())
}

impl<'b> ser::Serializer for Serializer<'b> {
    type Ok = Id;
    type Error = Error;
    type SerializeSeq = Compound<'b>;
    type SerializeTuple = Compound<'b>;
    type SerializeTupleStruct = Compound<'b>;
    type SerializeTupleVariant = Compound<'b>;
    type SerializeMap = Compound<'b>;
    type SerializeStruct = Compound<'b>;
    type SerializeStructVariant = Compound<'b>;

    fn serialize_bool(self, flag: bool) -> Result<Id, Error> {
        Ok(self.builder.bool(flag))
    }

    #[inline]
    fn serialize_i8(self, number: i8) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    #[inline]
    fn serialize_i16(self, number: i16) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    #[inline]
    fn serialize_i32(self, number: i32) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    #[inline]
    fn serialize_i64(self, number: i64) -> Result<Id, Error> {
        Ok(self.builder.int(number))
    }

    fn serialize_i128(self, number: i128) -> Result<Id, Error> {
        Ok(self.builder.int_from_le_bytes(&number.to_le_bytes()))
    }

    #[inline]
    fn serialize_u8(self, number: u8) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    #[inline]
    fn serialize_u16(self, number: u16) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    #[inline]
    fn serialize_u32(self, number: u32) -> Result<Id, Error> {
        self.serialize_i64(number.into())
    }

    fn serialize_u64(self, number: u64) -> Result<Id, Error> {
        match i64::try_from(number) {
            Ok(number) => self.serialize_i64(number),
            Err(_) => self.serialize_i128(number.into()),
        }
    }

    fn serialize_u128(self, number: u128) -> Result<Id, Error> {
        let mut bytes = number.to_le_bytes().to_vec();
        // The sign.
        bytes.push(0);
        Ok(self.builder.int_from_le_bytes(&bytes))
    }

    fn serialize_f32(self, number: f32) -> Result<Id, Error> {
        self.serialize_f64(number.into())
    }

    #[inline]
    fn serialize_f64(self, number: f64) -> Result<Id, Error> {
        Ok(self.builder.float(number))
    }

    fn serialize_char(self, char: char) -> Result<Id, Error> {
        self.serialize_str(char.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<Id, Error> {
        Ok(self.builder.str(text))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Id, Error> {
        Ok(self.builder.bytes(bytes))
    }

    fn serialize_none(self) -> Result<Id, Error> {
        Ok(self.builder.none())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Id, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Id, Error> {
        Ok(self.builder.none())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Id, Error> {
        Ok(self.builder.none())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Id, Error> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Id, Error> {
        if name == raw::NAME { raw::add(self.builder, value) } else { value.serialize(self) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Id, Error> {
        if self.depth >= DEEPEST {
            return Err(Problem::TooDeep.into());
        }
        let inner = Serializer { builder: self.builder, depth: self.depth + 1 };
        let id = value.serialize(inner).map_err(|error| error.within(format_args!(".{name}")))?;
        self.variant(name, id)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'b>, Error> {
        self.compound(None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'b>, Error> {
        self.compound(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'b>, Error> {
        self.compound(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Compound<'b>, Error> {
        self.compound(Some(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'b>, Error> {
        self.compound(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'b>, Error> {
        self.compound(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Compound<'b>, Error> {
        self.compound(Some(name))
    }
}

/// The parts of a container under way; keys and values in turn for a dict.
pub(super) struct Compound<'b> {
    builder: &'b mut Builder,
    depth: usize,
    ids: Vec<Id>,
    variant: Option<&'static str>,
}

impl Compound<'_> {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let id = value.serialize(Serializer { builder: self.builder, depth: self.depth })?;
        self.ids.push(id);
        Ok(())
    }

    #[inline]
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let index = self.ids.len();
        self.part(value).map_err(|error| error.within_item(index))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.ids.push(self.builder.str(name));
        self.part(value).map_err(|error| error.within(format_args!(".{name}")))
    }

    fn list(self) -> Result<Id, Error> {
        Ok(self.builder.list(&self.ids))
    }

    fn tuple(self) -> Result<Id, Error> {
        let id = self.builder.tuple(&self.ids);
        self.variant.map_or(Ok(id), |name| wrap(self.builder, name, id))
    }

    fn dict(self) -> Result<Id, Error> {
        let pairs: Vec<(Id, Id)> = self.ids.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let id = self.builder.dict(&pairs).map_err(Problem::Unhashable)?;
        self.variant.map_or(Ok(id), |name| wrap(self.builder, name, id))
    }
}

/// One of the traits for what is filled item by item: `add` and the end that makes a list or a tuple of it.
macro_rules! filled_by_items {
    ($($kind:ident, $add:ident, $end:ident;)*) => {$(
        impl ser::$kind for Compound<'_> {
            type Ok = Id;
            type Error = Error;

            #[inline]
            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<Id, Error> {
                self.$end()
            }
        }
    )*};
}

filled_by_items! {
    SerializeSeq, serialize_element, list;
    SerializeTuple, serialize_element, tuple;
    SerializeTupleStruct, serialize_field, tuple;
    SerializeTupleVariant, serialize_field, tuple;
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = Id;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.part(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let index = self.ids.len() / 2;
        self.part(value).map_err(|error| error.within(format_args!("[value {index}]")))
    }

    fn end(self) -> Result<Id, Error> {
        self.dict()
    }
}

/// One of the traits for what is filled field by field and becomes a dict.
macro_rules! filled_by_fields {
    ($($kind:ident;)*) => {$(
        impl ser::$kind for Compound<'_> {
            type Ok = Id;
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<Id, Error> {
                self.dict()
            }
        }
    )*};
}

filled_by_fields! {
    SerializeStruct;
    SerializeStructVariant;
}
