//! Ten producers put one result each into one queue; the main process joins them, then takes the results.

use std::error::Error;

use procession_reference::{Process, Queue};
use procession_scenarios::pause;

fn produce((number, queue): (u32, Queue<u32>)) {
    pause();
    queue.put(&(number * number)).expect("the queue is open");
}

fn main() -> Result<(), Box<dyn Error>> {
    let queue = Queue::new()?;
    let mut producers = Vec::new();
    for number in 0..10 {
        let producer = Process::new(produce, (number, queue.clone()));
        producer.start()?;
        producers.push(producer);
    }
    for producer in &producers {
        producer.join()?;
    }
    for _ in &producers {
        println!("Result: {}", queue.get()?);
    }
    Ok(())
}
