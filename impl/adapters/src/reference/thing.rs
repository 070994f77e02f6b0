//! What a worker knows by a name and has for itself: plain values with the proxies in them, as scripts write
//! them, as the wire carries them and as answers report them.
//!
//! A plain list or dictionary is the worker's own, and is shared by everything that has it, as in the
//! languages that managers were made for: what is changed by one name is seen under another. Values of
//! scripts are shallow, so the functions here follow them by recursion.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use procession_contract::{Answer, Datum, Outcome, Value};
use procession_wire::value::{Id, Object};
use procession_wire::{Builder, Kind, Node};

use super::managed::ManagedHandle;

/// A value.
#[derive(Clone)]
pub(super) enum Thing {
    /// What has no parts.
    Scalar(Value),
    /// A tuple.
    Tuple(Vec<Thing>),
    /// A list.
    List(Shared<Vec<Thing>>),
    /// A dictionary, in order.
    Dict(Shared<Vec<(Thing, Thing)>>),
    /// A typed array: the letter of its type, and its elements.
    Array(char, Shared<Vec<Thing>>),
    /// A slice, as an index: the first, behind the last, the way between.
    Slice([Option<i64>; 3]),
    /// A proxy of a managed object.
    Proxy(ManagedHandle),
    /// Anything else that came over the wire, by the name of its kind.
    Other(String, Arc<procession_wire::Value<'static>>),
}

/// What several names may stand for.
pub(super) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    pub(super) fn new(inner: T) -> Shared<T> {
        Shared(Arc::new(Mutex::new(inner)))
    }

    /// The content, for the caller alone.
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(self.0.clone())
    }
}

impl Thing {
    pub(super) fn none() -> Thing {
        Thing::Scalar(Value::None)
    }

    pub(super) fn int(number: i64) -> Thing {
        Thing::Scalar(Value::Int(number))
    }

    pub(super) fn flag(flag: bool) -> Thing {
        Thing::Scalar(Value::Flag(flag))
    }

    pub(super) fn text(text: &str) -> Thing {
        Thing::Scalar(Value::Text(text.into()))
    }

    pub(super) fn list(elements: Vec<Thing>) -> Thing {
        Thing::List(Shared::new(elements))
    }

    pub(super) fn dict(entries: Vec<(Thing, Thing)>) -> Thing {
        Thing::Dict(Shared::new(entries))
    }

    /// A value of which nobody else has a part.
    pub(super) fn of_value(value: Value) -> Thing {
        let all = |values: Vec<Value>| values.into_iter().map(Thing::of_value).collect();
        match value {
            Value::List(values) => Thing::list(all(values)),
            Value::Tuple(values) => Thing::Tuple(all(values)),
            Value::Dict(entries) => {
                let entry = |(key, value)| (Thing::of_value(key), Thing::of_value(value));
                Thing::dict(entries.into_iter().map(entry).collect())
            }
            scalar => Thing::Scalar(scalar),
        }
    }

    /// What a script's datum stands for; `known` finds what has a name.
    pub(super) fn of_datum(
        datum: &Datum,
        known: &mut dyn FnMut(&str) -> Result<Thing, Answer>,
    ) -> Result<Thing, Answer> {
        Ok(match datum {
            Datum::Scalar(scalar) => Thing::Scalar(scalar.value()),
            Datum::List(elements) => Thing::list(Thing::of_data(elements, known)?),
            Datum::Tuple { tuple } => Thing::Tuple(Thing::of_data(tuple, known)?),
            Datum::Dict { dict } => {
                let mut entries = Vec::new();
                for (key, value) in dict {
                    entries.push((Thing::of_datum(key, known)?, Thing::of_datum(value, known)?));
                }
                Thing::dict(entries)
            }
            Datum::Known { object } => known(object)?,
            Datum::Slice { slice: (from, to, step) } => Thing::Slice([*from, *to, *step]),
            Datum::Unencodable { .. } => Thing::Scalar(Value::Unencodable),
        })
    }

