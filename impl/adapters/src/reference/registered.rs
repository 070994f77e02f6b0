//! The types that every adapter registers with its managers, besides those that the implementation has.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procession_contract::Registered;
use procession_manager::python::{Class, Raise};
use procession_manager::server::referents::{Dict, List};
use procession_manager::server::{Call, Creation, Fault, Given, Own, Referent, Registry, Woken};
use procession_wire::Kind;

/// What a server of this adapter serves.
pub(super) fn registry() -> Registry {
    let name = Registered::name;
    let mut registry = Registry::standard();
    let type_of_counter = registry.register(counter());
    registry.register(counter().named(name(Registered::SharedCounter)).shared());
    registry.register(counter().named(name(Registered::Reserved)).exposing(["get", "_secret"]));
    registry.register(
        counter()
            .named(name(Registered::Maker))
            .proxy("twin", &type_of_counter, |maker: &Counter| Ok(Counter(maker.get()?.into())))
            .method("plain", |maker: &Counter| Ok(vec![maker.get()?])),
    );
    registry.result_only(name(Registered::ResultOnly));
    registry.add(name(Registered::Stored), stored);
    registry.add(name(Registered::Failing), |_| Err(Raise::value_error("nothing is made of this").into()));
    registry
}

/// What `Registered::Counter` says.
struct Counter(AtomicI64);

impl Counter {
    fn get(&self) -> Result<i64, Raise> {
        Ok(self.0.load(Ordering::SeqCst))
    }

    fn add(&self, amount: i64) -> Result<i64, Raise> {
        Ok(self.0.fetch_add(amount, Ordering::SeqCst).wrapping_add(amount))
    }
}

fn counter() -> Own<Counter> {
    Own::new(Registered::Counter.name(), |first: Option<i64>| Ok(Counter(first.unwrap_or(0).into())))
        .method("add", Counter::add)
        .method("get", Counter::get)
        .raw("fail", fail)
        .raw("unserialisable", |_, _| Err(Fault::Unserializable("cannot pickle 'function' object".into())))
        .raw("pause", pause)
        .method("pid", |_: &Counter| Ok(std::process::id()))
        .raw("interrupt", interrupt)
        .method("_secret", |_: &Counter| Ok(42))
}

/// The module of the errors that are this adapter's own.
const MODULE: &str = "procession_adapter.served";

fn fail(_: &Counter, call: &mut Call<'_>) -> Result<Given, Fault> {
    let [kind] = call.arguments.exactly::<1>("fail")?;
    let kind = kind.text().map(|text| text.to_str_lossy()).unwrap_or_default();
    let class = match &*kind {
        "value" => Class::Value,
        "key" => Class::Key,
        "index" => Class::Index,
        "attribute" => Class::Attribute,
        "type" => Class::Type,
        "runtime" => Class::Runtime,
        "own" => Class::Own { module: MODULE, name: "AskedFor" },
        "own_strict" => Class::Own { module: MODULE, name: "AskedForStrictly" },
        // The part of the server that serves this caller ends.
        "exit" => return Err(Fault::Left),
        _ => return Err(Raise::key(call.arguments.exactly::<1>("fail")?[0]).into()),
    };
    Err(match Raise::with(class, &("as asked", 7)) {
        Ok(raise) => raise.into(),
        Err(error) => Fault::Failed(error.to_string()),
    })
}

fn pause(_: &Counter, call: &mut Call<'_>) -> Result<Given, Fault> {
    let [ms] = call.arguments.exactly::<1>("pause")?;
    let ms = procession_manager::python::index_of(ms)?.max(0) as u64;
    let until = Instant::now() + Duration::from_millis(ms);
    loop {
        match call.caller.park(Some(until)) {
            Ok(Woken::TimedOut) => return Ok(Given::none()),
            Ok(Woken::Left) => return Err(Fault::Left),
            Ok(Woken::Rung) => {}
            Err(error) => return Err(Fault::Failed(error.to_string())),
        }
    }
}

fn interrupt(_: &Counter, call: &mut Call<'_>) -> Result<Given, Fault> {
    let [] = call.arguments.exactly::<0>("interrupt")?;
    match kill(Pid::this(), Signal::SIGINT) {
        Ok(()) => Ok(Given::none()),
        Err(error) => Err(Fault::Failed(error.to_string())),
    }
}

/// Exactly one argument is stored: a list or a dictionary, as the object of that type that holds the same.
fn stored(creation: &mut Creation<'_>) -> Result<Arc<dyn Referent>, Fault> {
    let Creation { arguments, objects, work, quota, .. } = creation;
    let Some([value]) = arguments.positional.array() else {
        let said = "a type without a function stores exactly one argument";
        return Err(Raise::value_error(said).into());
    };
    match value.kind() {
        Kind::List(_) => Ok(Arc::new(List::create(*arguments, objects, work, quota)?)),
        Kind::Dict(_) => Ok(Arc::new(Dict::create(*arguments, objects, work, quota)?)),
        _ => Err(Raise::type_error(format!("a {} is not stored as it is", value.type_name())).into()),
    }
}
