//! What the queue achieves between real processes, beside a raw pipe and a plain copy, for choosing
//! how long to spin and how large rings should be: `cargo run --release --example throughput`.
#![expect(unsafe_code, reason = "forks; this program has one thread")]

use std::hint::black_box;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use procession_reference::{Deadline, Queue};

const TIME: Duration = Duration::from_millis(150);
const ROUNDS: usize = 5;

fn main() {
    println!("medians of {ROUNDS} runs of {TIME:?}, taken in turns");
    for (len, pairs) in [(64, 1), (64, 2), (1 << 10, 1), (64 << 10, 1), (1 << 20, 1)] {
        let (mut queues, mut pipes, mut copies) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            queues.push(queue(len, pairs));
            pipes.push(pipe(len));
            copies.push(copy(len));
        }
        let [queue, pipe, copy] = [queues, pipes, copies].map(median);
        println!(
            "{len:>8} B {pairs}->{pairs}: queue {:>12.0}/s {:>6.2} GB/s | pipe 1->1 {:>10.0}/s ({:.1}x) | of one copy {:.2}",
            queue,
            queue * len as f64 / 1e9,
            pipe,
            queue / pipe,
            queue / copy
        );
    }
    println!("round trip, both awake: {:.2} us", median((0..ROUNDS).map(|_| round_trip()).collect()));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn child(body: impl FnOnce()) -> Pid {
    // SAFETY: this program has one thread, so the child may do whatever it likes.
    match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            body();
            std::process::exit(0)
        }
    }
}

/// Messages a second through a queue of at most 1000 (or 8 MiB of) items.
fn queue(len: usize, pairs: usize) -> f64 {
    let bound = (8 << 20) / len;
    let queue = Queue::<()>::bounded(bound.clamp(4, 1000) as i64).unwrap();
    let counts = Queue::<u64>::new().unwrap();
    let producers: Vec<_> = (0..pairs)
        .map(|_| {
            child(|| {
                let message = vec![7; len];
                let began = Instant::now();
                while began.elapsed() < TIME {
                    for _ in 0..16 {
                        queue.put_bytes(&message, Deadline::Never).unwrap();
                    }
                }
            })
        })
        .collect();
    let consumers: Vec<_> = (0..pairs)
        .map(|_| {
            child(|| {
                let mut message = Vec::with_capacity(len);
                let mut count = 0;
                while queue.get_bytes(&mut message, Deadline::Never).unwrap() == len {
                    message.clear();
                    count += 1;
                }
                counts.put(&count).unwrap();
            })
        })
        .collect();
    for producer in producers {
        waitpid(producer, None).unwrap();
    }
    for _ in 0..pairs {
        queue.put_bytes(&[], Deadline::Never).unwrap();
    }
    for consumer in consumers {
        waitpid(consumer, None).unwrap();
    }
    (0..pairs).map(|_| counts.get().unwrap()).sum::<u64>() as f64 / TIME.as_secs_f64()
}

fn pipe(len: usize) -> f64 {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let producer = {
        let copy = reader.try_clone().unwrap();
        let pid = child(|| {
            drop(copy);
            let message = vec![7; len];
            let began = Instant::now();
            while began.elapsed() < TIME {
                for _ in 0..16 {
                    writer.write_all(&message).unwrap();
                }
            }
        });
        drop(writer);
        pid
    };
    let mut message = vec![0; len];
    let mut count = 0u64;
    while reader.read_exact(&mut message).is_ok() {
        count += 1;
    }
    let _ = waitpid(producer, None);
    count as f64 / TIME.as_secs_f64()
}

fn copy(len: usize) -> f64 {
    let from = vec![7u8; len];
    let mut to = vec![0; len];
    let began = Instant::now();
    let mut count = 0u64;
    while began.elapsed() < TIME / 4 {
        for _ in 0..16 {
            black_box(&mut to).copy_from_slice(black_box(&from));
        }
        count += 16;
    }
    count as f64 / began.elapsed().as_secs_f64()
}

fn round_trip() -> f64 {
    let (there, back) = (Queue::<()>::new().unwrap(), Queue::<()>::new().unwrap());
    let echo = child(|| {
        let mut message = Vec::new();
        while there.get_bytes(&mut message, Deadline::Never).unwrap() > 0 {
            back.put_bytes(&message, Deadline::Never).unwrap();
            message.clear();
        }
    });
    let mut message = Vec::new();
    let mut times = Vec::new();
    for _ in 0..20_000 {
        let began = Instant::now();
        there.put_bytes(&[1; 64], Deadline::Never).unwrap();
        back.get_bytes(&mut message, Deadline::Never).unwrap();
        times.push(began.elapsed().as_nanos() as f64 / 1e3);
        message.clear();
    }
    there.put_bytes(&[], Deadline::Never).unwrap();
    let _ = waitpid(echo, None);
    median(times)
}
