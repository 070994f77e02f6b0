//! Four workers add to a shared counter, a thousand times each: within its lock, and without.

use std::error::Error;

use procession_reference::{Process, Value};

const WORKERS: i32 = 4;
const TIMES: i32 = 1000;

fn add_within_the_lock(counter: Value<i32>) {
    for _ in 0..TIMES {
        counter.update(|value| *value += 1).expect("nobody dies");
    }
}

fn add_without_it(counter: Value<i32>) {
    for _ in 0..TIMES {
        // A read and a write: another worker may write between them.
        let value = counter.get().expect("nobody dies");
        counter.set(value + 1).expect("nobody dies");
    }
}

/// What the counter holds when all of them have worked.
fn total(workers: Vec<Process>, counter: &Value<i32>) -> Result<i32, Box<dyn Error>> {
    for worker in &workers {
        worker.start()?;
    }
    for worker in &workers {
        worker.join()?;
    }
    Ok(counter.get().expect("nobody dies"))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (with, without) = (Value::new(0)?, Value::new(0)?);
    let within = (0..WORKERS).map(|_| Process::new(add_within_the_lock, with.clone())).collect();
    println!("within its lock: {}", total(within, &with)?);
    let outside = (0..WORKERS).map(|_| Process::new(add_without_it, without.clone())).collect();
    let total = total(outside, &without)?;
    let answer = if (1..=WORKERS * TIMES).contains(&total) { "yes" } else { "no" };
    println!("without it, no more than that: {answer}");
    Ok(())
}
