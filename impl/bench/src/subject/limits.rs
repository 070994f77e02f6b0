//! Physical limits: what a copy, a cache line and a futex cost when nothing is built on them.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::crew::Crew;
use crate::link::END;
use crate::primitive::Primitive;
use crate::round_trip::{self, Partner};
use crate::run::{Run, Trouble};
use crate::stage::{Stage, futex_wait, futex_wake};

/// Says that the round trips are over.
const OVER: u32 = u32::MAX;

/// One atomic addition to a shared word.
pub struct AtomicAdd(Stage);

impl AtomicAdd {
    pub fn open() -> Result<AtomicAdd, Trouble> {
        Ok(AtomicAdd(Stage::new()?))
    }
}

impl Primitive for AtomicAdd {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        black_box(self.0.baton[0].0.fetch_add(1, Ordering::AcqRel));
        Ok(())
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

/// How a [`Flag`] is lowered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lowered {
    /// By an exchange, as whoever must know what was there needs.
    ByExchange,
    /// By a store, as one who alone lowers it can.
    ByStore,
}

/// What entering and leaving costs on this machine when nothing else is done, nobody waits and nobody
/// dies: a flag that is raised by an exchange, and lowered.
pub struct Flag {
    stage: Stage,
    lowered: Lowered,
}

impl Flag {
    pub fn open(lowered: Lowered) -> Result<Flag, Trouble> {
        Ok(Flag { stage: Stage::new()?, lowered })
    }
}

impl Primitive for Flag {
    #[inline]
    fn enter(&self) -> Result<(), String> {
        let flag = &self.stage.baton[0].0;
        match flag.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(found) => Err(format!("the flag was {found}, and nobody else has it")),
        }
    }

    #[inline]
    fn leave(&self) -> Result<(), String> {
        let flag = &self.stage.baton[0].0;
        match self.lowered {
            Lowered::ByExchange => _ = black_box(flag.swap(0, Ordering::Release)),
            Lowered::ByStore => flag.store(0, Ordering::Release),
        }
        Ok(())
    }
}

/// Copies per second of a buffer of this size to another one, by one process.
pub fn copies(run: &Run, size: usize) -> Result<f64, Trouble> {
    let stage = Stage::new()?;
    let mut crew = Crew::new()?;
    crew.fork(&stage, || {
        let (source, mut target) = (vec![1u8; size], vec![0u8; size]);
        if !stage.line_up(0) {
            return Ok(());
        }
        let began = Instant::now();
        let mut copies = 0u64;
        while began.elapsed() < run.length {
            target.copy_from_slice(black_box(&source));
            black_box(&mut target);
            copies += 1;
        }
        let rate = copies as f64 / began.elapsed().as_secs_f64();
        stage.lanes[0].value.store(rate.to_bits(), Ordering::Release);
        Ok(())
    })?;
    if stage.wait_ready(1, Instant::now() + run.patience) {
        stage.start();
        crew.wait(Instant::now() + run.length + run.patience)?;
    }
    crew.dismiss().map_err(Trouble::Failed)?;
    Ok(f64::from_bits(stage.lanes[0].value.load(Ordering::Acquire)))
}

/// The median round trip of a flag in a cache line that two CPUs look at all the time.
pub fn cache_line(run: &Run) -> Result<f64, Trouble> {
    let await_change = |word: &AtomicU32, before: u32| loop {
        match word.load(Ordering::Acquire) {
            same if same == before => std::hint::spin_loop(),
            value => break value,
        }
    };
    hand_over(run, Partner::Awake, &await_change, &|word, value| word.store(value, Ordering::Release))
}

/// The median round trip of a futex on which both sides sleep at once.
pub fn futex(run: &Run) -> Result<f64, Trouble> {
    let await_change = |word: &AtomicU32, before: u32| loop {
        match word.load(Ordering::Acquire) {
            same if same == before => futex_wait(word, before, Duration::from_secs(1)),
            value => break value,
        }
    };
    hand_over(run, Partner::Asleep, &await_change, &|word, value| {
        word.store(value, Ordering::Release);
        futex_wake(word);
    })
}

fn hand_over(
    run: &Run,
    partner: Partner,
    await_change: &dyn Fn(&AtomicU32, u32) -> u32,
    set: &dyn Fn(&AtomicU32, u32),
) -> Result<f64, Trouble> {
    let ping = |stage: &Stage, sequence: u64| {
        let [forth, back] = &stage.baton;
        if sequence == END {
            set(&forth.0, OVER);
            return Ok(());
        }
        let number = sequence as u32 % (OVER - 1) + 1;
        let before = back.0.load(Ordering::Relaxed);
        set(&forth.0, number);
        match await_change(&back.0, before) {
            answer if answer == number => Ok(()),
            answer => Err(format!("the answer to {number} was {answer}")),
        }
    };
    let echo = |stage: &Stage| {
        round_trip::stay_on(1);
        let [forth, back] = &stage.baton;
        let mut last = 0;
        loop {
            last = await_change(&forth.0, last);
            if last == OVER {
                return Ok(());
            }
            set(&back.0, last);
        }
    };
    round_trip::between_processes(run, partner, 0, ping, echo)
}
