//! Writes a copy of the reference's shared-memory core with the seeds in it, each behind a switch.
//!
//! A seed whose place is gone is no error here, so that the reference can be changed freely: the
//! copy then lacks it, and the test of the mutants says so.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

#[path = "src/seeds.rs"]
mod seeds;

fn main() {
    println!("cargo::rerun-if-changed=src/seeds.rs");
    println!("cargo::rerun-if-changed=src/seeds");
    let source = PathBuf::from("../reference/src/sync");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names it"));
    let mut missing = String::new();
    let files = [
        "barrier",
        "bell",
        "condition",
        "done",
        "ends",
        "event",
        "gate",
        "mark",
        "open_lock",
        "owner",
        "owner_lock",
        "pop",
        "push",
        "raw_lock",
        "record",
        "resize",
        "ring",
        "rlock",
        "semaphore",
        "user_lock",
        "words",
    ];
    for file in files {
        let path = source.join(file).with_extension("rs");
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // An included file cannot open with inner documentation.
        let lines = text.lines().filter(|line| !line.starts_with("//!"));
        let mut text = lines.fold(String::new(), |text, line| text + line + "\n");
        for seed in seeds::all().filter(|seed| seed.file == file) {
            if text.matches(seed.find).count() != 1 {
                let _ = write!(missing, "{:?}, ", seed.name);
                continue;
            }
            let switch = format!("crate::plan::seeded({:?})", seed.name);
            text = text.replace(seed.find, &seed.replace.replace("SEED", &switch));
        }
        fs::write(target.join(file).with_extension("rs"), text).expect("the copy can be written");
    }
    fs::write(target.join("missing.rs"), format!("&[{missing}]")).expect("the list can be written");
}
