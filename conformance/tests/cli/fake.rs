//! A scripted adapter that misbehaves as it is told, or answers every run with a false claim.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio};

use procession::protocol::{ErrorKind, FromAdapter, SOCKET, ToAdapter};
use procession_contract::{Manifest, Method};

/// The argument that makes this program the adapter; the misbehaviour follows.
pub const ROLE: &str = "fake";

pub fn adapter(arguments: &[String]) -> ExitCode {
    let misbehaviour = arguments.first().map_or("", String::as_str);
    let socket = std::env::var(SOCKET).expect("the suite names its socket");
    let mut stream = UnixStream::connect(&socket).expect("the suite listens");
    match misbehaviour {
        "exits" => {
            println!("a word of farewell");
            return ExitCode::from(5);
        }
        "hangs" => hang(),
        "crashes" => std::process::abort(),
        "garbage" => stream.write_all(b"Usage: adapter [OPTIONS]\n").expect("the suite listens"),
        "leaves" => {
            // Not waited for: it is the orphan that the suite must find.
            let orphan = Command::new("setsid").args(["sleep", "1000"]).stdin(Stdio::null()).spawn();
            let orphan = orphan.expect("it can be started").id();
            std::fs::write(&arguments[1], orphan.to_string()).expect("the test reads it");
            // Until the test has looked at it.
            std::fs::read(&arguments[1]).expect("the test writes to it");
            return ExitCode::from(5);
        }
        _ => {}
    }
    let hello = FromAdapter::Hello { protocol: vec![1], manifest: manifest(misbehaviour) };
    let hello = line(&hello);
    if misbehaviour == "splits" {
        for byte in hello.as_bytes() {
            stream.write_all(&[*byte]).expect("the suite listens");
        }
    } else {
        stream.write_all(hello.as_bytes()).expect("the suite listens");
    }
    let lines = BufReader::new(stream.try_clone().expect("a descriptor is left")).lines();
    for told in lines.map_while(Result::ok) {
        let answer = match serde_json::from_str(&told).expect("the suite keeps the protocol") {
            ToAdapter::Run { run, .. } => match misbehaviour {
                "crashes-in-run" => {
                    eprintln!("a stack trace");
                    std::process::abort()
                }
                "garbage-in-run" => "\u{1}\n".into(),
                "wrong-run" => line(&FromAdapter::Ended { run: "77".into(), status: 0 }),
                "clean-too-early" => line(&FromAdapter::Clean { run }),
                "tells" => {
                    std::fs::write(&arguments[1], format!("{socket}\n")).expect("the test reads it");
                    hang()
                }
                _ => {
                    let detail = format!("no {} here", "queue");
                    line(&FromAdapter::Error { run, what: ErrorKind::Unsupported, detail })
                }
            },
            ToAdapter::Teardown { run } => line(&FromAdapter::Clean { run }),
            ToAdapter::Bye {} => return ExitCode::SUCCESS,
            _ => continue,
        };
        stream.write_all(answer.as_bytes()).expect("the suite listens");
    }
    ExitCode::SUCCESS
}

fn line(message: &FromAdapter) -> String {
    serde_json::to_string(message).expect("it is plain") + "\n"
}

fn manifest(misbehaviour: &str) -> Box<Manifest> {
    let claim = if misbehaviour == "unknown-claim" { Some("proceses".to_string()) } else { None };
    Box::new(Manifest {
        name: "fake".into(),
        version: "1".into(),
        language: "rust".into(),
        methods: vec![Method::Spawn],
        objects: ["queue".to_string()].into(),
        calls: ["put", "get", "start", "join", "getpid"].map(String::from).into(),
        claims: claim.into_iter().collect(),
        queue_level: Default::default(),
        tick_ms: 0,
    })
}

fn hang() -> ! {
    loop {
        std::thread::park();
    }
}
