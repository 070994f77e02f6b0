//! Rust functions as methods and constructors: their parameters are read from what a client sends.

use procession_wire::from_node;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::{Arguments, Fault, Stored};
use crate::python::Raise;

/// A function that can be a method of objects of type `T`: it takes the object and up to six parameters `P`,
/// which are read as [`procession_wire::bridge`] reads them. An `Option` may be left out by the client if all
/// behind it may.
pub trait Function<T, P, R>: Send + Sync + 'static {
    /// Calls it.
    ///
    /// # Errors
    /// What it raises, and a `TypeError` for arguments that are none of its parameters'.
    fn call(&self, object: &T, method: &str, arguments: Arguments<'_>) -> Result<R, Raise>;
}

/// A function that can make objects of type `T`, from up to six parameters `P`, which are read as those of a
/// [`Function`] are.
pub trait Make<T, P>: Send + Sync + 'static {
    /// Calls it.
    ///
    /// # Errors
    /// As those of [`Function::call`].
    fn make(&self, typeid: &str, arguments: Arguments<'_>) -> Result<T, Raise>;
}

macro_rules! functions {
    ($($count:literal: $($parameter:ident)*;)*) => {$(
        impl<T, R, F, $($parameter),*> Function<T, ($($parameter,)*), R> for F
        where
            F: Fn(&T, $($parameter),*) -> Result<R, Raise> + Send + Sync + 'static,
            $($parameter: DeserializeOwned,)*
        {
            fn call(&self, object: &T, method: &str, arguments: Arguments<'_>) -> Result<R, Raise> {
                #[allow(non_snake_case, reason = "a parameter is named after its type")]
                let [$($parameter),*] = places::<$count>(method, arguments)?;
                self(object, $($parameter.read(method)?),*)
            }
        }

        impl<T, F, $($parameter),*> Make<T, ($($parameter,)*)> for F
        where
            F: Fn($($parameter),*) -> Result<T, Raise> + Send + Sync + 'static,
            $($parameter: DeserializeOwned,)*
        {
            fn make(&self, typeid: &str, arguments: Arguments<'_>) -> Result<T, Raise> {
                #[allow(non_snake_case, reason = "a parameter is named after its type")]
                let [$($parameter),*] = places::<$count>(typeid, arguments)?;
                self($($parameter.read(typeid)?),*)
            }
        }
    )*};
}

functions! {
    0: ;
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E G;
}

/// An argument, or the place of one that is missing.
struct Place<'a> {
    number: usize,
    argument: Option<procession_wire::Node<'a>>,
}

/// The places of so many parameters.
fn places<'a, const N: usize>(method: &str, arguments: Arguments<'a>) -> Result<[Place<'a>; N], Raise> {
    if !arguments.named.is_empty() {
        return Err(Raise::type_error(format!("{method}() takes no keyword arguments")));
    }
    let given = arguments.positional.len();
    if given > N {
        let s = if N == 1 { "" } else { "s" };
        return Err(Raise::type_error(format!("{method}() takes {N} argument{s} but {given} were given")));
    }
    Ok(std::array::from_fn(|index| Place { number: index + 1, argument: arguments.positional.get(index) }))
}

impl Place<'_> {
    fn read<T: DeserializeOwned>(self, method: &str) -> Result<T, Raise> {
        let number = self.number;
        match self.argument {
            Some(argument) => from_node(argument)
                .map_err(|error| Raise::type_error(format!("{method}() argument {number}: {error}"))),
            None => from_node(Stored::none().root())
                .map_err(|_| Raise::type_error(format!("{method}() missing required argument {number}"))),
        }
    }
}

/// What a method's result is as a value.
pub(super) fn result_of<R: Serialize>(result: &R) -> Result<Stored, Fault> {
    match procession_wire::to_value(result) {
        Ok(value) => Ok(Stored::plain(value)),
        Err(error) => Err(Fault::Unserializable(error.to_string())),
    }
}
