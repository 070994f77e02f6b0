//! What a manager and its clients say to each other, as typed values.
//!
//! After the handshake every message is one pickle. A client sends a [`Request`] and reads a [`Reply`]; in
//! between travel [`Token`]s, [`Proxy`]s and [`Exception`]s. Reading borrows from a [`Value`](crate::Value);
//! writing adds to a [`Builder`], so that arguments and results of any kind can be put in.

mod read;

use crate::text::Text;
use crate::value::{Builder, Global, Id, Items, Node, Pairs};

pub use read::MessageError;

/// The module of the classes that managers name.
pub const MANAGERS: &str = "multiprocessing.managers";

/// What a client asks.
#[derive(Debug, Clone, Copy)]
pub struct Request<'v> {
    /// The object whose method is called, or nothing for a function of the server itself.
    pub ident: Option<Text<'v>>,
    /// The method or function.
    pub method: Text<'v>,
    /// Positional arguments.
    pub args: Items<'v>,
    /// Keyword arguments; every key is a text.
    pub kwargs: Pairs<'v>,
}

/// What a server answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply<'v> {
    /// `#ERROR`: the method raised this.
    Error(Exception<'v>),
    /// `#PROXY`: the result stays with the server and is reached through this.
    Proxy {
        /// The methods that can be called.
        exposed: Vec<Text<'v>>,
        /// Where it is.
        token: Token<'v>,
    },
    /// `#RETURN`: the result.
    Return(Node<'v>),
    /// `#TRACEBACK`: the server itself failed, in these words.
    Traceback(Text<'v>),
    /// `#UNSERIALIZABLE`: the result could not be pickled, in these words.
    Unserializable(Text<'v>),
}

/// What `create` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created<'v> {
    /// The new object, with one reference to it.
    pub ident: Text<'v>,
    /// The methods that can be called.
    pub exposed: Vec<Text<'v>>,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'v> {
    /// IPv4.
    Tcp {
        /// A name or number.
        host: Text<'v>,
        /// The port.
        port: u16,
    },
    /// A path of the file system, or an abstract name where it begins with NUL.
    Unix(Text<'v>),
    /// An abstract name as bytes, NUL included.
    UnixBytes(&'v [u8]),
}

/// An object of a server, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'v> {
    /// The name under which the type is registered.
    pub typeid: Text<'v>,
    /// The server, as whoever made the token spells it: match objects by `ident` alone.
    pub address: Address<'v>,
    /// The object.
    pub ident: Text<'v>,
}

/// A proxy inside a value.
#[derive(Debug, Clone, Copy)]
pub struct Proxy<'v> {
    /// Its class, such as `multiprocessing.managers.ListProxy`.
    pub class: Global<'v>,
    /// What it refers to.
    pub token: Token<'v>,
    /// `"pickle"`, or `"xmlrpclib"`.
    pub serializer: Text<'v>,
    /// `exposed` for an AutoProxy; `authkey` where a process was being started.
    pub kwargs: Pairs<'v>,
}

/// An exception, by its class and arguments. As a *returned* value it is an ordinary one.
#[derive(Debug, Clone, Copy)]
pub struct Exception<'v> {
    /// Its class.
    pub class: Global<'v>,
    /// What it was made from.
    pub args: Items<'v>,
    /// Its attributes, where it has some.
    pub state: Option<Node<'v>>,
}

impl Request<'_> {
    /// Adds a request: `(ident, method, args, kwargs)`.
    pub fn add(
        builder: &mut Builder,
        ident: Option<Text<'_>>,
        method: &str,
        args: &[Id],
        kwargs: &[(&str, Id)],
    ) -> Id {
        let ident = match ident {
            Some(ident) => builder.str(ident),
            None => builder.none(),
        };
        let method = builder.str(method);
        let args = builder.tuple(args);
        let kwargs = keywords(builder, kwargs);
        builder.tuple(&[ident, method, args, kwargs])
    }
}

impl Reply<'_> {
    /// Adds `#RETURN` with this result.
    pub fn add_return(builder: &mut Builder, result: Id) -> Id {
        add_reply(builder, "#RETURN", result)
    }

    /// Adds `#ERROR` with an exception, which [`Exception::add`] makes.
    pub fn add_error(builder: &mut Builder, exception: Id) -> Id {
        add_reply(builder, "#ERROR", exception)
    }

    /// Adds `#PROXY` for an object and the methods that can be called.
    pub fn add_proxy(builder: &mut Builder, exposed: &[&str], token: &Token<'_>) -> Id {
        let exposed = names(builder, exposed);
        let token = token.add(builder);
        let result = builder.tuple(&[exposed, token]);
        add_reply(builder, "#PROXY", result)
    }

    /// Adds `#TRACEBACK`. People match on the last line, which reads like `KeyError: 'x'`.
    pub fn add_traceback(builder: &mut Builder, text: &str) -> Id {
        let text = builder.str(text);
        add_reply(builder, "#TRACEBACK", text)
    }

    /// Adds `#UNSERIALIZABLE`.
    pub fn add_unserializable(builder: &mut Builder, text: &str) -> Id {
        let text = builder.str(text);
        add_reply(builder, "#UNSERIALIZABLE", text)
    }
}

