//! The arguments of a call, of any types that `serde` knows.

use procession_wire::bridge::{Error, add};
use procession_wire::value::Id;
use procession_wire::{Builder, Value};
use serde::Serialize;

/// Arguments by position: a tuple, a slice or a vector. They live until the call has been answered, so that a proxy
/// among them still refers to its object when the server reads of it.
pub trait Arguments {
    /// Adds each of them.
    ///
    /// # Errors
    /// That of the first that cannot be encoded.
    fn add(&self, builder: &mut Builder) -> Result<Vec<Id>, Error>;
}

/// Arguments by name: nothing, or pairs of a name and a value.
pub trait Named {
    /// Adds the value of each of them.
    ///
    /// # Errors
    /// That of the first that cannot be encoded.
    fn add(&self, builder: &mut Builder) -> Result<Vec<(String, Id)>, Error>;
}

impl Arguments for () {
    fn add(&self, _: &mut Builder) -> Result<Vec<Id>, Error> {
        Ok(Vec::new())
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Serialize),+> Arguments for ($($name,)+) {
            fn add(&self, builder: &mut Builder) -> Result<Vec<Id>, Error> {
                #[expect(non_snake_case, reason = "a value is called as its type is")]
                let ($($name,)+) = self;
                Ok(vec![$(add(builder, $name)?),+])
            }
        }
    )*};
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

impl<T: Serialize> Arguments for &[T] {
    fn add(&self, builder: &mut Builder) -> Result<Vec<Id>, Error> {
        self.iter().map(|value| add(builder, value)).collect()
    }
}

impl<T: Serialize> Arguments for Vec<T> {
    fn add(&self, builder: &mut Builder) -> Result<Vec<Id>, Error> {
        Arguments::add(&self.as_slice(), builder)
    }
}

/// The items of a tuple or list; any other value is one argument.
impl Arguments for &Value<'_> {
    fn add(&self, builder: &mut Builder) -> Result<Vec<Id>, Error> {
        use procession_wire::Kind;
        Ok(match self.root().kind() {
            Kind::Tuple(items) | Kind::List(items) => items.iter().map(|item| builder.copy(item)).collect(),
            _ => vec![builder.copy(self.root())],
        })
    }
}

impl Named for () {
    fn add(&self, _: &mut Builder) -> Result<Vec<(String, Id)>, Error> {
        Ok(Vec::new())
    }
}

impl<T: Serialize, const N: usize> Named for [(&str, T); N] {
    fn add(&self, builder: &mut Builder) -> Result<Vec<(String, Id)>, Error> {
        self.iter().map(|(name, value)| Ok(((*name).to_string(), add(builder, value)?))).collect()
    }
}

impl<T: Serialize> Named for Vec<(String, T)> {
    fn add(&self, builder: &mut Builder) -> Result<Vec<(String, Id)>, Error> {
        self.iter().map(|(name, value)| Ok((name.clone(), add(builder, value)?))).collect()
    }
}
