//! Named blocks of shared memory.

use std::any::Any;
use std::sync::Arc;

use procession_contract::{Answer, Call, Item, Object, Objects, Outcome, Value};
use procession_reference::shared_memory::{
    AccessError, AttachBlockError, BlockOptions, CreateBlockError, SharedMemory, UnlinkError,
};
use procession_reference::transfer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::outcome;

/// A handle to a block, which travels by the block's name.
#[derive(Clone, Debug)]
pub(super) struct BlockHandle(Arc<SharedMemory>);

impl Serialize for BlockHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BlockHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BlockHandle, D::Error> {
        SharedMemory::deserialize(deserializer).map(|block| BlockHandle(Arc::new(block)))
    }
}

/// Creates a block or attaches to one, which is known by `name` from then on.
pub(super) fn open(
    name: &str,
    block: Option<&str>,
    create: bool,
    size: Option<i64>,
    track: Option<bool>,
    objects: &mut Objects,
) -> Answer {
    let opened = if create { created(block, size, track) } else { attached(block) };
    match opened {
        Ok(block) => {
            let answer = Answer { value: block.size() as i64, ..Answer::text(block.name()) };
            objects.insert(name.to_owned(), Box::new(BlockHandle(Arc::new(block))));
            answer
        }
        Err(answer) => answer,
    }
}

fn created(block: Option<&str>, size: Option<i64>, track: Option<bool>) -> Result<SharedMemory, Answer> {
    let size = size.and_then(|size| usize::try_from(size).ok());
    let size = size.ok_or_else(|| Answer::error(Outcome::BadValue, "a block needs a size above 0"))?;
    let tracked = track.unwrap_or(BlockOptions::default().tracked);
    let options = BlockOptions { name: block.map(str::to_owned), size, tracked };
    SharedMemory::with_options(options).map_err(not_created)
}

fn attached(block: Option<&str>) -> Result<SharedMemory, Answer> {
    let unnamed = || Answer::error(Outcome::BadValue, "there is no name to attach to");
    SharedMemory::attach(block.ok_or_else(unnamed)?).map_err(not_attached)
}

pub(super) fn not_created(error: CreateBlockError) -> Answer {
    let outcome = match &error {
        CreateBlockError::BadName(_) | CreateBlockError::BadSize(_) => Outcome::BadValue,
        CreateBlockError::Exhausted(_) => Outcome::Exhausted,
        CreateBlockError::NameTaken(_) => Outcome::NameTaken,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn not_attached(error: AttachBlockError) -> Answer {
    let outcome = match &error {
        AttachBlockError::BadName(_) => Outcome::BadValue,
        AttachBlockError::Exhausted(_) => Outcome::Exhausted,
        AttachBlockError::NameMissing(_) => Outcome::NameMissing,
        AttachBlockError::NotABlock(_) | AttachBlockError::Unfinished(_) => Outcome::Corrupt,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn not_unlinked(error: UnlinkError) -> Answer {
    let outcome = match &error {
        UnlinkError::NameMissing(_) => Outcome::NameMissing,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

pub(super) fn access(error: AccessError) -> Answer {
    let outcome = match &error {
        AccessError::Closed => Outcome::Closed,
        AccessError::OutOfBounds { .. } => Outcome::BadValue,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

impl BlockHandle {
    fn read(&self, at: i64, len: i64) -> Result<Answer, Answer> {
        let (at, len) = (place(at)?, place(len)?);
        // Its bounds are checked before there is room for so many bytes.
        let view = self.0.view(at, len).map_err(access)?;
        let mut bytes = vec![0; len];
        view.read(0, &mut bytes).map_err(access)?;
        Ok(Answer { aux: Value::Bytes(bytes).fingerprint(), ..Answer::ok() })
    }

    fn write(&self, at: i64, len: Option<i64>, item: &Item) -> Result<Answer, Answer> {
        let bytes = item.raw_bytes();
        let at = place(at)?;
        let room = len.map_or(Ok(bytes.len()), place)?;
        let view = self.0.view(at, room).map_err(access)?;
        if room != bytes.len() {
            let text = format!("{} bytes cannot take the place of {room}", bytes.len());
            return Err(Answer::error(Outcome::BadValue, text));
        }
        view.write(0, &bytes).map_err(access)?;
        Ok(Answer::ok())
    }
}

fn place(at: i64) -> Result<usize, Answer> {
    usize::try_from(at).map_err(|error| Answer::error(Outcome::BadValue, error))
}

impl Object for BlockHandle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::ReadBlock { at, len } => self.read(*at, *len).unwrap_or_else(|answer| answer),
            Call::WriteBlock { at, len, item } => self.write(*at, *len, item).unwrap_or_else(|answer| answer),
            Call::Length => Answer::number(self.0.size() as i64),
            Call::Name => Answer::text(self.0.name()),
            Call::IsClosed => Answer::truth(self.0.is_closed()),
            Call::Close => {
                self.0.close();
                Answer::ok()
            }
            Call::Unlink => self.0.unlink().map_or_else(not_unlinked, |()| Answer::ok()),
            Call::Serialise => match transfer::encode(self) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
