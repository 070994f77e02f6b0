//! Five workers share two permits: each works three times, and never are more than two at work.

use std::error::Error;

use procession_reference::{Process, RawValue, Semaphore, Value};

const WORKERS: u32 = 5;
const TIMES: u32 = 3;
const PERMITS: u32 = 2;

/// The permits; how many are inside; and what the lock of that one protects: the most, and the turns.
type Office = (Semaphore, Value<u32>, RawValue<u32>, RawValue<u32>);

fn work((permits, inside, most, served): Office) {
    for _ in 0..TIMES {
        let _permit = permits.permit().expect("the semaphore is sound");
        let mut guard = inside.lock().expect("the lock is sound");
        guard.update(|inside| *inside += 1);
        most.set(most.get().max(guard.get()));
        drop(guard);
        let mut guard = inside.lock().expect("the lock is sound");
        guard.update(|inside| *inside -= 1);
        served.set(served.get() + 1);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (permits, inside) = (Semaphore::new(PERMITS)?, Value::new(0)?);
    let (most, served) = (RawValue::new(0)?, RawValue::new(0)?);
    let office = (permits.clone(), inside, most.clone(), served.clone());
    let workers: Vec<_> = (0..WORKERS).map(|_| Process::new(work, office.clone())).collect();
    for worker in &workers {
        worker.start()?;
    }
    for worker in &workers {
        worker.join()?;
    }
    println!("turns: {}", served.get());
    let held = (1..=PERMITS).contains(&most.get());
    println!("never more at work than permits: {}", if held { "yes" } else { "no" });
    println!("permits left: {}", permits.permits());
    Ok(())
}
