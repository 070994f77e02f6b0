//! Throughput: producers send until told to stop, consumers check order and completeness.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::crew::Crew;
use crate::link::{END, Link, Message, read_stamp};
use crate::run::{Run, Trouble};
use crate::stage::Stage;

/// So many producers, and as many consumers, at most.
pub const MOST: usize = 2;

/// Messages per second from `pairs` producers to as many consumers, each a process.
pub fn between_processes<L: Link>(run: &Run, link: &L, size: usize, pairs: usize) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    for number in 0..pairs {
        crew.fork(&stage, || produce(&stage, number, link, size))?;
        crew.fork(&stage, || consume(&stage, MOST + number, link, size, pairs))?;
    }
    observe(run, &stage, crew, pairs)
}

/// The same between threads of one process.
pub fn between_threads<L: Link + Sync>(
    run: &Run,
    link: &L,
    size: usize,
    pairs: usize,
) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    crew.fork(&stage, || {
        let stage = &stage;
        std::thread::scope(|scope| {
            let roles: Vec<_> = (0..pairs)
                .flat_map(|number| {
                    [
                        scope.spawn(move || produce(stage, number, link, size)),
                        scope.spawn(move || consume(stage, MOST + number, link, size, pairs)),
                    ]
                })
                .collect();
            roles.into_iter().try_for_each(|role| role.join().unwrap_or(Err("a thread panicked".into())))
        })
    })?;
    observe(run, &stage, crew, pairs)
}

/// Lets the roles run and counts what consumers receive within a window, away from both ends.
fn observe(run: &Run, stage: &Stage, crew: Crew, pairs: usize) -> Result<f64, Trouble> {
    let received = || -> u64 { (0..pairs).map(|lane| count(stage, MOST + lane)).sum() };
    let mut rate = 0.0;
    if stage.wait_ready(2 * pairs as u32, Instant::now() + run.patience) {
        stage.start();
        rate = self::rate(run, stage, received);
    }
    stage.stop();
    let patience = if stage.has_failed() { Duration::ZERO } else { run.patience };
    crew.wait(Instant::now() + patience)?;
    crew.dismiss().map_err(Trouble::Failed)?;
    let total = |lanes: std::ops::Range<usize>| -> (u64, u64) {
        lanes.fold((0, 0), |(counts, sums), lane| {
            (counts + count(stage, lane), sums + stage.lanes[lane].sum.load(Ordering::Acquire))
        })
    };
    let (sent, got) = (total(0..pairs), total(MOST..MOST + pairs));
    if sent != got {
        let text = format!("{} messages were sent and {} received, or others than sent", sent.0, got.0);
        return Err(Trouble::Failed(text));
    }
    if rate == 0.0 { Err(Trouble::Failed("no message arrived in time".into())) } else { Ok(rate) }
}

/// By how much something grows per second, within a window away from its beginning.
pub fn rate(run: &Run, stage: &Stage, counted: impl Fn() -> u64) -> f64 {
    let until = Instant::now() + run.patience;
    let wait_for_more = |before: u64| {
        while counted() == before && !stage.has_failed() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    // Pages are touched, rings grow and consumers catch up before the window begins.
    wait_for_more(0);
    std::thread::sleep(run.length / 4);
    let (before, began) = (counted(), Instant::now());
    std::thread::sleep(run.length);
    // On a machine with much else to do, the window is as long as a message takes.
    wait_for_more(before);
    let (after, took) = (counted(), began.elapsed());
    (after - before) as f64 / took.as_secs_f64()
}

fn count(stage: &Stage, lane: usize) -> u64 {
    stage.lanes[lane].count.load(Ordering::Acquire)
}

fn produce<L: Link>(stage: &Stage, lane: usize, link: &L, size: usize) -> Result<(), String> {
    let mut message = Message::new(size, lane);
    if !stage.line_up(lane) {
        return Ok(());
    }
    let mut sequence = 0;
    while !stage.is_stopped() {
        message.stamp(sequence);
        link.send(0, &message.bytes)?;
        sequence += 1;
    }
    message.stamp(END);
    link.send(0, &message.bytes)?;
    stage.lanes[lane].sum.store(sequence * sequence.saturating_sub(1) / 2, Ordering::Release);
    stage.lanes[lane].count.store(sequence, Ordering::Release);
    Ok(())
}

fn consume<L: Link>(stage: &Stage, lane: usize, link: &L, size: usize, pairs: usize) -> Result<(), String> {
    let mut buffer = Vec::with_capacity(size);
    let mut next = [0; MOST];
    let (mut count, mut sum) = (0u64, 0u64);
    if !stage.line_up(lane) {
        return Ok(());
    }
    loop {
        buffer.clear();
        link.receive(1, size, &mut buffer)?;
        let (sequence, producer) = read_stamp(&buffer, size)?;
        if sequence == END {
            break;
        }
        let expected =
            next.get_mut(producer).ok_or_else(|| format!("a message of producer {producer}, who is not"))?;
        // A sole consumer misses nothing; one of several sees a part, in order.
        if sequence < *expected || (pairs == 1 && sequence != *expected) {
            return Err(format!("message {sequence} arrived where {expected} or later was due"));
        }
        *expected = sequence + 1;
        sum += sequence;
        count += 1;
        stage.lanes[lane].count.store(count, Ordering::Relaxed);
    }
    stage.lanes[lane].sum.store(sum, Ordering::Release);
    Ok(())
}
