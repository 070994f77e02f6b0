//! How much of the machine other processes used during a run: all CPU time minus our own.

use std::fs;
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::{SysconfVar, sysconf};

/// A moment, and the CPU time spent until then.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    at: Instant,
    all_seconds: f64,
    own_seconds: f64,
}

impl Noise {
    /// Now. Our own time includes that of children which have been collected.
    pub fn now() -> Noise {
        Noise { at: Instant::now(), all_seconds: all_seconds().unwrap_or(0.0), own_seconds: own_seconds() }
    }

    /// How many CPUs the others have kept busy since, on average. The kernel counts in ticks of some
    /// milliseconds, so a short run may seem to have a few hundredths too much or too little.
    pub fn others_since(&self) -> f64 {
        let now = Noise::now();
        let spent = (now.all_seconds - self.all_seconds) - (now.own_seconds - self.own_seconds);
        (spent / (now.at - self.at).as_secs_f64()).max(0.0)
    }
}

/// All CPU time that was not idle, stolen time included: it is as lost to us as that of others.
fn all_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let ticks_per_second = sysconf(SysconfVar::CLK_TCK).ok()?? as f64;
    // user nice system idle iowait irq softirq steal; guest time is part of user time.
    let ticks: Vec<u64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    let busy: u64 = [0, 1, 2, 5, 6, 7].iter().filter_map(|field| ticks.get(*field)).sum();
    Some(busy as f64 / ticks_per_second)
}

fn own_seconds() -> f64 {
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .filter_map(|who| getrusage(who).ok())
        .map(|usage| (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6)
        .sum()
}
