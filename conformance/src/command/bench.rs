//! `bench`: the reference beside its peers and the physical limits.

use std::io::{IsTerminal, Write};
use std::path::Path;

use procession_bench::{BenchError, Options, run};

use super::{BenchArgs, Failure, ListFormat};

/// Measures and prints the ratios. Speed decides no exit status.
pub fn bench(args: &BenchArgs) -> Result<u8, Failure> {
    let mut options = if args.quick { Options::quick() } else { Options::default() };
    options.cases = args.case.clone();
    if let Some(python) = &args.python {
        options.python = Path::new(python).into();
    }
    if let Some(repetitions) = args.repetitions {
        options.repetitions = repetitions;
    }
    // The bench forks itself, so it may have one thread only: no progress bar that ticks by itself.
    let shown = std::io::stderr().is_terminal();
    let table = run(&options, &mut |progress| {
        if shown {
            eprint!("\r\x1b[K{}/{} {}", progress.done, progress.total, progress.case);
            let _ = std::io::stderr().flush();
        }
    });
    if shown {
        eprint!("\r\x1b[K");
    }
    let table = table.map_err(|error| match error {
        BenchError::NoSuchCase { .. } => Failure::usage(error),
        other => Failure::suite(other),
    })?;
    match args.format {
        ListFormat::Text => print!("{}", table.text()),
        ListFormat::Json => print!("{}", table.json_lines()),
    }
    Ok(0)
}
