//! A worker of the scripted adapter.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};

use procession::protocol::{FromAdapter, SOCKET, ToAdapter};
use procession_contract::{
    Answer, Call, ExitStatus, HEADER_BYTES, ObjectKind, Outcome, Phase, RECORD_BYTES, Record, Script, Step,
    Worker, WorkerKind,
};

/// A worker's process, from its arguments.
pub fn process(arguments: &[String]) {
    let [name, run, directory, pipes] = arguments else { panic!("a worker has four arguments") };
    let script: Script = serde_json::from_reader(std::io::stdin()).expect("the adapter wrote it");
    let mut pipes = pipes.clone();
    if name == "main" {
        for object in &script.objects {
            assert_eq!(object.kind, ObjectKind::OsPipe, "the scripted adapter has OS pipes only");
            // Not closed on exec: the processes below inherit both ends by number.
            let (read, write) = nix::unistd::pipe().expect("a descriptor is left");
            let ends = format!("{0}.r={1},{0}.w={2},", object.name, read.into_raw_fd(), write.into_raw_fd());
            pipes.push_str(&ends);
        }
    }
    let body = Body { name: name.clone(), run: run.clone(), directory: directory.clone(), script, pipes };
    body.run();
}

#[derive(Clone)]
struct Body {
    name: String,
    run: String,
    directory: String,
    script: Script,
    pipes: String,
}

impl Body {
    fn run(self) {
        let mut children = BTreeMap::new();
        let mut threads = Vec::new();
        let own: Vec<Worker> =
            self.script.workers.iter().filter(|worker| self.is_parent(worker)).cloned().collect();
        for worker in own.iter().filter(|worker| !worker.explicit) {
            if worker.kind == WorkerKind::Process {
                children.insert(worker.name.clone(), self.start(&worker.name));
            } else {
                let body = Body { name: worker.name.clone(), ..self.clone() };
                threads.push(std::thread::spawn(move || body.run()));
            }
        }
        self.work(&mut children);
        for thread in threads {
            thread.join().expect("a thread answers");
        }
        for (name, mut child) in children {
            if own.iter().any(|worker| worker.name == name && worker.daemon == Some(true)) {
                child.kill().expect("it is our child");
            }
            child.wait().expect("it is our child");
        }
    }

    fn is_parent(&self, worker: &Worker) -> bool {
        worker.parent.as_ref() == Some(&self.name)
    }

    fn start(&self, worker: &str) -> Child {
        super::fake::process(worker, &self.run, &self.directory, &self.script, &self.pipes)
    }

    fn work(&self, children: &mut BTreeMap<String, Child>) {
        let misbehaviour = self.script.workers[0].process_name.clone().unwrap_or_default();
        let mut connection =
            UnixStream::connect(std::env::var(SOCKET).expect("inherited")).expect("it listens");
        let lines = BufReader::new(connection.try_clone().expect("a descriptor is left"));
        let mut lines = lines.lines().map(|line| line.expect("the suite is there"));
        let run = if misbehaviour == "worker-of-another-run" { "0".into() } else { self.run.clone() };
        let tid = if misbehaviour == "wrong-tid" { 1 } else { nix::unistd::gettid().as_raw() };
        say(&mut connection, &FromAdapter::Worker { run, name: self.name.clone(), tid });
        let Some(ToAdapter::Arm { at_ns, history, steps }) = hear(&mut lines) else { return };
        let file = File::options().write(true).open(history).expect("the suite has made it");
        let mut history = History { file, next: 0, misbehaviour };
        std::thread::sleep(std::time::Duration::from_nanos(at_ns.saturating_sub(now_ns())));
        for (index, step) in steps.iter().enumerate() {
            if step.gate {
                say(&mut connection, &FromAdapter::At { step: index as u16 });
                assert_eq!(hear(&mut lines), Some(ToAdapter::Go {}));
            }
            history.write(index, Phase::Call, &Answer::of(Outcome::Ok));
            let answer = self.call(step, children);
            history.write(index, Phase::Return, &answer);
            if let Some(text) = answer.text {
                say(&mut connection, &FromAdapter::Text { step: index as u16, text });
            }
        }
        say(&mut connection, &FromAdapter::Done {});
    }

    fn call(&self, step: &Step, children: &mut BTreeMap<String, Child>) -> Answer {
        match &step.call {
            Call::Write { item } => {
                let bytes = item.raw_bytes();
                self.end(&step.on).write_all(&bytes).expect("somebody has the other end");
                Answer::number(bytes.len() as i64)
            }
            Call::Read { max, .. } => {
                let count = self.end(&step.on).read(&mut vec![0; *max as usize]).expect("it is open");
                Answer::number(count as i64)
            }
            Call::Sleep { ms } => {
                std::thread::sleep(std::time::Duration::from_millis(*ms));
                Answer::ok()
            }
            Call::Start => {
                children.insert(step.on.clone(), self.start(&step.on));
                Answer::ok()
            }
            Call::Join { .. } => {
                children.get_mut(&step.on).expect("it was started").wait().expect("it is our child");
                Answer::ok()
            }
            Call::Getpid => Answer::number(std::process::id()),
            Call::Print { text } => {
                println!("{text}");
                Answer::ok()
            }
            Call::Repr => Answer::text("a text"),
            Call::Pipeline { stages, input } => {
                let mut child = Command::new(&stages[0][0]).args(&stages[0][1..]).spawn().expect("it exists");
                if input.as_deref() == Some("do not wait") {
                    // Nobody reaps it; the run's sweep must.
                    std::mem::forget(child);
                    return Answer::ok();
                }
                Answer::number(child.wait().expect("it is our child").code().unwrap_or(-1))
            }
            Call::Exit { status: ExitStatus::Immediate(status) } => std::process::exit(*status),
            _ => Answer::of(Outcome::Unsupported),
        }
    }

    fn end(&self, name: &str) -> File {
        let ends: BTreeMap<&str, &str> =
            self.pipes.split(',').filter_map(|end| end.split_once('=')).collect();
        let path = format!("/proc/self/fd/{}", ends[name]);
        File::options().read(name.ends_with(".r")).write(name.ends_with(".w")).open(path).expect("it is open")
    }
}

struct History {
    file: File,
    next: u32,
    misbehaviour: String,
}

impl History {
    fn write(&mut self, step: usize, phase: Phase, answer: &Answer) {
        let is_call = phase == Phase::Call;
        let mut record = Record {
            t_ns: now_ns(),
            value: if is_call { 0 } else { answer.value },
            aux: if is_call { 0 } else { answer.aux },
            step: step as u16,
            phase,
            outcome: if is_call { 0 } else { answer.outcome as u8 },
        };
        if self.misbehaviour == "wrong-step" {
            record.step += 1;
        }
        let seal = if self.misbehaviour == "wrong-seal" { self.next + 9 } else { self.next + 1 };
        let mut bytes = record.body().to_vec();
        bytes.extend(seal.to_le_bytes());
        let offset = HEADER_BYTES + self.next as usize * RECORD_BYTES;
        self.file.write_all_at(&bytes, offset as u64).expect("the file is large enough");
        self.next += 1;
    }
}

fn say(connection: &mut UnixStream, message: &FromAdapter) {
    let line = format!("{}\n", serde_json::to_string(message).expect("it is plain"));
    connection.write_all(line.as_bytes()).expect("the suite listens");
}

fn hear(lines: &mut impl Iterator<Item = String>) -> Option<ToAdapter> {
    lines.next().map(|line| serde_json::from_str(&line).expect("the suite keeps the protocol"))
}

/// The time of histories.
pub fn now_ns() -> u64 {
    use nix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has it");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}
