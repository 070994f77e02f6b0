//! Three workers wait at a door until it is opened; it stays open for whoever comes later.

use std::error::Error;
use std::time::Duration;

use procession_reference::{Event, Process, Value};

const WORKERS: u32 = 3;

fn walk((door, passed): (Event, Value<u32>)) {
    if door.wait_timeout(Duration::from_secs(30)) {
        passed.update(|passed| *passed += 1).expect("nobody dies");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (door, passed) = (Event::new()?, Value::new(0)?);
    let walker = || Process::new(walk, (door.clone(), passed.clone()));
    let workers: Vec<_> = (0..WORKERS).map(|_| walker()).collect();
    for worker in &workers {
        worker.start()?;
    }
    println!("closed: {} have passed", passed.get().expect("nobody dies"));
    door.set();
    for worker in &workers {
        worker.join()?;
    }
    let late = walker();
    late.start()?;
    late.join()?;
    println!("open: {} have passed", passed.get().expect("nobody dies"));
    door.clear();
    let is_closed = !door.wait_timeout(Duration::from_millis(10));
    println!("closed again: {}", if is_closed { "yes" } else { "no" });
    Ok(())
}
