//! `==`.

use std::collections::HashMap;

use procession_wire::{Kind, Node};

use super::{Key, Number, Raise, Work, key_of};

/// Whether two values are equal as Python's `in`, `index`, `count` and `remove` find them: the same object, or
/// equal by `==`.
///
/// Numbers are equal by what they are, texts and bytes by what they hold, `bytes` and `bytearray` across; lists and
/// tuples element by element, dicts and sets without order, `set` and `frozenset` across. Objects of classes that
/// nobody here knows are equal if they would be made and filled alike; Python asks their class.
///
/// # Errors
/// Those of [`Work::spend`].
pub fn equal(one: Node<'_>, other: Node<'_>, work: &mut Work) -> Result<bool, Raise> {
    let mut open = vec![(one, other)];
    while let Some((one, other)) = open.pop() {
        work.spend(1)?;
        if one.is(other) {
            continue;
        }
        if let (Some(one), Some(other)) = (Number::of(one), Number::of(other)) {
            if one.compare(other) != Some(std::cmp::Ordering::Equal) {
                return Ok(false);
            }
            continue;
        }
        let holds = match (one.kind(), other.kind()) {
            (Kind::None, Kind::None) => true,
            (Kind::Str(one), Kind::Str(other)) => {
                work.spend(one.as_bytes().len() / 64)?;
                one == other
            }
            (Kind::Bytes(one) | Kind::ByteArray(one), Kind::Bytes(other) | Kind::ByteArray(other)) => {
                work.spend(one.len() / 64)?;
                one == other
            }
            (Kind::Tuple(one), Kind::Tuple(other)) | (Kind::List(one), Kind::List(other)) => {
                let same = one.len() == other.len();
                if same {
                    open.extend(one.iter().zip(other.iter()));
                }
                same
            }
            (Kind::Set(one) | Kind::FrozenSet(one), Kind::Set(other) | Kind::FrozenSet(other)) => {
                one.len() == other.len() && {
                    let theirs = keys(other.iter(), work)?;
                    let mut all = true;
                    for item in one.iter() {
                        all &= theirs.contains_key(&key_of(item, work)?);
                    }
                    all
                }
            }
            (Kind::Dict(one), Kind::Dict(other)) => {
                one.len() == other.len() && {
                    let mut theirs = HashMap::new();
                    for (key, value) in other.iter() {
                        theirs.insert(key_of(key, work)?, value);
                    }
                    let mut all = true;
                    for (key, value) in one.iter() {
                        match theirs.get(&key_of(key, work)?) {
                            Some(&found) => open.push((value, found)),
                            None => all = false,
                        }
                    }
                    all
                }
            }
            (Kind::Global(one), Kind::Global(other)) => one == other,
            (Kind::Object(one), Kind::Object(other)) => {
                let parts = |object: procession_wire::value::Object<'_>| {
                    (
                        object.how,
                        object.kwargs.is_some(),
                        object.state.is_some(),
                        object.items.len(),
                        object.pairs.len(),
                    )
                };
                let same = parts(one) == parts(other);
                if same {
                    open.extend([(one.function, other.function), (one.args, other.args)]);
                    open.extend(one.kwargs.zip(other.kwargs));
                    open.extend(one.state.zip(other.state));
                    open.extend(one.items.iter().zip(other.items.iter()));
                    for (one, other) in one.pairs.iter().zip(other.pairs.iter()) {
                        open.extend([(one.0, other.0), (one.1, other.1)]);
                    }
                }
                same
            }
            _ => false,
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn keys<'v>(items: impl Iterator<Item = Node<'v>>, work: &mut Work) -> Result<HashMap<Key, Node<'v>>, Raise> {
    items.map(|item| Ok((key_of(item, work)?, item))).collect()
}
