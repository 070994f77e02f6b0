//! One run with a manager: its server, which is started first and asked to end last, and its clients.

use std::path::Path;
use std::process::{ChildStdout, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use procession_manager::server::{self, Settings};
use procession_manager::{Address, Key, Remote};

use super::{Server, null};
use crate::crew::Crew;
use crate::link::complaint;
use crate::run::{Run, Trouble};
use crate::stage::{LANES, Stage};
use crate::subject::python;

/// The lane of the server; clients have those below.
const SERVER: usize = LANES - 1;

/// So many members of the crew are the server.
const SERVERS: usize = 1;

/// What clients prove to know. The script knows it, too.
const KEY: &str = "bench";

/// The key of all servers.
pub fn key() -> Key {
    Key::even_empty(KEY)
}

/// A server with what surrounds it.
pub struct Scene {
    stage: Stage,
    crew: Crew,
    remote: Remote,
    /// Its name in Linux's abstract namespace, which leaves nothing behind.
    name: String,
    /// The server's process.
    pid: u32,
    /// How many roles of the server line up.
    servers: u32,
    /// Where the script that serves would write: it stays open.
    _output: Option<ChildStdout>,
}

impl Scene {
    /// Starts a server, and waits until it listens.
    pub fn open(run: &Run, interpreter: &Path, server: Server) -> Result<Scene, Trouble> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("procession-bench-{}-{number}", std::process::id());
        let address = Address::Abstract(name.clone().into_bytes());
        let (stage, mut crew) = (Stage::new()?, Crew::new()?);
        let until = Instant::now() + run.patience;
        let (pid, output) = match server {
            Server::CPython => {
                let mut command = command(interpreter, &["serve", &name]);
                let mut output =
                    crew.spawn(&mut command).map_err(|error| python::not_started(interpreter, error))?;
                let mut line = Vec::new();
                while line.last() != Some(&b'\n') && python::read_some(&mut output, &mut line, until)? {}
                let line = String::from_utf8_lossy(&line).into_owned();
                match line.trim().strip_prefix("ready ").and_then(|pid| pid.parse().ok()) {
                    Some(pid) => (pid, Some(output)),
                    None => return Err(Trouble::Failed(format!("Python's server said {line:?}"))),
                }
            }
            Server::Ours | Server::Null { .. } => {
                crew.fork(&stage, || match server {
                    Server::Null { looks } => null::serve(&stage, SERVER, &address, looks),
                    _ => serve(&stage, &address),
                })?;
                if !stage.wait_ready(1, until) {
                    stage.stop();
                    let why = crew.dismiss().err();
                    return Err(Trouble::Failed(
                        why.unwrap_or_else(|| "the server did not get ready".into()),
                    ));
                }
                (stage.lanes[SERVER].pid.load(Ordering::Acquire), None)
            }
        };
        let remote = Remote::at(address, key());
        let servers = u32::from(output.is_none());
        Ok(Scene { stage, crew, remote, name, pid, servers, _output: output })
    }

    /// What the roles share.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The server, as its clients see it.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The server's process.
    pub fn server_pid(&self) -> u32 {
        self.pid
    }

    /// Forks a client.
    pub fn fork(&mut self, body: impl FnOnce(&Stage) -> Result<(), String>) -> Result<(), Trouble> {
        let stage = &self.stage;
        self.crew.fork(stage, || body(stage))?;
        Ok(())
    }

    /// Lets so many clients go once they are ready; false where one is not in time.
    pub fn start(&self, run: &Run, clients: usize) -> bool {
        let is_ready = self.stage.wait_ready(self.servers + clients as u32, Instant::now() + run.patience);
        if is_ready {
            self.stage.start()
        } else {
            self.stage.stop()
        }
        is_ready
    }

    /// Waits until the clients have come to an end.
    ///
    /// # Errors
    /// What went wrong in one of them, or that one has no end. Nobody is left then.
    pub fn wait_for_clients(&mut self, run: &Run) -> Result<(), Trouble> {
        let until = Instant::now() + 2 * run.length + run.patience;
        let over = loop {
            let soon = (Instant::now() + Duration::from_millis(20)).min(until);
            let over = self.crew.wait_for_later(SERVERS, soon)?;
            if over || self.stage.has_failed() || Instant::now() >= until {
                break over;
            }
        };
        if over && !self.stage.has_failed() {
            return Ok(());
        }
        let crew = std::mem::replace(&mut self.crew, Crew::new()?);
        let why = crew.dismiss().err();
        Err(Trouble::Failed(why.unwrap_or_else(|| "a client did not come to an end".into())))
    }

    /// Has clients in Python do this, and gives the figure of the script.
    pub fn ask_python(&mut self, run: &Run, interpreter: &Path, words: &[&str]) -> Result<f64, Trouble> {
        self.stage.start();
        let length = run.python_length();
        let mut command = command(interpreter, words);
        command.arg(&self.name).arg(length.as_secs_f64().to_string());
        let mut output =
            self.crew.spawn(&mut command).map_err(|error| python::not_started(interpreter, error))?;
        let until = Instant::now() + length + 2 * run.patience;
        let text = python::read_to_end(&mut output, until)?;
        python::figure(&text, || "it ended without a word".into())
    }

    /// Asks the server to end, and collects everybody.
    ///
    /// # Errors
    /// What went wrong in any of the roles.
    pub fn close(self) -> Result<(), Trouble> {
        // One that lines up for a start that never came has not begun to look for the end.
        self.stage.start();
        let asked = self.remote.shutdown();
        self.crew.wait(Instant::now() + Duration::from_secs(5))?;
        self.crew.dismiss().map_err(Trouble::Failed)?;
        asked.map_err(|error| Trouble::Failed(format!("the server did not end: {error}")))
    }
}

/// A server of ours, until a client asks it to end.
fn serve(stage: &Stage, address: &Address) -> Result<(), String> {
    let mut settings = Settings::new(key());
    settings.address = Some(address.clone());
    let serving = server::Server::bind(settings).map_err(complaint)?;
    let serving = serving.serve_in_background().map_err(complaint)?;
    stage.line_up(SERVER);
    serving.wait().map_err(complaint)
}

fn command(interpreter: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(interpreter);
    command.args(["-c", SCRIPT]).args(words);
    command
}

const SCRIPT: &str = include_str!("../subject/python_manager.py");
