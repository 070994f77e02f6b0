//! What starting and joining a process costs by each method, beside fork+exec of `/bin/true`.

use std::process::Command;
use std::time::Instant;

use procession_reference::context::{Context, Method};

fn nothing((): ()) {}

fn start(method: Method) {
    let process = Context::from(method).process(nothing, ());
    process.start().expect("a process starts");
    process.join().expect("it ends");
    process.close().expect("and is given back");
}

type Way = Box<dyn FnMut()>;

fn measured(run: &mut dyn FnMut()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64() * 1e6
}

fn main() {
    let exec = || {
        Command::new("/bin/true").status().expect("it runs");
    };
    let mut ways: Vec<(&str, Way)> = vec![
        ("fork+exec /bin/true", Box::new(exec)),
        ("spawn", Box::new(|| start(Method::Spawn))),
        ("fork", Box::new(|| start(Method::Fork))),
        ("forkserver", Box::new(|| start(Method::ForkServer))),
    ];
    // Alternating, so that a busy moment of the machine hits all of them.
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..201 {
        for ((_, way), times) in ways.iter_mut().zip(&mut times) {
            let took = measured(way);
            if round > 0 {
                times.push(took);
            }
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    println!("{:<20} {:>10} {:>7}", "start+join", "median µs", "ratio");
    for ((name, _), median) in ways.iter().zip(&medians) {
        println!("{name:<20} {median:>10.0} {:>7.2}", median / medians[0]);
    }
}
