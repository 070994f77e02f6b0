//! A client that is killed: it calls at random, and tells each call before and after it. Its twin is `client.py`.

use std::io::Write;

use procession_manager::proxy::{CallError, Proxy, Remote};
use procession_manager::{Address, Key};

use super::chance::Chance;
use super::stock::{LOCKS, SHARED};
use super::taker::Taker;
use crate::command::manager::key;

/// Calls until it is killed, nobody listens, or a call fails as none should: what that says is told, too.
pub fn run(address: &Address, number: u64, seed: u64) {
    if let Err(Stop::Call(error)) = client(address, number, seed) {
        // Where nobody listens it is of no use to say so.
        let _ = tell(&format!("! {}", error.to_string().replace('\n', " | ")));
    }
}

fn client(address: &Address, number: u64, seed: u64) -> Result<(), Stop> {
    let secret = std::env::var_os(key::VARIABLE).unwrap_or_default();
    let secret = Key::even_empty(std::os::unix::ffi::OsStringExt::into_vec(secret));
    let remote = Remote::connect(address.clone(), secret.clone())?;
    let taker = Taker::connect(address, secret)?;
    let shared = SHARED.iter().map(|(name, _)| Ok((*name, remote.create(name, (), ())?)));
    let shared = shared.collect::<Result<_, CallError>>()?;
    let mut client = Client { remote, taker, shared, chance: Chance::of(seed), number, items: 0 };
    tell("ready")?;
    loop {
        client.step()?;
    }
}

/// Why it goes on no more.
enum Stop {
    Call(CallError),
    NobodyListens,
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Stop {
        Stop::Call(error)
    }
}

struct Client {
    remote: Remote,
    taker: Taker,
    shared: Vec<(&'static str, Proxy)>,
    chance: Chance,
    number: u64,
    items: u64,
}

/// In one piece, so that a kill leaves whole lines.
fn tell(line: &str) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).map_err(|_| Stop::NobodyListens)
}

