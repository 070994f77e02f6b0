//! What methods of containers make of their arguments, beyond binding them.

use std::borrow::Cow;

use procession_wire::message::Proxy;
use procession_wire::{Kind, Node};

use crate::python::{Class, Raise};
use crate::server::{Arguments, Quota};

/// The arguments of a method that takes none by name: those beyond the first `required` may be left out.
pub fn positional<'a, const N: usize>(
    arguments: Arguments<'a>,
    method: &str,
    required: usize,
) -> Result<[Option<Node<'a>>; N], Raise> {
    if !arguments.named.is_empty() {
        return Err(Raise::type_error(format!("{method}() takes no keyword arguments")));
    }
    let given = arguments.positional.len();
    let wrong = |bound: &str, count: usize| {
        let s = if count == 1 { "" } else { "s" };
        Err(Raise::type_error(format!("{method} expected {bound} {count} argument{s}, got {given}")))
    };
    if given < required {
        return wrong("at least", required);
    }
    if given > N {
        return wrong("at most", N);
    }
    let mut bound = [None; N];
    for (place, argument) in bound.iter_mut().zip(arguments.positional.iter()) {
        *place = Some(argument);
    }
    Ok(bound)
}

/// The number that this is, where Python's C code wants a size.
pub fn size_of(node: Node<'_>) -> Result<i64, Raise> {
    match node.kind() {
        Kind::Bool(flag) => Ok(i64::from(flag)),
        Kind::Int(number) => number
            .to_i64()
            .ok_or_else(|| Raise::text(Class::Overflow, "cannot fit 'int' into an index-sized integer")),
        _ => Err(Raise::type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            type_name(node)
        ))),
    }
}

/// The element of a sequence of this length that an index means, counted from the end if it is negative.
pub fn place_of(index: i64, length: usize) -> Option<usize> {
    let place = match index < 0 {
        true => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
        false => usize::try_from(index).ok()?,
    };
    (place < length).then_some(place)
}

/// The name of a value's type as Python's errors give it; that of a recorded object is the name of its class.
pub fn type_name(node: Node<'_>) -> Cow<'_, str> {
    let object = match node.kind() {
        Kind::Object(object) => object,
        Kind::None => return Cow::Borrowed("NoneType"),
        Kind::Global(_) => return Cow::Borrowed("type"),
        _ => return Cow::Borrowed(node.type_name()),
    };
    let class = match Proxy::read(node) {
        Ok(Some(proxy)) => proxy.class,
        _ => match object.function.kind() {
            Kind::Global(class) => class,
            _ => return Cow::Borrowed(node.type_name()),
        },
    };
    class.name.to_str_lossy()
}

/// Whether an object may have so many elements and bytes.
///
/// # Errors
/// A `MemoryError` that names the bound.
pub fn fits(quota: &Quota, elements: usize, bytes: usize) -> Result<(), Raise> {
    let over = |count: usize, what: &str, most: usize| {
        Err(Raise::text(
            Class::Memory,
            format!("it would have {count} {what}, more than the {most} that the server allows"),
        ))
    };
    if elements > quota.elements {
        return over(elements, "elements", quota.elements);
    }
    if bytes > quota.bytes {
        return over(bytes, "bytes", quota.bytes);
    }
    Ok(())
}

/// A text, if it is not too long.
pub fn short(text: impl Into<String>, most: usize) -> Result<String, Raise> {
    let text = text.into();
    if text.len() > most { Err(too_long(most)) } else { Ok(text) }
}

/// What is raised for a text longer than so many bytes.
pub fn too_long(most: usize) -> Raise {
    Raise::text(Class::Memory, format!("its text is longer than the {most} bytes that the server allows"))
}
