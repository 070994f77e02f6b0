//! Messages out of values, checked as they are read.

use std::fmt;

use super::{Address, Created, Exception, MANAGERS, Proxy, Reply, Request, Token};
use crate::text::Text;
use crate::value::{Global, How, Items, Kind, Node, Object, Pairs};

/// Why a value is not the message that was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// A port beyond 65535 or below 0.
    BadPort {
        /// The port.
        found: String,
    },
    /// A reply of a kind that managers do not send.
    UnknownKind {
        /// The kind.
        found: String,
    },
    /// A part of the wrong form.
    WrongForm {
        /// Which part of which message.
        part: &'static str,
        /// The type that was found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MessageError::BadPort { found } => write!(f, "port {found}, expected 0 to 65535"),
            MessageError::UnknownKind { found } => {
                write!(
                    f,
                    "a reply of kind {found:?}, expected #RETURN, #ERROR, #PROXY, #TRACEBACK or #UNSERIALIZABLE"
                )
            }
            MessageError::WrongForm { part, found, expected } => {
                write!(f, "{part}: found a {found}, expected {expected}")
            }
        }
    }
}

impl std::error::Error for MessageError {}

type Read<T> = Result<T, MessageError>;

fn wrong<T>(part: &'static str, node: Node<'_>, expected: &'static str) -> Read<T> {
    Err(MessageError::WrongForm { part, found: node.type_name(), expected })
}

fn text<'v>(part: &'static str, node: Node<'v>) -> Read<Text<'v>> {
    node.text().map_or_else(|| wrong(part, node, "a text"), Ok)
}

fn tuple<'v, const N: usize>(
    part: &'static str,
    node: Node<'v>,
    expected: &'static str,
) -> Read<[Node<'v>; N]> {
    node.tuple().and_then(Items::array).map_or_else(|| wrong(part, node, expected), Ok)
}

fn names<'v>(part: &'static str, node: Node<'v>) -> Read<Vec<Text<'v>>> {
    let Some(items) = node.tuple() else { return wrong(part, node, "a tuple of texts") };
    items.iter().map(|item| text(part, item)).collect()
}

fn keywords<'v>(part: &'static str, node: Node<'v>) -> Read<Pairs<'v>> {
    match node.kind() {
        Kind::Dict(pairs) => match pairs.iter().find(|(key, _)| key.text().is_none()) {
            None => Ok(pairs),
            Some((key, _)) => wrong(part, key, "a text as key"),
        },
        _ => wrong(part, node, "a dict"),
    }
}

/// The object in this node, if its class or function is this one of the managers'.
fn object_of<'v>(node: Node<'v>, how: How, name: &str) -> Option<Object<'v>> {
    match node.kind() {
        Kind::Object(object) if object.how == how => match object.function.kind() {
            Kind::Global(Global { module, name: found }) if module == MANAGERS && found == *name => {
                Some(object)
            }
            _ => None,
        },
        _ => None,
    }
}

impl<'v> Request<'v> {
    /// The request in this object.
    ///
    /// # Errors
    /// See [`MessageError`]; a server answers `#TRACEBACK` and goes on.
    pub fn read(node: Node<'v>) -> Read<Self> {
        let [ident, method, args, kwargs] = tuple("a request", node, "a tuple of four")?;
        let ident = match ident.is_none() {
            true => None,
            false => Some(text("the ident of a request", ident)?),
        };
        let method = text("the method of a request", method)?;
        let Some(args) = args.tuple() else {
            return wrong("the arguments of a request", args, "a tuple");
        };
        let kwargs = keywords("the keyword arguments of a request", kwargs)?;
        Ok(Request { ident, method, args, kwargs })
    }
}

