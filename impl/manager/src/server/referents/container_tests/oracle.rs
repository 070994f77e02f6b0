//! Python's own lists, dicts and arrays, in a process that is asked what they do.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use procession_wire::Value;
use procession_wire::pickle::{Reader, write};

/// A Python process that answers one pickle after the other.
pub struct Oracle {
    child: Child,
    asked: ChildStdin,
    answers: ChildStdout,
}

impl Oracle {
    /// Starts the `python3` on the path, if there is one of the versions whose behaviour is promised.
    pub fn start() -> Option<Oracle> {
        let python = std::env::var_os("PROCESSION_PYTHON").unwrap_or_else(|| "python3".into());
        let known = "import sys; sys.exit(not ((3, 6) <= sys.version_info < (3, 14)))";
        let is_there =
            Command::new(&python).args(["-c", known]).status().is_ok_and(|status| status.success());
        if !is_there {
            eprintln!("no python3 of 3.6 to 3.13 here: nothing compared");
            return None;
        }
        let mut child = Command::new(&python)
            .args(["-c", include_str!("oracle.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a python that ran before");
        let (asked, answers) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Some(Oracle { child, asked, answers })
    }

    /// Asks, and waits for the answer.
    pub fn ask(&mut self, question: &Value<'_>) -> Value<'static> {
        let pickle = write(question).expect("protocol 4 writes everything");
        self.asked.write_all(&(pickle.len() as u32).to_be_bytes()).expect("python reads");
        self.asked.write_all(&pickle).expect("python reads");
        self.asked.flush().expect("python reads");
        let mut length = [0; 4];
        self.answers.read_exact(&mut length).expect("python answers, or has said why not");
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.answers.read_exact(&mut answer).expect("python answers");
        decoded(&answer)
    }
}

/// The value of a pickle, whatever classes it names.
pub fn decoded(pickle: &[u8]) -> Value<'static> {
    let reader = Reader { globals: procession_wire::Globals::everything(), ..Reader::default() };
    reader.read(pickle).expect("a pickle").into_owned()
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
