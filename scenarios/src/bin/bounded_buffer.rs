//! Two producers and two consumers share a buffer of four places; a condition tells who has to wait.

use std::error::Error;

use procession_reference::{Condition, Process, RawArray, RawValue};
use serde::{Deserialize, Serialize};

const PLACES: usize = 4;
const ITEMS: u32 = 10;
const PAIRS: u32 = 2;

/// What the condition's lock protects, so that it needs no lock of its own.
#[derive(Clone, Serialize, Deserialize)]
struct Buffer {
    changed: Condition,
    items: RawArray<u32>,
    put: RawValue<u32>,
    taken: RawValue<u32>,
    most: RawValue<u32>,
    seen: RawArray<u32>,
}

impl Buffer {
    fn new() -> Result<Buffer, Box<dyn Error>> {
        Ok(Buffer {
            changed: Condition::new()?,
            items: RawArray::zeroed(PLACES)?,
            put: RawValue::new(0)?,
            taken: RawValue::new(0)?,
            most: RawValue::new(0)?,
            seen: RawArray::zeroed((PAIRS * ITEMS) as usize)?,
        })
    }

    fn len(&self) -> u32 {
        self.put.get() - self.taken.get()
    }

    fn put(&self, item: u32) -> Result<(), Box<dyn Error>> {
        let _guard = self.changed.lock()?;
        self.changed.wait_for(|| self.len() < PLACES as u32)?;
        self.items.set(self.put.get() as usize % PLACES, item)?;
        self.put.set(self.put.get() + 1);
        self.changed.notify_all()?;
        Ok(())
    }

    fn take(&self) -> Result<(), Box<dyn Error>> {
        let _guard = self.changed.lock()?;
        self.changed.wait_for(|| self.len() > 0)?;
        self.most.set(self.most.get().max(self.len()));
        let item = self.items.get(self.taken.get() as usize % PLACES)? as usize;
        self.seen.set(item, self.seen.get(item)? + 1)?;
        self.taken.set(self.taken.get() + 1);
        self.changed.notify_all()?;
        Ok(())
    }
}

fn produce((first, buffer): (u32, Buffer)) {
    for item in first..first + ITEMS {
        buffer.put(item).expect("the buffer is sound");
    }
}

fn consume(buffer: Buffer) {
    for _ in 0..ITEMS {
        buffer.take().expect("the buffer is sound");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let buffer = Buffer::new()?;
    let mut workers = Vec::new();
    for number in 0..PAIRS {
        workers.push(Process::new(produce, (number * ITEMS, buffer.clone())));
        workers.push(Process::new(consume, buffer.clone()));
    }
    for worker in &workers {
        worker.start()?;
    }
    for worker in &workers {
        worker.join()?;
    }
    let yes = |holds| if holds { "yes" } else { "no" };
    println!("items taken: {}", buffer.taken.get());
    println!("each of them once: {}", yes(buffer.seen.to_vec().iter().all(|times| *times == 1)));
    println!("never more than there are places: {}", yes(buffer.most.get() <= PLACES as u32));
    Ok(())
}
