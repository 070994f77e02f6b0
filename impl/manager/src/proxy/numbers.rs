//! The numbers of an `array.array`, which is pickled as its bytes.

use procession_wire::{Builder, Kind, Node, Value, from_value};
use serde::de::DeserializeOwned;

use super::CallError;

/// The numbers of an array.
pub(super) fn of<T: DeserializeOwned>(array: &Value<'_>) -> Result<Vec<T>, CallError> {
    let numbers = parts(array.root()).and_then(|(code, numbers)| match numbers.kind() {
        Kind::Bytes(bytes) => unpacked(code, bytes),
        // As arrays are pickled for protocol 2.
        Kind::List(_) => Some(numbers.to_value()),
        _ => None,
    });
    match numbers {
        Some(numbers) => Ok(from_value(&numbers)?),
        None => Err(CallError::Nonsense(format!("an array was asked for: {array:?}"))),
    }
}

/// The code of the type, and the numbers in one form or the other.
fn parts(array: Node<'_>) -> Option<(char, Node<'_>)> {
    let Kind::Object(object) = array.kind() else { return None };
    let args = object.args.tuple()?;
    // Either `array.array(code, numbers)` or `_array_reconstructor(array.array, code, format, bytes)`.
    let (code, numbers) = match args.len() {
        2 => (args.get(0)?, args.get(1)?),
        4 => (args.get(1)?, args.get(3)?),
        _ => return None,
    };
    Some((code.text()?.to_str()?.chars().next()?, numbers))
}

/// A list of the numbers in these bytes: of this machine's order and C's sizes, as a server on another kind of
/// machine would not send them.
fn unpacked(code: char, bytes: &[u8]) -> Option<Value<'static>> {
    let mut builder = Builder::new();
    macro_rules! read {
        ($type:ty, $add:expr) => {{
            let size = size_of::<$type>();
            if bytes.len() % size != 0 {
                return None;
            }
            let numbers = bytes.chunks_exact(size).map(|chunk| {
                let mut number = [0; size_of::<$type>()];
                number.copy_from_slice(chunk);
                $add(&mut builder, <$type>::from_ne_bytes(number))
            });
            numbers.collect::<Vec<_>>()
        }};
    }
    macro_rules! int {
        ($type:ty) => {
            read!($type, |builder: &mut Builder, number: $type| {
                builder.int_from_le_bytes(&i128::from(number).to_le_bytes())
            })
        };
    }
    let numbers = match code {
        'b' => int!(i8),
        'B' => int!(u8),
        'h' => int!(i16),
        'H' => int!(u16),
        'i' => int!(i32),
        'I' => int!(u32),
        'l' | 'q' => int!(i64),
        'L' | 'Q' => int!(u64),
        'f' => read!(f32, |builder: &mut Builder, number: f32| builder.float(number.into())),
        'd' => read!(f64, |builder: &mut Builder, number: f64| builder.float(number)),
        _ => return None,
    };
    let list = builder.list(&numbers);
    Some(builder.finish(list))
}
