//! The errors of Python that a method raises, by class and arguments.

use std::fmt;

use procession_wire::{Node, Value};

/// A class of error that every supported Python knows, under the name that the oldest has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// `AssertionError`.
    Assertion,
    /// `AttributeError`.
    Attribute,
    /// `threading.BrokenBarrierError`.
    BrokenBarrier,
    /// `queue.Empty`.
    Empty,
    /// `queue.Full`.
    Full,
    /// `IndexError`.
    Index,
    /// `KeyError`.
    Key,
    /// `MemoryError`.
    Memory,
    /// `NotImplementedError`.
    NotImplemented,
    /// `OverflowError`.
    Overflow,
    /// A class that a program brings with it: clients must have it too, under this name.
    Own {
        /// Its module.
        module: &'static str,
        /// Its name there, with dots for nested ones.
        name: &'static str,
    },
    /// `RuntimeError`.
    Runtime,
    /// `queue.ShutDown`, which Python has since 3.13.
    ShutDown,
    /// `StopIteration`.
    StopIteration,
    /// `TypeError`.
    Type,
    /// `ValueError`.
    Value,
}

impl Class {
    /// The module in which clients find it.
    pub fn module(self) -> &'static str {
        match self {
            Class::Own { module, .. } => module,
            Class::BrokenBarrier => "threading",
            Class::Empty | Class::Full | Class::ShutDown => "queue",
            _ => "builtins",
        }
    }

    /// Its name there.
    pub fn name(self) -> &'static str {
        match self {
            Class::Assertion => "AssertionError",
            Class::Attribute => "AttributeError",
            Class::BrokenBarrier => "BrokenBarrierError",
            Class::Empty => "Empty",
            Class::Full => "Full",
            Class::Index => "IndexError",
            Class::Key => "KeyError",
            Class::Memory => "MemoryError",
            Class::NotImplemented => "NotImplementedError",
            Class::Overflow => "OverflowError",
            Class::Own { name, .. } => name,
            Class::Runtime => "RuntimeError",
            Class::ShutDown => "ShutDown",
            Class::StopIteration => "StopIteration",
            Class::Type => "TypeError",
            Class::Value => "ValueError",
        }
    }
}

/// An error to be raised in the client that made the call.
#[derive(Clone, Debug)]
pub struct Raise {
    /// Its class.
    pub class: Class,
    /// Its argument, if it has one, or all that it has.
    pub argument: Option<Argument>,
}

/// What an error is given.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A text.
    Text(String),
    /// A value: the key that a `KeyError` names.
    Value(Box<Value<'static>>),
    /// Any number of values: a tuple of them.
    Several(Box<Value<'static>>),
}

impl Raise {
    /// An error without arguments.
    pub fn bare(class: Class) -> Raise {
        Raise { class, argument: None }
    }

    /// An error that says something.
    pub fn text(class: Class, said: impl Into<String>) -> Raise {
        Raise { class, argument: Some(Argument::Text(said.into())) }
    }

    /// The `KeyError` of this key.
    pub fn key(key: Node<'_>) -> Raise {
        Raise { class: Class::Key, argument: Some(Argument::Value(Box::new(key.to_value()))) }
    }

    /// An error with any number of arguments, given as a tuple or anything else that is one in Python.
    ///
    /// # Errors
    /// What has no form in Python; see [`to_value`](procession_wire::to_value).
    pub fn with<T: serde::Serialize + ?Sized>(
        class: Class,
        arguments: &T,
    ) -> Result<Raise, procession_wire::bridge::Error> {
        let value = Box::new(procession_wire::to_value(arguments)?);
        let argument = match value.root().tuple() {
            Some(_) => Argument::Several(value),
            None => Argument::Value(value),
        };
        Ok(Raise { class, argument: Some(argument) })
    }

    /// A `TypeError`.
    pub fn type_error(said: impl Into<String>) -> Raise {
        Raise::text(Class::Type, said)
    }

    /// A `ValueError`.
    pub fn value_error(said: impl Into<String>) -> Raise {
        Raise::text(Class::Value, said)
    }
}

impl fmt::Display for Raise {
    /// As the last line of Python's traceback has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.class.module() != "builtins" {
            write!(f, "{}.", self.class.module())?;
        }
        f.write_str(self.class.name())?;
        match &self.argument {
            None => Ok(()),
            Some(Argument::Text(said)) if self.class == Class::Key => {
                write!(f, ": {}", super::text_repr(said))
            }
            Some(Argument::Text(said)) => write!(f, ": {said}"),
            Some(Argument::Value(value) | Argument::Several(value)) => {
                let mut work = super::Work::of(1000);
                match super::repr(value.root(), 500, &mut work) {
                    Ok(text) => write!(f, ": {text}"),
                    Err(_) => f.write_str(": ..."),
                }
            }
        }
    }
}

impl std::error::Error for Raise {}