    /// The same for several.
    pub(super) fn of_data(
        data: &[Datum],
        known: &mut dyn FnMut(&str) -> Result<Thing, Answer>,
    ) -> Result<Vec<Thing>, Answer> {
        data.iter().map(|datum| Thing::of_datum(datum, known)).collect()
    }

    /// The plain value, `None` if there is something in it that is none.
    pub(super) fn value(&self) -> Option<Value> {
        let all = |things: &[Thing]| things.iter().map(Thing::value).collect::<Option<_>>();
        Some(match self {
            Thing::Scalar(value) => value.clone(),
            Thing::Tuple(elements) => Value::Tuple(all(elements)?),
            Thing::List(elements) => Value::List(all(&elements.lock())?),
            Thing::Dict(entries) => {
                let entries = entries.lock();
                let entries = entries.iter().map(|(key, value)| Some((key.value()?, value.value()?)));
                Value::Dict(entries.collect::<Option<_>>()?)
            }
            Thing::Array(..) | Thing::Slice(_) | Thing::Proxy(_) | Thing::Other(..) => return None,
        })
    }

    /// The name of its kind: of a proxy that of the object behind it.
    pub(super) fn kind(&self) -> String {
        match self {
            Thing::Scalar(_) => "scalar".into(),
            Thing::Tuple(_) => "tuple".into(),
            Thing::List(_) => "list".into(),
            Thing::Dict(_) => "dict".into(),
            Thing::Array(..) => "array".into(),
            Thing::Slice(_) => "slice".into(),
            Thing::Proxy(handle) => handle.kind(),
            Thing::Other(kind, _) => kind.clone(),
        }
    }

    /// The value that an answer reports: what is no plain value, or has such in it, by its kind.
    pub(super) fn reported(&self) -> Value {
        self.value().unwrap_or_else(|| Value::Object(self.kind()))
    }

    /// The answer to a call that gives it.
    pub(super) fn answer(&self) -> Answer {
        Answer::result(&self.reported())
    }

    /// The answer to a call that gives several.
    pub(super) fn answer_many(things: &[Thing]) -> Answer {
        let reported = things.iter().map(|thing| {
            let Answer { value, aux, .. } = thing.answer();
            (value, aux)
        });
        let items: Vec<_> = reported.collect();
        Answer { value: items.len() as i64, items, ..Answer::ok() }
    }

    /// Adds it to what goes over the wire. A list or dictionary that is there twice is there as two.
    pub(super) fn add(&self, builder: &mut Builder) -> Result<Id, Answer> {
        Ok(match self {
            Thing::Scalar(value) => add_scalar(value, builder)?,
            Thing::Tuple(elements) => {
                let elements = Thing::add_all(elements, builder)?;
                builder.tuple(&elements)
            }
            Thing::List(elements) => {
                let elements = Thing::add_all(&elements.lock(), builder)?;
                builder.list(&elements)
            }
            Thing::Dict(entries) => {
                let mut added = Vec::new();
                for (key, value) in entries.lock().iter() {
                    added.push((key.add(builder)?, value.add(builder)?));
                }
                let refused = |error| Answer::error(Outcome::BadType, error);
                builder.dict(&added).map_err(refused)?
            }
            Thing::Array(letter, elements) => {
                let class = builder.global("array", "array");
                let letter = builder.str(letter.encode_utf8(&mut [0; 4]) as &str);
                let elements = Thing::add_all(&elements.lock(), builder)?;
                let elements = builder.list(&elements);
                builder.call(class, &[letter, elements])
            }
            Thing::Slice(parts) => {
                let class = builder.global("builtins", "slice");
                let parts = parts.map(|part| part.map_or(builder.none(), |part| builder.int(part)));
                builder.call(class, &parts)
            }
            Thing::Proxy(handle) => handle.add(builder)?,
            Thing::Other(_, value) => builder.copy(value.root()),
        })
    }

