//! The suite's side of the protocol, as far as one run at a time needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use procession::program::Program;
use procession::protocol::{FromAdapter, SOCKET, ToAdapter};
use procession_contract::{HEADER_BYTES, MAGIC, Method, Outcome, Phase, RECORD_BYTES, Record, Script};
use tempfile::TempDir;

/// An agent and its control connection.
pub struct Suite {
    pub agent: Child,
    pub control: UnixStream,
    pub events: Receiver<Event>,
    pub method: Method,
    directory: TempDir,
    runs: usize,
}

/// A line that came.
pub enum Event {
    /// On the control connection, or its end.
    Control(Option<FromAdapter>),
    /// A worker's first line.
    Connected(String, UnixStream),
    /// A later line of a worker.
    Worker(String, FromAdapter),
    /// The end of a worker's connection.
    Gone(String),
}

/// What a run showed.
#[derive(Debug, Default)]
pub struct Seen {
    pub records: BTreeMap<String, Vec<Record>>,
    pub texts: BTreeMap<(String, u16), String>,
    pub done: BTreeSet<String>,
    /// The exit status, or the text of an `error`.
    pub ended: Option<Result<i32, String>>,
    pub stdout: String,
    pub stderr: String,
}

/// Long enough for any machine: who waits longer waits for ever.
const HANG: Duration = Duration::from_secs(60);

impl Suite {
    /// Starts the agent of an implementation, and greets it.
    pub fn start(implementation: &str) -> Suite {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let agent = Command::new(std::env::current_exe().unwrap())
            .arg(implementation)
            .env(SOCKET, &path)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (control, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(control.try_clone().unwrap());
        let mut hello = String::new();
        lines.read_line(&mut hello).unwrap();
        let FromAdapter::Hello { protocol, manifest } = serde_json::from_str(&hello).unwrap() else {
            panic!("expected `hello`, found {hello}")
        };
        assert_eq!((protocol, manifest.name.as_str()), (vec![1], implementation));
        let (sender, events) = channel();
        thread::spawn({
            let sender = sender.clone();
            move || control_lines(lines, &sender)
        });
        thread::spawn(move || accept(&listener, &sender));
        let method = manifest.methods[0];
        let mut suite = Suite { agent, control, events, method, directory, runs: 0 };
        suite.say(&ToAdapter::Welcome { protocol: 1, implementation: implementation.into() });
        suite
    }

    /// Says something on the control connection.
    pub fn say(&mut self, message: &ToAdapter) {
        send(&mut self.control, message);
    }

    /// The next line of anybody.
    pub fn next(&self) -> Event {
        self.events.recv_timeout(HANG).expect("the run hangs")
    }

    /// Sends a run; returns its name and its directory.
    pub fn send_run(&mut self, script: Script) -> (String, PathBuf) {
        self.runs += 1;
        let run = self.runs.to_string();
        let directory = self.directory.path().join(&run);
        std::fs::create_dir(&directory).unwrap();
        for worker in &script.workers {
            let mut file = MAGIC.to_vec();
            file.resize(HEADER_BYTES + 64 * RECORD_BYTES, 0);
            std::fs::write(directory.join(format!("{}.history", worker.name)), file).unwrap();
        }
        std::fs::write(directory.join("words"), [0; 512]).unwrap();
        let path = directory.to_str().unwrap().to_owned();
        self.say(&ToAdapter::Run { run: run.clone(), directory: path, script });
        (run, directory)
    }

    /// Runs a program with every gate opened at once.
    pub fn run(&mut self, program: Program) -> Seen {
        self.run_with(program, |_, _| true)
    }

    /// Runs a program. A worker at a gate goes on as soon as `open` says so, which is asked at each
    /// event with the gate and what has been seen so far.
    pub fn run_with(&mut self, program: Program, open: impl Fn(&str, &Seen) -> bool) -> Seen {
        let script = program.script(self.method);
        let (run, directory) = self.send_run(script.clone());
        let mut seen = Seen::default();
        let mut streams: BTreeMap<String, UnixStream> = BTreeMap::new();
        let mut waiting = BTreeSet::new();
        let mut connected = BTreeSet::new();
        // Connections are read side by side: what a worker said may come after the end of the run.
        while seen.ended.is_none() || !connected.is_empty() {
            match self.next() {
                Event::Control(Some(FromAdapter::Ended { status, .. })) => seen.ended = Some(Ok(status)),
                Event::Control(Some(FromAdapter::Error { what, detail, .. })) => {
                    seen.ended = Some(Err(format!("{what:?}: {detail}")));
                }
                Event::Control(other) => panic!("on the control connection: {other:?}"),
                Event::Connected(name, mut stream) => {
                    let worker = script.workers.iter().find(|worker| worker.name == name).unwrap();
                    let history = directory.join(format!("{name}.history"));
                    let history = history.to_str().unwrap().to_owned();
                    let steps = worker.steps.clone();
                    send(&mut stream, &ToAdapter::Arm { at_ns: 0, history, steps });
                    connected.insert(name.clone());
                    streams.insert(name, stream);
                }
                Event::Gone(name) => {
                    connected.remove(&name);
                }
                Event::Worker(name, FromAdapter::At { .. }) => {
                    waiting.insert(name);
                }
                Event::Worker(name, FromAdapter::Text { step, text }) => {
                    seen.texts.insert((name, step), text);
                }
                Event::Worker(name, FromAdapter::Done {}) => {
                    seen.done.insert(name);
                }
                Event::Worker(name, other) => panic!("of {name}: {other:?}"),
            }
            for name in waiting.clone() {
                if open(&name, &seen) {
                    waiting.remove(&name);
                    send(streams.get_mut(&name).unwrap(), &ToAdapter::Go {});
                }
            }
        }
        self.tear_down(&run);
        let read = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap_or_default();
        (seen.stdout, seen.stderr) = (read("stdout"), read("stderr"));
        for worker in &script.workers {
            let history = std::fs::read(directory.join(format!("{}.history", worker.name))).unwrap();
            let (records, _) = history[HEADER_BYTES..].as_chunks::<RECORD_BYTES>();
            let records = records.iter().zip(0..).map_while(|(bytes, n)| Record::read(bytes, n).ok());
            seen.records.insert(worker.name.clone(), records.collect());
        }
        seen
    }

    /// Tears a run down; whatever workers still say is dropped.
    pub fn tear_down(&mut self, run: &str) {
        self.say(&ToAdapter::Teardown { run: run.into() });
        loop {
            match self.next() {
                Event::Control(Some(FromAdapter::Clean { run: clean })) => {
                    assert_eq!(clean, run);
                    return;
                }
                Event::Control(None) => panic!("the agent ended in a run"),
                _ => {}
            }
        }
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let _ = self.control.write_all(b"{\"t\":\"bye\"}\n");
        // Where a test has failed in a run, the agent ends that too.
        let _ = self.control.shutdown(std::net::Shutdown::Write);
        let _ = self.agent.wait();
    }
}

impl Seen {
    /// The outcome and value of a worker's step, if it has returned.
    pub fn answer(&self, worker: &str, step: u16) -> Option<(Outcome, i64)> {
        let mut returns = self.records[worker].iter().filter(|record| record.phase == Phase::Return);
        let record = returns.find(|record| record.step == step)?;
        Some((Outcome::from_number(record.outcome).unwrap(), record.value))
    }

