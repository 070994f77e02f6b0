//! Two processes count who enters a hall and who leaves it, and write into its log: a plain list, a managed one,
//! and with the count changed in one step.
//!
//! `entrance_and_exit exit COMMAND…` has those who leave counted by another program, `both COMMAND…` all: by this
//! one, or by its twin in Python. It is told `visitor enter|leave ROUND ADDRESS`.

use std::error::Error;
use std::process::{Child, Command};

use procession_manager::proxy::{ListProxy, LockProxy, NamespaceProxy, Remote, UpdateError};
use procession_manager::server::Settings;
use procession_manager::{Address, Key, Manager, ManagerOptions, Setup};
use procession_reference::Process;
use procession_scenarios::pause;
use serde::{Deserialize, Serialize};

/// What all programs know. One that is not a story takes it from a file that only its user can read.
const KEY: &[u8] = b"open sesame";
const ROUNDS: [&str; 3] = ["plain list", "managed list", "one step"];
const TIMES: u32 = 10;

/// The types that every manager has, and one hall for all who ask for it.
#[derive(Serialize, Deserialize)]
struct OneHall;

impl Setup for OneHall {
    fn set_up(self, settings: &mut Settings) -> Result<(), String> {
        settings.registry.share("hall", "Namespace").map_err(|error| error.to_string())
    }
}

fn visit((way, round, hall): (String, String, NamespaceProxy)) -> Result<(), String> {
    let (word, amount) = if way == "enter" { ("Entered", 1) } else { ("Left", -1) };
    for number in 1..=TIMES {
        pause();
        note(&hall, &round, amount, format!("{word} {number}")).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn note(hall: &NamespaceProxy, round: &str, amount: i64, entry: String) -> Result<(), Box<dyn Error>> {
    match round {
        "one step" => add(hall, amount)?,
        // A read and a write: the other may write between them.
        _ => hall.set("count", &(hall.get::<i64>("count")? + amount))?,
    }
    match round {
        // To a copy, which is dropped here.
        "plain list" => hall.get::<Vec<String>>("log")?.push(entry),
        _ => hall.get::<ListProxy<String>>("log")?.append(&entry)?,
    }
    Ok(())
}

fn add(hall: &NamespaceProxy, amount: i64) -> Result<(), Box<dyn Error>> {
    match hall.update("count", |count: i64| count + amount) {
        // A server of CPython: there all of them take a lock.
        Err(UpdateError::NotAtomicHere) => {
            let lock = hall.get::<LockProxy>("lock")?;
            let _held = lock.hold()?;
            hall.set("count", &(hall.get::<i64>("count")? + amount))?;
        }
        updated => drop(updated?),
    }
    Ok(())
}

/// Who counts.
enum Visitor {
    Own(Process),
    Other(Child),
}

impl Visitor {
    fn start(
        way: &str,
        round: &str,
        hall: &NamespaceProxy,
        program: Option<&[String]>,
    ) -> Result<Visitor, Box<dyn Error>> {
        let Some([program, arguments @ ..]) = program else {
            let process = Process::new(visit, (way.into(), round.into(), hall.clone()));
            process.start()?;
            return Ok(Visitor::Own(process));
        };
        let address = hall.proxy().address().to_string();
        Ok(Visitor::Other(
            Command::new(program).args(arguments).args(["visitor", way, round, &address]).spawn()?,
        ))
    }

    fn join(self) -> Result<(), Box<dyn Error>> {
        match self {
            Visitor::Own(process) => process.join()?,
            Visitor::Other(mut child) => {
                child.wait()?;
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, way, round, address] = &arguments[..]
        && role == "visitor"
    {
        let remote = Remote::connect(address.parse::<Address>()?, Key::new(KEY)?)?;
        let hall = remote.create("hall", (), ())?;
        return Ok(visit((way.clone(), round.clone(), hall.into()))?);
    }
    let (who, program) = arguments.split_first().map_or(("nobody", None), |(who, rest)| (who, Some(rest)));
    let manager = Manager::new(ManagerOptions { key: Some(KEY.into()), ..ManagerOptions::default() });
    manager.start(OneHall)?;
    let remote = manager.remote()?;
    let hall: NamespaceProxy = remote.create("hall", (), ())?.into();
    for round in ROUNDS {
        let log: ListProxy<String> = remote.list(&[])?;
        hall.set("count", &0)?;
        hall.set("lock", &remote.lock()?)?;
        match round {
            "plain list" => hall.set("log", &Vec::<String>::new())?,
            _ => hall.set("log", &log)?,
        }
        let entrance = Visitor::start("enter", round, &hall, program.filter(|_| who == "both"))?;
        let exit = Visitor::start("leave", round, &hall, program)?;
        entrance.join()?;
        exit.join()?;
        report(round, &hall)?;
    }
    Ok(())
}

fn report(round: &str, hall: &NamespaceProxy) -> Result<(), Box<dyn Error>> {
    println!("{round}");
    if round == "plain list" {
        println!("  log: {:?}", hall.get::<Vec<String>>("log")?);
        return Ok(());
    }
    let log = hall.get::<ListProxy<String>>("log")?.to_vec()?;
    println!("  entries: {}", log.len());
    for word in ["Entered", "Left"] {
        let numbers: Vec<&str> = log.iter().filter_map(|entry| entry.strip_prefix(word)).collect();
        println!("  {word}:{}", numbers.concat());
    }
    if round == "one step" {
        println!("  count: {}", hall.get::<i64>("count")?);
    }
    Ok(())
}
