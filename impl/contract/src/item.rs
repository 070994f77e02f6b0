//! What travels through queues and pipes: payloads that name themselves, so that every received one
//! can be told from every other and a torn one from a whole one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A payload, described so that any language can build it: see [`Item::value`] for the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Distinct within a program; 0 for payloads that cannot carry one.
    pub id: u32,
    /// Which value carries the id.
    #[serde(default)]
    pub kind: ItemKind,
    /// Length in bytes (`bytes`) or characters (`text`); ignored by the others.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub len: u32,
}

fn is_zero(len: &u32) -> bool {
    *len == 0
}

/// The value that carries an item's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// The integer `id`.
    #[default]
    Int,
    /// The value that stands for nothing (`None`).
    None,
    /// ASCII: `id`, a colon, then `.` up to `len` characters; cut to `len` if that is shorter.
    Text,
    /// The id as eight bytes, little endian, then byte `(id + i) % 251` at every index `i >= 8`; cut
    /// to `len` bytes if that is shorter.
    Bytes,
    /// The list `[id, 2.25, None]`.
    List,
    /// A value that the implementation's encoding refuses (in Python a lambda).
    Unencodable,
    /// A value that encodes but whose decoding raises an error.
    Undecodable,
}

/// A payload as a value of Rust, as an implementation in Rust sends and receives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing (`None`).
    None,
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A truth value.
    Flag(bool),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dictionary, in order.
    Dict(Vec<(Value, Value)>),
    /// Something that is no plain value, by the name of its kind: an object behind a proxy, say.
    Object(String),
    /// Refuses to be encoded: its `Serialize` returns an error.
    Unencodable,
    /// Encodes, but its `Deserialize` returns an error.
    Undecodable,
}

/// After so many bytes a payload begins anew: a prime, so that no block is like the next one.
const PERIOD: usize = 251;

impl Item {
    /// The integer payload `id`.
    pub fn int(id: u32) -> Item {
        Item { id, kind: ItemKind::Int, len: 0 }
    }

    /// A payload of `len` bytes that begins with `id`.
    pub fn bytes(id: u32, len: u32) -> Item {
        Item { id, kind: ItemKind::Bytes, len }
    }

    /// A text of `len` characters that begins with `id`.
    pub fn text(id: u32, len: u32) -> Item {
        Item { id, kind: ItemKind::Text, len }
    }

    /// A payload of another kind.
    pub fn of(id: u32, kind: ItemKind) -> Item {
        Item { id, kind, len: 0 }
    }

    /// The value to send.
    pub fn value(&self) -> Value {
        let id = i64::from(self.id);
        match self.kind {
            ItemKind::Int => Value::Int(id),
            ItemKind::None => Value::None,
            ItemKind::Text => {
                let mut text = format!("{id}:");
                text.extend(std::iter::repeat_n('.', (self.len as usize).saturating_sub(text.len())));
                text.truncate(self.len as usize);
                Value::Text(text)
            }
            ItemKind::Bytes => Value::Bytes(self.raw_bytes()),
            ItemKind::List => Value::List(vec![Value::Int(id), Value::Float(2.25), Value::None]),
            ItemKind::Unencodable => Value::Unencodable,
            ItemKind::Undecodable => Value::Undecodable,
        }
    }

    /// The bytes of a `bytes` payload; for the others the bytes of their canonical form, for calls
    /// that send raw bytes.
    pub fn raw_bytes(&self) -> Vec<u8> {
        if self.kind != ItemKind::Bytes {
            return self.value().canonical();
        }
        let len = self.len as usize;
        let mut bytes = u64::from(self.id).to_le_bytes().to_vec();
        let first = u64::from(self.id);
        // In blocks: the sweep kills between any two instructions of a call in which this is made.
        let period: [u8; PERIOD] =
            std::array::from_fn(|index| ((first + 8 + index as u64) % PERIOD as u64) as u8);
        while bytes.len() < len {
            let rest = len - bytes.len();
            bytes.extend_from_slice(&period[..rest.min(PERIOD)]);
        }
        bytes.truncate(len);
        bytes
    }