impl<'v> Reply<'v> {
    /// The reply in this object.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(node: Node<'v>) -> Read<Self> {
        let [kind, result] = tuple("a reply", node, "a tuple of two")?;
        let kind = text("the kind of a reply", kind)?;
        Ok(match kind.as_bytes() {
            b"#RETURN" => Reply::Return(result),
            b"#ERROR" => Reply::Error(Exception::read(result)?),
            b"#TRACEBACK" => Reply::Traceback(text("a traceback", result)?),
            b"#UNSERIALIZABLE" => Reply::Unserializable(text("the text of #UNSERIALIZABLE", result)?),
            b"#PROXY" => {
                let [exposed, token] = tuple("the result of #PROXY", result, "a tuple of two")?;
                Reply::Proxy { exposed: names("the methods of #PROXY", exposed)?, token: Token::read(token)? }
            }
            _ => return Err(MessageError::UnknownKind { found: kind.to_string() }),
        })
    }
}

impl<'v> Created<'v> {
    /// What `create` returned.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(node: Node<'v>) -> Read<Self> {
        let [ident, exposed] = tuple("the result of create", node, "a tuple of two")?;
        Ok(Created {
            ident: text("the ident of create", ident)?,
            exposed: names("the methods of create", exposed)?,
        })
    }
}

impl<'v> Address<'v> {
    /// The address in this object.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(node: Node<'v>) -> Read<Self> {
        match node.kind() {
            Kind::Str(path) => Ok(Address::Unix(path)),
            Kind::Bytes(name) => Ok(Address::UnixBytes(name)),
            _ => {
                let expected = "a text, bytes, or a tuple of host and port";
                let [host, port] = tuple("an address", node, expected)?;
                let host = text("the host of an address", host)?;
                let Kind::Int(number) = port.kind() else {
                    return wrong("the port of an address", port, "an int");
                };
                match number.to_i64().and_then(|number| u16::try_from(number).ok()) {
                    Some(port) => Ok(Address::Tcp { host, port }),
                    None => Err(MessageError::BadPort { found: number.to_string() }),
                }
            }
        }
    }
}

impl<'v> Token<'v> {
    /// The token in this object.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(node: Node<'v>) -> Read<Self> {
        let state = object_of(node, How::New, "Token").and_then(|object| object.state);
        let Some(state) = state else { return wrong("a token", node, "a Token with state") };
        let [typeid, address, ident] = tuple("the state of a token", state, "a tuple of three")?;
        let (typeid, ident) = (text("the typeid of a token", typeid)?, text("the ident of a token", ident)?);
        Ok(Token { typeid, address: Address::read(address)?, ident })
    }
}

impl<'v> Proxy<'v> {
    /// The proxy in this object, or nothing if it is something else.
    ///
    /// # Errors
    /// See [`MessageError`]: it is a proxy, but not of the right form.
    pub fn read(node: Node<'v>) -> Read<Option<Self>> {
        let Some(object) = object_of(node, How::Call, "RebuildProxy") else { return Ok(None) };
        let expected = "a tuple of four";
        let [class, token, serializer, kwargs] =
            tuple("the arguments of RebuildProxy", object.args, expected)?;
        let Kind::Global(class) = class.kind() else {
            return wrong("the class of a proxy", class, "a class");
        };
        let serializer = text("the serializer of a proxy", serializer)?;
        let kwargs = keywords("the keyword arguments of a proxy", kwargs)?;
        Ok(Some(Proxy { class, token: Token::read(token)?, serializer, kwargs }))
    }

    /// The methods that can be called, where the proxy says so: an AutoProxy does.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn exposed(&self) -> Read<Option<Vec<Text<'v>>>> {
        self.kwargs.get("exposed").map(|node| names("the methods of a proxy", node)).transpose()
    }
}

impl<'v> Exception<'v> {
    /// The exception in this object: an instance of some class. Which classes are exceptions is not known
    /// here.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn read(node: Node<'v>) -> Read<Self> {
        let Kind::Object(object) = node.kind() else { return wrong("an exception", node, "an object") };
        let Kind::Global(class) = object.function.kind() else {
            return wrong("the class of an exception", object.function, "a class");
        };
        let Some(args) = object.args.tuple() else {
            return wrong("the arguments of an exception", object.args, "a tuple");
        };
        Ok(Exception { class, args, state: object.state })
    }
}
