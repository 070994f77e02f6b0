//! Clients for tests: sessions over socket pairs, whose calls go straight to an object. Closing the client's end
//! is its death.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use procession_wire::message::{Address, Proxy, Token};
use procession_wire::value::{Builder, Id};
use procession_wire::{Kind, Value};

use super::{Barrier, Condition, Event, Lock, Queue, Semaphore};
use crate::python::{Class, Work};
use crate::server::{
    Arguments, Bell, Call, Caller, CallerId, Fault, Given, Object, Objects, Quota, Referent, Taken,
};

/// An argument or a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// A proxy of the object of this name.
    Proxy(String),
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Gave(Datum),
    Raised(Class),
    Failed(String),
    Left,
}

/// A server without connections of its own.
pub struct World {
    pub objects: Objects,
    pub quota: Quota,
    ending: Bell,
}

/// A client with one session.
pub struct Client {
    caller: Caller,
    objects: Objects,
    quota: Quota,
    /// The end of the connection that is not the server's, while the client lives.
    own: Mutex<Option<UnixStream>>,
}

impl World {
    pub fn new() -> World {
        let objects = Objects::new(1000, Bell::new().unwrap()).unwrap();
        let quota = Quota { elements: 1000, bytes: 1 << 20, text: 1000 };
        World { objects, quota, ending: Bell::new().unwrap() }
    }

    /// An object of this type.
    pub fn create(&self, typeid: &str, arguments: &[Datum]) -> Result<Arc<Object>, Class> {
        self.create_with(typeid, arguments, &[])
    }

    pub fn create_with(
        &self,
        typeid: &str,
        positional: &[Datum],
        named: &[(&str, Datum)],
    ) -> Result<Arc<Object>, Class> {
        with_arguments(positional, named, |arguments| {
            let referent: Arc<dyn Referent> = match typeid {
                "Lock" => Arc::new(Lock::create(arguments)?),
                "RLock" => Arc::new(Lock::create_recursive(arguments)?),
                "Semaphore" => Arc::new(Semaphore::create(arguments)?),
                "BoundedSemaphore" => Arc::new(Semaphore::create_bounded(arguments)?),
                "Condition" => Arc::new(Condition::create(arguments, &self.objects)?),
                "Event" => Arc::new(Event::create(arguments)?),
                "Barrier" => Arc::new(Barrier::create(arguments)?),
                "Queue" => Arc::new(Queue::create(arguments)?),
                _ => panic!("there is no type {typeid} here"),
            };
            Ok(self.objects.create(typeid, referent, None).unwrap())
        })
        .map_err(|raise: crate::python::Raise| raise.class)
    }

    /// A client, with a session that no other has.
    pub fn client(&self) -> Client {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let (own, servers) = UnixStream::pair().unwrap();
        let id = CallerId(NEXT.fetch_add(1, Ordering::Relaxed));
        let caller = Caller::new(id, Some(servers.into()), self.ending.clone());
        Client { caller, objects: self.objects.clone(), quota: self.quota, own: Mutex::new(Some(own)) }
    }

    /// Ends the server.
    pub fn end(&self) {
        self.ending.ring();
    }
}

impl Client {
    /// Calls a method, with arguments by position.
    pub fn call(&self, object: &Arc<Object>, method: &str, arguments: &[Datum]) -> Said {
        self.call_with(object, method, arguments, &[])
    }

    pub fn call_with(
        &self,
        object: &Arc<Object>,
        method: &str,
        positional: &[Datum],
        named: &[(&str, Datum)],
    ) -> Said {
        assert!(object.referent.exposed().contains(&method), "{method} of {}", object.typeid);
        with_arguments(positional, named, |arguments| {
            let mut work = Work::of(10_000);
            let mut call = Call {
                method,
                arguments,
                caller: &self.caller,
                objects: &self.objects,
                object,
                work: &mut work,
                quota: &self.quota,
            };
            match object.referent.call(&mut call) {
                Ok(Given::Value(value) | Given::Taken(Taken { value, .. })) => {
                    Said::Gave(datum(value.root().kind()))
                }
                Ok(Given::Proxy { typeid, .. }) => panic!("{method} gave a {typeid}"),
                Err(Fault::Raised(raise)) => Said::Raised(raise.class),
                Err(Fault::Failed(said) | Fault::Unserializable(said)) => Said::Failed(said),
                Err(Fault::Left) => Said::Left,
            }
        })
    }

    /// Closes the client's end of the connection, as its death would.
    pub fn die(&self) {
        self.own.lock().unwrap().take();
    }

    /// What the server does when the last call of a session has returned.
    pub fn end(&self, object: &Arc<Object>) {
        object.referent.left(self.caller.id());
    }
}

impl Said {
    pub const NONE: Said = Said::Gave(Datum::None);
    pub const TRUE: Said = Said::Gave(Datum::Bool(true));
    pub const FALSE: Said = Said::Gave(Datum::Bool(false));

    pub fn int(number: i64) -> Said {
        Said::Gave(Datum::Int(number))
    }
}

/// Comes back when it is so. The limit is there for a defect to end the test, and far beyond what it takes.
pub fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "it never comes to that");
        std::thread::yield_now();
    }
}

fn with_arguments<R>(
    positional: &[Datum],
    named: &[(&str, Datum)],
    use_them: impl FnOnce(Arguments<'_>) -> R,
) -> R {
    let value = packed(positional, named);
    let [Kind::Tuple(positional), Kind::Dict(named)] = value
        .root()
        .tuple()
        .and_then(|both| both.array())
        .unwrap()
        .map(|node: procession_wire::Node<'_>| node.kind())
    else {
        panic!("a tuple and a dict were packed");
    };
    use_them(Arguments { positional, named })
}

fn packed(positional: &[Datum], named: &[(&str, Datum)]) -> Value<'static> {
    let mut builder = Builder::new();
    let positional: Vec<Id> = positional.iter().map(|datum| add(&mut builder, datum)).collect();
    let positional = builder.tuple(&positional);
    let named: Vec<(Id, Id)> =
        named.iter().map(|(name, datum)| (builder.str(*name), add(&mut builder, datum))).collect();
    let named = builder.dict(&named).unwrap();
    let both = builder.tuple(&[positional, named]);
    builder.finish(both)
}

fn add(builder: &mut Builder, datum: &Datum) -> Id {
    match datum {
        Datum::None => builder.none(),
        Datum::Bool(flag) => builder.bool(*flag),
        Datum::Int(number) => builder.int(*number),
        Datum::Float(number) => builder.float(*number),
        Datum::Str(text) => builder.str(text.as_str()),
        Datum::Proxy(ident) => {
            let address = Address::Unix("/nowhere".into());
            let token = Token { typeid: "Lock".into(), address, ident: ident.as_str().into() };
            Proxy::add(builder, "AcquirerProxy", &token, &[])
        }
    }
}

fn datum(kind: Kind<'_>) -> Datum {
    match kind {
        Kind::None => Datum::None,
        Kind::Bool(flag) => Datum::Bool(flag),
        Kind::Int(number) => Datum::Int(number.to_i64().unwrap()),
        Kind::Float(number) => Datum::Float(number),
        Kind::Str(text) => Datum::Str(text.to_str_lossy().into_owned()),
        other => panic!("a result of a kind that no test asks for: {other:?}"),
    }
}
