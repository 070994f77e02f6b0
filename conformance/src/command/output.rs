//! What the command prints on standard output, whose reader may go away at any time.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::exit;

/// The status of a program that SIGPIPE ends: what a shell expects of a command in a pipeline.
const READER_GONE: i32 = 128 + 13;

/// Prints a line, without colours where no terminal is.
///
/// Ends the program, as SIGPIPE would, when nobody reads any more (`procession list | head -1`), and with
/// status 3 when the line cannot be written.
pub fn say(line: impl Display) {
    let mut stream = anstream::stdout().lock();
    if let Err(error) = writeln!(stream, "{line}").and_then(|()| stream.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            exit(READER_GONE);
        }
        anstream::eprintln!("procession: standard output: {error}; free some space, or print elsewhere");
        exit(3);
    }
}

/// How many columns a drawing may have: those of the terminal, or of 100 where there is none, without the
/// eight by which it is indented.
pub fn width() -> usize {
    const NO_TERMINAL: usize = 92;
    let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.map_or(NO_TERMINAL, |columns| columns.saturating_sub(8).clamp(40, 160))
}
