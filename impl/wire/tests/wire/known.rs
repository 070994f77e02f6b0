//! The captured vectors, and values in the form in which they give them.

use std::collections::HashMap;
use std::sync::LazyLock;

use procession_wire::pickle::Reader;
use procession_wire::value::{How, Id};
use procession_wire::{Globals, Kind, Node, Value};
use serde_json::{Value as Json, json};

/// All vectors; `about` in the file describes them.
pub static VECTORS: LazyLock<Json> = LazyLock::new(|| {
    let text = include_str!("../vectors/cpython-wire.json");
    serde_json::from_str(text).expect("the vectors are JSON")
});

/// The entries under this key.
pub fn vectors(key: &str) -> &'static Vec<Json> {
    VECTORS[key].as_array().expect("a list of vectors")
}

/// The bytes that these digits give.
pub fn unhex(digits: &Json) -> Vec<u8> {
    let digits = digits.as_str().expect("hexadecimal digits").as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A reader that lets every name through.
pub fn trusting() -> Reader {
    Reader { globals: Globals::everything(), ..Reader::default() }
}

/// The value in the form of the vectors.
pub fn to_json(value: &Value<'_>) -> Json {
    form(value.root(), &mut HashMap::new())
}

/// `numbers` holds the containers, globals and objects met so far.
fn form(node: Node<'_>, numbers: &mut HashMap<Id, usize>) -> Json {
    match node.kind() {
        Kind::None => return json!(["none"]),
        Kind::Bool(flag) => return json!(["bool", flag]),
        Kind::Int(int) => {
            let bytes = int.to_le_bytes();
            return match bytes.len() * 8 > 4000 {
                true => json!(["int", long(int.is_negative(), bytes)]),
                false => json!(["int", int.to_string()]),
            };
        }
        Kind::Float(number) => return json!(["float", hex(&number.to_be_bytes())]),
        Kind::Str(text) => {
            return match text.to_str() {
                Some(short) if short.chars().count() <= SHORT => json!(["text", short]),
                _ => json!(["str", hex(text.as_bytes())]),
            };
        }
        Kind::Bytes(bytes) => return json!(["bytes", hex(bytes)]),
        Kind::ByteArray(bytes) => return json!(["bytearray", hex(bytes)]),
        Kind::Tuple(items) if items.is_empty() => return json!(["tuple", -1, []]),
        _ => {}
    }
    if let Some(number) = numbers.get(&node.id()) {
        return json!(["ref", number]);
    }
    let number = numbers.len();
    numbers.insert(node.id(), number);
    let mut all = |nodes: &mut dyn Iterator<Item = Node<'_>>| -> Vec<Json> {
        nodes.map(|node| form(node, numbers)).collect()
    };
    let sorted = |mut items: Vec<Json>| {
        items.sort_by_key(Json::to_string);
        items
    };
    match node.kind() {
        Kind::Tuple(items) => json!(["tuple", number, all(&mut items.iter())]),
        Kind::List(items) => json!(["list", number, all(&mut items.iter())]),
        Kind::Set(items) => json!(["set", number, sorted(all(&mut items.iter()))]),
        Kind::FrozenSet(items) => json!(["frozenset", number, sorted(all(&mut items.iter()))]),
        Kind::Dict(pairs) => {
            let flat = all(&mut pairs.iter().flat_map(|(key, value)| [key, value]));
            json!(["dict", number, flat.chunks(2).collect::<Vec<_>>()])
        }
        Kind::Global(global) => json!(["global", global.module.to_string(), global.name.to_string()]),
        Kind::Object(object) => {
            let mut fields = serde_json::Map::new();
            fields.insert("func".into(), all(&mut [object.function].into_iter()).remove(0));
            fields.insert("args".into(), all(&mut [object.args].into_iter()).remove(0));
            if let Some(kwargs) = object.kwargs {
                fields.insert("kwargs".into(), all(&mut [kwargs].into_iter()).remove(0));
            }
            if !object.items.is_empty() {
                fields.insert("listitems".into(), all(&mut object.items.iter()).into());
            }
            if !object.pairs.is_empty() {
                let flat = all(&mut object.pairs.iter().flat_map(|(key, value)| [key, value]));
                fields.insert("dictitems".into(), flat.chunks(2).collect::<Vec<_>>().into());
            }
            if let Some(state) = object.state {
                fields.insert("state".into(), all(&mut [state].into_iter()).remove(0));
            }
            let how = match object.how {
                How::Call => "reduce",
                How::New => "newobj",
                How::NewWithKeywords => "newobj_ex",
            };
            json!([how, number, fields])
        }
        _ => unreachable!("atoms were formed above"),
    }
}

/// Up to this many characters a text is given as it is.
const SHORT: usize = 60;

/// A number of more than 4000 bits, in hexadecimal.
fn long(negative: bool, mut bytes: Vec<u8>) -> String {
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    bytes.reverse();
    format!("{}0x{}", if negative { "-" } else { "" }, hex(&bytes).trim_start_matches('0'))
}

/// The value that a vector gives, as this crate gives values: sets sorted by the same rule, and in protocol 2
/// the names of Python 3, which the vectors leave as they were.
pub fn expected(given: &Json, protocol: u64) -> Json {
    let Some(list) = given.as_array() else {
        let Some(fields) = given.as_object() else { return given.clone() };
        return fields.iter().map(|(key, value)| (key.clone(), expected(value, protocol))).collect();
    };
    let mut list: Vec<Json> = list.iter().map(|part| expected(part, protocol)).collect();
    match list.first().and_then(Json::as_str) {
        Some("set" | "frozenset") => {
            list[2].as_array_mut().expect("items").sort_by_key(Json::to_string);
        }
        Some("global") if protocol == 2 => {
            let renamed = match (list[1].as_str(), list[2].as_str()) {
                (Some("exceptions"), Some(name)) => json!(["global", "builtins", name]),
                (Some("Queue"), Some(name)) => json!(["global", "queue", name]),
                (Some("builtins"), Some("xrange")) => json!(["global", "builtins", "range"]),
                _ => return list.into(),
            };
            return renamed;
        }
        _ => {}
    }
    list.into()
}