impl Created<'_> {
    /// Adds the result of `create`: `(ident, exposed)`.
    pub fn add(builder: &mut Builder, ident: &str, exposed: &[&str]) -> Id {
        let ident = builder.str(ident);
        let exposed = names(builder, exposed);
        builder.tuple(&[ident, exposed])
    }
}

impl Address<'_> {
    /// Adds the address; that of TCP is a tuple, for CPython uses addresses as keys.
    pub fn add(&self, builder: &mut Builder) -> Id {
        match *self {
            Address::Tcp { host, port } => {
                let (host, port) = (builder.str(host), builder.int(port.into()));
                builder.tuple(&[host, port])
            }
            Address::Unix(path) => builder.str(path),
            Address::UnixBytes(name) => builder.bytes(name),
        }
    }
}

impl Token<'_> {
    /// Adds the token.
    pub fn add(&self, builder: &mut Builder) -> Id {
        let class = builder.global(MANAGERS, "Token");
        let token = builder.new_object(class, &[]);
        let typeid = builder.str(self.typeid);
        let address = self.address.add(builder);
        let ident = builder.str(self.ident);
        let state = builder.tuple(&[typeid, address, ident]);
        builder.set_state(token, state);
        token
    }
}

impl Proxy<'_> {
    /// Adds a proxy of this class of [`MANAGERS`]. `kwargs` are `exposed` for an AutoProxy and, where the
    /// client has another key than the manager, `authkey`.
    pub fn add(builder: &mut Builder, class: &str, token: &Token<'_>, kwargs: &[(&str, Id)]) -> Id {
        let rebuild = builder.global(MANAGERS, "RebuildProxy");
        let class = builder.global(MANAGERS, class);
        let token = token.add(builder);
        let serializer = builder.str("pickle");
        let kwargs = keywords(builder, kwargs);
        builder.call(rebuild, &[class, token, serializer, kwargs])
    }
}

impl Exception<'_> {
    /// Adds an exception. `_queue.Empty` is written as `queue.Empty`, which every version has.
    pub fn add(builder: &mut Builder, module: &str, name: &str, args: &[Id]) -> Id {
        let module = if (module, name) == ("_queue", "Empty") { "queue" } else { module };
        let class = builder.global(module, name);
        builder.call(class, args)
    }
}

/// A tuple of names.
fn names(builder: &mut Builder, names: &[&str]) -> Id {
    let names: Vec<Id> = names.iter().map(|name| builder.str(*name)).collect();
    builder.tuple(&names)
}

fn keywords(builder: &mut Builder, pairs: &[(&str, Id)]) -> Id {
    let pairs: Vec<(Id, Id)> = pairs.iter().map(|(name, value)| (builder.str(*name), *value)).collect();
    match builder.dict(&pairs) {
        Ok(dict) => dict,
        Err(_) => unreachable!("texts can be hashed"),
    }
}

fn add_reply(builder: &mut Builder, kind: &str, result: Id) -> Id {
    let kind = builder.str(kind);
    builder.tuple(&[kind, result])
}
