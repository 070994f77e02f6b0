//! Prints what it costs to judge a history of a million calls: `cargo run --release --example judge_cost`.
//!
//! Four producers and four consumers on one queue, all of whose calls overlap others; unbounded, so
//! that the sorted checker decides, and bounded, so that the search does.

use std::time::Instant;

use procession::history::{CallHistory, History, Returned, WorkerEnd, WorkerHistory};
use procession::judge::judge;
use procession::program::build::{get, put};
use procession::program::{Judge, Program};
use procession_contract::{Answer, Item, Manifest, QueueLevel};

const PAIRS: usize = 4;

fn main() {
    for (calls, maxsize) in
        [(1_000, 0), (100_000, 0), (1_000_000, 0), (1_000, 3), (100_000, 3), (1_000_000, 3)]
    {
        let (program, history) = overlapping(calls, maxsize);
        let began = Instant::now();
        let verdict = judge(&program, &history, &manifest());
        let bound = if maxsize == 0 { "unbounded".into() } else { format!("bounded by {maxsize}") };
        println!(
            "{calls:>8} calls, {bound:<13} {:>8.1} ms  {}",
            began.elapsed().as_secs_f64() * 1e3,
            verdict.name()
        );
    }
}

/// A correct queue: item n is put at about 10 n and taken at about 10 n + 5; each call begins early
/// and ends late enough to overlap those of the other workers.
fn overlapping(calls: usize, maxsize: u32) -> (Program, History) {
    let mut program = Program::new().queue("q", maxsize.into()).main([]);
    let mut history = History { workers: vec![named("main")], ..History::default() };
    let items = calls / 2;
    for pair in 0..2 * PAIRS {
        let (producer, lane) = (pair < PAIRS, pair % PAIRS);
        let mut worker = named(&format!("w{pair}"));
        let mut lines = Vec::new();
        for (line, item) in (lane..items).step_by(PAIRS).enumerate() {
            let id = item as u32 + 1;
            let at = 100 + 10 * item as u64 + if producer { 0 } else { 5 };
            let (value, aux) = Item::int(id).expected();
            lines.push(if producer { put("q", id) } else { get("q") });
            let answer = if producer { Answer::ok() } else { Answer { value, aux, ..Answer::ok() } };
            let returned = Some(Returned { at_ns: at + 15, answer });
            worker.calls.push(CallHistory { line, called_ns: at - 15, returned });
        }
        program = program.process(&format!("w{pair}"), lines);
        history.workers.push(worker);
    }
    (program.judge(Judge::LinearizableFifo("q".into(), maxsize)), history)
}

fn named(name: &str) -> WorkerHistory {
    WorkerHistory { name: name.into(), end: WorkerEnd::Finished, ..WorkerHistory::default() }
}

fn manifest() -> Manifest {
    Manifest {
        name: "simulated".into(),
        version: "1".into(),
        language: "none".into(),
        methods: Vec::new(),
        objects: ["queue".to_owned()].into(),
        calls: ["put".to_owned(), "get".to_owned()].into(),
        claims: Default::default(),
        queue_level: QueueLevel::LinearizableFifo,
        tick_ms: 0,
    }
}
