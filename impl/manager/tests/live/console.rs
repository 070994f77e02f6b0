//! A Python process that does what a test tells it, line by line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use procession_manager::{Address, Key, Remote};

/// A running Python.
pub struct Console {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Console {
    /// A new one of this interpreter.
    pub fn new(python: &str) -> Console {
        let mut child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/console.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a python that ran before");
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        Console { child, to, from }
    }

    /// A new one that has started a manager of its own, with that manager's address and the key `secret`, which
    /// is also that of its process.
    pub fn managing(python: &str) -> (Console, Remote) {
        let mut console = Console::new(python);
        console.run("multiprocessing.current_process().authkey = b'secret'");
        console.run("manager = Odd(authkey=b'secret')");
        console.run("manager.start()");
        let address = shown(&console.run("manager.address"));
        (console, Remote::connect(address, key("secret")).expect("it serves"))
    }

    /// Begins to run the code; [`answer`](Self::answer) gives what came of it.
    pub fn begin(&mut self, code: &str) {
        let line = serde_json::to_string(code).expect("a text");
        let to = self.to.as_mut().expect("it is open");
        writeln!(to, "{line}").and_then(|()| to.flush()).expect("python reads");
    }

    /// The answer to what was begun: `= REPR` or `! MODULE.CLASS: TEXT`.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("python answers");
        assert!(!line.is_empty(), "python has ended");
        line.trim_end().to_string()
    }

    /// Runs the code and gives its answer.
    pub fn ask(&mut self, code: &str) -> String {
        self.begin(code);
        self.answer()
    }

    /// Runs the code, which must not fail, and gives the representation of its value.
    #[track_caller]
    pub fn run(&mut self, code: &str) -> String {
        let answer = self.ask(code);
        let said = answer.strip_prefix("= ");
        said.unwrap_or_else(|| panic!("{code}: {answer}")).to_string()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // The end of its input is its end; what it started ends with it.
        drop(self.to.take());
        let _ = self.child.wait();
    }
}

/// The address as Python spells it.
pub fn spelled(address: &Address) -> String {
    match address {
        Address::Tcp { host, port } => format!("({host:?}, {port})"),
        Address::Unix(path) => format!("{:?}", path.to_str().expect("a plain path")),
        Address::Abstract(name) => {
            format!("'\\0' + {:?}", std::str::from_utf8(name).expect("a plain name"))
        }
    }
}

/// The address that Python shows.
pub fn shown(repr: &str) -> Address {
    let plain = |text: &str| text.trim_matches('\'').to_string();
    match repr.strip_prefix('(').and_then(|pair| pair.strip_suffix(')')) {
        Some(pair) => {
            let (host, port) = pair.split_once(", ").expect("a host and a port");
            Address::Tcp { host: plain(host), port: port.parse().expect("a port") }
        }
        None => match plain(repr.strip_prefix('b').unwrap_or(repr)).strip_prefix("\\x00") {
            Some(name) => Address::Abstract(name.as_bytes().to_vec()),
            None => Address::Unix(plain(repr).into()),
        },
    }
}

/// The key of these letters.
pub fn key(letters: &str) -> Key {
    Key::new(letters).expect("letters")
}
