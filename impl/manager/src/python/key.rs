//! Keys of dicts and items of sets: what makes two of them one.

use std::sync::atomic::{AtomicU64, Ordering};

use procession_wire::value::{How, Object};
use procession_wire::{Int, Kind, Node};

use super::number::integer_of;
use super::{Raise, Work};

/// A hashable value in a form that is the same for two values exactly if Python takes them for one key: 1, 1.0 and
/// `True`, say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Box<[u8]>);

impl Key {
    /// How much memory it takes, in bytes.
    pub fn size(&self) -> usize {
        self.0.len()
    }
}

/// What is still to be written.
enum Rest<'v> {
    One(Node<'v>),
    End,
    /// The items of a frozenset lie from here to the end, each beginning where the list says.
    Sort(usize),
    /// Where the next item of the innermost frozenset begins.
    Begin,
}

/// The key that this value is.
///
/// # Errors
/// A `TypeError` for what is not hashable, or has in it what is not: lists, dicts, sets, byte arrays. Those of
/// [`Work::spend`].
pub fn key_of(node: Node<'_>, work: &mut Work) -> Result<Key, Raise> {
    let mut written = Vec::new();
    let mut open = vec![Rest::One(node)];
    // Of each frozenset that is open: where its items begin.
    let mut items: Vec<Vec<usize>> = Vec::new();
    while let Some(rest) = open.pop() {
        let node = match rest {
            Rest::One(node) => node,
            Rest::End => {
                written.push(b')');
                continue;
            }
            Rest::Begin => {
                if let Some(begins) = items.last_mut() {
                    begins.push(written.len());
                }
                continue;
            }
            Rest::Sort(from) => {
                let begins = items.pop().unwrap_or_default();
                work.spend(begins.len())?;
                sort_items(&mut written, from, &begins);
                written.push(b')');
                continue;
            }
        };
        work.spend(1)?;
        match node.kind() {
            Kind::None => written.push(b'N'),
            Kind::Bool(flag) => integer(&mut written, Int::from(i64::from(flag))),
            Kind::Int(number) => integer(&mut written, number),
            Kind::Float(number) if number.is_finite() && number.fract() == 0.0 => {
                integer(&mut written, Int::from_le_bytes(&integer_of(number)));
            }
            // No NaN that was sent is the same object as another, so none is equal to one.
            Kind::Float(number) if number.is_nan() => {
                static NEXT: AtomicU64 = AtomicU64::new(0);
                measured(&mut written, b'n', &NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
            }
            Kind::Float(number) => measured(&mut written, b'f', &number.to_le_bytes()),
            Kind::Str(text) => {
                work.spend(text.as_bytes().len() / 64)?;
                measured(&mut written, b's', text.as_bytes());
            }
            Kind::Bytes(bytes) => {
                work.spend(bytes.len() / 64)?;
                measured(&mut written, b'b', bytes);
            }
            Kind::Tuple(elements) => {
                written.push(b'(');
                open.push(Rest::End);
                open.extend(elements.iter().rev().map(Rest::One));
            }
            Kind::FrozenSet(elements) => {
                written.push(b'{');
                open.push(Rest::Sort(written.len()));
                items.push(Vec::new());
                for element in elements.iter() {
                    open.extend([Rest::One(element), Rest::Begin]);
                }
            }
            Kind::Global(global) => {
                measured(&mut written, b'g', global.module.as_bytes());
                measured(&mut written, b'.', global.name.as_bytes());
            }
            Kind::Object(object) => {
                written.push(match object.how {
                    How::Call => b'C',
                    How::New => b'O',
                    How::NewWithKeywords => b'K',
                });
                open.push(Rest::End);
                parts(object, &mut open);
            }
            // Byte arrays, lists, dicts and sets.
            _ => {
                return Err(Raise::type_error(format!("unhashable type: '{}'", node.type_name())));
            }
        }
    }
    Ok(Key(written.into()))
}

/// An object is known by how it is made and by its state, as far as that is hashable; Python asks its class.
fn parts<'v>(object: Object<'v>, open: &mut Vec<Rest<'v>>) {
    let (args, kwargs) = (object.args, object.kwargs);
    open.extend(object.state.map(Rest::One));
    open.extend(kwargs.map(Rest::One));
    open.extend([Rest::One(args), Rest::One(object.function)]);
}

