//! Types of one's own: Rust values with the methods that clients may call.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::super::{Arguments, Call, CallerId, Constructor, Creation, Fault, Given, Referent, Taken, Whole};
use super::function::{Function, Make, result_of};
use crate::python::{Class, Raise, Work};

/// A type that a server has of its own.
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use procession_manager::python::Raise;
/// use procession_manager::server::{Own, Registry};
///
/// struct Counter(AtomicI64);
///
/// impl Counter {
///     fn add(&self, amount: i64) -> Result<i64, Raise> {
///         Ok(self.0.fetch_add(amount, Ordering::Relaxed) + amount)
///     }
/// }
///
/// let mut registry = Registry::standard();
/// let counter = registry.register(
///     Own::new("counter", |first: Option<i64>| Ok(Counter(first.unwrap_or(0).into())))
///         .method("add", Counter::add)
///         .method("get", |counter: &Counter| Ok(counter.0.load(Ordering::Relaxed))),
/// );
/// # let _ = counter;
/// ```
///
/// Methods are called by many clients at once. One that panics is an error for its client alone.
pub struct Own<T> {
    typeid: &'static str,
    make: Arc<Making<T>>,
    methods: Vec<Method<T>>,
    exposed: Option<Vec<&'static str>>,
    is_shared: bool,
    display: Option<Arc<Display<T>>>,
    size: Arc<dyn Fn(&T) -> usize + Send + Sync>,
    left: Option<Arc<Left<T>>>,
    put_back: Option<Arc<PutBack<T>>>,
}

/// A registered type of one's own, as methods name it that give objects of it.
pub struct OwnType<T>(Arc<Parts<T>>);

struct Parts<T> {
    own: Own<T>,
    exposed: Vec<&'static str>,
}

