//! Values printed, nearly as Python would, with each shared object printed once.

use std::collections::HashMap;
use std::fmt;

use super::{How, Id, Items, Kind, Node, Object, Pairs, UNIT, Value};

impl fmt::Debug for Value<'_> {
    /// See [`Node`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.root(), f)
    }
}

impl fmt::Debug for Node<'_> {
    /// Nearly Python's `repr`. A container or long text met again shows as `<1>`, the first printed being
    /// `<0>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(*self, f)
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.len())
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pairs", self.len())
    }
}

/// What is still to be printed, innermost last.
enum Rest<'v> {
    Word(&'static str),
    One(Node<'v>),
    Many { items: Items<'v>, at: usize, pairs: bool, end: &'static str },
}

fn show(node: Node<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut seen: HashMap<Id, usize> = HashMap::new();
    let mut open = vec![Rest::One(node)];
    while let Some(rest) = open.pop() {
        let node = match rest {
            Rest::Word(word) => {
                f.write_str(word)?;
                continue;
            }
            Rest::Many { items, at, pairs, end } => {
                match items.get(at) {
                    None => f.write_str(end)?,
                    Some(node) => {
                        f.write_str(match at {
                            0 => "",
                            _ if pairs && at % 2 == 1 => ": ",
                            _ => ", ",
                        })?;
                        open.push(Rest::Many { items, at: at + 1, pairs, end });
                        open.push(Rest::One(node));
                    }
                }
                continue;
            }
            Rest::One(node) => node,
        };
        let store = node.store();
        let is_shared = |id: &Id| *id != UNIT && (store.is_container(*id) || store.is_long(*id));
        if let Some(id) = node.number().filter(is_shared) {
            let next = seen.len();
            let number = *seen.entry(id).or_insert(next);
            if number != next {
                write!(f, "<{number}>")?;
                continue;
            }
        }
        let (begin, items, pairs, end) = match node.kind() {
            Kind::Tuple(items) if items.len() == 1 => ("(", items, false, ",)"),
            Kind::Tuple(items) => ("(", items, false, ")"),
            Kind::List(items) => ("[", items, false, "]"),
            Kind::Dict(pairs) => ("{", pairs.0, true, "}"),
            Kind::Set(items) => ("set([", items, false, "])"),
            Kind::FrozenSet(items) => ("frozenset([", items, false, "])"),
            Kind::Object(object) => {
                f.write_str(match object.how {
                    How::Call => "call(",
                    How::New => "new(",
                    How::NewWithKeywords => "new_with_keywords(",
                })?;
                unfold(object, &mut open);
                continue;
            }
            atom => {
                show_atom(atom, f)?;
                continue;
            }
        };
        f.write_str(begin)?;
        open.push(Rest::Many { items, at: 0, pairs, end });
    }
    Ok(())
}

/// The parts of an object, the last on the bottom.
fn unfold<'v>(object: Object<'v>, open: &mut Vec<Rest<'v>>) {
    open.push(Rest::Word(")"));
    if let Some(state) = object.state {
        open.extend([Rest::One(state), Rest::Word(", state=")]);
    }
    if !object.pairs.is_empty() {
        open.push(Rest::Many { items: object.pairs.0, at: 0, pairs: true, end: "}" });
        open.push(Rest::Word(", pairs={"));
    }
    if !object.items.is_empty() {
        open.push(Rest::Many { items: object.items, at: 0, pairs: false, end: "]" });
        open.push(Rest::Word(", items=["));
    }
    if let Some(kwargs) = object.kwargs {
        open.extend([Rest::One(kwargs), Rest::Word(", **")]);
    }
    open.extend([Rest::One(object.args), Rest::Word(", *"), Rest::One(object.function)]);
}

fn show_atom(atom: Kind<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match atom {
        Kind::Bool(true) => f.write_str("True"),
        Kind::Bool(false) => f.write_str("False"),
        Kind::Int(number) => write!(f, "{number}"),
        Kind::Float(number) => write!(f, "{number:?}"),
        Kind::Str(text) => write!(f, "{text:?}"),
        Kind::Bytes(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
        Kind::ByteArray(bytes) => write!(f, "bytearray(b\"{}\")", bytes.escape_ascii()),
        Kind::Global(global) => write!(f, "<{}.{}>", global.module, global.name),
        _ => f.write_str("None"),
    }
}