    /// What the receiver of this item must report: `(value, aux)`.
    pub fn expected(&self) -> (i64, u64) {
        let value = self.value();
        (value.id(), value.fingerprint())
    }
}

impl Value {
    /// The id that the value carries: the integer; the number before a text's colon; the first
    /// eight bytes; the first element of a list. 0 where there is none.
    pub fn id(&self) -> i64 {
        match self {
            Value::Int(id) => *id,
            Value::Text(text) => text.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(0),
            Value::Bytes(bytes) => bytes.first_chunk().map_or(0, |id| i64::from_le_bytes(*id)),
            Value::List(values) => values.first().map_or(0, Value::id),
            Value::Flag(flag) => i64::from(*flag),
            Value::None
            | Value::Float(_)
            | Value::Tuple(_)
            | Value::Dict(_)
            | Value::Object(_)
            | Value::Unencodable
            | Value::Undecodable => 0,
        }
    }

    /// The canonical form, over which the fingerprint is taken: one letter for the kind, then
    /// `I` decimal digits, `F` eight bytes (IEEE 754, little endian), `T` UTF-8, `B` the bytes,
    /// `L` for each element its canonical length (u32, little endian) and its canonical form, `P` the
    /// same for a tuple, `M` the same for the keys and values of a dictionary in turn, `O` the name of
    /// an object's kind, `N` nothing. A truth value is the text `true` or `false` with a zero byte in
    /// front. Unencodable and undecodable values are `U` and `D`.
    pub fn canonical(&self) -> Vec<u8> {
        let (kind, rest) = match self {
            Value::None => (b'N', Vec::new()),
            Value::Int(value) => (b'I', value.to_string().into_bytes()),
            Value::Float(value) => (b'F', value.to_le_bytes().to_vec()),
            Value::Text(text) => (b'T', text.clone().into_bytes()),
            Value::Bytes(bytes) => (b'B', bytes.clone()),
            Value::List(values) => (b'L', values.iter().flat_map(Value::measured).collect()),
            Value::Flag(flag) => (b'T', format!("\0{flag}").into_bytes()),
            Value::Tuple(values) => (b'P', values.iter().flat_map(Value::measured).collect()),
            Value::Dict(entries) => (
                b'M',
                entries.iter().flat_map(|(key, value)| [key.measured(), value.measured()].concat()).collect(),
            ),
            Value::Object(kind) => (b'O', kind.clone().into_bytes()),
            Value::Unencodable => (b'U', Vec::new()),
            Value::Undecodable => (b'D', Vec::new()),
        };
        let mut canonical = Vec::with_capacity(rest.len() + 1);
        canonical.push(kind);
        canonical.extend(rest);
        canonical
    }

    fn measured(&self) -> Vec<u8> {
        let canonical = self.canonical();
        let mut measured = (canonical.len() as u32).to_le_bytes().to_vec();
        measured.extend(canonical);
        measured
    }

    /// The length of the canonical form (high 32 bits) and its CRC-32 as in zlib (low 32 bits).
    pub fn fingerprint(&self) -> u64 {
        if let Value::Bytes(bytes) = self {
            return Value::fingerprint_of_bytes(bytes);
        }
        let canonical = self.canonical();
        (canonical.len() as u64) << 32 | u64::from(crc32fast::hash(&canonical))
    }

    /// The fingerprint of a `bytes` value, without copying it.
    pub fn fingerprint_of_bytes(bytes: &[u8]) -> u64 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(b"B");
        hasher.update(bytes);
        (bytes.len() as u64 + 1) << 32 | u64::from(hasher.finalize())
    }
}

/// The encoding of a [`Value`]: the same, but a plain data type.
#[derive(Serialize, Deserialize)]
enum Encoded {
    None,
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Block),
    List(Vec<Value>),
    Undecodable,
    Flag(bool),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Object(String),
}

/// Bytes that are encoded as one block, which looks the same as one by one.
struct Block(Vec<u8>);

impl Serialize for Block {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Block, D::Error> {
        deserializer.deserialize_byte_buf(BlockVisitor)
    }
}

