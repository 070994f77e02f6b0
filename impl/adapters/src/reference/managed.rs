//! Managed objects: what a worker calls through a proxy, and what the answers mean.

mod container;
mod queue;
mod sync;
mod value;

pub(super) use container::invoke;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use procession_contract::{Answer, Call, Object, Outcome, Value};
use procession_manager::{Answer as Given, CallError, Proxy, Received};
use procession_reference::transfer;
use procession_wire::value::Id;
use procession_wire::{Builder, Node, from_node, message};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::outcome;
use super::raised::Raised;
use super::thing::Thing;

/// A handle to a proxy; its clones are the same proxy.
#[derive(Clone)]
pub(super) struct ManagedHandle(Arc<Managed>);

struct Managed {
    proxy: Proxy,
    /// The attributes of a namespace's proxy that are the proxy's own: they go nowhere.
    own: Mutex<BTreeMap<String, Thing>>,
}

impl ManagedHandle {
    pub(super) fn new(proxy: Proxy) -> ManagedHandle {
        ManagedHandle(Arc::new(Managed { proxy, own: Mutex::default() }))
    }

    /// The name of the kind of object that is behind it.
    pub(super) fn kind(&self) -> String {
        match self.0.proxy.typeid() {
            "JoinableQueue" => "joinable_queue".into(),
            "BoundedSemaphore" => "bounded_semaphore".into(),
            other => other.to_lowercase(),
        }
    }

    /// The same in a copy of the process, where it has a reference of its own from now on.
    pub(super) fn claimed(self) -> ManagedHandle {
        // To encode a proxy takes the reference. What the server cannot be told now, the first call tells.
        let _ = procession_wire::to_value(&self.0.proxy);
        self
    }

    /// Whether both are one proxy.
    pub(super) fn is(&self, other: &ManagedHandle) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Adds the proxy to what goes over the wire.
    pub(super) fn add(&self, builder: &mut Builder) -> Result<Id, Answer> {
        Ok(builder.copy(self.0.proxy.to_value().root()))
    }

    fn holds_elements(&self) -> bool {
        matches!(self.0.proxy.typeid(), "list" | "dict" | "Namespace")
    }

    /// Calls a method of the object. What cannot be encoded is not sent.
    fn call(&self, method: &str, arguments: &[Thing]) -> Result<Thing, Failure> {
        let arguments = wired(arguments).map_err(Failure::Refused)?;
        match self.0.proxy.call(method, &arguments, ())? {
            Given::Proxy(proxy) => Ok(Thing::Proxy(ManagedHandle::new(proxy))),
            Given::Value(received) => taken(&received).map_err(Failure::Refused),
        }
    }

    /// Calls a method, for a call of this kind of object's own.
    fn ask(&self, method: &str, arguments: &[Thing]) -> Result<Thing, Answer> {
        self.call(method, arguments).map_err(|failure| failure.answer(self.holds_elements()))
    }

    /// Calls a method whose result is a number or a truth value.
    fn ask_number(&self, method: &str, arguments: &[Thing]) -> Answer {
        match self.ask(method, arguments) {
            Ok(given) => match given.value() {
                Some(Value::Int(number)) => Answer::number(number),
                Some(Value::Flag(flag)) => Answer::truth(flag),
                _ => Answer::error(Outcome::Other, format!("{method} gave no number")),
            },
            Err(answer) => answer,
        }
    }

    /// Calls a method whose result says nothing.
    fn tell(&self, method: &str, arguments: &[Thing]) -> Answer {
        self.ask(method, arguments).map_or_else(|answer| answer, |_| Answer::ok())
    }

    /// The object as a plain value.
    pub(super) fn whole(&self) -> Result<Thing, Answer> {
        self.call("#GETVALUE", &[]).map_err(|failure| failure.by_name(true))
    }
}

/// Why a call through a proxy gave nothing.
enum Failure {
    /// What was to be sent or was received is nothing that the wire or this adapter takes.
    Refused(Answer),
    Call(CallError),
}

impl Failure {
    /// What it means in a call of this kind of object's own.
    fn answer(self, of_container: bool) -> Answer {
        match self {
            Failure::Refused(answer) => answer,
            Failure::Call(error) => called(error, |raised| Answer { aux: 0, ..raised.answer(of_container) }),
        }
    }