    /// The same of every step that has returned, in their order.
    pub fn answers(&self, worker: &str) -> Vec<(Outcome, i64)> {
        let steps = self.records[worker].iter().filter(|record| record.phase == Phase::Return);
        steps.map(|record| (Outcome::from_number(record.outcome).unwrap(), record.value)).collect()
    }

    /// The text of a worker's step.
    pub fn text(&self, worker: &str, step: u16) -> &str {
        self.texts.get(&(worker.to_owned(), step)).map_or("", String::as_str)
    }
}

fn send(stream: &mut UnixStream, message: &ToAdapter) {
    let mut line = serde_json::to_vec(message).unwrap();
    line.push(b'\n');
    stream.write_all(&line).unwrap();
}

fn control_lines(lines: BufReader<UnixStream>, events: &Sender<Event>) {
    for line in lines.lines() {
        let message = serde_json::from_str(&line.unwrap()).unwrap();
        let _ = events.send(Event::Control(Some(message)));
    }
    let _ = events.send(Event::Control(None));
}

fn accept(listener: &UnixListener, events: &Sender<Event>) {
    while let Ok((stream, _)) = listener.accept() {
        let events = events.clone();
        thread::spawn(move || {
            let mut name = String::new();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                // A killed worker's connection ends, or is reset when something was on its way.
                let Ok(line) = line else { break };
                let event = match serde_json::from_str(&line).unwrap() {
                    FromAdapter::Worker { name: new, .. } => {
                        name = new.clone();
                        Event::Connected(new, stream.try_clone().unwrap())
                    }
                    message => Event::Worker(name.clone(), message),
                };
                let _ = events.send(event);
            }
            let _ = events.send(Event::Gone(name));
        });
    }
}
