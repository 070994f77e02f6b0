//! What `update` and `dict()` are given: another dict, pairs, keywords.

use procession_wire::{Kind, Node};

use crate::python::{Key, Raise, key_of};
use crate::server::referents::iterable::Through;
use crate::server::{Arguments, Stored};

/// Keys with their values.
type Given = Vec<(Key, Stored, Stored)>;

/// Everything that the arguments of `update` say, in order. No lock may be held: they may name other dicts.
pub fn given(arguments: Arguments<'_>, method: &str, through: &mut Through<'_>) -> Result<Given, Raise> {
    let count = arguments.positional.len();
    let mut entries = match arguments.positional.get(0) {
        _ if count > 1 => {
            return Err(Raise::type_error(format!("{method} expected at most 1 argument, got {count}")));
        }
        None => Vec::new(),
        Some(other) => match (other.kind(), through.behind(other)) {
            (Kind::Dict(_), _) => mapping(other, through)?,
            (_, Some(whole)) if matches!(whole.root().kind(), Kind::Dict(_)) => {
                mapping(whole.root(), through)?
            }
            _ => pairs(other, through)?,
        },
    };
    for (name, value) in arguments.named.iter() {
        entries.push(entry(name, value, through)?);
    }
    Ok(entries)
}

fn mapping(node: Node<'_>, through: &mut Through<'_>) -> Result<Given, Raise> {
    let Kind::Dict(pairs) = node.kind() else { return Ok(Vec::new()) };
    pairs.iter().map(|(key, value)| entry(key, value, through)).collect()
}

fn entry(key: Node<'_>, value: Node<'_>, through: &mut Through<'_>) -> Result<(Key, Stored, Stored), Raise> {
    let known = key_of(key, through.work)?;
    let (name, value) = (Stored::of(key, through.objects), Stored::of(value, through.objects));
    through.work.spend(name.steps().saturating_add(value.steps()))?;
    Ok((known, name, value))
}

/// The pairs of a sequence, each of which may be anything with two elements.
fn pairs(node: Node<'_>, through: &mut Through<'_>) -> Result<Given, Raise> {
    let mut entries = Vec::new();
    for (index, pair) in through.elements(node)?.into_iter().enumerate() {
        let parts = through.elements(pair.root()).map_err(|raised| match raised.class {
            crate::python::Class::Type => Raise::type_error(format!(
                "cannot convert dictionary update sequence element #{index} to a sequence"
            )),
            _ => raised,
        })?;
        let length = parts.len();
        let Ok([name, value]) = <[Stored; 2]>::try_from(parts) else {
            return Err(Raise::value_error(format!(
                "dictionary update sequence element #{index} has length {length}; 2 is required"
            )));
        };
        entries.push((key_of(name.root(), through.work)?, name, value));
    }
    Ok(entries)
}