fn integer(written: &mut Vec<u8>, number: Int<'_>) {
    measured(written, b'i', &number.to_le_bytes());
}

fn measured(written: &mut Vec<u8>, letter: u8, bytes: &[u8]) {
    written.push(letter);
    written.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    written.extend_from_slice(bytes);
}

fn sort_items(written: &mut Vec<u8>, from: usize, begins: &[usize]) {
    let ends = begins.iter().skip(1).copied().chain([written.len()]);
    let mut items: Vec<Vec<u8>> =
        begins.iter().zip(ends).map(|(&begin, end)| written[begin..end].to_vec()).collect();
    items.sort_unstable();
    written.truncate(from);
    written.extend(items.into_iter().flatten());
}

#[cfg(test)]
mod tests {
    use procession_wire::{Builder, Value};

    use super::*;

    fn value(build: impl FnOnce(&mut Builder) -> procession_wire::value::Id) -> Value<'static> {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        builder.finish(root)
    }

    fn key(value: &Value<'_>) -> Result<Key, Raise> {
        key_of(value.root(), &mut Work::of(1000))
    }

    #[test]
    fn what_python_takes_for_one_key_is_one() {
        let one = [value(|b| b.int(1)), value(|b| b.float(1.0)), value(|b| b.bool(true))];
        for other in &one {
            assert_eq!(key(&one[0]).unwrap(), key(other).unwrap());
        }
        let zero = [value(|b| b.int(0)), value(|b| b.float(-0.0)), value(|b| b.bool(false))];
        for other in &zero {
            assert_eq!(key(&zero[0]).unwrap(), key(other).unwrap());
        }
        let set = |items: [i64; 3]| {
            value(|b| {
                let items = items.map(|item| b.int(item));
                b.frozen_set(&items).expect("numbers are hashable")
            })
        };
        assert_eq!(key(&set([1, 2, 3])).unwrap(), key(&set([3, 1, 2])).unwrap());
        assert_ne!(key(&set([1, 2, 3])).unwrap(), key(&set([1, 2, 4])).unwrap());
    }

    #[test]
    fn what_python_tells_apart_are_two() {
        let apart = [
            value(|b| b.none()),
            value(|b| b.int(0)),
            value(|b| b.int(1)),
            value(|b| b.int(-1)),
            value(|b| b.float(0.5)),
            value(|b| b.float(f64::INFINITY)),
            value(|b| b.str("1")),
            value(|b| b.bytes(b"1")),
            value(|b| b.tuple(&[])),
            value(|b| {
                let one = b.int(1);
                b.tuple(&[one])
            }),
            value(|b| {
                let one = b.int(1);
                let inner = b.tuple(&[one]);
                b.tuple(&[inner])
            }),
        ];
        let keys: std::collections::HashSet<Key> = apart.iter().map(|value| key(value).unwrap()).collect();
        assert_eq!(keys.len(), apart.len());
        let nan = value(|b| b.float(f64::NAN));
        assert_ne!(key(&nan).unwrap(), key(&nan).unwrap());
    }

    #[test]
    fn a_list_is_no_key_wherever_it_is() {
        let list = value(|b| {
            let list = b.list(&[]);
            b.tuple(&[list])
        });
        assert_eq!(key(&list).unwrap_err().to_string(), "TypeError: unhashable type: 'list'");
    }

    #[test]
    fn sharing_is_paid_for() {
        let bomb = value(|b| {
            let mut tuple = b.tuple(&[]);
            for _ in 0..60 {
                tuple = b.tuple(&[tuple, tuple]);
            }
            tuple
        });
        assert_eq!(key(&bomb).unwrap_err().class, super::super::Class::Memory);
    }
}
