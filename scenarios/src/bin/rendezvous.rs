//! Three workers meet at a barrier, three times; nobody goes on before all have come.

use std::convert::Infallible;
use std::error::Error;

use procession_reference::{Array, Barrier, Process, Value};

const WORKERS: u32 = 3;
const ROUNDS: usize = 3;

type Meeting = (Barrier, Value<u32>, Array<u32>, Array<u32>, Array<u32>);

fn work((barrier, rounds, come, early, first): Meeting) {
    let one_more = |array: &Array<u32>, round| {
        array
            .element(round)
            .expect("there is such a round")
            .update(|count| *count += 1)
            .expect("nobody dies");
    };
    for round in 0..ROUNDS {
        one_more(&come, round);
        // What the barrier does once per round.
        let announce = || {
            rounds.update(|rounds| *rounds += 1).expect("nobody dies");
            Ok::<(), Infallible>(())
        };
        let index = barrier.wait_with(announce).expect("nobody breaks the barrier");
        if come.get(round).expect("there is such a round") < WORKERS {
            one_more(&early, round);
        }
        if index == 0 {
            one_more(&first, round);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (barrier, rounds) = (Barrier::new(WORKERS)?, Value::new(0)?);
    let [come, early, first] = [Array::zeroed(ROUNDS)?, Array::zeroed(ROUNDS)?, Array::zeroed(ROUNDS)?];
    let meeting = (barrier, rounds.clone(), come.clone(), early.clone(), first.clone());
    let workers: Vec<_> = (0..WORKERS).map(|_| Process::new(work, meeting.clone())).collect();
    for worker in &workers {
        worker.start()?;
    }
    for worker in &workers {
        worker.join()?;
    }
    for round in 0..ROUNDS {
        let of = |array: &Array<u32>| array.get(round).expect("there is such a round");
        let (number, come, early, first) = (round + 1, of(&come), of(&early), of(&first));
        println!("round {number}: {come} came, {early} went on early, {first} was first");
    }
    println!("rounds announced: {}", rounds.get().expect("nobody dies"));
    Ok(())
}
