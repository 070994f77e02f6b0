//! The objects that all clients of a soak share: how they are made, and what must be true of them in the end.

use std::time::Duration;

use procession_manager::proxy::{CallError, Proxy, Remote};

use super::ledger::{Balance, Ledger};

/// Their names and types.
pub const SHARED: [(&str, &str); 14] = [
    ("jobs", "Queue"),
    ("work", "JoinableQueue"),
    ("log", "list"),
    ("counts", "Namespace"),
    ("prices", "dict"),
    ("total", "Value"),
    ("cells", "Array"),
    ("door", "Lock"),
    ("inner", "RLock"),
    ("permit", "Semaphore"),
    ("bounded", "BoundedSemaphore"),
    ("bell", "Condition"),
    ("flag", "Event"),
    ("meet", "Barrier"),
];

/// Those that one client holds at a time. Each guards the cell of its place.
pub const LOCKS: [&str; 5] = ["door", "inner", "permit", "bounded", "bell"];

/// The queues, and the list that is used like one.
const QUEUES: [&str; 3] = ["jobs", "work", "log"];

/// How long a lock that somebody living may still hold is waited for: for nobody does.
const PATIENCE: Duration = Duration::from_secs(10);

/// All of them, referred to as long as this lives.
pub struct Stock {
    proxies: Vec<(&'static str, Proxy)>,
}

impl Stock {
    /// Makes them, before anybody else asks for them.
    pub fn create(remote: &Remote) -> Result<Stock, CallError> {
        let create = |name: &'static str| match name {
            // Full now and then.
            "jobs" => remote.create(name, (16,), ()),
            "counts" => remote.create(name, (), [("n", 0)]),
            "prices" => remote.create(name, ([("apple", 1), ("n", 0), ("pear", 2)],), ()),
            "total" => remote.create(name, ("q", 0), ()),
            "cells" => remote.create(name, ("q", vec![0; LOCKS.len() + 1]), ()),
            "meet" => remote.create(name, (2,), ()),
            _ => remote.create(name, (), ()),
        };
        let proxies = SHARED.iter().map(|(name, _)| Ok((*name, create(name)?)));
        let stock = Stock { proxies: proxies.collect::<Result<_, CallError>>()? };
        // A session that has waited once keeps what it was woken by.
        stock.of("flag").get::<bool>("wait", (0.001,))?;
        Ok(stock)
    }

    fn of(&self, name: &str) -> &Proxy {
        &self.proxies.iter().find(|(known, _)| *known == name).expect("every name is in the table").1
    }

    /// Takes what is left out of the queues, and compares everything with the books.
    pub fn balance(&self, ledger: &mut Ledger) -> Result<Vec<(String, Balance)>, CallError> {
        let mut balances = Vec::new();
        for name in QUEUES {
            let mut left = 0;
            while let Some(item) = self.take(name)? {
                ledger.take(name, item);
                left += 1;
            }
            let balance = if name == "log" { ledger.list(name, left) } else { ledger.queue(name, left) };
            balances.push((format!("items of {name}"), balance));
        }
        let number = |name: &str, found| (format!("additions to {name}"), ledger.number(name, found));
        balances.push(number("counts", self.of("counts").get("__getattribute__", ("n",))?));
        balances.push(number("prices", self.of("prices").get("__getitem__", ("n",))?));
        balances.push(number("total", self.of("total").get("get", ())?));
        let cell = |place: usize| self.of("cells").get::<i64>("__getitem__", (place,));
        balances.push(number("cells", cell(LOCKS.len())?));
        for (place, name) in LOCKS.iter().enumerate() {
            balances.push((format!("turns with {name}"), ledger.number(name, cell(place)?)));
            let text = "free".into();
            balances.push((format!("in the end {name}"), Balance { text, fault: self.not_free(name)? }));
        }
        Ok(balances)
    }

    fn take(&self, name: &str) -> Result<Option<u64>, CallError> {
        let got: Result<(u64, Option<Proxy>), CallError> = match name {
            "log" => self.of(name).get("pop", (0,)),
            _ => self.of(name).get("get_nowait", ()),
        };
        match got {
            Ok((item, _)) => Ok(Some(item)),
            Err(error) if error.is("queue.Empty") || error.is("IndexError") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Why a lock is not as it was in the beginning.
    fn not_free(&self, name: &str) -> Result<Option<String>, CallError> {
        let lock = self.of(name);
        if !lock.get::<bool>("acquire", (true, PATIENCE.as_secs_f64()))? {
            return Ok(Some("it was never given on by the dead".into()));
        }
        let is_owned = ["inner", "bell"].contains(&name);
        if !is_owned && lock.get::<bool>("acquire", (false,))? {
            return Ok(Some("two can hold it at a time".into()));
        }
        lock.get::<()>("release", ())?;
        Ok(None)
    }
}
