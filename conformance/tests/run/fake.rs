//! A scripted adapter: a small implementation with OS pipes and processes that are this program
//! started again, and with the misbehaviour that it is told to show.
//!
//! The misbehaviour is its second argument, or, for one run only, the process name of the program's
//! main worker.

use std::io::{BufRead, BufReader, Seek, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use procession::protocol::{FromAdapter, SOCKET, ToAdapter};
use procession_contract::{Manifest, Method, Script};

/// The line that makes this program the adapter.
pub const ROLE: &str = "fake-adapter";

pub fn adapter(misbehaviour: &str) {
    let stream = UnixStream::connect(std::env::var(SOCKET).expect("the suite names its socket"));
    let control = Control(Arc::new(Mutex::new(stream.expect("the suite listens"))));
    match misbehaviour {
        "exit-at-hello" => {
            println!("a word of farewell");
            std::process::exit(3);
        }
        "hang-at-hello" => hang(),
        "garbage-at-hello" => control.raw(b"Usage: adapter [OPTIONS]\n"),
        "unknown-field" => {
            control.raw(br#"{"t":"hello","protocol":[1],"manifest":{"name":"x","colour":"red"}}"#)
        }
        "another-protocol" => control.say(&FromAdapter::Hello { protocol: vec![7], manifest: manifest() }),
        "split-lines" => {
            let hello = FromAdapter::Hello { protocol: vec![1], manifest: manifest() };
            for byte in format!("{}\n", serde_json::to_string(&hello).expect("it is plain")).into_bytes() {
                control.raw(&[byte]);
            }
        }
        _ => control.say(&FromAdapter::Hello { protocol: vec![1], manifest: manifest() }),
    }
    control.raw(b"\n".get(..usize::from(misbehaviour == "unknown-field")).unwrap_or_default());
    serve(&control);
}

fn manifest() -> Box<Manifest> {
    Box::new(Manifest {
        name: "fake".into(),
        version: "1".into(),
        language: "Rust".into(),
        methods: vec![Method::Spawn],
        objects: ["os_pipe".to_string()].into(),
        calls: ["read", "write"].map(String::from).into(),
        claims: Default::default(),
        queue_level: Default::default(),
        tick_ms: 0,
    })
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// The control connection, which the thread that waits for the main worker uses too.
#[derive(Clone)]
struct Control(Arc<Mutex<UnixStream>>);

impl Control {
    fn say(&self, message: &FromAdapter) {
        self.raw(format!("{}\n", serde_json::to_string(message).expect("it is plain")).as_bytes());
    }

    fn raw(&self, bytes: &[u8]) {
        self.0.lock().expect("nobody panics holding it").write_all(bytes).expect("the suite listens");
    }
}

fn serve(control: &Control) {
    let stream =
        control.0.lock().expect("nobody panics holding it").try_clone().expect("a descriptor is left");
    let mut main: Option<(u32, std::thread::JoinHandle<()>)> = None;
    let mut misbehaviour = String::new();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        match serde_json::from_str(&line).expect("the suite keeps the protocol") {
            ToAdapter::Welcome { .. } => {}
            ToAdapter::Run { run, directory, script } => {
                misbehaviour = script.workers[0].process_name.clone().unwrap_or_default();
                main = start(control, &run, &directory, &script, &misbehaviour);
            }
            ToAdapter::Teardown { run } => {
                if misbehaviour == "no-clean" {
                    continue;
                }
                if let Some((pid, waiter)) = main.take() {
                    let _ =
                        Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
                    waiter.join().expect("it only waits");
                }
                control.say(&FromAdapter::Clean { run });
            }
            ToAdapter::Bye {} => return,
            other => panic!("{other:?} is not for the adapter"),
        }
    }
}

fn start(
    control: &Control,
    run: &str,
    directory: &str,
    script: &Script,
    misbehaviour: &str,
) -> Option<(u32, std::thread::JoinHandle<()>)> {
    match misbehaviour {
        "crash" => {
            eprintln!("a stack trace");
            std::process::abort();
        }
        "ignore-run" => return None,
        "early-clean" => control.say(&FromAdapter::Clean { run: run.into() }),
        "hello-again" => control.say(&FromAdapter::Hello { protocol: vec![1], manifest: manifest() }),
        "wrong-run" => control.say(&FromAdapter::Ended { run: "77".into(), status: 0 }),
        "garbage" => control.raw(b"\xff\xfe\n"),
        "wrong-type" => control.raw(b"{\"t\":\"ended\",\"run\":\"1\",\"status\":\"fine\"}\n"),
        "unsupported" => {
            let detail = "no `os_pipe` here".to_string();
            let what = procession::protocol::ErrorKind::Unsupported;
            control.say(&FromAdapter::Error { run: run.into(), what, detail });
            return None;
        }
        _ => {}
    }
    let mut child = process("main", run, directory, script, "");
    let pid = child.id();
    let (control, run, silent) = (control.clone(), run.to_string(), misbehaviour == "no-ended");
    let early = misbehaviour == "early-ended";
    let waiter = std::thread::spawn(move || {
        use std::os::unix::process::ExitStatusExt;
        if early {
            control.say(&FromAdapter::Ended { run: run.clone(), status: 0 });
        }
        let status = child.wait().expect("it is our child");
        let status = status.code().unwrap_or_else(|| -status.signal().expect("it exited or was killed"));
        if !silent && !early {
            control.say(&FromAdapter::Ended { run, status });
        }
    });
    Some((pid, waiter))
}

/// Starts the process of a worker.
pub fn process(name: &str, run: &str, directory: &str, script: &Script, pipes: &str) -> Child {
    let output = |file: &str| {
        let path = std::path::Path::new(directory).join(file);
        std::fs::OpenOptions::new().append(true).open(path).expect("the suite has made it")
    };
    let mut command = Command::new("/proc/self/exe");
    command.args(["fake-worker", name, run, directory, pipes]);
    // It may be longer than an argument or a variable can be; the file has no name that could be left.
    let mut file = tempfile::tempfile().expect("a temporary directory");
    serde_json::to_writer(&mut file, script).expect("it is plain");
    file.rewind().expect("a file has a beginning");
    command.stdin(file).stdout(output("stdout")).stderr(output("stderr"));
    command.spawn().expect("this program can be started again")
}
