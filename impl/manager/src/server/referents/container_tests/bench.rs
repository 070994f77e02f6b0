//! Calls without a connection: a table, and objects in it.

use std::sync::Arc;

use procession_wire::message::{Address, Proxy, Token};
use procession_wire::value::{Id, Items, Pairs};
use procession_wire::{Builder, Kind, Value};
use serde::Serialize;

use super::python::{Raise, Work};
use super::server::{
    Arguments, Bell, Call, Caller, CallerId, Fault, Given, Object, Objects, Quota, Referent, Stored, Taken,
    Whole,
};

/// A server's table, and what calls may cost.
pub struct Bench {
    pub objects: Objects,
    pub quota: Quota,
    pub steps: u64,
}

impl Bench {
    pub fn new() -> Bench {
        let mut quota = Quota::default();
        (quota.elements, quota.bytes, quota.text) = (100_000, 64 << 20, 1 << 20);
        let objects = Objects::new(1000, Bell::new().expect("a bell")).expect("a table");
        Bench { objects, quota, steps: 50_000_000 }
    }

    /// Puts an object on the table, with one reference.
    pub fn put(&self, typeid: &str, referent: Arc<dyn Referent>) -> Arc<Object> {
        self.objects.create(typeid, referent, None).expect("room on the table")
    }

    /// Takes that reference back.
    pub fn let_go(&self, object: Arc<Object>) {
        self.objects.decref(&object.ident, None).expect("an object of the table");
    }

    /// Makes an object of one of the types here, of these arguments.
    pub fn make(&self, typeid: &str, sent: &Sent) -> Result<Arc<Object>, Raise> {
        use super::server::referents::{Array, Dict, List, Namespace, Value};
        let mut work = Work::of(self.steps);
        let (arguments, objects, quota) = (sent.arguments(), &self.objects, &self.quota);
        let referent: Arc<dyn Referent> = match typeid {
            "list" => Arc::new(List::create(arguments, objects, &mut work, quota)?),
            "dict" => Arc::new(Dict::create(arguments, objects, &mut work, quota)?),
            "Namespace" => Arc::new(Namespace::create(arguments, objects, &mut work, quota)?),
            "Value" => Arc::new(Value::create(arguments, objects, &mut work, quota)?),
            "Array" => Arc::new(Array::create(arguments, objects, &mut work, quota)?),
            other => panic!("no type {other}"),
        };
        Ok(self.put(typeid, referent))
    }

    /// A list, dict or other object of these arguments.
    pub fn of(&self, typeid: &str, arguments: impl Serialize) -> Arc<Object> {
        self.make(typeid, &Sent::of(arguments)).unwrap_or_else(|raised| panic!("{raised}"))
    }

    /// Calls a method, whatever it gives.
    pub fn send(&self, object: &Arc<Object>, method: &str, sent: &Sent) -> Result<Given, Raise> {
        let ending = Bell::new().expect("a bell");
        let caller = Caller::new(CallerId(1), None, ending);
        self.send_by(&caller, object, method, sent)
    }

    /// The same for a caller that is kept.
    pub fn send_by(
        &self,
        caller: &Caller,
        object: &Arc<Object>,
        method: &str,
        sent: &Sent,
    ) -> Result<Given, Raise> {
        assert!(object.referent.exposed().contains(&method), "{method} is not exposed");
        let mut call = Call {
            method,
            arguments: sent.arguments(),
            caller,
            objects: &self.objects,
            object,
            work: &mut Work::of(self.steps),
            quota: &self.quota,
        };
        object.referent.call(&mut call).map_err(|fault| match fault {
            Fault::Raised(raised) => raised,
            other => panic!("{method} failed: {other:?}"),
        })
    }

    /// Calls a method that gives a value.
    pub fn call(
        &self,
        object: &Arc<Object>,
        method: &str,
        arguments: impl Serialize,
    ) -> Result<Stored, Raise> {
        self.send(object, method, &Sent::of(arguments)).map(value)
    }

    /// What a method gives, as Python writes it, or the error.
    pub fn shown(&self, object: &Arc<Object>, method: &str, arguments: impl Serialize) -> String {
        self.shown_of(object, method, &Sent::of(arguments))
    }

    /// The same for arguments that are no Rust types.
    pub fn shown_of(&self, object: &Arc<Object>, method: &str, sent: &Sent) -> String {
        match self.send(object, method, sent) {
            Ok(given) => shown(&value(given)),
            Err(raised) => raised.to_string(),
        }
    }

    /// What the object is by now, as `str` gives it.
    pub fn now(&self, object: &Arc<Object>) -> String {
        object
            .referent
            .display(self.quota.text, &mut Work::of(self.steps))
            .unwrap_or_else(|error| error.to_string())
    }
}

/// A value as Python writes it.
pub fn shown(stored: &Stored) -> String {
    super::python::repr(stored.root(), 1 << 20, &mut Work::of(1 << 30)).expect("a short value")
}

/// The value that was given.
pub fn value(given: Given) -> Stored {
    match given {
        Given::Value(value) | Given::Taken(Taken { value, .. }) => value,
        Given::Proxy { typeid, .. } => panic!("a proxy of a {typeid}"),
    }
}

/// The whole of an object.
pub fn whole(object: &Object) -> Stored {
    match object.referent.whole() {
        Whole::Value(whole) => whole,
        Whole::Unserializable(why) => panic!("{why}"),
    }
}

/// Arguments on their way: a tuple, and a dict of names.
pub struct Sent(pub Value<'static>);

impl Sent {
    /// Those of a Rust tuple; none of `()`.
    pub fn of(arguments: impl Serialize) -> Sent {
        let arguments = procession_wire::to_value(&arguments).expect("plain data");
        Sent::built(|builder| match arguments.root().kind() {
            Kind::Tuple(items) => (items.iter().map(|item| builder.copy(item)).collect(), Vec::new()),
            Kind::None => (Vec::new(), Vec::new()),
            _ => panic!("arguments come in a tuple"),
        })
    }

    /// Those that are built: by position, and by name.
    pub fn built(build: impl FnOnce(&mut Builder) -> (Vec<Id>, Vec<(Id, Id)>)) -> Sent {
        let mut builder = Builder::new();
        let (positional, named) = build(&mut builder);
        let positional = builder.tuple(&positional);
        let named = builder.dict(&named).expect("names");
        let root = builder.tuple(&[positional, named]);
        Sent(builder.finish(root))
    }

    pub fn arguments(&self) -> Arguments<'_> {
        let parts =
            self.0.root().tuple().and_then(Items::array).map(|[one, other]| (one.kind(), other.kind()));
        let Some((Kind::Tuple(positional), Kind::Dict(named))) = parts else { panic!("a tuple and a dict") };
        let named: Pairs<'_> = named;
        Arguments { positional, named }
    }
}

/// A proxy of this object.
pub fn proxy(builder: &mut Builder, object: &Object) -> Id {
    let class = match &*object.typeid {
        "list" => "ListProxy",
        "dict" => "DictProxy",
        "Array" => "ArrayProxy",
        "Value" => "ValueProxy",
        _ => "NamespaceProxy",
    };
    let token = Token {
        typeid: (&*object.typeid).into(),
        address: Address::Unix("/somewhere".into()),
        ident: (&*object.ident).into(),
    };
    Proxy::add(builder, class, &token, &[])
}

/// A slice.
pub fn slice(builder: &mut Builder, parts: [Option<i64>; 3]) -> Id {
    let class = builder.global("builtins", "slice");
    let parts = parts.map(|part| part.map_or(builder.none(), |part| builder.int(part)));
    builder.call(class, &parts)
}