    /// Adds several.
    pub(super) fn add_all(things: &[Thing], builder: &mut Builder) -> Result<Vec<Id>, Answer> {
        things.iter().map(|thing| thing.add(builder)).collect()
    }

    /// What came over the wire. `proxy` makes the proxies in it.
    pub(super) fn of_node(
        node: Node<'_>,
        proxy: &mut dyn FnMut(Node<'_>) -> Result<Option<ManagedHandle>, Answer>,
    ) -> Result<Thing, Answer> {
        let mut all = |items: procession_wire::value::Items<'_>| {
            items.iter().map(|item| Thing::of_node(item, proxy)).collect::<Result<Vec<_>, Answer>>()
        };
        Ok(match node.kind() {
            Kind::None => Thing::none(),
            Kind::Bool(flag) => Thing::flag(flag),
            Kind::Int(number) => match number.to_i64() {
                Some(number) => Thing::int(number),
                None => other("int", node),
            },
            Kind::Float(number) => Thing::Scalar(Value::Float(number)),
            Kind::Str(text) => Thing::text(&text.to_str_lossy()),
            Kind::Bytes(bytes) => Thing::Scalar(Value::Bytes(bytes.into())),
            Kind::Tuple(items) => Thing::Tuple(all(items)?),
            Kind::List(items) => Thing::list(all(items)?),
            Kind::Dict(pairs) => {
                let mut entries = Vec::new();
                for (key, value) in pairs.iter() {
                    entries.push((Thing::of_node(key, proxy)?, Thing::of_node(value, proxy)?));
                }
                Thing::dict(entries)
            }
            Kind::Object(object) => match proxy(node)? {
                Some(handle) => Thing::Proxy(handle),
                None => of_object(object, node)?,
            },
            _ => other(node.type_name(), node),
        })
    }
}

/// The function that what refuses to be decoded is made by; it is the Python adapter's, too.
const REFUSES: (&str, &str) = ("procession_adapter.items", "refuse_to_decode");

fn add_scalar(value: &Value, builder: &mut Builder) -> Result<Id, Answer> {
    Ok(match value {
        Value::None => builder.none(),
        Value::Flag(flag) => builder.bool(*flag),
        Value::Int(number) => builder.int(*number),
        Value::Float(number) => builder.float(*number),
        Value::Text(text) => builder.str(text.as_str()),
        Value::Bytes(bytes) => builder.bytes(bytes),
        Value::Undecodable => {
            let refuses = builder.global(REFUSES.0, REFUSES.1);
            builder.call(refuses, &[])
        }
        Value::Unencodable => {
            return Err(Answer::error(Outcome::EncodeFailed, "this value refuses to be encoded"));
        }
        other => {
            return Err(Answer::error(Outcome::EncodeFailed, format!("{other:?} is no scalar")));
        }
    })
}

fn other(kind: &str, node: Node<'_>) -> Thing {
    Thing::Other(kind.to_lowercase(), Arc::new(node.to_value()))
}

/// An object of a class: an array, or what this adapter only knows the name of.
fn of_object(object: Object<'_>, node: Node<'_>) -> Result<Thing, Answer> {
    let Kind::Global(class) = object.function.kind() else { return Ok(other("object", node)) };
    let (module, name) = (class.module.to_str_lossy(), class.name.to_str_lossy());
    match (&*module, &*name) {
        REFUSES => Err(Answer::error(Outcome::DecodeFailed, "this value refuses to be decoded")),
        ("array", "array") => match array(object) {
            Some(array) => Ok(array),
            None => Err(Answer::error(Outcome::DecodeFailed, "an array without a type or without elements")),
        },
        ("builtins", "reversed" | "iter") => Ok(other("iterator", node)),
        _ => Ok(other(&name, node)),
    }
}