    /// What it means in a call by a method's name. Where the server has no such method, whether that is the
    /// proxy's saying or the server's is `asked_of_proxy`.
    fn by_name(self, asked_of_proxy: bool) -> Answer {
        match self {
            Failure::Refused(answer) => answer,
            Failure::Call(CallError::Remote(text)) if asked_of_proxy && is_missing(&text) => {
                Answer::error(Outcome::AttributeMissing, text)
            }
            Failure::Call(error) => called(error, |raised| raised.answer(true)),
        }
    }
}

/// Whether the last line of a server's text says that there is no such method or type.
fn is_missing(text: &str) -> bool {
    text.trim_end().lines().last().is_some_and(|line| line.starts_with("AttributeError"))
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        Failure::Call(error)
    }
}

impl Object for ManagedHandle {
    fn call(&mut self, call: &Call) -> Answer {
        match call {
            Call::Iterate { meanwhile } => container::iterate(self, meanwhile.as_deref()),
            Call::Display => Answer::text(self.0.proxy.display()),
            Call::Repr => Answer::text(format!("{:?}", self.0.proxy)),
            Call::Serialise => match transfer::encode(self) {
                Ok(_) => Answer::ok(),
                Err(error) => outcome::encode(error),
            },
            call => match self.0.proxy.typeid() {
                "Queue" | "JoinableQueue" => queue::answer(self, call),
                "Value" | "Array" | "list" | "dict" | "Namespace" => value::answer(self, call),
                _ => sync::answer(self, call),
            },
        }
    }

    fn share(&self) -> Result<Box<dyn Object>, Answer> {
        Ok(Box::new(self.clone()))
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Serialize for ManagedHandle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.proxy.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ManagedHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ManagedHandle, D::Error> {
        Proxy::deserialize(deserializer).map(ManagedHandle::new)
    }
}

/// A time limit as Python takes it.
pub(super) fn seconds(ms: Option<i64>) -> Thing {
    ms.map_or(Thing::none(), |ms| Thing::Scalar(Value::Float(ms as f64 / 1000.0)))
}

/// What an error of a call means, besides what a method raised.
fn called(error: CallError, raised: impl FnOnce(Raised<'_>) -> Answer) -> Answer {
    let outcome = match error {
        CallError::Raised(error) => {
            let arguments = arrived(error.args.root()).ok().and_then(|thing| thing.value());
            return raised(Raised { class: &error.name, said: error.to_string(), arguments });
        }
        CallError::Os(error) => return outcome::os(error),
        CallError::Argument(_) => Outcome::EncodeFailed,
        CallError::KeyRefused(_) => Outcome::AuthFailed,
        CallError::Remote(_) | CallError::Unserializable(_) => Outcome::RemoteError,
        CallError::Result(_) => Outcome::DecodeFailed,
        CallError::ServerGone => Outcome::PeerDied,
        CallError::TimedOut => Outcome::Timeout,
        _ => Outcome::Other,
    };
    Answer::error(outcome, error)
}

/// What an error means that came of no method's call: of a creation, or of asking for the server.
pub(super) fn refused(error: CallError) -> Answer {
    Failure::Call(error).by_name(true)
}

/// Arguments as they go over the wire.
pub(super) fn wired(arguments: &[Thing]) -> Result<procession_wire::Value<'static>, Answer> {
    let mut builder = Builder::new();
    let ids = Thing::add_all(arguments, &mut builder)?;
    let arguments = builder.tuple(&ids);
    Ok(builder.finish(arguments))
}

/// One argument as it goes over the wire.
pub(super) fn wired_one(argument: &Thing) -> Result<procession_wire::Value<'static>, Answer> {
    let mut builder = Builder::new();
    let root = argument.add(&mut builder)?;
    Ok(builder.finish(root))
}

/// What a call gave.
fn taken(received: &Received) -> Result<Thing, Answer> {
    Thing::of_node(received.value().root(), &mut |node| Ok(received.proxy_at(node).map(ManagedHandle::new)))
}

/// What came through a connection. A proxy in it has a reference of its own from then on.
pub(super) fn arrived(node: Node<'_>) -> Result<Thing, Answer> {
    Thing::of_node(node, &mut |node| match message::Proxy::read(node) {
        Ok(Some(_)) => match from_node::<Proxy>(node) {
            Ok(proxy) => Ok(Some(ManagedHandle::new(proxy))),
            Err(error) => Err(Answer::error(Outcome::DecodeFailed, error)),
        },
        Ok(None) => Ok(None),
        Err(error) => Err(Answer::error(Outcome::DecodeFailed, error)),
    })
}
