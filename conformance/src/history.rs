//! A history: who called what when, what came back, and how everybody ended.

use procession_contract::Answer;
use serde::{Deserialize, Serialize};

/// What one run of a program showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The workers, in the program's order.
    pub workers: Vec<WorkerHistory>,
    /// How the run ended.
    pub end: RunEnd,
    /// Which faults were carried out, and when (CLOCK_MONOTONIC, ns).
    #[serde(default)]
    pub faults: Vec<FaultFired>,
    /// The ambushes that killed nobody: their worker had done what it was to be killed in, or died otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spared: Vec<FaultFired>,
    /// Standard output of the run's processes.
    #[serde(default)]
    pub stdout: String,
    /// Standard error of the run's processes.
    #[serde(default)]
    pub stderr: String,
    /// What was left when the main worker's process had ended and everybody else had had their time.
    #[serde(default)]
    pub left: Vec<String>,
    /// When the main worker's process ended, and its exit status (negative for a signal).
    #[serde(default)]
    pub main_ended: Option<(u64, i32)>,
    /// The suite's own longest delay during the run, in nanoseconds: how late its timers fired. The
    /// measure of how busy the machine was.
    #[serde(default)]
    pub lag_ns: u64,
    /// How long the run's threads were ready to run and waited for a CPU, in the order of time; empty
    /// where that is next to nothing, or no time is bounded from above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starved: Vec<Starved>,
}

/// What the threads of a run had waited for a CPU by some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Starved {
    /// By when (CLOCK_MONOTONIC, ns).
    pub at_ns: u64,
    /// How long any of them did so since the run began, in nanoseconds; those that did so side by side
    /// count once.
    pub total_ns: u64,
}

/// What one worker did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerHistory {
    /// Its name.
    pub name: String,
    /// Its pid as the kernel told it (SO_PEERCRED); absent if it never came.
    #[serde(default)]
    pub pid: Option<i32>,
    /// Its calls, in its own order.
    pub calls: Vec<CallHistory>,
    /// How it ended.
    pub end: WorkerEnd,
    /// When its process was seen to be gone.
    #[serde(default)]
    pub gone_ns: Option<u64>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallHistory {
    /// The index of the worker's line.
    pub line: usize,
    /// The invocation (CLOCK_MONOTONIC, ns).
    pub called_ns: u64,
    /// The response; absent while the call is pending.
    #[serde(default)]
    pub returned: Option<Returned>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// When (CLOCK_MONOTONIC, ns).
    pub at_ns: u64,
    /// The answer.
    pub answer: Answer,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every worker came to its end, and the main worker's process did.
    #[default]
    Completed,
    /// Somebody had not, and nothing could move any more: every live thread of every process of the
    /// run slept, the histories stood still, for longer than the implementation's own timers.
    Quiescent,
    /// Neither within the time limit.
    Deadline,
    /// The run could not be made: the adapter's or the suite's fault, in words.
    Broken(String),
}

/// How a worker ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerEnd {
    /// It was never started.
    #[default]
    NotStarted,
    /// It said that it was done.
    Finished,
    /// It was gone before it could say so.
    Died,
    /// It was still there when the run ended.
    Running,
}

/// A fault that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultFired {
    /// Its index in the program.
    pub fault: usize,
    /// When (CLOCK_MONOTONIC, ns).
    pub at_ns: u64,
    /// How many machine instructions its worker had been traced for by then; absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<u64>,
}

impl History {
    /// The history of a worker.
    pub fn worker(&self, name: &str) -> Option<&WorkerHistory> {
        self.workers.iter().find(|worker| worker.name == name)
    }

    /// How long some thread of the run waited for a CPU between these times, at most, as far as was seen:
    /// a call may have waited for any of them.
    pub fn starved_ns(&self, from_ns: u64, until_ns: u64) -> u64 {
        let before = self.starved.iter().rev().find(|starved| starved.at_ns <= from_ns);
        let after = self.starved.iter().find(|starved| starved.at_ns >= until_ns).or(self.starved.last());
        let total = |starved: Option<&Starved>| starved.map_or(0, |starved| starved.total_ns);
        total(after).saturating_sub(total(before))
    }
}

impl WorkerHistory {
    /// The call of a line, if it was made.
    pub fn call(&self, line: usize) -> Option<&CallHistory> {
        self.calls.iter().find(|call| call.line == line)
    }
}
