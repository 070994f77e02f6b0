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
    /// Starts this interpreter.
    pub fn start(interpreter: &str) -> Oracle {
        let mut child = Command::new(interpreter)
            .args(["-c", include_str!("oracle.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a python that ran before");
        let (asked, answers) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Oracle { child, asked, answers }
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
