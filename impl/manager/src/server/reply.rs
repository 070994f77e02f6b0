//! Replies: what a session or a function of the server says, as the wire has it.

use procession_wire::message::{self, Exception, Reply, Token};
use procession_wire::pickle::{self, Written};
use procession_wire::value::Id;
use procession_wire::{Builder, Text, Value};

use super::{Object, Stored};
use crate::address::Address;
use crate::python::{Argument, Class, Raise};

/// A reply that is ready to be written.
pub(super) enum Answer {
    /// `#RETURN` of a value.
    Value(Stored),
    /// Any other reply.
    Built(Box<Value<'static>>),
}

impl Answer {
    /// `#RETURN` of what is built.
    pub(super) fn returning(build: impl FnOnce(&mut Builder) -> Id) -> Answer {
        Answer::Value(Stored::build(build))
    }

    /// `#RETURN` of `None`.
    pub(super) fn none() -> Answer {
        Answer::Value(Stored::none())
    }

    /// `#RETURN` of a text.
    pub(super) fn text(text: &str) -> Answer {
        Answer::returning(|builder| builder.str(text))
    }

    /// `#ERROR`.
    pub(super) fn raised(raise: &Raise) -> Answer {
        Answer::built(|builder| {
            let arguments: Vec<_> = match &raise.argument {
                None => Vec::new(),
                Some(Argument::Text(text)) => vec![builder.str(text.as_str())],
                Some(Argument::Value(value)) => vec![builder.copy(value.root())],
                Some(Argument::Several(values)) => {
                    let items = values.root().tuple();
                    items.iter().flat_map(|items| items.iter()).map(|item| builder.copy(item)).collect()
                }
            };
            let exception = Exception::add(builder, raise.class.module(), raise.class.name(), &arguments);
            Reply::add_error(builder, exception)
        })
    }

    /// `#TRACEBACK`, the last line of which names this error.
    pub(super) fn traceback(raise: &Raise) -> Answer {
        Answer::failed(&raise.to_string())
    }

    /// `#TRACEBACK` with this last line.
    pub(super) fn failed(last: &str) -> Answer {
        // CPython's clients show the text between two lines of dashes; what comes before the last line names no
        // path, function or line of ours.
        let text = format!("Traceback (most recent call last):\n  In the manager's server\n{last}\n");
        Answer::built(|builder| Reply::add_traceback(builder, &text))
    }

    /// `#UNSERIALIZABLE`.
    pub(super) fn unserializable(text: &str) -> Answer {
        Answer::built(|builder| Reply::add_unserializable(builder, text))
    }

    /// `#PROXY`.
    pub(super) fn proxy(object: &Object, address: &Address) -> Answer {
        let name = match address {
            Address::Tcp { host, .. } => host.clone(),
            Address::Unix(path) => path.to_string_lossy().into_owned(),
            Address::Abstract(_) => String::new(),
        };
        let abstract_name;
        let name = Text::from(name.as_str());
        // Clients put their own spelling of the address in its place.
        let address = match address {
            Address::Tcp { port, .. } => message::Address::Tcp { host: name, port: *port },
            Address::Unix(_) => message::Address::Unix(name),
            Address::Abstract(bytes) => {
                abstract_name = [&[0], bytes.as_slice()].concat();
                message::Address::UnixBytes(&abstract_name)
            }
        };
        let (typeid, ident) = (Text::from(&*object.typeid), Text::from(&*object.ident));
        Answer::built(|builder| {
            Reply::add_proxy(builder, object.referent.exposed(), &Token { typeid, address, ident })
        })
    }

    fn built(build: impl FnOnce(&mut Builder) -> Id) -> Answer {
        let mut builder = Builder::new();
        let root = build(&mut builder);
        Answer::Built(Box::new(builder.finish(root)))
    }

    /// The pickle, without a copy of long texts; `space` is memory that may be used for the rest.
    ///
    /// # Errors
    /// What keeps it from being written, in words.
    pub(super) fn write(&self, space: Vec<u8>) -> Result<Written<'_>, String> {
        let written = match self {
            Answer::Value(stored) => match stored.as_atoms() {
                Some(atoms) => Ok(pickle::write_pair_of_atoms("#RETURN", atoms, space)),
                None => pickle::write_pair("#RETURN", stored.root(), space),
            },
            Answer::Built(value) => pickle::write_into(value, space),
        };
        written.map_err(|error| error.to_string())
    }
}

/// The `KeyError` of a name.
pub(super) fn key_error(name: &str) -> Raise {
    Raise::text(Class::Key, name)
}
