//! One call of a method: what was sent, who waits for the answer, and what it may cost.

use std::sync::Arc;

use super::{Arguments, Caller, Object, Objects, Referent, Stored};
use crate::python::{Raise, Work};

/// A call that a session carries out.
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// What it is given.
    pub arguments: Arguments<'a>,
    /// The session.
    pub caller: &'a Caller,
    /// The server's objects.
    pub objects: &'a Objects,
    /// The object that is called.
    pub object: &'a Arc<Object>,
    /// What going through values may still cost.
    pub work: &'a mut Work,
    /// How large things may become.
    pub quota: &'a Quota,
}

/// How large a single object may become, each with an error of its own.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Quota {
    /// Elements of one list, queue or array, entries of one dict, attributes of one namespace.
    pub elements: usize,
    /// Bytes of one object with what is in it.
    pub bytes: usize,
    /// Bytes of the text that `repr` and `str` give.
    pub text: usize,
}

/// What a method gives.
pub enum Given {
    /// A value, which is copied to the client.
    Value(Stored),
    /// A value that the object has no more: [`put_back`](Referent::put_back) gets it, if the client is killed or
    /// leaves before it has received the reply, or the reply cannot be sent.
    Taken(Taken),
    /// A new object that stays with the server: the client is given a proxy of this type.
    Proxy {
        /// The name of the type.
        typeid: &'static str,
        /// The object.
        referent: Arc<dyn Referent>,
    },
}

/// What was taken out of an object.
#[derive(Clone)]
pub struct Taken {
    /// The value, which is copied to the client.
    pub value: Stored,
    /// Where it was, as the object counts its places.
    pub place: u64,
}

impl Given {
    /// `None`.
    pub fn none() -> Given {
        Given::Value(Stored::none())
    }

    /// `True` or `False`.
    pub fn flag(flag: bool) -> Given {
        Given::Value(Stored::bool(flag))
    }

    /// An integer.
    pub fn int(number: i64) -> Given {
        Given::Value(Stored::int(number))
    }
}

/// Why a method gave nothing.
#[derive(Debug)]
pub enum Fault {
    /// It raised an error, which the client raises too (`#ERROR`).
    Raised(Raise),
    /// The server itself could not do it, in these words (`#TRACEBACK`).
    Failed(String),
    /// What it gave cannot be sent (`#UNSERIALIZABLE`), in these words.
    Unserializable(String),
    /// The client has left, or the server ends: nobody waits for an answer. The call did nothing.
    Left,
}

impl From<Raise> for Fault {
    fn from(raise: Raise) -> Fault {
        Fault::Raised(raise)
    }
}
