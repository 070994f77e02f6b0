//! The arguments of a call, bound to the parameters of a method in Python's way.

use procession_wire::Node;
use procession_wire::value::{Items, Pairs};

use crate::python::Raise;

/// What a method is given.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    /// By position.
    pub positional: Items<'a>,
    /// By name.
    pub named: Pairs<'a>,
}

impl<'a> Arguments<'a> {
    /// The arguments in the order of these parameters, the first `required` of which must be given.
    ///
    /// # Errors
    /// A `TypeError` for one too many, one missing, one unknown and one given twice, in Python's words.
    pub fn bind<const N: usize>(
        self,
        method: &str,
        parameters: [&str; N],
        required: usize,
    ) -> Result<[Option<Node<'a>>; N], Raise> {
        let given = self.positional.len() + self.named.len();
        if self.positional.len() > N {
            let s = if N == 1 { "" } else { "s" };
            return Err(Raise::type_error(format!(
                "{method}() takes at most {N} argument{s} ({given} given)"
            )));
        }
        let mut bound: [Option<Node<'a>>; N] = [None; N];
        for (place, argument) in bound.iter_mut().zip(self.positional.iter()) {
            *place = Some(argument);
        }
        for (name, argument) in self.named.iter() {
            let found =
                parameters.iter().position(|parameter| name.text().is_some_and(|name| name == *parameter));
            let Some(index) = found else {
                let name = name.text().map(|name| name.to_str_lossy().into_owned()).unwrap_or_default();
                return Err(Raise::type_error(format!(
                    "{method}() got an unexpected keyword argument '{name}'"
                )));
            };
            if bound[index].replace(argument).is_some() {
                return Err(Raise::type_error(format!(
                    "{method}() got multiple values for argument '{}'",
                    parameters[index]
                )));
            }
        }
        match bound[..required].iter().position(Option::is_none) {
            None => Ok(bound),
            Some(missing) => Err(Raise::type_error(format!(
                "{method}() missing required argument: '{}'",
                parameters[missing]
            ))),
        }
    }

    /// The arguments, of which there must be exactly so many, none by name.
    ///
    /// # Errors
    /// A `TypeError` in Python's words.
    pub fn exactly<const N: usize>(self, method: &str) -> Result<[Node<'a>; N], Raise> {
        if !self.named.is_empty() {
            return Err(Raise::type_error(format!("{method}() takes no keyword arguments")));
        }
        self.positional.array().ok_or_else(|| {
            let s = if N == 1 { "" } else { "s" };
            let given = self.positional.len();
            Raise::type_error(format!("{method}() takes exactly {N} argument{s} ({given} given)"))
        })
    }
}
