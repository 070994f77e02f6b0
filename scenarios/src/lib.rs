//! Small whole programs, written as a user would write them, in Rust (`src/bin`) and in Python (`python`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A random pause, scaled down unless `SCENARIO_PAUSE_MS` says otherwise: the lecture paused up to a
/// second, and the programs can be watched at that speed.
pub fn pause() {
    let longest: u64 = std::env::var("SCENARIO_PAUSE_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(10);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    // Any spread will do here: the clock's last digits, mixed with who asks.
    let mixed = u64::from(nanos).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(std::process::id()).wrapping_mul(0xff51_afd7_ed55_8ccd);
    std::thread::sleep(Duration::from_micros((mixed >> 16) % (longest * 1000 + 1)));
}