type Making<T> = dyn Fn(&str, Arguments<'_>) -> Result<T, Raise> + Send + Sync;
type Display<T> = dyn Fn(&T) -> String + Send + Sync;
type Left<T> = dyn Fn(&T, CallerId) + Send + Sync;
type PutBack<T> = dyn Fn(&T, Taken) + Send + Sync;
type Body<T> = dyn Fn(&Bound<T>, &mut Call<'_>) -> Result<Given, Fault> + Send + Sync;

struct Method<T> {
    name: &'static str,
    body: Arc<Body<T>>,
}

/// An object of one's own type.
struct Bound<T> {
    of: Arc<Parts<T>>,
    object: T,
}

impl<T: Send + Sync + 'static> Own<T> {
    /// A type under this name, whose objects this function makes.
    pub fn new<P>(typeid: &'static str, make: impl Make<T, P>) -> Own<T> {
        Own {
            typeid,
            make: Arc::new(move |typeid, arguments| make.make(typeid, arguments)),
            methods: Vec::new(),
            exposed: None,
            is_shared: false,
            display: None,
            size: Arc::new(|object| size_of_val(object)),
            left: None,
            put_back: None,
        }
    }

    /// The same type under another name.
    pub fn named(mut self, typeid: &'static str) -> Own<T> {
        self.typeid = typeid;
        self
    }

    /// A method that gives a value, in place of the one of this name.
    pub fn method<P, R: Serialize>(self, name: &'static str, function: impl Function<T, P, R>) -> Own<T> {
        self.body(name, move |bound, call| {
            let result = function.call(&bound.object, name, call.arguments)?;
            Ok(Given::Value(result_of(&result)?))
        })
    }

    /// A method that gives an object of another type, to which the client has a proxy.
    pub fn proxy<P, U: Send + Sync + 'static>(
        self,
        name: &'static str,
        to: &OwnType<U>,
        function: impl Function<T, P, U>,
    ) -> Own<T> {
        let of = to.0.clone();
        self.body(name, move |bound, call| {
            let object = function.call(&bound.object, name, call.arguments)?;
            Ok(Given::Proxy { typeid: of.own.typeid, referent: Arc::new(Bound { of: of.clone(), object }) })
        })
    }

    /// A method that gives another object of this type, to which the client has a proxy.
    pub fn own_proxy<P>(self, name: &'static str, function: impl Function<T, P, T>) -> Own<T> {
        self.body(name, move |bound, call| {
            let object = function.call(&bound.object, name, call.arguments)?;
            let of = bound.of.clone();
            Ok(Given::Proxy { typeid: of.own.typeid, referent: Arc::new(Bound { of, object }) })
        })
    }

    /// A method that does everything itself: that takes proxies, waits, or gives what no Rust type stands for.
    pub fn raw(
        self,
        name: &'static str,
        function: impl Fn(&T, &mut Call<'_>) -> Result<Given, Fault> + Send + Sync + 'static,
    ) -> Own<T> {
        self.body(name, move |bound, call| function(&bound.object, call))
    }

    /// The methods that clients may call; otherwise those whose names begin with no underscore.
    pub fn exposing(mut self, names: impl IntoIterator<Item = &'static str>) -> Own<T> {
        self.exposed = Some(names.into_iter().collect());
        self
    }

    /// One object for all: made for whoever creates the first, and given to all others.
    pub fn shared(mut self) -> Own<T> {
        self.is_shared = true;
        self
    }

    /// What `str` and `repr` of an object give; otherwise its type in angle brackets.
    pub fn display(mut self, display: impl Fn(&T) -> String + Send + Sync + 'static) -> Own<T> {
        self.display = Some(Arc::new(display));
        self
    }

    /// How many bytes an object takes, with what it owns; otherwise the size of the Rust type.
    pub fn size(mut self, size: impl Fn(&T) -> usize + Send + Sync + 'static) -> Own<T> {
        self.size = Arc::new(size);
        self
    }

    /// What is done when a client has left that called a method of the object.
    pub fn left(mut self, left: impl Fn(&T, CallerId) + Send + Sync + 'static) -> Own<T> {
        self.left = Some(Arc::new(left));
        self
    }

    /// What becomes of what a [`raw`](Own::raw) method gave as [`Given::Taken`] and its client has never received;
    /// otherwise it is dropped.
    pub fn put_back(mut self, put_back: impl Fn(&T, Taken) + Send + Sync + 'static) -> Own<T> {
        self.put_back = Some(Arc::new(put_back));
        self
    }

    fn body(
        mut self,
        name: &'static str,
        body: impl Fn(&Bound<T>, &mut Call<'_>) -> Result<Given, Fault> + Send + Sync + 'static,
    ) -> Own<T> {
        self.methods.retain(|method| method.name != name);
        self.methods.push(Method { name, body: Arc::new(body) });
        self
    }

    pub(super) fn finish(self) -> (OwnType<T>, Arc<Constructor>) {
        let public = || self.methods.iter().map(|method| method.name).filter(|name| !name.starts_with('_'));
        let exposed = match &self.exposed {
            Some(names) => names.clone(),
            None => public().collect(),
        };
        let parts = Arc::new(Parts { own: self, exposed });
        let shared: Mutex<Option<Arc<Bound<T>>>> = Mutex::new(None);
        let made = parts.clone();
        let constructor = move |creation: &mut Creation<'_>| {
            let make = || -> Result<_, Fault> {
                let object = (made.own.make)(made.own.typeid, creation.arguments)?;
                Ok(Arc::new(Bound { of: made.clone(), object }))
            };
            if !made.own.is_shared {
                return Ok(make()? as Arc<dyn Referent>);
            }
            // Held while it is made: there is never a second one.
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let object = match &*shared {
                Some(object) => object.clone(),
                None => shared.insert(make()?).clone(),
            };
            Ok(object as Arc<dyn Referent>)
        };
        (OwnType(parts), Arc::new(constructor))
    }
}

impl<T> Clone for Own<T> {
    fn clone(&self) -> Own<T> {
        let methods = self.methods.iter().map(|Method { name, body }| Method { name, body: body.clone() });
        Own {
            typeid: self.typeid,
            make: self.make.clone(),
            methods: methods.collect(),
            exposed: self.exposed.clone(),
            is_shared: self.is_shared,
            display: self.display.clone(),
            size: self.size.clone(),
            left: self.left.clone(),
            put_back: self.put_back.clone(),
        }
    }
}

impl<T> OwnType<T> {
    pub(super) fn typeid(&self) -> &'static str {
        self.0.own.typeid
    }
}

impl<T: Send + Sync + 'static> Referent for Bound<T> {
    fn exposed(&self) -> &[&'static str] {
        &self.of.exposed
    }

    fn call(&self, call: &mut Call<'_>) -> Result<Given, Fault> {
        match self.of.own.methods.iter().find(|method| method.name == call.method) {
            Some(method) => (method.body)(self, call),
            None => {
                let said = format!("'{}' object has no attribute '{}'", self.of.own.typeid, call.method);
                Err(Raise::text(Class::Attribute, said).into())
            }
        }
    }

    fn whole(&self) -> Whole {
        Whole::Unserializable("cannot pickle an object of a type that only the server has")
    }

    fn repr(&self, most: usize, _work: &mut Work) -> Result<String, Raise> {
        let text = match &self.of.own.display {
            Some(display) => display(&self.object),
            None => format!("<{} object>", self.of.own.typeid),
        };
        if text.len() > most {
            let said = format!("its text is longer than the {most} bytes that the server allows");
            return Err(Raise::text(Class::Memory, said));
        }
        Ok(text)
    }

    fn put_back(&self, taken: Taken) {
        if let Some(put_back) = &self.of.own.put_back {
            put_back(&self.object, taken);
        }
    }

    fn left(&self, caller: CallerId) {
        if let Some(left) = &self.of.own.left {
            left(&self.object, caller);
        }
    }

    fn size(&self) -> usize {
        (self.of.own.size)(&self.object)
    }
}