/// The array that is made from its type's letter and the bytes of its memory, or a list of its elements.
fn array(object: Object<'_>) -> Option<Thing> {
    let [letter, content] = object.args.tuple()?.array()?;
    let letter = letter.text()?.to_str()?.chars().next()?;
    let elements = match content.kind() {
        Kind::List(items) => {
            let elements = items.iter().map(|item| Thing::of_node(item, &mut |_| Ok(None)));
            elements.collect::<Result<_, _>>().ok()?
        }
        Kind::Bytes(bytes) => elements(letter, bytes)?,
        _ => return None,
    };
    Some(Thing::Array(letter, Shared::new(elements)))
}

/// The elements that lie in the memory of an array with this letter.
fn elements(letter: char, bytes: &[u8]) -> Option<Vec<Thing>> {
    macro_rules! each {
        ($type:ty, $element:expr) => {{
            let (whole, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
            let element: fn($type) -> Thing = $element;
            let elements = whole.iter().map(|bytes| element(<$type>::from_ne_bytes(*bytes)));
            rest.is_empty().then(|| elements.collect())
        }};
    }
    // One of 64 bits without a sign is reported as the signed one with the same bits.
    match letter {
        'b' => each!(i8, |number| Thing::int(number.into())),
        'B' => each!(u8, |number| Thing::int(number.into())),
        'h' => each!(i16, |number| Thing::int(number.into())),
        'H' => each!(u16, |number| Thing::int(number.into())),
        'i' => each!(i32, |number| Thing::int(number.into())),
        'I' => each!(u32, |number| Thing::int(number.into())),
        'l' | 'q' => each!(i64, Thing::int),
        'L' | 'Q' => each!(u64, |number| Thing::int(number as i64)),
        'f' => each!(f32, |number| Thing::Scalar(Value::Float(number.into()))),
        'd' => each!(f64, |number| Thing::Scalar(Value::Float(number))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::managed::wired_one;
    use super::*;

    fn back(thing: &Thing) -> Result<Thing, Answer> {
        let value = wired_one(thing)?;
        Thing::of_node(value.root(), &mut |_| Ok(None))
    }

    #[rstest]
    #[case(Value::None)]
    #[case(Value::Flag(true))]
    #[case(Value::Int(i64::MIN))]
    #[case(Value::Float(-0.0))]
    #[case(Value::Text("é".into()))]
    #[case(Value::Bytes(vec![0, 255]))]
    #[case(Value::List(vec![Value::Tuple(vec![]), Value::Dict(vec![(Value::Int(1), Value::None)])]))]
    fn a_plain_value_comes_back_over_the_wire(#[case] value: Value) {
        assert_eq!(back(&Thing::of_value(value.clone())).map(|thing| thing.value()), Ok(Some(value)));
    }

    #[test]
    fn what_refuses_does_so_in_its_time() {
        let outcome =
            |value| back(&Thing::list(vec![Thing::Scalar(value)])).map(|_| ()).map_err(|e| e.outcome);
        assert_eq!(outcome(Value::Unencodable), Err(Outcome::EncodeFailed));
        assert_eq!(outcome(Value::Undecodable), Err(Outcome::DecodeFailed));
    }

    #[test]
    fn an_array_is_read_from_the_bytes_of_its_memory() {
        let mut builder = Builder::new();
        let class = builder.global("array", "array");
        let letter = builder.str("h");
        let bytes = [7i16, -1].iter().flat_map(|number| number.to_ne_bytes()).collect::<Vec<_>>();
        let content = builder.bytes(&bytes);
        let root = builder.call(class, &[letter, content]);
        let value = builder.finish(root);
        let Ok(Thing::Array('h', elements)) = Thing::of_node(value.root(), &mut |_| Ok(None)) else {
            panic!("no array");
        };
        let elements: Vec<_> = elements.lock().iter().map(Thing::reported).collect();
        assert_eq!(elements, [Value::Int(7), Value::Int(-1)]);
    }

    #[test]
    fn what_has_a_part_that_is_no_plain_value_goes_by_its_kind() {
        let list = Thing::list(vec![Thing::Slice([None, None, None])]);
        assert_eq!(list.reported(), Value::Object("list".into()));
    }
}
