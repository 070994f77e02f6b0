//! Lists of scalars in named blocks.

use std::any::Any;
use std::sync::Arc;

use procession_contract::{Answer, Call, Object, Objects, Outcome, Scalar};
use procession_reference::shareable_list::{
    AttachListError, CreateListError, ListGetError, ListItem, ListSetError,
};
use procession_reference::{ShareableList, transfer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{block, outcome};

/// A handle to a list, which travels by its block's name.
#[derive(Clone, Debug)]
pub(super) struct ListHandle(Arc<ShareableList>);

impl Serialize for ListHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ListHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ListHandle, D::Error> {
        ShareableList::deserialize(deserializer).map(|list| ListHandle(Arc::new(list)))
    }
}

/// Creates a list or attaches to one, which is known by `name` from then on.
pub(super) fn open(
    name: &str,
    block: Option<&str>,
    values: Option<&[Scalar]>,
    copy: Option<&str>,
    objects: &mut Objects,
) -> Answer {
    match opened(block, values, copy, objects) {
        Ok(list) => {
            let answer = Answer { value: list.len() as i64, ..Answer::text(list.name()) };
            objects.insert(name.to_owned(), Box::new(ListHandle(Arc::new(list))));
            answer
        }
        Err(answer) => answer,
    }
}

fn opened(
    block: Option<&str>,
    values: Option<&[Scalar]>,
    copy: Option<&str>,
    objects: &mut Objects,
) -> Result<ShareableList, Answer> {
    if let Some(values) = values {
        let items: Result<Vec<ListItem>, Answer> = values.iter().map(item).collect();
        let items = items?;
        return match block {
            Some(block) => ShareableList::create(block, items),
            None => ShareableList::new(items),
        }
        .map_err(not_created);
    }
    if let Some(copy) = copy {
        let missing = || Answer::error(Outcome::BadType, format!("`{copy}` is no list"));
        let list = objects.get_mut(copy).ok_or_else(missing)?;
        let list = list.as_any().downcast_ref::<ListHandle>().ok_or_else(missing)?;
        return ShareableList::copy_of(&list.0, block).map_err(not_created);
    }
    match block {
        Some(block) => ShareableList::attach(block).map_err(not_attached),
        // As in Python: a list of nothing.
        None => ShareableList::new([]).map_err(not_created),
    }
}

fn item(scalar: &Scalar) -> Result<ListItem, Answer> {
    Ok(match scalar {
        Scalar::None(()) => ListItem::None,
        Scalar::Flag(flag) => ListItem::Bool(*flag),
        Scalar::Int(number) => ListItem::Int(*number),
        Scalar::Real(number) => ListItem::Float(number.0),
        Scalar::Text(text) => ListItem::Text(text.clone()),
        Scalar::Bytes { .. } => {
            let wrong = || Answer::error(Outcome::BadType, "these are no bytes");
            ListItem::Bytes(scalar.as_bytes().ok_or_else(wrong)?)
        }
    })
}

fn scalar(item: ListItem) -> Scalar {
    match item {
        ListItem::None => Scalar::None(()),
        ListItem::Bool(flag) => flag.into(),
        ListItem::Int(number) => number.into(),
        ListItem::Float(number) => number.into(),
        ListItem::Text(text) => Scalar::Text(text),
        ListItem::Bytes(bytes) => Scalar::bytes(&bytes),
    }
}

fn not_created(error: CreateListError) -> Answer {
    match error {
        CreateListError::Block(error) => block::not_created(error),
        CreateListError::Copy(error) => not_read(error),
        error @ CreateListError::TooLong { .. } => Answer::error(Outcome::BadValue, error),
        error => Answer::error(Outcome::Other, error),
    }
}

fn not_attached(error: AttachListError) -> Answer {
    match error {
        AttachListError::Block(error) => block::not_attached(error),
        error => Answer::error(Outcome::Corrupt, error),
    }
}

fn not_read(error: ListGetError) -> Answer {
    let outcome = match &error {
        ListGetError::Closed => Outcome::Closed,
        ListGetError::Corrupt { .. } => Outcome::Corrupt,
        ListGetError::Index { .. } => Outcome::BadValue,
        ListGetError::NotText { .. } => Outcome::DecodeFailed,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

fn not_written(error: ListSetError) -> Answer {
    let outcome = match &error {
        ListSetError::Closed => Outcome::Closed,
        ListSetError::Index { .. } | ListSetError::TooLong { .. } | ListSetError::TrailingZeros { .. } => {
            Outcome::BadValue
        }
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

impl ListHandle {
    fn answer(&self, call: &Call) -> Result<Answer, Answer> {
        let list = &self.0;
        match call {
            Call::Load { at: Some(at), field: None } => {
                list.get(*at).map(|item| scalar(item).answer()).map_err(not_read)
            }
            Call::Store { at: Some(at), field: None, to } => {
                list.set(*at, item(to)?).map(|()| Answer::ok()).map_err(not_written)
            }
            Call::Length => Ok(Answer::number(list.len() as i64)),
            Call::Count { of } => {
                list.count(&item(of)?).map(|count| Answer::number(count as i64)).map_err(not_read)
            }
            Call::Index { of } => match list.position(&item(of)?).map_err(not_read)? {
                Some(index) => Ok(Answer::number(index as i64)),
                None => Err(Answer::error(Outcome::BadValue, "there is no such element")),
            },
            Call::Format => list.format().map(Answer::text).map_err(not_read),
            Call::Name => Ok(Answer::text(list.name())),
            Call::IsClosed => Ok(Answer::truth(list.block().is_closed())),
            Call::Close => {
                list.close();
                Ok(Answer::ok())
            }
            Call::Unlink => list.unlink().map(|()| Answer::ok()).map_err(block::not_unlinked),
            Call::Serialise => transfer::encode(self).map(|_| Answer::ok()).map_err(outcome::encode),
            _ => Err(Answer::of(Outcome::Unsupported)),
        }
    }
}

impl Object for ListHandle {
    fn call(&mut self, call: &Call) -> Answer {
        self.answer(call).unwrap_or_else(|answer| answer)
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