/// Tells of a call, before and after it: what it gives, or nothing where it is refused.
fn told<T>(
    what: &str,
    call: impl FnOnce() -> Result<T, CallError>,
    shown: impl FnOnce(&T) -> String,
) -> Result<Option<T>, Stop> {
    const REFUSED: [&str; 4] = ["queue.Empty", "queue.Full", "IndexError", "threading.BrokenBarrierError"];
    tell(&format!("> {what}"))?;
    match call() {
        Ok(given) => {
            tell(&format!("< {}", shown(&given)))?;
            Ok(Some(given))
        }
        Err(error) if REFUSED.iter().any(|class| error.is(class)) => {
            tell("< -")?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn done<T>(what: &str, call: impl FnOnce() -> Result<T, CallError>) -> Result<Option<T>, Stop> {
    told(what, call, |_| String::new())
}

impl Client {
    fn step(&mut self) -> Result<(), Stop> {
        let queue = self.chance.one_of(&["jobs", "work", "log"]);
        match self.chance.below(23) {
            0..4 => self.put(queue),
            4..8 => self.get(queue),
            8..11 => self.add(),
            11..17 => self.hold(),
            17 => self.meet(),
            18 => self.flag(),
            19 => self.walk(),
            _ => self.create(),
        }
    }

    fn of(&self, name: &str) -> Proxy {
        let found = self.shared.iter().find(|(known, _)| *known == name);
        found.expect("every name is in the table").1.clone()
    }

    fn put(&mut self, name: &str) -> Result<(), Stop> {
        self.items += 1;
        let number = self.number << 32 | self.items;
        let list = match self.chance.below(5) {
            0 => Some(self.remote.list(&[number])?),
            _ => None,
        };
        let queue = self.of(name);
        let what = format!("put {number} {name}");
        match name {
            "log" => done(&what, || queue.get::<()>("append", ((number, &list),)))?,
            _ => done(&what, || queue.get::<()>("put", ((number, &list), true, 0.02)))?,
        };
        Ok(())
    }

    fn get(&mut self, name: &str) -> Result<(), Stop> {
        let queue = self.of(name);
        if name == "log" {
            let pop = || queue.get("pop", (0,));
            told("get log", pop, |(number, _): &(u64, Option<Proxy>)| number.to_string())?;
            return Ok(());
        }
        tell(&format!("> get {name}"))?;
        let seen = self.taker.look(queue.ident())?;
        if let Some(number) = seen {
            tell(&format!("~ {number}"))?;
        }
        self.taker.take()?;
        tell(&seen.map_or("< -".into(), |number| format!("< {number}")))?;
        if seen.is_some() && name == "work" {
            done("done work", || queue.get::<()>("task_done", ()))?;
        }
        Ok(())
    }

    fn add(&mut self) -> Result<(), Stop> {
        let name = self.chance.one_of(&["counts", "prices", "total", "cells"]);
        let number = self.of(name);
        let add = || match name {
            "total" => number.get::<i64>("fetch_add", (1,)),
            "cells" => number.get("fetch_add", (LOCKS.len(), 1)),
            _ => number.get("fetch_add", ("n", 1)),
        };
        done(&format!("add {name}"), add).map(drop)
    }

    /// What the lock protects is read and written: whoever else was there would be seen.
    fn hold(&mut self) -> Result<(), Stop> {
        let place = self.chance.below(LOCKS.len() as u64) as usize;
        let name = LOCKS[place];
        let (lock, cells) = (self.of(name), self.of("cells"));
        let acquire = || done(&format!("acquire {name}"), || lock.get::<bool>("acquire", ()));
        let release = || done(&format!("release {name}"), || lock.get::<()>("release", ()));
        acquire()?;
        if name == "inner" {
            acquire()?;
            release()?;
        }
        if name == "bell" {
            done("wait bell", || lock.get::<bool>("wait", (0.01,)))?;
        }
        done(&format!("bump {name}"), || {
            let before: i64 = cells.get("__getitem__", (place,))?;
            cells.get::<()>("__setitem__", (place, before + 1))
        })?;
        if name == "bell" {
            done("notify bell", || lock.get::<()>("notify", ()))?;
        }
        release().map(drop)
    }

    fn meet(&mut self) -> Result<(), Stop> {
        let barrier = self.of("meet");
        if done("wait meet", || barrier.get::<u64>("wait", (0.02,)))?.is_none() {
            done("reset meet", || barrier.get::<()>("reset", ()))?;
        }
        Ok(())
    }

    fn flag(&mut self) -> Result<(), Stop> {
        let event = self.of("flag");
        match self.chance.below(3) {
            0 => done("set flag", || event.get::<()>("set", ())).map(drop),
            1 => done("clear flag", || event.get::<()>("clear", ())).map(drop),
            _ => done("wait flag", || event.get::<bool>("wait", (0.01,))).map(drop),
        }
    }

    /// A dictionary's iterator stays in the server as long as it is walked.
    fn walk(&mut self) -> Result<(), Stop> {
        let prices = self.of("prices");
        let walk = || {
            let keys = prices.call("__iter__", (), ())?.proxy()?;
            loop {
                match keys.get::<String>("__next__", ()) {
                    Ok(_) => {}
                    Err(error) if error.is("StopIteration") => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        };
        done("walk prices", walk).map(drop)
    }

    fn create(&mut self) -> Result<(), Stop> {
        let remote = self.remote.clone();
        let name = self.chance.one_of(&SHARED).1;
        let make = || match name {
            "list" => {
                let inner = (remote.dict::<String, i64>([("a", 1)])?, remote.list::<i64>(&[])?);
                remote.create(name, (&inner,), ())
            }
            "dict" => {
                let inner = remote.queue::<i64>(0)?;
                remote.create(name, (), [("inner", &inner)])
            }
            "Namespace" => {
                let inner = remote.lock()?;
                remote.create(name, (), [("x", &inner)])
            }
            "Condition" => {
                let inner = remote.lock()?;
                remote.create(name, (&inner,), ())
            }
            "Value" => remote.create(name, ("i", 1), ()),
            "Array" => remote.create(name, ("d", vec![1.5; 100]), ()),
            "Semaphore" | "Barrier" => remote.create(name, (2,), ()),
            _ => remote.create(name, (), ()),
        };
        let made = done(&format!("create {name}"), make)?;
        if let Some(lock) = &made
            && ["Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"].contains(&name)
        {
            done(&format!("use {name}"), || lock.get::<bool>("acquire", ()))?;
        }
        let give_back = || {
            drop(made);
            Ok(())
        };
        done(&format!("drop {name}"), give_back).map(drop)
    }
}