struct BlockVisitor;

impl<'de> serde::de::Visitor<'de> for BlockVisitor {
    type Value = Block;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Block, E> {
        Ok(Block(bytes.to_vec()))
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Block, E> {
        Ok(Block(bytes))
    }

    /// In JSON they are a list.
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut numbers: A) -> Result<Block, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = numbers.next_element()? {
            bytes.push(byte);
        }
        Ok(Block(bytes))
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Value::None => Encoded::None,
            Value::Int(value) => Encoded::Int(value),
            Value::Float(value) => Encoded::Float(value),
            Value::Text(value) => Encoded::Text(value),
            Value::Bytes(value) => Encoded::Bytes(Block(value)),
            Value::List(values) => Encoded::List(values),
            Value::Flag(value) => Encoded::Flag(value),
            Value::Tuple(values) => Encoded::Tuple(values),
            Value::Dict(entries) => Encoded::Dict(entries),
            Value::Object(kind) => Encoded::Object(kind),
            Value::Undecodable => Encoded::Undecodable,
            Value::Unencodable => {
                return Err(serde::ser::Error::custom("this value refuses to be encoded"));
            }
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        Ok(match Encoded::deserialize(deserializer)? {
            Encoded::None => Value::None,
            Encoded::Int(value) => Value::Int(value),
            Encoded::Float(value) => Value::Float(value),
            Encoded::Text(value) => Value::Text(value),
            Encoded::Bytes(Block(value)) => Value::Bytes(value),
            Encoded::List(values) => Value::List(values),
            Encoded::Flag(value) => Value::Flag(value),
            Encoded::Tuple(values) => Value::Tuple(values),
            Encoded::Dict(entries) => Value::Dict(entries),
            Encoded::Object(kind) => Value::Object(kind),
            Encoded::Undecodable => {
                return Err(serde::de::Error::custom("this value refuses to be decoded"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_recognised_by_its_value() {
        for item in [
            Item::int(7),
            Item::bytes(7, 8),
            Item::bytes(7, 1000),
            Item::text(7, 5),
            Item::of(7, ItemKind::List),
        ] {
            assert_eq!(item.value().id(), 7, "{item:?}");
        }
    }

    #[test]
    fn a_changed_byte_changes_the_fingerprint() {
        let whole = Item::bytes(3, 300);
        let mut bytes = whole.raw_bytes();
        bytes[299] ^= 1;
        assert_ne!(Value::Bytes(bytes).fingerprint(), whole.expected().1);
    }

    #[test]
    fn short_payloads_are_cut() {
        assert_eq!(Item::bytes(1, 3).raw_bytes(), [1, 0, 0]);
        assert_eq!(Item::text(1, 0).value(), Value::Text(String::new()));
        assert_eq!(Item::bytes(9, 0).value().id(), 0);
    }

    #[test]
    fn the_bytes_of_a_payload_go_on_from_its_id() {
        let bytes = Item::bytes(300, 600).raw_bytes();
        assert_eq!(bytes[..8], 300u64.to_le_bytes());
        assert!((8..600).all(|index| u64::from(bytes[index]) == (300 + index as u64) % 251), "{bytes:?}");
    }

    #[test]
    fn a_payload_is_the_same_behind_its_encoding() {
        for item in [Item::bytes(7, 0), Item::bytes(7, 300), Item::text(7, 5), Item::of(7, ItemKind::List)] {
            let json = serde_json::to_string(&item.value()).expect("it can be encoded");
            let decoded: Value = serde_json::from_str(&json).expect("it can be decoded");
            assert_eq!(decoded, item.value(), "{json}");
        }
        let bytes = serde_json::to_string(&Value::Bytes(vec![1, 255])).expect("it can be encoded");
        assert_eq!(bytes, r#"{"Bytes":[1,255]}"#);
    }

    #[test]
    fn fingerprints_are_those_of_other_languages() {
        // Python: (len(c) << 32) | zlib.crc32(c) with c = b"I7".
        assert_eq!(Value::Int(7).fingerprint(), 2 << 32 | 0xd8df_43bc);
    }
}
