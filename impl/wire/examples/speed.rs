//! How fast pickles are read and written: `cargo run --release -p procession-wire --example speed`.
//!
//! For comparison with CPython's own, the same values in `python3 -m timeit`:
//! `-s 'import pickle; v = list(range(100000))' 'pickle.dumps(v)'`, and `pickle.loads` likewise.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use procession_wire::pickle::{read, write};
use procession_wire::{Value, from_slice, to_value, to_vec};

/// The best of several runs, which is the one least disturbed.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    (0..15).map(time).min().unwrap_or_default()
}

fn measure(name: &str, value: &Value<'_>) {
    let bytes = match write(value) {
        Ok(bytes) => bytes,
        Err(error) => return eprintln!("{name}: {error}"),
    };
    let loads = best(|| drop(black_box(read(black_box(&bytes)))));
    let dumps = best(|| drop(black_box(write(black_box(value)))));
    println!("{name:<24} {:>9} bytes   read {loads:>10.1?}   write {dumps:>10.1?}", bytes.len());
}

fn main() -> Result<(), procession_wire::bridge::Error> {
    let ints: Vec<u32> = (0..100_000).collect();
    let records: Vec<BTreeMap<&str, u32>> = (0..20_000)
        .map(|number| BTreeMap::from([("id", number), ("next", number + 1), ("kind", 7)]))
        .collect();
    let texts: Vec<String> = (0..50_000).map(|number| format!("text number {number}")).collect();
    measure("100,000 ints", &to_value(&ints)?);
    measure("20,000 small dicts", &to_value(&records)?);
    measure("50,000 texts", &to_value(&texts)?);
    measure("one request", &to_value(&(None::<u8>, "append", (5, "value"), BTreeMap::<u8, u8>::new()))?);
    let bytes = to_vec(&records)?;
    let from = best(|| drop(black_box(from_slice::<Vec<BTreeMap<&str, u32>>>(black_box(&bytes)))));
    let to = best(|| drop(black_box(to_vec(black_box(&records)))));
    println!("20,000 maps, with serde                    read {from:>10.1?}   write {to:>10.1?}");
    Ok(())
}
