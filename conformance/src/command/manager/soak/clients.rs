//! The clients of a soak: started, heard, killed.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use procession_manager::Address;

use super::chance::Chance;
use super::ledger::{Ledger, Page};
use super::served::Served;
use crate::command::manager::place;

/// The client in Python, which travels inside the command.
const SCRIPT: &str = include_str!("client.py");

/// Those that live, and what all have told.
pub struct Clients {
    address: Address,
    secret: String,
    /// Where there is one that runs.
    python: Option<String>,
    ledger: Arc<Mutex<Ledger>>,
    living: Vec<Client>,
    /// How many were started.
    started: u64,
    killed: u64,
}

struct Client {
    child: Child,
    is_ready: Arc<AtomicBool>,
    hearer: JoinHandle<()>,
}

impl Clients {
    /// None so far.
    pub fn new(served: &Served, python: &str) -> Clients {
        let import = ["-c", "import multiprocessing.managers"];
        let runs = Command::new(python).args(import).stderr(Stdio::null()).status();
        Clients {
            address: served.address().clone(),
            secret: served.secret().into(),
            python: runs.is_ok_and(|status| status.success()).then(|| python.into()),
            ledger: Arc::default(),
            living: Vec::new(),
            started: 0,
            killed: 0,
        }
    }

    /// Whether every other one is in Python.
    pub fn has_python(&self) -> bool {
        self.python.is_some()
    }

    /// How many were killed.
    pub fn killed(&self) -> u64 {
        self.killed
    }

    /// What they have told so far.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What they have told, when none lives.
    pub fn into_ledger(self) -> Ledger {
        std::mem::take(&mut *self.ledger())
    }

    /// Starts one more.
    pub fn start(&mut self, chance: &mut Chance) -> io::Result<()> {
        self.started += 1;
        let (number, seed) = (self.started.to_string(), chance.next().to_string());
        let in_python = place::in_python(&self.address);
        let mut command = match (&self.python, in_python.as_str()) {
            (Some(python), Some(address)) if self.started.is_multiple_of(2) => {
                let mut command = Command::new(python);
                command.args(["-c", SCRIPT, address]);
                command
            }
            _ => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["manager", "soak-client", &self.address.to_string()]);
                command
            }
        };
        let mut child = command
            .args([number, seed])
            .env(crate::command::manager::key::VARIABLE, &self.secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or_else(|| io::Error::other("a pipe was asked for"))?;
        let (ledger, is_ready) = (self.ledger.clone(), Arc::new(AtomicBool::new(false)));
        let ready = is_ready.clone();
        let hearer = std::thread::spawn(move || hear(BufReader::new(out), &ledger, &ready));
        self.living.push(Client { child, is_ready, hearer });
        Ok(())
    }

    /// Kills one, which is at work as a rule, and starts another one in its place.
    pub fn kill_one(&mut self, chance: &mut Chance) -> io::Result<()> {
        let index = chance.below(self.living.len().max(1) as u64) as usize;
        // One in ten while it connects.
        let however = chance.below(10) == 0;
        match self.living.get(index) {
            Some(client) if however || client.is_ready.load(Ordering::SeqCst) => {}
            _ => return Ok(()),
        }
        let client = self.living.swap_remove(index);
        self.kill(client)?;
        self.start(chance)
    }

    /// Kills them all.
    pub fn kill_all(&mut self) -> io::Result<()> {
        for mut client in std::mem::take(&mut self.living) {
            client.child.kill()?;
            self.kill(client)?;
        }
        Ok(())
    }

    fn kill(&mut self, mut client: Client) -> io::Result<()> {
        client.child.kill()?;
        // One that has failed has said why, and is not among the killed.
        self.killed += u64::from(client.child.wait()?.signal() == Some(libc::SIGKILL));
        let _ = client.hearer.join();
        Ok(())
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // None is left, unless something went wrong.
        let _ = self.kill_all();
    }
}

/// Takes down what a client tells, to its end.
fn hear(mut lines: impl BufRead, ledger: &Mutex<Ledger>, is_ready: &AtomicBool) {
    let mut page = Page::default();
    let mut line = Vec::new();
    while let Ok(1..) = lines.read_until(b'\n', &mut line) {
        let Some((b'\n', whole)) = line.split_last() else { break };
        let text = String::from_utf8_lossy(whole).into_owned();
        ledger.lock().unwrap_or_else(PoisonError::into_inner).note(&mut page, &text);
        is_ready.store(page.is_ready, Ordering::SeqCst);
        line.clear();
    }
    ledger.lock().unwrap_or_else(PoisonError::into_inner).close(page);
}
