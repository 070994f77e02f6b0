//! The types that the servers of these tests have: a counter in several forms, and a box that keeps values.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use procession_manager::Address;
use procession_manager::python::{Class, Raise, Work};
use procession_manager::server::{
    Call, CallerId, Fault, Given, Own, Referent, Registry, Server, Serving, Settings, Stored, Taken, Whole,
    Woken,
};
use procession_wire::auth::Key;

/// The key of every server here.
pub const KEY: &[u8] = b"the key of a test";

/// How long somebody waits who is to be woken by something else.
const PATIENCE: Duration = Duration::from_secs(600);

/// Counts, and remembers who has left.
#[derive(Default)]
pub struct Counter {
    total: Mutex<i64>,
}

impl Counter {
    fn new(first: Option<i64>) -> Result<Counter, Raise> {
        Ok(Counter { total: first.unwrap_or(0).into() })
    }

    fn add(&self, amount: i64) -> Result<i64, Raise> {
        let mut total = self.total.lock().expect("nobody panics with it");
        *total = total.checked_add(amount).ok_or_else(|| Raise::text(Class::Overflow, "too much"))?;
        Ok(*total)
    }

    fn get(&self) -> Result<i64, Raise> {
        Ok(*self.total.lock().expect("nobody panics with it"))
    }

    fn fail(&self, kind: String) -> Result<(), Raise> {
        let class = match kind.as_str() {
            "value" => Class::Value,
            "key" => Class::Key,
            "own" => Class::Own { module: "__main__", name: "AskedFor" },
            // Not `panic!`, whose report among the output of the tests would look like a failure.
            "panic" => std::panic::resume_unwind(Box::new("as asked")),
            other => return Err(Raise::value_error(format!("no error of kind {other:?}"))),
        };
        Err(Raise::with(class, &("as asked", 7)).expect("plain values"))
    }

    fn take(&self) -> Result<Given, Fault> {
        let total = std::mem::take(&mut *self.total.lock().expect("nobody panics with it"));
        Ok(Given::Taken(Taken { value: Stored::int(total), place: total as u64 }))
    }

    fn twin(&self) -> Result<Counter, Raise> {
        Counter::new(Some(self.get()?))
    }
}

/// Keeps one value, and lets callers wait for nothing.
#[derive(Default)]
pub struct Kept {
    value: Mutex<Option<Stored>>,
    left: Mutex<Vec<CallerId>>,
}

impl Kept {
    /// Keeps this in place of what it has.
    pub fn keep(&self, value: Stored) {
        let before = self.value.lock().expect("nobody panics with it").replace(value);
        drop(before);
    }
}

impl Referent for Kept {
    fn exposed(&self) -> &[&'static str] {
        &["put", "get", "take", "take_last", "take_large", "wait", "exit", "left"]
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match call.method {
            "put" => {
                let [value] = call.arguments.exactly("put")?;
                let value = Stored::of(value, call.objects);
                if value.size() > call.quota.bytes {
                    return Err(Raise::text(Class::Memory, "no room is left").into());
                }
                self.keep(value);
                Ok(Given::none())
            }
            "get" | "take" => {
                let mut value = self.value.lock().expect("nobody panics with it");
                let found = if call.method == "take" { value.take() } else { value.clone() };
                drop(value);
                Ok(found.map_or_else(Given::none, Given::Value))
            }
            // When its client has closed the connection, and not before.
            "take_last" => match call.caller.park(Some(Instant::now() + PATIENCE)).expect("a bell") {
                Woken::Left => Ok(Given::Taken(Taken { value: Stored::int(7), place: 0 })),
                woken => Err(Fault::Failed(format!("woken by {woken:?}"))),
            },
            "take_large" => {
                let value = Stored::build(|builder| builder.str("x".repeat(100_000).as_str()));
                Ok(Given::Taken(Taken { value, place: 0 }))
            }
            "wait" => match call.caller.park(Some(Instant::now() + PATIENCE)).expect("a bell") {
                Woken::Left => Err(Fault::Left),
                woken => Err(Fault::Failed(format!("woken by {woken:?}"))),
            },
            "exit" => Err(Fault::Left),
            _ => Ok(Given::int(self.left.lock().expect("nobody panics with it").len() as i64)),
        }
    }

    fn whole(&self) -> Whole {
        match &*self.value.lock().expect("nobody panics with it") {
            Some(value) => Whole::Value(value.clone()),
            None => Whole::Unserializable("cannot pickle nothing"),
        }
    }

    fn repr(&self, most: usize, work: &mut Work) -> Result<String, Raise> {
        let value = self.value.lock().expect("nobody panics with it").clone();
        value.map_or(Ok("nothing".into()), |value| procession_manager::python::repr(value.root(), most, work))
    }

    fn put_back(&self, taken: Taken) {
        self.keep(taken.value);
    }

    fn left(&self, caller: CallerId) {
        self.left.lock().expect("nobody panics with it").push(caller);
    }

    fn size(&self) -> usize {
        self.value.lock().expect("nobody panics with it").as_ref().map_or(0, Stored::size)
    }
}

/// The types of these tests.
pub fn registry() -> Registry {
    let mut registry = Registry::standard();
    let own = Own::new("counter", Counter::new)
        .method("add", Counter::add)
        .method("get", Counter::get)
        .method("fail", Counter::fail)
        .method("pid", |_: &Counter| Ok(std::process::id()))
        .method("large", |_: &Counter, bytes: usize| Ok("x".repeat(bytes)))
        .raw("unserialisable", |_, _| Err(Fault::Unserializable("cannot pickle a thread".into())))
        .raw("take", |counter, _| counter.take())
        .put_back(|counter, taken| {
            counter.add(taken.place as i64).expect("it was as much before");
        })
        .method("_secret", |_: &Counter| Ok(42))
        .display(|counter| format!("a counter at {}", counter.get().unwrap_or_default()));
    let counter = registry.register(own.clone());
    registry.register(own.clone().named("shared_counter").shared());
    registry.register(own.clone().named("reserved").exposing(["get", "_secret"]));
    registry.register(
        own.named("maker")
            .proxy("twin", &counter, Counter::twin)
            .own_proxy("again", Counter::twin)
            .method("plain", |counter: &Counter| Ok(vec![counter.get()?])),
    );
    registry.result_only("result_only");
    registry.stored("stored");
    registry.register(Own::new("failing", || Err::<Counter, _>(Raise::value_error("nothing is made"))));
    registry.add("kept", |_| Ok(std::sync::Arc::new(Kept::default())));
    registry
}

/// Settings with these types.
pub fn settings() -> Settings {
    let mut settings = Settings::new(Key::new(KEY).expect("it has bytes"));
    settings.registry = registry();
    settings
}

/// A server with these types, on threads of this process.
pub fn served(settings: Settings) -> Serving {
    Server::bind(settings).expect("a path is free").serve_in_background().expect("threads are left")
}

/// The path at which a server listens.
pub fn path_of(address: &Address) -> &std::path::Path {
    match address {
        Address::Unix(path) => path,
        other => panic!("{other} is no path"),
    }
}
