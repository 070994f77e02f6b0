//! The bench on its own: `bench [--quick] [--case PART]… [--python PATH] [--json]`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use procession_bench::{Options, run};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut options = if quick { Options::quick() } else { Options::default() };
    let mut json = false;
    let mut words = arguments.into_iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let outcome = match word.as_str() {
            "--quick" => Ok(()),
            "--json" => {
                json = true;
                Ok(())
            }
            "--case" => value().map(|part| options.cases.push(part)),
            "--python" => value().map(|path| options.python = path.into()),
            other => Err(format!("{other} is unknown; expected --quick, --case, --python or --json")),
        };
        if let Err(what) = outcome {
            eprintln!("{what}");
            return ExitCode::from(2);
        }
    }
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
    match table {
        Ok(table) => {
            print!("{}", if json { table.json_lines() } else { table.text() });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
